"""What stands in a record of 50 bytes: which of its key it is, when it was meant to be sent, whether it is poison."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

SIZE: Final = 50
_HEAD: Final = struct.Struct("<IHBq")
_POISON_AT: Final = struct.calcsize("<IH")
_REST: Final = bytes(SIZE - _HEAD.size)


@dataclass(frozen=True, slots=True)
class Mark:
    """The head of a record."""

    ordinal: int
    key: int
    poison: bool = False
    intended_ns: int = 0
    """On the machine's monotonic clock; 0 where the topic was filled beforehand."""

    def written(self) -> bytes:
        """Write the record."""
        return _HEAD.pack(self.ordinal, self.key, self.poison, self.intended_ns) + _REST


def head(value: bytes) -> tuple[int, int, int, int]:
    """Read ordinal, key, poison and the intended moment, in this order."""
    return _HEAD.unpack_from(value)


def poisonous(value: bytes) -> bool:
    """Whether it is poison."""
    return value[_POISON_AT] != 0


def key_of(number: int) -> bytes:
    """Return the key of the record."""
    return b"k%d" % number
