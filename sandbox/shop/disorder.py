"""What happens to deliveries on their way: coalesced, doubled, late, and shuffled within and across histories."""

from dataclasses import dataclass, replace
from random import Random

from sandbox.shop.deliveries import Delivery

DUPLICATES = 0.20
RETRIES = 0.25  # of the duplicates: the original body sent again much later
SPREAD = 60.0  # histories overlap over about so many places
COALESCED = 0.25


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log, in the order in which it is produced."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def coalesced(deliveries: list[Delivery], rng: Random) -> list[Delivery]:
    """Drop some bodies of the order that a newer one makes needless; what must come after a dropped one is free."""
    newest = max((place for place, one in enumerate(deliveries) if one.role == "order"), default=None)
    named = {one.after for one in deliveries}
    dropped = {
        place
        for place, one in enumerate(deliveries)
        if one.role == "order" and place != newest and not one.keep and place not in named and rng.random() < COALESCED
    }
    places = {old: new for new, old in enumerate(place for place in range(len(deliveries)) if place not in dropped)}
    return [
        replace(one, after=None if one.after is None else places[one.after])
        for place, one in enumerate(deliveries)
        if place not in dropped
    ]


def placed(deliveries: list[Delivery], rng: Random, *, start: float) -> list[tuple[float, Delivery]]:
    """Give each delivery of one history its place in the whole log, in order or shuffled."""
    places = sorted(start + rng.random() * SPREAD for _ in deliveries)
    if rng.random() < 0.65:
        rng.shuffle(places)
    for index, one in enumerate(deliveries):
        if one.after is not None and places[index] < places[one.after]:
            places[index], places[one.after] = places[one.after], places[index]
    return list(zip(places, deliveries, strict=True))


def doubled(log: list[tuple[float, Delivery]], rng: Random) -> list[tuple[float, Delivery]]:
    """Add the duplicates: most come soon after, some much later; never before what they double."""
    again = []
    for place, one in rng.sample(log, round(len(log) * DUPLICATES)):
        late = rng.random() < RETRIES
        again.append((place + (rng.random() * SPREAD * 40 if late else 0.01 + rng.random() * SPREAD), one))
    return log + again


def rekeyed(delivery: Delivery, number: int) -> Delivery:
    """A gateway that keys by delivery: one order's records land on several partitions."""
    return replace(delivery, key=b"delivery-%d" % number)
