"""The log of a torture run: as many records as asked for, hot keys, and its share of what cannot be decoded."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.oracle.fold import fold
from sandbox.torture.load import Load, load

EVENTS = 6_000


@pytest.fixture(scope="module")
def made() -> Load:
    return load(5, EVENTS)


def test_the_same_seed_gives_the_same_log(made: Load) -> None:
    assert load(5, EVENTS).generated.records == made.generated.records


def test_there_are_as_many_records_as_asked_for(made: Load) -> None:
    assert len(made.generated.records) == pytest.approx(EVENTS, rel=0.05)


def test_one_in_a_hundred_cannot_be_decoded(made: Load) -> None:
    folded = fold((record.value, record.headers) for record in made.generated.records)
    assert len(folded.unreadable) == pytest.approx(EVENTS / 100, rel=0.5)


def test_a_few_keys_have_many_records(made: Load) -> None:
    counts = Counter(record.key for record in made.generated.records)
    (_, first), (_, second) = counts.most_common(2)
    assert first == made.hottest > 10 * len(made.generated.records) / len(counts)
    assert first > 1.3 * second


def test_one_key_in_a_hundred_is_poisoned_at_least(made: Load) -> None:
    assert made.poisoned >= len(made.generated.histories) / 100
