"""A request of the ERP: before it is sent, while nobody knows, and how it ended."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from schemas.base import Ref
from schemas.effect import Effect


class IntentState(StrEnum):
    """An intent is the only plan that survives (correctness 6)."""

    OPEN = "open"
    """Committed before the call; after a crash this reads as unknown."""
    DONE = "done"
    REFUSED = "refused"
    ABSENT = "absent"
    """Proven to have had no effect; the next generation may try."""
    IN_DOUBT = "in_doubt"
    """No proof either way: a person decides."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the ERP, before it has a key and a time."""

    method: str
    path: str
    body: bytes

    @property
    def digest(self) -> str:
        """Recognises the very same content, for example after a refusal."""
        return hashlib.sha256(b"%s %s\n%s" % (self.method.encode(), self.path.encode(), self.body)).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Intent:
    """One attempt to bring about one effect: exact bytes, key and time, committed before the socket is written."""

    id: str
    """Digest of ERP, document, effect name and generation; also the idempotency key that is sent."""
    erp: str
    key: str
    document: Ref
    effect: Effect
    generation: int
    step: Step
    credential: str
    """Fingerprint of the API key; never the key."""
    attempted_at: float
    deadline: float
    erp_time: float
    """The ERP's clock (its `Date` header) when this was written; 0 where it was not known."""
    attempts: int = 1
    state: IntentState = IntentState.OPEN
    answer: str = ""
    """The outcome in short: status, code, hint. No personal field."""
    how: str = ""
    """How an unknown was resolved: `answer`, `key`, `look_up`, `person`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The ERP's last clear no to an effect; the same content is not sent again until something changes."""

    effect_name: str
    content: str
    """`Step.digest` of what was refused."""
    code: str
    detail: str
