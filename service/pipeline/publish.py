"""One effect from its request to its proven outcome: intent before call, unknown is not failed (correctness 5-12)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from schemas.base import Version
from schemas.effect import Effect
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.posted import Posted
from service.errors import KeyTaken, Refused, Retryable, Unknown, Waiting
from service.pipeline.observer import Observer
from service.ports import (
    ERP,
    Absent,
    Clock,
    Found,
    Intent,
    IntentState,
    Lease,
    Ledger,
    Priority,
    Receipt,
    Step,
    Unclear,
)
from service.telemetry.waits import waiting_for

_READ_AGAIN_S = 900.0
_SKEW_S = 60.0  # between the shop's clock and the database's


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds. `call` must end before the lease; see settings."""

    call: float = 10.0
    settle: float = 15.0
    """After an attempt's deadline the ERP may still be at work this long: no absence is proven before."""
    patience: float = 60.0
    """How long one look at a key tries to find out an unknown before it is parked and looked at again."""
    again: float = 30.0
    """When a parked unknown is looked at again."""
    pause: float = 0.5
    """Between two attempts at one unknown; doubles up to `pause_max`."""
    pause_max: float = 8.0
    restored_at: float = 0.0
    """When the ledger last began again from an older copy of itself, unix seconds; 0 where it never did."""

    @property
    def read_again_by(self) -> float:
        """When the log of the time that a restored ledger lost was read again, unix seconds; 0 where none was lost."""
        return self.restored_at + _READ_AGAIN_S if self.restored_at else 0.0

    def may_be_forgotten(self, version: str) -> bool:
        """Whether what a version asks for may have been done in the time that a restored ledger lost (rule 18)."""
        if not self.restored_at:
            return False
        return version <= str(Version(at=datetime.fromtimestamp(self.restored_at + _SKEW_S, UTC)))

    def may_be_told(self, version: str, *, now: float) -> bool:
        """Whether the log, which is being read again, may yet tell what else was done in that time."""
        return now < self.read_again_by and self.may_be_forgotten(version)


@dataclass(frozen=True, slots=True)
class Done:
    """The effect stands in the ERP."""

    intent: Intent
    posted: Sequence[Posted]


@dataclass(frozen=True, slots=True)
class No:
    """The ERP refused it clearly, and it had no effect."""

    intent: Intent
    refused: Refused


@dataclass(frozen=True, slots=True)
class Void:
    """Proven to have had no effect; the next generation may try."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class Doubt:
    """Not found out, this time or at all."""

    intent: Intent
    verdict: Verdict
    wake_at: float | None


Result = Done | No | Void | Doubt

Begin = Callable[[Intent], Awaitable[None]]
"""Commits an intent under the caller's lease, together with whatever else is due there."""


_PROOF = 2  # complete scans that must find nothing (correctness 10)


@dataclass
class _Search:
    """What is known so far about an intent without an answer."""

    intent: Intent
    unanswered: float
    """Deadline of its last attempt without an answer; a refused attempt has one, and is not at work any more."""
    scans: int = 0
    """Complete scans since then that found nothing."""
    answered: bool = False
    """The same bytes were refused, or their key stands for others: sending them once more tells nothing."""


