"""The story: absorb what arrived, find out what is open, plan, publish one effect after the other, settle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from schemas.effect import CreateOrder, Effect, RecordPayment
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.posted import Posted
from service.errors import FerryError, Retryable
from service.pipeline.accounts import Accounts
from service.pipeline.observer import Observer
from service.pipeline.publish import Begin, Done, Doubt, No, Publisher, Result, Timing
from service.pipeline.run import Run, event_ends, root_of
from service.plan.policy import Policy
from service.plan.state import Blocked
from service.ports import (
    ERP,
    Arrival,
    Busy,
    Clock,
    Closing,
    EventEnd,
    Intent,
    IntentState,
    Ledger,
    Opened,
    Priority,
    Unresolved,
)

_FRESH_S = 5.0  # a balance read this long ago may be paid against: well under what a person needs to pay it twice


class Policies(Protocol):
    """The tenants' policies, and old ones by version."""

    def current(self, external_source: str, tenant: str) -> Policy | None:
        """Return today's policy; None for a tenant that nobody set up."""
        ...

    def paused(self, external_source: str, tenant: str) -> bool:
        """Whether a person paused the tenant."""
        ...

    async def version(self, version: str) -> Policy | None:
        """Return the policy that something was posted under."""
        ...


@dataclass(frozen=True, slots=True)
class Rejected:
    """An arrival whose content cannot be booked; its verdict is already known."""

    arrival: Arrival
    verdict: Verdict | None
    end: EventEnd


@dataclass(frozen=True, slots=True)
class Wake:
    """Look at the key although nothing arrived."""

    priority: Priority = Priority.RECOVERY


