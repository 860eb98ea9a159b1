"""What ARCHITECTURE.md says of the repository is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)))
PATHS = sorted(set(re.findall(r"`((?:tests|service|connectors|schemas|sandbox|benchmarks)/[\w/.]*)`", TEXT)))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_every_test_that_holds_a_rule_exists(file: str, test: str) -> None:
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE)


@pytest.mark.parametrize("path", PATHS)
def test_every_place_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_rule_of_correctness_has_its_line() -> None:
    assert [int(number) for number in re.findall(r"^\| (\d+) ", TEXT, re.MULTILINE)] == list(range(1, 24))
