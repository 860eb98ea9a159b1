"""What every schema has in common: frozen, closed to unknown fields, amounts in Decimal, and a source's tag."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import total_ordering
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A value: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset, for example 2026-05-31T22:30:00-07:00")
    return moment.astimezone(UTC)


Utc = Annotated[datetime, AfterValidator(_utc)]
"""An instant, always in UTC."""

Amount = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=20, decimal_places=6)]
"""An amount in the currency of the document that it belongs to; never a float."""

ExternalSource = Annotated[str, Field(min_length=1, max_length=60)]
"""The shop system, for example `shopify`. Arcus takes at most 60 characters (arcus-api.md 6.10)."""

ExternalId = Annotated[str, Field(min_length=1, max_length=255)]
"""An id of the shop, always a string, never rounded."""


class Kind(StrEnum):
    """The shop's entity. Never the ERP's: what it becomes there is a setting, and settings change."""

    ORDER = "order"
    ORDER_EDIT = "order_edit"
    ORDER_DELETION = "order_deletion"
    PAYMENT = "payment"
    REFUND = "refund"
    QUOTE = "quote"
    ACCOUNT = "account"


class Ref(Frozen):
    """Names one document of one shop; with the ERP's name before it, this is its identity (I1)."""

    external_source: ExternalSource
    tenant: str = Field(min_length=1, max_length=255)
    kind: Kind
    external_id: ExternalId

    def __str__(self) -> str:
        return f"{self.external_source} {self.tenant} {self.kind} {self.external_id}"

    def __hash__(self) -> int:
        return hash((self.external_source, self.tenant, self.kind, self.external_id))


@total_ordering
class Version(Frozen):
    """How new a fact about one source entity is. Compared within one entity only (correctness 1).

    `at` is the source's own clock (`updated_at`, 1 s resolution at Shopify); `triggered_at` breaks ties where both
    sides carry it; `rank` says which of two bodies of one second is further (sources.md 1.4).
    """

    at: Utc
    triggered_at: Utc | None = None
    rank: int = 0

    def _compare(self, other: Version) -> int:
        if self.at != other.at:
            return -1 if self.at < other.at else 1
        mine, theirs = self.triggered_at, other.triggered_at
        if mine is not None and theirs is not None and mine != theirs:
            return -1 if mine < theirs else 1
        return (self.rank > other.rank) - (self.rank < other.rank)

    def __lt__(self, other: Self) -> bool:
        return self._compare(other) < 0

    def ties(self, other: Version) -> bool:
        """Neither is newer: only the content can tell whether they are the same."""
        return self._compare(other) == 0

    def __str__(self) -> str:
        """Sortable text: fixed-width time, then the tie breakers."""
        stamp = self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        trigger = "" if self.triggered_at is None else self.triggered_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return f"{stamp}/{trigger}/{self.rank:06d}"

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read what `str` wrote."""
        at, triggered, rank = text.split("/")
        return cls(
            at=datetime.fromisoformat(at),
            triggered_at=datetime.fromisoformat(triggered) if triggered else None,
            rank=int(rank),
        )


class Tagged(Frozen):
    """A fact about one source entity at one version."""

    external_source: ExternalSource
    tenant: str = Field(min_length=1, max_length=255)
    external_id: ExternalId
    version: Version

    @property
    def entity(self) -> Kind:
        """The kind of entity; every fact pins its own."""
        raise NotImplementedError

    @property
    def ref(self) -> Ref:
        """The identity of the entity."""
        return Ref.model_construct(
            external_source=self.external_source, tenant=self.tenant, kind=self.entity, external_id=self.external_id
        )
