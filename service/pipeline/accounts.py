"""The buyer's account: a shared document, so a key of its own, claimed only while something is to be created there."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from schemas.base import Ref
from schemas.effect import CreateOrder, Effect
from schemas.outcome import Reason, Verdict
from schemas.posted import Posted
from service.errors import FenceLost, Retryable
from service.pipeline.publish import Begin, Done, Doubt, No, Publisher, Result, Timing, in_doubt
from service.plan.state import Blocked
from service.ports import ERP, Busy, Clock, Closing, Intent, IntentState, Ledger, Opened, Priority, Resolution
from service.telemetry.waits import waiting_for

_KNOWN = 20_000  # accounts kept in memory: about 1 KB each


@dataclass
class _Chapter:
    """One visit to an account's key, and what became of the account meanwhile."""

    opened: Opened
    account: Posted | None
    generations: dict[str, int]
    priority: Priority


@dataclass
class Accounts:
    """Finds or creates accounts and their addresses; one creation at a time per account."""

    ledger: Ledger
    erp: ERP
    publisher: Publisher
    clock: Clock
    timing: Timing
    _known: OrderedDict[Ref, Posted] = field(default_factory=OrderedDict)
    _turns: dict[Ref, asyncio.Lock] = field(default_factory=dict)

    async def account_for(self, effect: CreateOrder, *, priority: Priority, create: bool = True) -> Posted | Blocked:
        """Return the account with every address that the effect needs; or only what there is, found by looking."""
        ref = effect.account
        known = self._known.get(ref) or await self.ledger.account(ref)
        if known is not None and known.read_at and self.erp.prerequisite(effect, known) is None:
            self._keep(known)
            return known
        turn = self._turns.setdefault(ref, asyncio.Lock())
        try:
            async with turn:
                return await self._complete(effect, priority=priority, create=create)
        finally:
            if not turn.locked():
                self._turns.pop(ref, None)

    def forget(self, ref: Ref) -> None:
        """Read the account again next time: another took its place."""
        self._known.pop(ref, None)

    async def _complete(self, effect: CreateOrder, *, priority: Priority, create: bool) -> Posted | Blocked:
        ref = effect.account
        async with self._claim(f"{ref.external_source}|{ref.tenant}|~account:{ref.external_id}") as opened:
            chapter = _Chapter(opened, opened.posted.get(ref), dict(opened.generations), priority)
            if blocked := await self._find_out(chapter):
                return blocked
            if chapter.account is not None and not chapter.account.read_at:  # a person found it
                chapter.account = await self.erp.refresh(chapter.account, priority=priority)
            while (need := self.erp.prerequisite(effect, chapter.account)) is not None:
                if chapter.account is not None and not create:
                    return chapter.account
                if blocked := await self._carry_out(need, chapter, create=create):
                    return blocked
            if chapter.account is None:
                raise Retryable("account", "the ERP adapter asked for no account", after=1.0)
            self._keep(chapter.account)
            return chapter.account

    async def _find_out(self, chapter: _Chapter) -> Blocked | None:
        """Find out what became of calls without an answer; one in doubt is for a person, and nothing goes past it."""
        for intent in chapter.opened.intents:
            if intent.state is IntentState.IN_DOUBT:
                return _blocked(intent, in_doubt(intent, Reason.IN_DOUBT))
            result = await self.publisher.find_out(intent, priority=chapter.priority, begin=self._begin(chapter))
            await self._settle(result, chapter)
            if isinstance(result, Doubt):
                return self._doubtful(result)
        return None

    async def _carry_out(self, need: Effect, chapter: _Chapter, *, create: bool) -> Blocked | None:
        resolution = await self.erp.resolve(need, chapter.account, priority=chapter.priority)
        if not isinstance(resolution, Resolution):
            return Blocked(resolution.reason, resolution.detail, resolution.release)
        step = self.erp.step(need, resolution)
        refusal = chapter.opened.refusals.get(need.name)
        if refusal is not None and refusal.content == step.digest:
            return Blocked(self.erp.reason(refusal.code, need), refusal.detail, release_of(need.document))
        generation = chapter.generations[need.name] = chapter.generations.get(need.name, 0) + 1
        result: Result | None = None
        if self.timing.may_be_forgotten(need.source_version):
            key = chapter.opened.lease.key
            result = await self.publisher.done_before(
                need, step, key=key, generation=generation, priority=chapter.priority
            )
        if result is None and not create:
            return Blocked(Reason.PARENT_PARKED, f"{need.document} was never created", release_of(need.document))
        if result is None:
            result = await self.publisher.publish(
                need,
                step,
                lease=chapter.opened.lease,
                generation=generation,
                priority=chapter.priority,
                begin=self._begin(chapter),
            )
        await self._settle(result, chapter)
        if isinstance(result, No):
            reason = self.erp.reason(result.refused.code, need)
            return Blocked(reason, str(result.refused), release_of(need.document))
        return self._doubtful(result) if isinstance(result, Doubt) else None

    def _begin(self, chapter: _Chapter) -> Begin:
        async def begin(intent: Intent) -> None:
            await self.ledger.begin(chapter.opened.lease, intent)

        return begin

    async def _settle(self, result: Result, chapter: _Chapter) -> None:
        """Record the outcome and keep the account as it is now known."""
        if isinstance(result, Done):
            found = next(iter(result.posted))
            chapter.account = found if chapter.account is None else chapter.account.carried(found)
            await self.ledger.end(result.intent, posted=[chapter.account])
        elif result.intent.state is not IntentState.OPEN:
            await self.ledger.end(result.intent)

    def _doubtful(self, result: Doubt) -> Blocked:
        """Say why there is no account; one that may still be found out is no answer yet."""
        if result.wake_at is not None:
            raise Retryable("account", "its creation was not answered and is being looked up", after=_AGAIN_S)
        return _blocked(result.intent, result.verdict)

    @asynccontextmanager
    async def _claim(self, key: str) -> AsyncIterator[Opened]:
        opened = await self.ledger.open(key, ())
        with waiting_for("account"):
            for _ in range(_TRIES):
                if not isinstance(opened, Busy):
                    break
                await self.clock.sleep(min(opened.retry_in, 1.0))
                opened = await self.ledger.open(key, ())
        if isinstance(opened, Busy):
            raise Retryable("account", "another process is creating it", after=opened.retry_in)
        try:
            yield opened
        finally:
            with suppress(FenceLost):
                await self.ledger.close(Closing(opened.lease, (), (), ()))

    def _keep(self, account: Posted) -> None:
        self._known[account.document] = account
        self._known.move_to_end(account.document)
        while len(self._known) > _KNOWN:
            self._known.popitem(last=False)


def release_of(account: Ref) -> str:
    """Name the condition on which everything waits that needs this account (correctness 15)."""
    return f"account:{account.external_id}"


def _blocked(intent: Intent, verdict: Verdict) -> Blocked:
    return Blocked(verdict.reason or Reason.IN_DOUBT, verdict.detail, release_of(intent.document))


_TRIES = 30
_AGAIN_S = 5.0
