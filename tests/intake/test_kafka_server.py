from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.kafka_server import KafkaMissingError, jars, parse_topics, version


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KafkaMissingError, match="java and mvn not found: install"):
        jars(cache=tmp_path)


def test_the_pom_pins_kafka_4() -> None:
    assert version().startswith("4.")


def test_topics_are_read_with_their_partitions() -> None:
    assert parse_topics("a:6,b.c:2,") == {"a": 6, "b.c": 2}
