"""The buyer's account: a shared document, so a key of its own, claimed only while something is to be created there."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from schemas.base import Ref
from schemas.effect import CreateOrder
from schemas.outcome import Reason
from schemas.posted import Posted
from service.errors import FenceLost, Retryable
from service.pipeline.publish import Done, Doubt, No, Publisher, Result
from service.plan.state import Blocked
from service.ports import ERP, Busy, Clock, Closing, Intent, IntentState, Ledger, Opened, Priority, Resolution

_KNOWN = 20_000  # accounts kept in memory: about 1 KB each


@dataclass
class Accounts:
    """Finds or creates accounts and their addresses; one creation at a time per account."""

    ledger: Ledger
    erp: ERP
    publisher: Publisher
    clock: Clock
    _known: OrderedDict[Ref, Posted] = field(default_factory=OrderedDict)
    _turns: dict[Ref, asyncio.Lock] = field(default_factory=dict)

    async def account_for(self, effect: CreateOrder, *, priority: Priority) -> Posted | Blocked:
        """Return the account with every address that the effect needs."""
        ref = effect.account
        known = self._known.get(ref) or await self.ledger.account(ref)
        if known is not None and self.erp.prerequisite(effect, known) is None:
            self._keep(known)
            return known
        turn = self._turns.setdefault(ref, asyncio.Lock())
        try:
            async with turn:
                return await self._complete(effect, priority=priority)
        finally:
            if not turn.locked():
                self._turns.pop(ref, None)

    def forget(self, ref: Ref) -> None:
        """Read the account again next time (it may have been merged)."""
        self._known.pop(ref, None)

    async def _complete(self, effect: CreateOrder, *, priority: Priority) -> Posted | Blocked:
        ref = effect.account
        async with self._claim(f"{ref.external_source}|{ref.tenant}|~account:{ref.external_id}") as opened:
            account = opened.posted.get(ref)
            generations = dict(opened.generations)

            async def begin(intent: Intent) -> None:
                await self.ledger.begin(opened.lease, intent)

            for open_intent in opened.intents:
                result = await self.publisher.find_out(open_intent, priority=priority, begin=begin)
                account = await self._settle(result, account)
                if isinstance(result, Doubt):
                    return self._blocked(result)
            while (need := self.erp.prerequisite(effect, account)) is not None:
                resolution = await self.erp.resolve(need, account, priority=priority)
                if not isinstance(resolution, Resolution):
                    return Blocked(resolution.reason, resolution.detail, resolution.release)
                generation = generations[need.name] = generations.get(need.name, 0) + 1
                result = await self.publisher.publish(
                    need,
                    self.erp.step(need, resolution),
                    lease=opened.lease,
                    generation=generation,
                    priority=priority,
                    begin=begin,
                )
                account = await self._settle(result, account)
                if isinstance(result, No | Doubt):
                    return self._blocked(result)
            if account is None:
                raise Retryable("account", "the ERP adapter asked for no account", after=1.0)
            self._keep(account)
            return account

    async def _settle(self, result: Result, account: Posted | None) -> Posted | None:
        """Record the outcome and return the account as it is now known."""
        if isinstance(result, Done):
            found = next(iter(result.posted))
            account = found if account is None else account.carried(found)
            await self.ledger.end(result.intent, posted=[account])
            return account
        if result.intent.state is not IntentState.OPEN:
            await self.ledger.end(result.intent)
        return account

    def _blocked(self, result: No | Doubt) -> Blocked:
        """Say why there is no account; one that may still be found out is no answer yet."""
        if isinstance(result, No):
            reason = self.erp.reason(result.refused.code, result.intent.effect)
            return Blocked(reason, str(result.refused))
        if result.wake_at is not None:
            raise Retryable("account", "its creation was not answered and is being looked up", after=_AGAIN_S)
        return Blocked(result.verdict.reason or Reason.IN_DOUBT, result.verdict.detail)

    @asynccontextmanager
    async def _claim(self, key: str) -> AsyncIterator[Opened]:
        opened = await self.ledger.open(key, ())
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


_TRIES = 30
_AGAIN_S = 5.0