class Publisher:
    """Publishes one intent at a time under a lease, and finds out what became of those without an answer."""

    def __init__(self, *, ledger: Ledger, erp: ERP, clock: Clock, observer: Observer, timing: Timing) -> None:
        self._ledger = ledger
        self._erp = erp
        self._clock = clock
        self._observer = observer
        self._timing = timing

    async def done_before(
        self, effect: Effect, step: Step, *, key: str, generation: int, priority: Priority
    ) -> Done | Doubt | None:
        """Find an effect that the ledger may have forgotten, before it is sent under a key of its own.

        None where it is proven absent: two complete scans, the first after every call of that time has settled.
        """
        timing = self._timing
        ended = timing.restored_at + timing.call
        # As an intent of several attempts, so that the look-up goes back a whole window.
        intent = replace(self._intent(effect, step, key=key, generation=generation), attempts=2, deadline=ended)
        until, pause, scans = self._clock.now() + timing.patience, timing.pause, 0
        with waiting_for("unknown"):
            while True:
                found = await self._find(intent, _recovering(priority))
                if isinstance(found, Found):
                    return self._done(intent, found.receipt, "look_up")
                if isinstance(found, Unclear):
                    return self._unclear(intent, found)
                if found is not None and found.began_at >= ended + timing.settle:
                    scans += 1
                    if scans == _PROOF:
                        return None
                    continue
                if self._clock.now() >= until:
                    return self._later(intent)
                await self._clock.sleep(pause)
                pause = min(pause * 2, timing.pause_max)

    async def publish(
        self, effect: Effect, step: Step, *, lease: Lease, generation: int, priority: Priority, begin: Begin
    ) -> Result:
        """Commit the intent, call, and return what is known then."""
        async with self._erp.admit(priority=priority):
            intent = self._intent(effect, step, key=lease.key, generation=generation)
            await begin(intent)
            try:
                receipt = await self._erp.publish(intent, priority=priority)
            except Refused as refused:
                return No(replace(intent, state=IntentState.REFUSED, answer=_said(refused), how="answer"), refused)
            except (Retryable, Waiting) as error:
                void = replace(intent, state=IntentState.ABSENT, answer=str(error), how="answer")
                await self._ledger.end(void)
                raise
            except Unknown as error:
                unknown = error
            else:
                return self._done(intent, receipt, "answer")
        self._observer.unknown(intent, str(unknown))
        search = _Search(intent, intent.deadline, answered=isinstance(unknown, KeyTaken))
        return await self._found_out(search, priority=priority, begin=begin)

    async def find_out(self, intent: Intent, *, priority: Priority, begin: Begin) -> Result:
        """Resolve an intent without an answer: by look-up, by the same bytes under the same key, or not at all."""
        return await self._found_out(_Search(intent, intent.deadline), priority=priority, begin=begin)

    async def _found_out(self, search: _Search, *, priority: Priority, begin: Begin) -> Result:
        until = self._clock.now() + self._timing.patience
        pause = self._timing.pause
        with waiting_for("unknown"):
            while True:
                found = await self._find(search.intent, _recovering(priority))
                if isinstance(found, Found):
                    return self._done(search.intent, found.receipt, "look_up")
                if isinstance(found, Unclear):
                    return self._unclear(search.intent, found)
                if found is not None:
                    result = await self._absent(search, found, priority=priority, begin=begin)
                    if result is not None:
                        return result
                if self._clock.now() >= until:
                    return self._later(search.intent)
                await self._clock.sleep(pause)
                pause = min(pause * 2, self._timing.pause_max)

    async def _find(self, intent: Intent, priority: Priority) -> Found | Absent | Unclear | None:
        """Look it up; None where even that got no answer."""
        try:
            forgotten = self._timing.may_be_forgotten(intent.effect.source_version)
            return await self._erp.find(intent, priority=priority, forgotten=forgotten)
        except (Retryable, Unknown):
            return None

    async def _absent(self, search: _Search, found: Absent, *, priority: Priority, begin: Begin) -> Done | Void | None:
        """A scan found nothing: send again while that can tell more, else prove the absence with a second scan."""
        if found.began_at >= search.unanswered + self._timing.settle:
            search.scans += 1
        if not search.answered and self._erp.window_open(search.intent):
            return await self._send_again(search, priority=priority, begin=begin)
        if search.scans < _PROOF:
            return None
        absent = replace(
            search.intent, state=IntentState.ABSENT, how="look_up", answer=f"{_PROOF} complete scans found nothing"
        )
        self._observer.resolved(absent, "look_up")
        return Void(absent)

    async def _send_again(self, search: _Search, *, priority: Priority, begin: Begin) -> Done | None:
        """The same bytes under the same key; a refusal now proves nothing about the first attempt (correctness 8).

        Nor does a key that stands for other bytes: what is forgotten here may have had the effect, or a refusal.
        """
        async with self._erp.admit(priority=_recovering(priority)):
            now = self._clock.now()
            before = search.intent
            again = replace(before, attempts=before.attempts + 1, attempted_at=now, deadline=now + self._timing.call)
            await begin(again)
            try:
                receipt = await self._erp.publish(again, priority=_recovering(priority))
            except (Refused, Unknown, Retryable) as error:
                self._observer.unknown(again, str(error))
                search.intent = replace(again, answer=str(error))
                search.answered = isinstance(error, Refused | KeyTaken)
                if isinstance(error, Unknown) and not search.answered:
                    search.unanswered, search.scans = again.deadline, 0
                return None
        return self._done(again, receipt, "key")

    def _intent(self, effect: Effect, step: Step, *, key: str, generation: int) -> Intent:
        now = self._clock.now()
        document = effect.document
        name = f"{self._erp.name}|{document.external_source}|{document.tenant}|{effect.name}|{generation}"
        return Intent(
            id="of-" + hashlib.sha256(name.encode()).hexdigest()[:40],
            erp=self._erp.name,
            key=key,
            document=document,
            effect=effect,
            generation=generation,
            step=step,
            credential=self._erp.credential,
            attempted_at=now,
            deadline=now + self._timing.call,
            erp_time=self._erp.erp_time(),
        )

    def _done(self, intent: Intent, receipt: Receipt, how: str) -> Done:
        if how != "answer":
            self._observer.resolved(intent, how)
        done = replace(intent, state=IntentState.DONE, answer=receipt.answer, how=how)
        return Done(done, receipt.posted)

    def _unclear(self, intent: Intent, unclear: Unclear) -> Doubt:
        """For a person; but soon after a restore the next event may tell what else was done meanwhile."""
        if self._timing.may_be_told(intent.effect.source_version, now=self._clock.now()):
            return self._later(replace(intent, answer=unclear.detail))
        return self._person(intent, unclear)

    def _person(self, intent: Intent, unclear: Unclear) -> Doubt:
        self._observer.resolved(intent, "person")
        doubt = replace(intent, state=IntentState.IN_DOUBT, answer=unclear.detail, how="person")
        return Doubt(doubt, in_doubt(doubt, unclear.reason), None)

    def _later(self, intent: Intent) -> Doubt:
        verdict = Verdict(
            document=intent.document,
            outcome=OutcomeName.PARKED,
            reason=Reason.IN_DOUBT,
            detail=f"it is not known whether {intent.effect.name} happened; it is being looked up ({intent.answer})",
        )
        return Doubt(intent, verdict, self._clock.now() + self._timing.again)


def in_doubt(intent: Intent, reason: Reason) -> Verdict:
    """Say what only a person can find out, and how to tell us."""
    detail = (
        f"{intent.effect.name}: {intent.answer}; look into the ERP whether it is there, "
        f"then tell with `orderferry parked resolve {intent.id}`"
    )
    return Verdict(document=intent.document, outcome=OutcomeName.PARKED, reason=reason, detail=detail)


def _recovering(priority: Priority) -> Priority:
    """Finding out comes after live traffic and before replays (correctness 17)."""
    return max(priority, Priority.RECOVERY)


def _said(refused: Refused) -> str:
    return f"{refused.status} {refused.code} {refused.hint}".strip()
