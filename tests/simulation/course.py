"""The course of one schedule: starts the pods, lets records come and faults happen, heals, waits for quiet, judges."""

from __future__ import annotations

import gc
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import count
from types import SimpleNamespace
from uuid import uuid4

from schemas.event import Fact
from schemas.outcome import TENANT_RESUMED
from schemas.posted import Posted
from service.intake import reader, watchdog
from service.intake.connection import Connection
from service.intake.consumer_settings import ConsumerSettings
from service.intake.observer import Slot
from service.ledger import absorb, documents, entities, group_commit, members
from service.ledger.absorb import dump, load
from service.ledger.desk import SqlDesk
from service.ledger.digest import digest
from service.ledger.documents import read
from service.ports import Mapped
from tests.simulation.books import WINDOW_S, Books
from tests.simulation.broker import Broker
from tests.simulation.database import RemoteDatabase, Store
from tests.simulation.erp import SmallErp
from tests.simulation.histories import TENANT, histories
from tests.simulation.judgement import judge, unsettled
from tests.simulation.letters import Letters
from tests.simulation.pod import Pod
from tests.simulation.schedule import PARTITIONS, REPLAY_TOPIC, Fault, Schedule
from tests.simulation.virtual_time import PROCESS, VirtualClock, VirtualLoop, nap, virtual_loop
from tests.simulation.weather import Weather

PATIENCE_S = 300.0
"""After everything is well again, all must be settled within this."""
OF_ACCOUNTS = 0.3
"""Share of traps that only spring at calls for an account: a key that no record asks for again."""
ACCOUNT = "|~account:"
TICK_S = 0.0006
"""What the reader's clock goes on by at every look: it gives its turn away again and again."""
LOOK_S = 4.0
IDLE_LOOKS = 4
"""So often no pod may have anything in hand while records wait; less than what the watchdog lets pass."""
PEOPLE_AT = 20.0
"""When a person sets the tables that are missing."""
SETTINGS = ConsumerSettings(
    connection=Connection("nowhere:9092"),
    group="orderferry",
    topics=frozenset(PARTITIONS),
    replay_topics=frozenset({REPLAY_TOPIC}),
    session_timeout_s=6.0,
    rebalance_timeout_s=20.0,
    drain_s=6.0,
    commit_timeout_s=3.0,
)
LIES = ("lost after", "lost before", "error after", "error before", "unreachable", "busy", "slow")


@dataclass(frozen=True)
class Result:
    """What came of a schedule."""

    seed: int
    wrong: tuple[str, ...]
    seen: Counter[str] = field(default_factory=Counter)
    trace: int = 0
    seconds: float = 0.0
    """Virtual."""


def _once(asked: Callable[[Fact], str]) -> Callable[[Fact], str]:
    """Ask a function of the product once a fact: facts are the same in every run."""
    answers: dict[int, tuple[Fact, str]] = {}

    def ask(fact: Fact) -> str:
        known = answers.get(id(fact))
        if known is None or known[0] is not fact:
            known = answers[id(fact)] = (fact, asked(fact))
        return known[1]

    return ask


_digest, _dump = _once(digest), _once(dump)
_load = lru_cache(4096)(load)
_posted = lru_cache(4096)(Posted.model_validate_json)


@cache
def _store() -> Store:
    """The store; with the histories and what was imported it stays, and need not be looked through for garbage."""
    store = Store()
    histories()
    gc.collect()
    gc.freeze()
    return store


def run(schedule: Schedule) -> Result:
    """Run one schedule; the same one always gives the same result."""
    random.seed(schedule.seed)
    with _configured():
        return _result(schedule)


def _result(schedule: Schedule) -> Result:
    with virtual_loop() as loop:
        course = Course(schedule, loop)
        try:
            loop.run_until_complete(course.whole())
        except RuntimeError as error:
            course.weather.violated(f"the run ended: {error}")
        finally:
            course.store.empty()
        weather = course.weather
        for failed in loop.failed:
            weather.violated(f"the simulation itself failed: {failed}")
        return Result(schedule.seed, tuple(weather.wrong), weather.seen, weather.trace, loop.time())


