"""Errors, cut by what may be done next: send again, find out, tell a person, wait, or stop."""

from __future__ import annotations

from dataclasses import dataclass


class FerryError(Exception):
    """Anything that can go wrong on the way of one document."""


@dataclass
class Retryable(FerryError):
    """Nothing happened, provably: the same bytes may be sent again.

    `what` says what was tried and `why` how it is known that it had no effect; `after` is the earliest
    moment to try again, in seconds from now (from `Retry-After` where the other side named one).
    """

    what: str
    why: str
    after: float | None = None

    def __str__(self) -> str:
        """One line for a person."""
        when = "" if self.after is None else f"; try again in {self.after:g} s"
        return f"{self.what}: nothing happened ({self.why}){when}"


@dataclass
class Unknown(FerryError):
    """No clear answer: the effect may exist. Found out by look-up or by the same bytes under the same key."""

    what: str
    why: str
    status: int | None = None

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.what}: it is not known whether this happened ({self.why}); it will be looked up"


@dataclass
class KeyTaken(Unknown):
    """The idempotency key stands for other bytes: a request that is forgotten here. Ours again would tell nothing."""


@dataclass
class Refused(FerryError):
    """A clear no from the other side, which had no effect. `code` and `param` are the other side's own words."""

    what: str
    status: int
    code: str
    hint: str = ""
    param: str | None = None
    request_id: str | None = None

    def __str__(self) -> str:
        """One line for a person."""
        where = f" at {self.param}" if self.param else ""
        said = f": {self.hint}" if self.hint else ""
        return f"{self.what} was refused with {self.status} {self.code}{where}{said}"


@dataclass
class Waiting(FerryError):
    """A named wait that concerns more than one document: it parks nothing and is never taken for a stall."""

    wait: str
    why: str
    after: float | None = None

    def __str__(self) -> str:
        """One line for a person."""
        return f"waiting ({self.wait}): {self.why}"


@dataclass
class FenceLost(FerryError):
    """Another process holds the key now: whatever was decided here is void, and the record will be read again."""

    key: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"the lease of {self.key} was lost; its next owner goes on from the ledger"


class Fatal(Exception):
    """The process must stop: going on could lose or double something. No FerryError, so that nothing catches it."""
