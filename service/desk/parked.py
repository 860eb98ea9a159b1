"""Parked documents: how they are told, found, released and discarded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.base import Kind, Ref
from schemas.outcome import Reason
from service.desk.keys import keys_of, one_key
from service.desk.words import advice
from service.ports import Desk, Parked

EVERYTHING = 1_000_000
Tracked = Callable[[Sequence[str]], Iterable[str]]
"""Walks keys while somebody watches how far it is."""


def as_data(parked: Parked) -> dict[str, object]:
    """One parked document as data. The names are an interface: scripts read them."""
    ref = parked.document
    return {
        "source": ref.external_source,
        "tenant": ref.tenant,
        "kind": ref.kind.value,
        "external_id": ref.external_id,
        "key": parked.key,
        "reason": parked.reason.value,
        "detail": parked.detail,
        "release": parked.release,
        "amount": parked.amount,
        "since": datetime.fromtimestamp(parked.since, UTC).isoformat(timespec="seconds"),
        "fix": parked.fix or advice(parked.reason, ref),
    }


async def parked_under(desk: Desk, source: str, text: str, tenant: str | None) -> list[Parked]:
    """What is parked of the order of that name, with its payments and refunds. Raises NotOneKey."""
    keys = set(await keys_of(desk, source, text, tenant))
    return [one for one in await desk.parked(tenant=tenant, limit=EVERYTHING) if one.key in keys]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which keys are to be released: those of a document, or all of a reason or tenant."""

    source: str
    document: str | None
    tenant: str | None
    reason: Reason | None

    @property
    def problem(self) -> str:
        """Why this cannot be ordered; empty where it can."""
        if self.document is None and self.reason is None and self.tenant is None:
            return "everything needs a reason or a tenant, so that nobody releases what others hold"
        return ""

    async def keys(self, desk: Desk) -> list[str]:
        """Find them. Raises NotOneKey."""
        if self.document is not None:
            return [await one_key(desk, self.source, self.document, self.tenant)]
        reason = self.reason.value if self.reason else None
        found = await desk.parked(tenant=self.tenant, reason=reason, limit=EVERYTHING)
        return sorted({one.key for one in found if one.document.external_source == self.source})


async def release(desk: Desk, wanted: Wanted, *, who: str, why: str, track: Tracked = iter) -> list[str]:
    """Let them try again; returns their keys. Raises NotOneKey."""
    keys = await wanted.keys(desk)
    for key in track(keys):
        await desk.release(key, who=who, why=why)
    return keys


@dataclass
class NotOneParked(Exception):
    """A document that is not parked, or that is parked in several shops."""

    source: str
    kind: Kind
    external_id: str
    count: int

    def __str__(self) -> str:
        """Say what to do."""
        what = f"{self.kind.value} {self.external_id}"
        if not self.count:
            return f"no {what} of {self.source} is parked; `orderferry parked list` shows what is"
        return f"{self.count} shops have a parked {what}: add --tenant"


async def discard(
    desk: Desk, source: str, kind: Kind, external_id: str, *, tenant: str | None, who: str, why: str
) -> Ref:
    """End a parked document for good; returns it. Raises NotOneParked."""
    found = [
        one.document
        for one in await desk.parked(tenant=tenant, limit=EVERYTHING)
        if (one.document.external_source, one.document.kind, one.document.external_id) == (source, kind, external_id)
    ]
    if len(found) != 1:
        raise NotOneParked(source, kind, external_id, len(found))
    await desk.discard(found[0], who=who, why=why)
    return found[0]