@contextmanager
def _configured() -> Iterator[None]:
    """What is measured of the real loop is nothing here; what is left of killed processes is collected in silence."""
    probe, hook = watchdog.PROBE_S, sys.unraisablehook
    watchdog.PROBE_S = 86_400.0  # type: ignore[misc]
    numbers, ticks = count(), count()
    vars(group_commit)["uuid4"] = lambda: SimpleNamespace(hex=str(next(numbers)))
    vars(reader)["time"] = SimpleNamespace(perf_counter=lambda: next(ticks) * TICK_S)
    vars(members)["digest"], vars(absorb)["load"], vars(entities)["dump"] = _digest, _load, _dump
    vars(documents)["read"] = lambda found: _posted(found.posted)
    sys.unraisablehook = lambda _: None
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)  # nothing else of a run is alive any more; what stays is not looked through again
        watchdog.PROBE_S = probe  # type: ignore[misc]
        sys.unraisablehook = hook
        vars(group_commit)["uuid4"] = uuid4
        vars(reader)["time"] = time
        vars(members)["digest"], vars(absorb)["load"], vars(entities)["dump"] = digest, load, dump
        vars(documents)["read"] = read
        gc.enable()


class Course:
    """Everything of one run."""

    def __init__(self, schedule: Schedule, loop: VirtualLoop) -> None:
        self.schedule = schedule
        self.loop = loop
        self.weather = Weather(schedule.seed)
        self.weather.trap = self._trap
        self.store = _store()
        self.store.now = loop.now
        self.store.broken = self.weather.violated
        self.books = Books(self.weather)
        self.letters = Letters(self.weather)
        logs = {(topic, number): [] for topic, count in PARTITIONS.items() for number in range(count)}  # type: ignore[var-annotated]
        self.broker = Broker(loop, self.weather, SETTINGS, logs)
        self.broker.on_commit = self._committed
        self.pods: list[Pod] = []
        self._checked: Counter[Slot] = Counter()
        self._starts = 0
        self._traps: list[tuple[str, Fault]] = []
        self._waiting: dict[str, Pod] = {}
        self._active: Counter[str] = Counter()
        self._healed = False
        self._desk = SqlDesk(RemoteDatabase(self.store, self.weather, reliable=True))

    # --- the course ----------------------------------------------------------------------------------------------

    async def whole(self) -> None:
        """From the first pod to the judgement."""
        for _ in range(self.schedule.pods):
            self._start()
        for delivery in self.schedule.deliveries:
            key = str(delivery.pieces[0][0]).encode()
            self.loop.later(delivery.at, self.broker.append, delivery.slot, key, delivery.value)
        for fault in self.schedule.faults:
            self.loop.later(fault.at, self._begin, fault)
        last = max((one.at for one in self.schedule.deliveries), default=0.0)
        over = max([fault.at + fault.seconds for fault in self.schedule.faults] + [last, PEOPLE_AT])
        await nap(PEOPLE_AT)
        await self._people()
        await nap(over - PEOPLE_AT + 0.5)
        self._heal()
        until = self.loop.time() + PATIENCE_S
        quiet = idle = 0
        stood = {}
        while quiet < 2 and not self.weather.wrong:
            await nap(LOOK_S)
            why = self._unquiet()
            quiet = 0 if why else quiet + 1
            stood, before = dict(self.broker.committed), stood
            still = stood == before and not self.broker.done()
            idle = idle + 1 if still and all(pod.idle() for pod in self._alive()) else 0
            if idle == IDLE_LOOKS:
                self.weather.violated(f"intake stands still without a named wait (correctness 16): {why}")
            if self.loop.time() > until:
                self.weather.violated(f"it does not come to rest: {why}")
        if not self.weather.wrong:
            judge(self.schedule, self.store, self.broker, self.books, self.letters, self.weather)

    def _start(self) -> None:
        self._starts += 1
        name = f"pod-{self._starts}"
        erp = SmallErp(self.books, self.loop, VirtualClock(self.loop), self.weather)
        pod = Pod(
            name,
            loop=self.loop,
            store=self.store,
            broker=self.broker,
            erp=erp,
            letters=self.letters,
            weather=self.weather,
        )
        self.pods.append(pod)
        pod.start()

    async def _people(self) -> None:
        """A person sets what the tables lack."""
        for number in self.schedule.numbers:
            for table, name, target in histories()[number].needs:
                await self._desk.set_mapping(Mapped("shopify", TENANT, table, name, target), who="ada", why="missing")
                self.weather.saw("a person met a condition")

    def _alive(self) -> list[Pod]:
        return [pod for pod in self.pods if not pod.process.dead]

    def _heal(self) -> None:
        self._healed = True
        self._traps.clear()
        self.weather.clear()
        for pod in self._alive():
            self._thaw(pod)
        for _ in range(self.schedule.pods - len(self._alive())):
            self._start()

    def _unquiet(self) -> str:
        if not self.broker.done():
            left = [
                f"{slot}: {self.broker.committed.get(slot, 0)}/{len(log)}" for slot, log in self.broker.logs.items()
            ]
            return f"not everything is committed: {', '.join(left)}"
        if not all(pod.idle() for pod in self._alive()):
            return "a pod has something in hand"
        now = self.loop.now()
        busy = self.store.ask(
            "SELECT key FROM keys WHERE lease_until > ? OR due_at IS NOT NULL OR wake_at <= ?", now, now + 600
        )
        if busy:
            return f"keys are due or held: {busy[:3]}"
        if paused := self.store.ask("SELECT key FROM verdicts WHERE release_on = ?", TENANT_RESUMED):
            return f"the tenant goes on, and keys wait for it: {paused[:3]}"  # until the next round of the sweep
        if found := self.store.ask("SELECT effect_name FROM intents WHERE state IN ('open', 'in_doubt')"):
            return f"intents are open: {found[:3]}"
        return ""

    def _committed(self, slot: Slot, offset: int) -> None:
        """Everything below a committed offset must have its outcome at this very moment (I6)."""
        start = self._checked[slot]
        if offset <= start:
            return
        self._checked[slot] = offset
        if missing := unsettled(self.store, self.letters, slot, self.broker.logs[slot][start:offset]):
            self.weather.violated(f"offset {offset} of {slot} is committed, but {missing}")

    # --- faults --------------------------------------------------------------------------------------------------

    def _begin(self, fault: Fault) -> None:
        if self._healed:
            return
        kind = fault.kind
        if kind.endswith((" a call", " parking")):
            self._traps.append((kind, fault))
            self.loop.later(fault.seconds, self._forget_trap, fault)
        elif kind in {"kill", "stop", "freeze"}:
            self._strike(fault)
        elif kind == "rebalance":
            self.broker.group.rebalance()
        elif kind == "ERP's clock":
            self._put_ahead(fault)
        elif kind == "tenant paused":
            self._pause(fault, paused=True)
            self.loop.later(fault.seconds, self._pause, fault)
        else:
            self._turn(kind, fault)
            self._active[kind] += 1
            self.loop.later(fault.seconds, self._end, fault)

    def _put_ahead(self, fault: Fault) -> None:
        self.books.move(WINDOW_S * (0.5 + fault.share), self.loop.now())
        self.weather.saw("the ERP's clock was put ahead")

    def _forget_trap(self, fault: Fault) -> None:
        self._traps = [(kind, one) for kind, one in self._traps if one is not fault]

    def _pause(self, fault: Fault, *, paused: bool = False) -> None:
        del fault

        async def order() -> None:
            await self._desk.pause("shopify", TENANT, paused=paused, who="ada", why="a look")

        self.loop.create_task(order())
        self.weather.saw("a tenant was paused" if paused else "a tenant went on")

    def _strike(self, fault: Fault) -> None:
        alive = self._alive()
        if not alive:
            return
        pod = alive[fault.pod % len(alive)]
        if fault.kind == "kill":
            self._kill(pod, fault)
        elif fault.kind == "freeze":
            self._freeze(pod, fault)
        else:
            pod.stop()
            self.weather.saw("a pod was stopped in order")
            self.loop.later(fault.seconds, self._start_again)

    def _kill(self, pod: Pod, fault: Fault) -> None:
        pod.process.end()
        self.weather.saw("a pod was killed")
        self.loop.later(fault.seconds, self._start_again)

    def _start_again(self) -> None:
        if not self._healed and len(self._alive()) < self.schedule.pods:
            self._start()

    def _freeze(self, pod: Pod, fault: Fault) -> None:
        self.loop.freeze(pod.process)
        self.weather.saw("a pod was frozen")
        self.loop.later(fault.seconds, self._thaw, pod)

    def _thaw(self, pod: Pod) -> None:
        if pod.process.frozen:
            self.loop.thaw(pod.process)

    def _trap(self, place: str, name: str, key: str) -> bool:
        """A pod is about to call, has called, or is about to park; some wait for a call that makes an account."""
        if place == "after a call" and (pod := self._waiting.pop(name, None)) is not None:
            self.weather.saw("an owner came back while its successor called")
            self.loop.later(0.01, self._thaw, pod)
        process = PROCESS.get()
        for kind, fault in self._traps:
            if not kind.endswith(place) or (fault.share < OF_ACCOUNTS and ACCOUNT not in key and "call" in kind):
                continue
            pod = next(one for one in self.pods if one.process is process)
            self._forget_trap(fault)
            if kind.startswith("kill"):
                self._kill(pod, fault)
            else:
                self._freeze(pod, fault)
                if fault.share > 0.4:
                    self._waiting[name] = pod
            self.weather.saw(f"{kind.partition(' ')[0]} {place}")
            return True
        return False

    def _end(self, fault: Fault) -> None:
        if fault.kind == "ERP fails over":  # what took over is slow at first, and its clock is another one
            self._put_ahead(fault)
        self._active[fault.kind] -= 1
        if not self._active[fault.kind] and not self._healed:
            self._turn(fault.kind, None)

    def _turn(self, kind: str, fault: Fault | None) -> None:
        """Set or clear the weather of one kind."""
        weather, on = self.weather, fault is not None
        share = 0.0 if fault is None else fault.share
        if kind == "ledger away":
            weather.ledger_away = on
        elif kind == "brokers away":
            weather.brokers_away = on
        elif kind == "COMMIT unanswered":
            weather.unanswered = on * (0.1 + 0.5 * share)
        elif kind == "commits fail":
            weather.commits_fail = on * (0.3 + 0.7 * share)
        elif kind == "dead letters away":
            weather.letters_fail = float(on)
        elif kind == "everything slow":
            weather.slow = 1.0 + on * 8 * share
        else:
            self._turn_erp(kind, share, on=on)

    def _turn_erp(self, kind: str, share: float, *, on: bool) -> None:
        weather = self.weather
        if kind == "ERP lies":
            weather.lies = dict.fromkeys(LIES, 0.04 + 0.06 * share) if on else {}
            weather.reads_fail = on * 0.2 * share
        elif kind in {"ERP late", "ERP fails over"}:
            weather.lies = {"late": 0.3 + 0.5 * share} if on else {}
        elif kind == "ERP reads old":
            weather.stale = on * (0.3 + 0.7 * share)
        elif kind == "ERP waits":
            weather.waits = on * (0.3 + 0.6 * share)
