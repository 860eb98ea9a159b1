"""The generator: a seed and a number of histories give a log of records and, beforehand, what must become of each."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from random import Random

from sandbox.shop.bodies import order_body
from sandbox.shop.deliveries import Delivery
from sandbox.shop.disorder import Record, coalesced, doubled, placed, rekeyed
from sandbox.shop.foretell import Expected, Profile
from sandbox.shop.garbage import UNREADABLE, foreign_topic, of_a_stranger, unreadable
from sandbox.shop.history import History
from sandbox.shop.scenarios import SCENARIOS, Scenario
from sandbox.shop.shops import SHOPS, Shop

TOPIC = "shopify.webhooks"
SCATTERED = 0.05  # histories whose records are keyed by delivery, not by order


@dataclass(frozen=True)
class Generated:
    """A log and its predictions; the log is the same for both profiles."""

    histories: Sequence[tuple[Scenario, History]]
    records: Sequence[Record]
    unreadable: int
    """Records that must end as dead letters."""
    strangers: Sequence[Expected]

    def predictions(self, profile: Profile) -> list[Expected]:
        """Every document's fate, as its scenario foretold it; for each end of its order where there are several."""
        return [one for _, history in self.histories for one in history.foretold(profile)] + list(self.strangers)

    @cached_property
    def size(self) -> int:
        """Bytes of all values."""
        return sum(len(record.value or b"") for record in self.records)

    def write_predictions(self, path: Path, profile: Profile) -> None:
        """One JSON line for each document, before the first record is produced."""
        with path.open("w", encoding="utf-8") as file:
            for one in self.predictions(profile):
                file.write(json.dumps(_plain(one)) + "\n")

    def write_log(self, path: Path) -> None:
        """One JSON line for each record; values and keys as hex, because some are no text."""
        with path.open("w", encoding="utf-8") as file:
            for record in self.records:
                value = None if record.value is None else record.value.hex()
                headers = [[name, text.decode("latin-1")] for name, text in record.headers]
                line = {"topic": record.topic, "key": (record.key or b"").hex(), "value": value, "headers": headers}
                file.write(json.dumps(line) + "\n")


def _plain(one: Expected) -> dict[str, object]:
    amounts: dict[str, str] = {name: str(Decimal(amount)) for name, amount in one.amounts.items()}
    document = {"tenant": one.tenant, "kind": one.kind, "external_id": one.external_id}
    fate = {"outcome": one.outcome, "reason": one.reason, "amounts": amounts}
    return {**document, "root": one.root, "end": one.end, **fate}


def generate(
    seed: int,
    histories: int,
    *,
    topic: str = TOPIC,
    scenarios: Sequence[Scenario] = SCENARIOS,
    garbage: bool = True,
    disorder: bool = True,
) -> Generated:
    """Return the log of so many order histories. The same arguments give the same bytes."""
    rng = Random(f"shop:{seed}")
    written = [
        _history(rng, scenario, index, seed) for index, scenario in enumerate(_chosen(rng, scenarios, histories))
    ]
    log: list[tuple[float, Delivery]] = []
    for index, (scenario, history) in enumerate(written):
        deliveries = history.deliveries
        start = rng.random() * histories
        if disorder:
            deliveries = history.deliveries = coalesced(deliveries, rng)
            if not scenario.ordered and rng.random() < SCATTERED:
                deliveries = [rekeyed(one, index * 100 + number) for number, one in enumerate(deliveries)]
            log += placed(deliveries, rng, start=start)
        else:
            log += [(index + number / 1000, one) for number, one in enumerate(deliveries)]
    strangers: list[Expected] = []
    unread = _add_garbage(rng, log, histories, strangers, written) if garbage else 0
    if disorder:
        log = doubled(log, rng)
    log.sort(key=lambda pair: pair[0])
    records = [Record(topic, one.key, one.value, one.headers) for _, one in log]
    return Generated(written, records, unread and _unread(log), strangers)


def _unread(log: list[tuple[float, Delivery]]) -> int:
    return sum(1 for _, one in log if one.role == "other" and (one.key or b"").startswith(b"garbage-"))


def _chosen(rng: Random, scenarios: Sequence[Scenario], count: int) -> Iterator[Scenario]:
    """Each scenario once, so that small runs see them all, then by weight."""
    yield from scenarios[:count]
    yield from rng.choices(scenarios, [scenario.weight for scenario in scenarios], k=max(0, count - len(scenarios)))


def _history(rng: Random, scenario: Scenario, index: int, seed: int) -> tuple[Scenario, History]:
    shops: list[Shop] = [shop for shop in SHOPS if scenario.where(shop)]
    history = History(rng.choice(shops), Random(f"history:{seed}:{index}"), index)
    scenario.write(history)
    return scenario, history


def _add_garbage(
    rng: Random,
    log: list[tuple[float, Delivery]],
    histories: int,
    strangers: list[Expected],
    written: Sequence[tuple[Scenario, History]],
) -> int:
    """Less than one record in a hundred: not enough to look like a broken source."""
    count = max(1, histories // 250)
    log += [
        (rng.random() * histories, unreadable(UNREADABLE[number % len(UNREADABLE)], number, rng))
        for number in range(count * len(UNREADABLE))
    ]
    for number in range(count):
        log.append((rng.random() * histories, foreign_topic(number)))
        delivery, expected = of_a_stranger(number, order_body(written[number % len(written)][1].order))
        strangers.append(expected)
        log.append((rng.random() * histories, delivery))
    return count * len(UNREADABLE)