class Story:
    """Handles one key at a time; many keys at once. Everything that it needs is a port."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        erp_of: Callable[[str, str], ERP],
        policies: Policies,
        clock: Clock,
        observer: Observer,
        timing: Timing,
    ) -> None:
        self._ledger = ledger
        self._erp_of = erp_of
        self._policies = policies
        self._clock = clock
        self._observer = observer
        self._timing = timing
        self._chapters: dict[int, tuple[Publisher, Accounts]] = {}
        self.held: dict[str, Opened] = {}
        """Keys under lease now, for whoever renews them."""

    async def handle(self, key: str, work: Sequence[Arrival | Rejected | Wake]) -> None:
        """Bring one key as far as it goes now. When it returns, everything in `work` is durable and has an outcome."""
        arrivals = [item for item in work if isinstance(item, Arrival)]
        rejected = [item for item in work if isinstance(item, Rejected)]
        opened = await self._ledger.open(key, arrivals)
        if isinstance(opened, Busy):
            raise Retryable(f"key {key}", "another process works on it", after=opened.retry_in)
        self.held[key] = opened
        try:
            await self._look(key, opened, arrivals, rejected, _priority(work))
        finally:
            self.held.pop(key, None)

    async def _look(
        self, key: str, opened: Opened, arrivals: list[Arrival], rejected: list[Rejected], priority: Priority
    ) -> None:
        root = root_of(key)
        policy = self._policies.current(root.external_source, root.tenant)
        ends = [item.end for item in rejected]
        fixed = [item.verdict for item in rejected if item.verdict is not None]
        if policy is None or self._policies.paused(root.external_source, root.tenant):
            await self._stay(opened, arrivals, ends, fixed, unknown=policy is None)
            return
        run = await self._begin(key, opened, policy, priority)
        verdicts: Sequence[Verdict] = ()
        if not run.settled_before():
            try:
                verdicts = await self._work(run)
            except FerryError:
                await self._leave(run)
                raise
        ends += event_ends(arrivals, run, verdicts)
        ended, changed = run.take_along()
        closing = Closing(
            opened.lease,
            verdicts=[*fixed, *verdicts],
            settled=run.marks(verdicts),
            events=ends,
            posted=changed,
            ended=ended,
            wake_at=run.wake_at,
        )
        await self._ledger.close(closing)
        for end in ends:
            self._observer.event_ended(end)

    async def _leave(self, run: Run) -> None:
        """Give the key back unfinished, with what is known by now; its work comes again."""
        ended, changed = run.take_along()
        wake_at = self._clock.now() + self._timing.again
        with suppress(FerryError):
            await self._ledger.close(Closing(run.lease, (), (), (), posted=changed, ended=ended, wake_at=wake_at))

    async def _begin(self, key: str, opened: Opened, policy: Policy, priority: Priority) -> Run:
        root = root_of(key)
        order = opened.posted.get(root)
        under = policy
        if order is not None and order.policy_version != policy.version:
            under = await self._policies.version(order.policy_version) or policy
        return Run(
            key=key,
            root=root,
            lease=opened.lease,
            opened=opened,
            policy=policy,
            posted_under=under,
            priority=priority,
            posted=dict(opened.posted),
            generations=dict(opened.generations),
        )

    async def _stay(
        self, opened: Opened, arrivals: list[Arrival], ends: list[EventEnd], fixed: list[Verdict], *, unknown: bool
    ) -> None:
        """Keep what arrived for a tenant that is paused, or that nobody has set up yet."""
        outcome = OutcomeName.PARKED if unknown else OutcomeName.WAITING
        reason = Reason.TENANT_UNKNOWN if unknown else Reason.TENANT_PAUSED
        detail = "this shop is not in the settings; add it under `tenants`" if unknown else "this shop is paused"
        verdicts = [
            Verdict(document=ref, outcome=outcome, reason=reason, detail=detail, release="tenant:")
            for ref in opened.known
        ]
        ends += [EventEnd(arrival, outcome, reason, detail) for arrival in arrivals]
        await self._ledger.close(Closing(opened.lease, [*fixed, *verdicts], (), ends))
        for end in ends:
            self._observer.event_ended(end)

    async def _work(self, run: Run) -> Sequence[Verdict]:
        """Find out, plan, publish, and plan again from recorded facts until nothing is left to do."""
        erp = self._erp_of(run.root.external_source, run.root.tenant)
        publisher, accounts = self._chapter(erp)
        await self._find_out(run, publisher)
        desired = run.desired()
        while not run.doubts:
            plan = run.plan(desired, self._clock.now())
            if plan.wake_at is not None:
                run.wake_at = plan.wake_at
            if not plan.effects:
                return plan.verdicts
            await self._carry_out(run, plan.effects[0], erp, publisher, accounts)
        return run.doubts

    async def _find_out(self, run: Run, publisher: Publisher) -> None:
        for intent in run.opened.intents:
            if intent.state is IntentState.IN_DOUBT:
                run.doubt(_in_doubt(intent), None)
                continue
            result = await publisher.find_out(intent, priority=run.priority, begin=self._begin_with(run))
            self._take(run, result)

    async def _carry_out(self, run: Run, effect: Effect, erp: ERP, publisher: Publisher, accounts: Accounts) -> None:
        account: Posted | None = None
        if isinstance(effect, CreateOrder):
            found = await accounts.account_for(effect, priority=run.priority)
            if isinstance(found, Blocked):
                self._block(run, effect, found)
                return
            account = found
        if isinstance(effect, RecordPayment) and await self._refreshed(run, erp):
            return  # plan again with the balance just read
        resolution = await erp.resolve(effect, account, priority=run.priority)
        if isinstance(resolution, Unresolved):
            self._block(run, effect, Blocked(resolution.reason, resolution.detail, resolution.release))
            return
        step = erp.step(effect, resolution)
        refusal = run.opened.refusals.get(effect.name)
        if refusal is not None and refusal.content == step.digest:
            self._block(run, effect, Blocked(erp.reason(refusal.code, effect), refusal.detail))
            return
        generation = run.generations[effect.name] = run.generations.get(effect.name, 0) + 1
        begun = self._clock.now()
        result = await publisher.publish(
            effect,
            step,
            lease=run.lease,
            generation=generation,
            priority=run.priority,
            begin=self._begin_with(run),
        )
        self._take(run, result)
        if isinstance(result, No):
            self._block(run, effect, Blocked(erp.reason(result.refused.code, effect), str(result.refused)))
        elif isinstance(result, Done):
            now = self._clock.now()
            self._observer.effect_done(result.intent, seconds=now - begun, source_seconds=_age(run, effect, now))

    async def _refreshed(self, run: Run, erp: ERP) -> bool:
        """Never apply more than the balance just read (books 11). True where it had to be read again."""
        order = run.posted[run.root]
        if self._clock.now() - order.read_at < _FRESH_S:
            return False
        run.learn([await erp.refresh(order, priority=run.priority)])
        return True

    def _take(self, run: Run, result: Result) -> None:
        if result.intent.state is not IntentState.OPEN:
            run.ended.append(result.intent)
        if isinstance(result, Done):
            run.learn(result.posted)
        elif isinstance(result, Doubt):
            run.doubt(result.verdict, result.wake_at)

    def _block(self, run: Run, effect: Effect, blocked: Blocked) -> None:
        run.blocked[effect.name] = blocked
        self._observer.blocked(effect.effect, blocked.reason)

    def _begin_with(self, run: Run) -> Begin:
        async def begin(intent: Intent) -> None:
            ended, changed = run.take_along()
            await self._ledger.begin(run.lease, intent, ended=ended, posted=changed)

        return begin

    def _chapter(self, erp: ERP) -> tuple[Publisher, Accounts]:
        chapter = self._chapters.get(id(erp))
        if chapter is None:
            publisher = Publisher(
                ledger=self._ledger, erp=erp, clock=self._clock, observer=self._observer, timing=self._timing
            )
            accounts = Accounts(ledger=self._ledger, erp=erp, publisher=publisher, clock=self._clock)
            chapter = self._chapters[id(erp)] = (publisher, accounts)
        return chapter


def _priority(work: Sequence[Arrival | Rejected | Wake]) -> Priority:
    """The most urgent of them promotes the key (correctness 17)."""
    return min((item.priority for item in work if isinstance(item, Arrival | Wake)), default=Priority.LIVE)


def _in_doubt(intent: Intent) -> Verdict:
    detail = f"{intent.effect.name}: {intent.answer}; look into the ERP and say whether it is there"
    return Verdict(document=intent.document, outcome=OutcomeName.PARKED, reason=Reason.IN_DOUBT, detail=detail)


def _age(run: Run, effect: Effect, now: float) -> float:
    known = run.opened.known.get(effect.document)
    return 0.0 if known is None else max(0.0, now - known.fact.version.at.timestamp())
