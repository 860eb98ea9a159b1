"""The story: absorb what arrived, find out what is open, plan, publish one effect after the other, settle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from schemas.base import Ref
from schemas.effect import Adjust, CreateOrder, Effect, RecordPayment, RefundCash
from schemas.outcome import TENANT_RESUMED, TENANT_SET_UP, OutcomeName, Reason, Verdict
from schemas.posted import Posted
from schemas.privacy import PrivacyRequest
from service.errors import FenceLost, FerryError, Refused, Retryable, Waiting
from service.pipeline.accounts import Accounts
from service.pipeline.news import News, Rejected, Stay, Wake, news, stayed
from service.pipeline.observer import Observer
from service.pipeline.publish import Begin, Done, Doubt, No, Publisher, Result, Timing, in_doubt
from service.pipeline.run import Run, contradicts, root_of
from service.plan.policy import Policy
from service.plan.state import Blocked
from service.ports import (
    ERP,
    Arrival,
    Busy,
    Clock,
    Closing,
    Intent,
    IntentState,
    Ledger,
    Opened,
    Priority,
    Resolution,
    Step,
    Unresolved,
)

_FRESH_S = 5.0  # a balance read this long ago may be paid against: well under what a person needs to pay it twice
_OF_THE_ERP = frozenset(
    {Reason.ERP_TOTAL_DIFFERS, Reason.ERP_HOLD, Reason.OVERPAID, Reason.FEWER_GOODS, Reason.SHIPPED_BY_SHOP}
)
"""What stands in the ERP is the reason: a person may have changed it there since it was read."""

_UNKNOWN = Stay(
    OutcomeName.PARKED,
    Reason.TENANT_UNKNOWN,
    "this shop is not in the settings; add it under `tenants`",
    release=TENANT_SET_UP,
)
_PAUSED = Stay(OutcomeName.WAITING, Reason.TENANT_PAUSED, "this shop is paused", release=TENANT_RESUMED)
_YOUNG_S = 120.0  # since an order was first heard of: four times as long as a read may be stale (sandbox)
_TABLES_S = 1.0  # half a beat of the duty that reads the tables
_LOOK_AGAIN_S = 900.0  # what people mend in the ERP itself is noticed within this
_MAY_CHANGE = frozenset({Reason.SKU_UNKNOWN, Reason.SKU_AMBIGUOUS, Reason.ERP_HOLD, Reason.ERP_REFUSED})


class Policies(Protocol):
    """The tenants' policies, and old ones by version."""

    def current(self, external_source: str, tenant: str) -> Policy | None:
        """Return today's policy; None for a tenant that nobody set up."""
        ...

    def paused(self, external_source: str, tenant: str) -> bool:
        """Whether a person paused the tenant."""
        ...

    def fresh(self) -> bool:
        """Whether the tables behind the policies were read lately enough to plan on them."""
        ...

    async def version(self, version: str) -> Policy | None:
        """Return the policy that something was posted under."""
        ...


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

    def forget(self, account: Ref) -> None:
        """Read an account again before it is used: another may have taken its place."""
        for _, accounts in self._chapters.values():
            accounts.forget(account)

    async def handle(self, key: str, work: Sequence[Arrival | Rejected | Wake]) -> None:
        """Bring one key as far as it goes now. When it returns, everything in `work` is durable and has an outcome."""
        try:
            await self._handle(key, work)
        except (Retryable, Waiting, FenceLost):
            raise
        except FerryError as error:
            # A refused read, or an intent that somebody ended meanwhile: of this key alone, and looked at again.
            raise Retryable(f"key {key}", str(error), after=self._timing.again) from error

    async def ask(self, arrival: Arrival, request: PrivacyRequest) -> None:
        """Take a request about persons: it is of no order, and nothing is planned for it (correctness 23)."""
        self._observer.event_ended(await self._ledger.ask(arrival, request))

    async def _handle(self, key: str, work: Sequence[Arrival | Rejected | Wake]) -> None:
        arrivals = [item for item in work if isinstance(item, Arrival)]
        opened = await self._ledger.open(key, arrivals)
        if isinstance(opened, Busy):
            raise Retryable(f"key {key}", "another process works on it", after=opened.retry_in)
        self.held[key] = opened
        try:
            await self._look(key, opened, news(work), _priority(work))
        finally:
            self.held.pop(key, None)

    async def _look(self, key: str, opened: Opened, told: News, priority: Priority) -> None:
        if not self._policies.fresh():
            await self._give_back(Closing(opened.lease, (), (), (), wake_at=self._clock.now() + _TABLES_S))
            raise Waiting("tables", "people's tables could not be read for some seconds", _TABLES_S)
        root = root_of(key)
        policy = self._policies.current(root.external_source, root.tenant)
        stay = self._stays(root, policy, opened)
        if policy is None or stay is not None:
            await self._close(stayed(opened, told, stay or _UNKNOWN, policy))
            return
        run = await self._begin(root, opened, policy, priority)
        verdicts: Sequence[Verdict] = ()
        if not run.settled_before():
            try:
                verdicts = await self._work(run)
            except FerryError:
                await self._leave(run)
                raise
        ended, changed = run.take_along()
        closing = told.closing(opened, policy, verdicts)
        await self._close(replace(closing, posted=changed, ended=ended, wake_at=run.wake_at))

    async def _close(self, closing: Closing) -> None:
        await self._ledger.close(closing)
        for end in closing.events:
            self._observer.event_ended(end)

    def _stays(self, root: Ref, policy: Policy | None, opened: Opened) -> Stay | None:
        """Say why nothing is done for a key, whatever is known of it."""
        if policy is None:
            return _UNKNOWN
        if self._policies.paused(root.external_source, root.tenant):
            return _PAUSED
        if opened.held:
            detail = f"held by {opened.held}; `orderferry parked release` lets it go on"
            return Stay(OutcomeName.PARKED, Reason.HELD, detail)
        return None

    async def _leave(self, run: Run) -> None:
        """Give the key back unfinished, with what is known by now; its work comes again."""
        ended, changed = run.take_along()
        wake_at = self._clock.now() + self._timing.again
        await self._give_back(Closing(run.lease, (), (), (), posted=changed, ended=ended, wake_at=wake_at))

    async def _give_back(self, closing: Closing) -> None:
        with suppress(FerryError):
            await self._ledger.close(closing)

    async def _begin(self, root: Ref, opened: Opened, policy: Policy, priority: Priority) -> Run:
        order = opened.posted.get(root)
        under = policy
        if order is not None and order.policy_version != policy.version:
            under = await self._policies.version(order.policy_version) or policy
        return Run(
            root=root,
            lease=opened.lease,
            opened=opened,
            policy=policy,
            posted_under=under,
            priority=priority,
            posted=dict(opened.posted),
            generations=dict(opened.generations),
        )

    async def _work(self, run: Run) -> Sequence[Verdict]:
        """Find out, plan, publish, and plan again from recorded facts until nothing is left to do."""
        erp = self._erp_of(run.root.external_source, run.root.tenant)
        publisher, accounts = self._chapter(erp)
        await self._find_out(run, publisher)
        await self._read_adopted(run, erp)
        desired = run.desired()
        while not run.doubts:
            plan = run.plan(desired, self._clock.now())
            if plan.wake_at is not None:
                run.wake(plan.wake_at)
            if presumed := next((one for one in plan.unless_done if self._forgot(run, one)), None):
                await self._look_before(run, presumed, erp, publisher, accounts, presumed=True)
                run.looked.add(presumed.name)  # also where it cannot be looked for: what cannot be sent was not
            elif plan.effects:
                await self._carry_out(run, plan.effects[0], erp, publisher, accounts)
            elif not await self._read_again(run, erp, plan.verdicts):
                return plan.verdicts
        return run.doubts

    async def _read_adopted(self, run: Run, erp: ERP) -> None:
        """Read what a person found in the ERP before anything is planned on it."""
        for document in list(run.posted.values()):
            if not document.read_at:
                await self._reread(run, erp, document, named="which a person named")

    async def _reread(self, run: Run, erp: ERP, document: Posted, *, named: str) -> None:
        """Read a document again; one that the ERP no longer knows is for a person, and nothing is planned on it.

        What is new, or was changed just now, may be missing from an old answer: then the same again.
        """
        now = self._clock.now()
        # What is to be found again of a lost time is told by the figures before it.
        lost = document.read_at and self._timing.may_be_told(document.source_version, now=now)
        try:
            after = await erp.refresh(document, priority=run.priority)
            if not lost and now - document.told_at < self._timing.settle and contradicts(after, document):
                why = "it lacks what the ERP told a moment ago; this may be an old answer"
                raise Retryable(f"read {document.document}", why, self._timing.pause)
            run.reread(after, figures_of=document if lost else None)
        except Refused as refused:
            if document.read_at and now - run.opened.first_seen < _YOUNG_S:
                raise
            detail = f"the ERP does not know {document.erp_id}, {named}: {refused}"
            verdict = Verdict(
                document=document.document, outcome=OutcomeName.PARKED, reason=Reason.IN_DOUBT, detail=detail
            )
            run.doubt(verdict, now + self._timing.again)

    async def _read_again(self, run: Run, erp: ERP, verdicts: Sequence[Verdict]) -> bool:
        """Before a document is parked for what the ERP said some time ago, ask it once more. True where it was read."""
        for verdict in verdicts:
            if verdict.reason not in _OF_THE_ERP:
                continue
            if await self._refreshed(run, erp, verdict.document):
                return True
        return False

    async def _find_out(self, run: Run, publisher: Publisher) -> None:
        for intent in run.opened.intents:
            if intent.state is IntentState.IN_DOUBT:
                run.doubt(in_doubt(intent, Reason.IN_DOUBT), None)
                continue
            known = replace(intent, effect=self._as_planned(run, intent.effect))
            result = await publisher.find_out(known, priority=run.priority, begin=self._begin_with(run))
            self._take(run, result)

    def _as_planned(self, run: Run, effect: Effect) -> Effect:
        """Name beside a change of a sum what was heard of since it was written: a lost time may have seen it too."""
        if not isinstance(effect, Adjust | RefundCash) or not self._timing.may_be_forgotten(effect.source_version):
            return effect
        planned = run.plan(run.desired(), self._clock.now()).effects
        return next((one for one in planned if one.name == effect.name), effect)

    async def _carry_out(self, run: Run, effect: Effect, erp: ERP, publisher: Publisher, accounts: Accounts) -> None:
        if self._forgot(run, effect):
            if blocked := await self._look_before(run, effect, erp, publisher, accounts):
                self._block(run, effect, blocked)
            return
        step = await self._step(run, effect, erp, accounts)
        if step is None:
            return  # plan again, with what was learnt
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
            run.outdated(effect.document)
            self._block(run, effect, Blocked(erp.reason(result.refused.code, effect), str(result.refused)))
        elif isinstance(result, Done):
            now = self._clock.now()
            run.new |= isinstance(effect, CreateOrder) and result.intent.how == "answer"
            self._observer.effect_done(result.intent, seconds=now - begun, source_seconds=_age(run, effect, now))

    def _forgot(self, run: Run, effect: Effect) -> bool:
        """Whether an effect may have been done in a time that the ledger has lost, and was not looked for yet."""
        return effect.name not in run.looked and not run.new and self._timing.may_be_forgotten(effect.source_version)

    async def _look_before(
        self, run: Run, effect: Effect, erp: ERP, publisher: Publisher, accounts: Accounts, *, presumed: bool = False
    ) -> Blocked | None:
        """Look for an effect that a restored ledger may have forgotten; the plan goes on from what is found.

        For one that is `presumed` undone and not asked for, nothing is created.
        """
        resolution = await self._resolved(run, effect, erp, accounts, create=not presumed)
        if not isinstance(resolution, Resolution):
            return Blocked(resolution.reason, resolution.detail, resolution.release)
        generation = run.generations.get(effect.name, 0) + 1
        found = await publisher.done_before(
            effect, erp.step(effect, resolution), key=run.lease.key, generation=generation, priority=run.priority
        )
        run.looked.add(effect.name)
        if found is not None or isinstance(effect, RefundCash):
            # A sum tells no refund from another of the same amount: the ERP may have this one's key all the same.
            run.generations[effect.name] = generation
        if found is not None:
            order = run.posted.get(run.root)
            self._take(run, found, counted=order is not None and order.read_at > self._timing.restored_at)
        return None

    async def _step(self, run: Run, effect: Effect, erp: ERP, accounts: Accounts) -> Step | None:
        """Turn an effect into its request; None where it is blocked, or where the ERP was read again first."""
        if isinstance(effect, RecordPayment) and await self._refreshed(run, erp, run.root):
            return None
        resolution = await self._resolved(run, effect, erp, accounts)
        if not isinstance(resolution, Resolution):
            self._block(run, effect, Blocked(resolution.reason, resolution.detail, resolution.release))
            return None
        step = erp.step(effect, resolution)
        refusal = run.opened.refusals.get(effect.name)
        if refusal is None or refusal.content != step.digest:
            return step
        if erp.reason(refusal.code, effect) is Reason.OVERPAID:
            return step  # it was planned against the balance just read, which allows it now
        if not await self._refreshed(run, erp, effect.document):  # a person may have dealt with it in the ERP
            self._block(run, effect, Blocked(erp.reason(refusal.code, effect), refusal.detail))
        return None

    async def _resolved(
        self, run: Run, effect: Effect, erp: ERP, accounts: Accounts, *, create: bool = True
    ) -> Resolution | Unresolved | Blocked:
        account: Posted | None = None
        if isinstance(effect, CreateOrder):
            found = await accounts.account_for(effect, priority=run.priority, create=create)
            if isinstance(found, Blocked):
                return found
            account = found
        return await erp.resolve(effect, account, priority=run.priority)

    async def _refreshed(self, run: Run, erp: ERP, document: Ref) -> bool:
        """Read a document, or else its order, again: never apply more than the balance just read (books 11).

        True where that was some time ago; False where it was read just now, or does not stand in the ERP.
        """
        have = run.posted.get(document) or run.posted.get(run.root)
        if have is None or self._clock.now() - max(have.read_at, run.asked.get(have.document, 0.0)) < _FRESH_S:
            return False
        run.asked[have.document] = self._clock.now()
        await self._reread(run, erp, have, named="which we posted; look there who removed or hid it")
        return True

    def _take(self, run: Run, result: Result, *, counted: bool = False) -> None:
        """Take over what is known of an effect. `counted`: the order was read when its cash lay on it already."""
        intent = result.intent
        if intent.state is not IntentState.OPEN:
            run.ended.append(intent)
        if isinstance(result, Done):
            before = run.posted.get(intent.document)
            run.learn(result.posted)
            if not counted:
                run.count(intent.effect)
            if intent.how == "look_up" and self._timing.may_be_forgotten(intent.effect.source_version):
                run.found_again(intent.effect, before, since=self._timing.restored_at)
        elif isinstance(result, Doubt):
            run.doubt(result.verdict, result.wake_at)

    def _block(self, run: Run, effect: Effect, blocked: Blocked) -> None:
        run.blocked[effect.name] = blocked
        if blocked.reason in _MAY_CHANGE:
            run.wake(self._clock.now() + _LOOK_AGAIN_S)
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
            accounts = Accounts(
                ledger=self._ledger, erp=erp, publisher=publisher, clock=self._clock, timing=self._timing
            )
            chapter = self._chapters[id(erp)] = (publisher, accounts)
        return chapter


def _priority(work: Sequence[Arrival | Rejected | Wake]) -> Priority:
    """The most urgent of them promotes the key (correctness 17)."""
    return min((item.priority for item in work if isinstance(item, Arrival | Wake)), default=Priority.LIVE)


def _age(run: Run, effect: Effect, now: float) -> float:
    known = run.opened.known.get(effect.document)
    return 0.0 if known is None else max(0.0, now - known.fact.version.at.timestamp())
