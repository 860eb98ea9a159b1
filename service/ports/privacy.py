"""Requests about persons, as people see and answer them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from schemas.privacy import PrivacyRequest


class CaseState(StrEnum):
    """How far a request about persons is."""

    OPEN = "open"
    """Not carried out yet, or something in it waits: an effect without an outcome, a key in hand."""
    TO_ANSWER = "to_answer"
    """What is held is found; a person answers the shop."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class StandsInErp:
    """A document in the ERP that may hold the person: nothing is deleted there."""

    kind: str
    external_id: str
    document_type: str
    erp_id: str
    erp_number: str


@dataclass(frozen=True, slots=True)
class StandsOnKafka:
    """Where events of the person stood on a topic when they were read; Kafka forgets them by its retention."""

    topic: str
    partition: int
    first: int
    last: int
    records: int


@dataclass(frozen=True, slots=True)
class Traces:
    """What was found of a person, and what of it is erased. Ids and numbers only."""

    keys: int = 0
    """Orders and accounts of the person."""
    facts: int = 0
    """Of these, what held a person and was erased (or is held, where the person only wants to know)."""
    requests: int = 0
    """Requests to the ERP, kept for looking them up, whose bytes were erased (or are held)."""
    letters: int = 0
    """Dead letters in the ledger that were erased."""
    erp: tuple[StandsInErp, ...] = ()
    erp_more: int = 0
    """Documents beyond those that are listed."""
    kafka: tuple[StandsOnKafka, ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()
    """Keys that cannot be erased yet, each with why."""


@dataclass(frozen=True, slots=True)
class PrivacyCase:
    """One request about persons and how far it is. Holds no person: ids and digests."""

    id: str
    external_source: str
    tenant: str
    request: PrivacyRequest
    state: CaseState
    asked_at: float
    changed_at: float
    found: Traces
    scanned: int = 0
    """How often everything was looked through."""


class PrivacyDesk(Protocol):
    """What people see and order about requests; every order is audited."""

    async def cases(self) -> Sequence[PrivacyCase]:
        """Every request, oldest first."""
        ...

    async def case(self, case_id: str) -> PrivacyCase | None:
        """One request."""
        ...

    async def held(self, case_id: str) -> Sequence[Mapping[str, object]]:
        """The personal fields that the ledger holds of the person now, document by document: to answer the shop."""
        ...

    async def answered(self, case_id: str, *, who: str, why: str) -> None:
        """A person answered the shop."""
        ...

    async def lift(self, case_id: str, *, who: str, why: str) -> int:
        """Let orders that are made from now on keep their persons; returns how many names that frees."""
        ...
