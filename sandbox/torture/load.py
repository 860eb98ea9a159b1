"""The log of a run: lifelike histories, hot keys, undecodable records; all of it chosen before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil
from random import Random

from sandbox.shop.disorder import Record
from sandbox.shop.foretell import Expected
from sandbox.shop.garbage import UNREADABLE, unreadable
from sandbox.shop.generate import TOPIC, Generated, generate
from sandbox.shop.history import History

PER_HISTORY = 4.3  # records, duplicates and garbage of its own included
HOT = 0.15  # of the records: sent again for keys by Zipf's law
UNDECODABLE = 0.01
POISONED = 0.01


@dataclass(frozen=True)
class Load:
    """A log with its predictions, and what was put into it on purpose."""

    generated: Generated
    hottest: int
    """Records of the key that has most."""
    keys: int
    poisoned: int
    """Keys of which a document is foretold to park."""


def load(seed: int, events: int) -> Load:
    """Return a log of so many records. The same arguments give the same bytes."""
    generated = generate(seed, max(1, int(events * (1 - HOT - UNDECODABLE / 2) / PER_HISTORY)))
    rng, records = Random(f"torture:load:{seed}"), list(generated.records)
    broken = max(0, ceil(events * UNDECODABLE) - generated.unreadable)
    again = max(0, events - len(records) - broken)
    placed: list[tuple[float, Record]] = [*_again(rng, records, again), *_broken(rng, len(records), broken)]
    log = [record for _, record in sorted([*enumerate(records), *placed], key=lambda pair: pair[0])]
    counts: dict[bytes | None, int] = {}
    for record in log:
        counts[record.key] = counts.get(record.key, 0) + 1
    poisoned = sum(any(one.outcome == "parked" for one in _at_first(history)) for _, history in generated.histories)
    made = replace(generated, records=log, unreadable=generated.unreadable + broken)
    return Load(made, max(counts.values()), len(counts), poisoned)


def _at_first(history: History) -> list[Expected]:
    end, fate = next(iter(history.ends("lenient").items()))
    return history.under(end, fate, "lenient")


def _again(rng: Random, records: Sequence[Record], count: int) -> list[tuple[float, Record]]:
    """Deliveries sent once more, later: the first key gets n of them, the second n/2, the third n/3 (Zipf, 1.0)."""
    by_key: dict[bytes | None, list[int]] = {}
    for place, record in enumerate(records):
        by_key.setdefault(record.key, []).append(place)
    keys = list(by_key)
    rng.shuffle(keys)
    weights = list(accumulate(1 / rank for rank in range(1, len(keys) + 1)))
    found = []
    for key in rng.choices(keys, cum_weights=weights, k=count):
        place = rng.choice(by_key[key])
        found.append((rng.uniform(place + 0.5, len(records)), records[place]))
    return found


def _broken(rng: Random, span: int, count: int) -> list[tuple[float, Record]]:
    first = 1_000_000  # their keys and numbers are nobody else's
    made = [unreadable(UNREADABLE[number % len(UNREADABLE)], first + number, rng) for number in range(count)]
    return [(rng.uniform(0, span), Record(TOPIC, one.key, one.value, one.headers)) for one in made]
