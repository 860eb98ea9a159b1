"""Idempotency keys: kept 24 hours by the sandbox's clock, per entity, with the answer that a replay gets."""

import enum
from dataclasses import dataclass
from hashlib import blake2b

KEPT_SECONDS = 24 * 3600.0
LONGEST_KEY = 255


class Claim(enum.Enum):
    """What a key says to a request that brings no stored answer."""

    GRANTED = enum.auto()
    MISMATCH = enum.auto()
    IN_USE = enum.auto()


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the journal holds the first answer."""

    digest: bytes
    status: int
    offset: int
    length: int
    expires: float


def digest(method: str, path: str, body: bytes) -> bytes:
    """Fingerprint of a request; bodies are compared byte by byte."""
    summary = blake2b(body, digest_size=12)
    summary.update(method.encode() + path.encode())
    return summary.digest()


class Desk:
    """One answer per (entity, key)."""

    def __init__(self) -> None:
        self._stored: dict[str, Stored] = {}
        self._busy: dict[str, bytes] = {}

    def claim(self, scope: str, fingerprint: bytes, now: float) -> Claim | Stored:
        """Take the key for a first call, or say why not, or hand back the stored answer."""
        busy = self._busy.get(scope)
        if busy is not None:
            return Claim.IN_USE if busy == fingerprint else Claim.MISMATCH
        stored = self._stored.get(scope)
        if stored is not None and stored.expires > now:
            return stored if stored.digest == fingerprint else Claim.MISMATCH
        self._busy[scope] = fingerprint
        return Claim.GRANTED

    def release(self, scope: str) -> None:
        """The first call has been answered."""
        self._busy.pop(scope, None)

    def keep(self, scope: str, stored: Stored, now: float) -> None:
        """Remember an answer, and forget those whose time is over."""
        self._stored.pop(scope, None)
        self._stored[scope] = stored
        while (oldest := next(iter(self._stored))) != scope and self._stored[oldest].expires <= now:
            del self._stored[oldest]

    def __len__(self) -> int:
        return len(self._stored)
