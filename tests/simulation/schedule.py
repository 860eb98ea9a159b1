"""One schedule: which orders, which records when, and what goes wrong when. Made from a seed; smaller ones by hand."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from zlib import crc32

from service.intake.observer import Slot
from tests.simulation.histories import PAIRS, histories

SHOP_TOPIC = "shop"
REPLAY_TOPIC = "replay"
PARTITIONS = {SHOP_TOPIC: 5, REPLAY_TOPIC: 2}
RECORDS = 200
PODS = 3
LENGTH_S = 30.0
UNREADABLE = -1
INVALID = -2

KINDS = {
    "kill": 3,
    "stop": 2,
    "freeze": 3,
    "freeze before a call": 2,
    "freeze after a call": 2,
    "kill before a call": 1,
    "kill after a call": 2,
    "freeze before parking": 3,
    "rebalance": 3,
    "ledger away": 2,
    "COMMIT unanswered": 3,
    "ERP lies": 5,
    "ERP late": 3,
    "ERP reads old": 2,
    "ERP waits": 1,
    "ERP's clock": 2,
    "ERP fails over": 2,
    "brokers away": 2,
    "commits fail": 2,
    "dead letters away": 2,
    "everything slow": 1,
    "tenant paused": 1,
}
"""Every fault, and how often it is drawn."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    kind: str
    at: float
    seconds: float
    pod: int = 0
    share: float = 0.0

    def __str__(self) -> str:
        return f"{self.at:6.2f} {self.kind} for {self.seconds:.1f} s (pod {self.pod}, share {self.share:.2f})"


@dataclass(frozen=True)
class Delivery:
    """One record: events of orders, or something that nobody can read."""

    at: float
    topic: str
    pieces: tuple[tuple[int, int], ...]
    """(number of the history, number of its event); UNREADABLE and INVALID stand for an event."""

    @property
    def slot(self) -> Slot:
        root = f"{self.pieces[0][0]}"
        return self.topic, crc32(root.encode()) % PARTITIONS[self.topic]

    @property
    def value(self) -> bytes:
        return "+".join(f"{number}:{event}" for number, event in self.pieces).encode()

    def __str__(self) -> str:
        told = ", ".join(f"{histories()[n].root} {histories()[n].name}[{e}]" for n, e in self.pieces)
        return f"{self.at:6.2f} {self.topic}/{self.slot[1]}: {told}"


@dataclass(frozen=True)
class Schedule:
    """All of it."""

    seed: int
    numbers: tuple[int, ...]
    deliveries: tuple[Delivery, ...]
    faults: tuple[Fault, ...]
    pods: int = PODS

    def without(
        self, *, deliveries: tuple[Delivery, ...] | None = None, faults: tuple[Fault, ...] | None = None
    ) -> Schedule:
        """A smaller one."""
        kept = self.deliveries if deliveries is None else deliveries
        numbers = {number for one in kept for number, _ in one.pieces}
        return replace(
            self,
            deliveries=kept,
            faults=self.faults if faults is None else faults,
            numbers=tuple(number for number in self.numbers if number in numbers),
        )

    def __str__(self) -> str:
        told = [f"seed {self.seed}, {self.pods} pods", *map(str, self.faults), *map(str, self.deliveries)]
        return "\n".join(told)


def make(seed: int) -> Schedule:
    """At least 3 pods, 20 keys, 200 records and 5 faults."""
    chance = random.Random(f"{seed}/schedule")  # noqa: S311
    numbers = sorted(n for pair in chance.sample(range(PAIRS), 10) for n in (2 * pair, 2 * pair + 1))
    deliveries = _deliveries(chance, numbers)
    faults = sorted((_fault(chance) for _ in range(chance.randint(5, 8))), key=lambda fault: fault.at)
    pods = PODS + (chance.random() < 0.2)
    return Schedule(seed, tuple(numbers), tuple(deliveries), tuple(faults), pods)


def _deliveries(chance: random.Random, numbers: list[int]) -> list[Delivery]:
    found: list[Delivery] = []
    starts: dict[int, float] = {}
    for number in numbers:
        at = chance.uniform(0, LENGTH_S * 0.6)
        if number % 2 and chance.random() < 0.5:  # two orders of one new buyer, at the same time
            at = starts[number - 1]
        starts[number] = at
        calm = chance.random() < 0.6  # most orders' events come in their order
        for event in range(len(histories()[number].events)):
            at += chance.expovariate(1 / 1.5)
            jitter = 0.0 if calm else chance.uniform(-6.0, 6.0)
            found.append(Delivery(_burst(at + jitter), SHOP_TOPIC, ((number, event),)))
    while len(found) < RECORDS:
        found.append(_again(chance, numbers, starts))
    return sorted(found, key=lambda one: one.at)


def _burst(at: float) -> float:
    """Shops speak in bursts: what comes within two seconds comes at once."""
    return max(0.0, at // 2 * 2)


def _again(chance: random.Random, numbers: list[int], starts: dict[int, float]) -> Delivery:
    """A duplicate, a replay, two events in one record, or something unreadable."""
    number = chance.choice(numbers)
    piece = (number, chance.randrange(len(histories()[number].events)))
    at = _burst(min(LENGTH_S, starts[number] + chance.expovariate(1 / 5.0)))
    draw = chance.random()
    if draw < 0.04:
        return Delivery(at, SHOP_TOPIC, ((number, UNREADABLE),))
    if draw < 0.06:
        return Delivery(at, SHOP_TOPIC, ((number, INVALID),))
    if draw < 0.12:
        other = chance.choice(numbers)
        return Delivery(at, SHOP_TOPIC, (piece, (other, chance.randrange(len(histories()[other].events)))))
    return Delivery(at, REPLAY_TOPIC if draw < 0.3 else SHOP_TOPIC, (piece,))


def _fault(chance: random.Random) -> Fault:
    kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
    longest = 22.0 if chance.random() < 0.4 else 7.0
    return Fault(
        kind,
        at=round(chance.uniform(1.0, LENGTH_S), 2),
        seconds=round(chance.uniform(1.0, longest), 2),
        pod=chance.randrange(PODS),
        share=round(chance.random(), 2),
    )
