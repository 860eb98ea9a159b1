"""Does what the schedule says: waits for the worst moment, strikes, notes which phases were met, and mends."""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg

from sandbox.torture.phases import PHASES, Cells, Leased, phases
from sandbox.torture.pods import Pod
from sandbox.torture.schedule import BACK_IN_TIME, Act
from sandbox.torture.town import Town

PATIENCE_S = {"restore": 40.0}
"""A strike waits at most so long for effects in the phases that it has not met yet; longer where it comes only once."""
PATIENCE_ELSE_S = 20.0
WORST = {"kill": PHASES[3]}  # committed in the ERP, not answered
"""The phase that every strike of a fault waits for, whatever was met before: what only the ERP knows is lost there."""
HELD_MS = 120.0  # before and after the commit, while a strike is near: many calls are under way then
PEEK_S = 0.05
NEARLY = 2
"""So many phases may be missing at a look that comes before a halt: some last no longer than the look."""
AGAIN = 2
"""So often at most a fault comes again that has not met every phase when the schedule is done."""
AT_WORK = 10
"""So many effects must be in hand then: after a restore everybody looks up for a minute, and there is none to meet."""
CALM_S = 90.0
FORGET_S = 25 * 3600.0  # one hour beyond the window in which the ERP knows a key
STORMS = {"storm_5xx": {"error_before": 0.2, "error_after": 0.15}, "storm_429": {"throttle": 0.4}}
READY_S = 60.0


@dataclass
class Struck:
    """One fault that was done."""

    act: Act
    at: float
    """Seconds after the first record."""
    phases: Counter[str]
    open: int = 0
    """Calls that a killed or leaving process left open."""
    again: int = 0
    """Of these: sent once more."""
    note: str = ""


@dataclass
class Saboteur:
    """The faults of one run. `calm` waits until nothing is under way and lets nothing new come meanwhile."""

    town: Town
    calm: Callable[[float], Awaitable[bool]]
    resume: Callable[[], None]
    cells: Cells
    struck: list[Struck] = field(default_factory=list)
    forgotten: int = 0
    """Idempotency keys that the ERP no longer knew after its clock had moved."""
    began: float = 0.0
    _mending: set[asyncio.Task[None]] = field(default_factory=set)
    _copy: Path | None = None
    _left: list[tuple[Struck, set[str]]] = field(default_factory=list)

    @property
    def now(self) -> float:
        """Seconds after the first record."""
        return time.monotonic() - self.began

    async def run(self, acts: Sequence[Act]) -> None:
        """Do everything in its turn; what is late is done at once."""
        for act in acts:
            await asyncio.sleep(max(0.0, act.at - self.now))
            await self.act(act)
        await self.mended()

    async def again(self, acts: Sequence[Act], loaded: Callable[[], bool]) -> None:
        """Strike once more, as long as there is a load, with what has not met every phase; time goes only forwards."""
        last = {act.kind: act for act in acts if act.kind not in BACK_IN_TIME}
        for kind in [kind for kind in self.cells.faults if kind in last] * AGAIN:
            if self.cells.missing(kind) and await self._at_work(loaded):
                await self.act(replace(last[kind], at=round(self.now, 2)))
                await self.mended()

    async def _at_work(self, loaded: Callable[[], bool]) -> bool:
        """Wait until effects are in hand; False where the load ends before."""
        while loaded():
            if len(await self._in_hand()) >= AT_WORK:
                return True
            await asyncio.sleep(PEEK_S)
        return False

    async def act(self, act: Act) -> None:
        """Do one thing."""
        doing: Callable[[Act], Awaitable[None]] = getattr(self, f"_{act.kind}")
        await doing(act)

    async def mended(self) -> None:
        """Wait until whatever lasts is over."""
        while self._mending:
            await asyncio.gather(*self._mending)

    def _later(self, seconds: float, mend: Callable[[], Awaitable[None]]) -> None:
        async def work() -> None:
            await asyncio.sleep(seconds)
            await mend()

        task = asyncio.create_task(work())
        self._mending.add(task)
        task.add_done_callback(self._mending.discard)

    # --- the moment ---------------------------------------------------------------------------------------------

    async def _moment(self, act: Act, pods: Sequence[Pod]) -> Struck:
        """Halt these pods at a moment that this fault has not met yet, and note it. They stand still afterwards.

        They are looked at while they run, and halted for what looks nearly right: halted all the time they lose leases.
        """
        began = time.monotonic()
        await self.town.slow_down(before_ms=HELD_MS, after_ms=HELD_MS)
        missing = self.cells.missing(act.kind)
        patience, worst = PATIENCE_S.get(act.kind, PATIENCE_ELSE_S), WORST.get(act.kind)

        def enough(found: Counter[str], *, but: int = 0) -> bool:
            waited = (time.monotonic() - began) / patience
            if worst and worst not in found and waited < 1:
                return False
            return len(missing - found.keys()) <= but + len(PHASES) * waited**2  # all of them at first, in the end none

        while True:
            if enough(await self._seen(pods), but=NEARLY):
                for pod in pods:
                    pod.halt()
                found = await self._seen(pods)
                if enough(found):
                    break
                self._release(pods)
            await asyncio.sleep(PEEK_S)
        struck = Struck(act, round(self.now, 2), found)
        self.cells.add(act.kind, found)
        self.struck.append(struck)
        await self.town.slow_down()
        return struck

    async def _seen(self, pods: Sequence[Pod]) -> Counter[str]:
        at = time.time()
        held = await self._held()
        return phases(_of(held, pods), await self.town.moments(), at) if held else Counter()

    async def _held(self) -> Sequence[Leased]:
        try:
            return await self.town.ledger.held()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return []

    async def _in_hand(self) -> list[Leased]:
        return [one for one in await self._held() if one.intent]

    def _release(self, pods: Sequence[Pod]) -> None:
        for pod in pods:
            pod.go_on()

    # --- processes ----------------------------------------------------------------------------------------------

    async def _kill(self, act: Act) -> None:
        pod = await self._victim(act)
        struck = await self._moment(act, [pod])
        at = time.time()
        await pod.kill()
        await self._note_left(struck, pod.pid, at)
        self._later(1.0, pod.start)

    async def _freeze(self, act: Act) -> None:
        pod = await self._victim(act)
        await self._moment(act, [pod])

        async def thaw() -> None:
            pod.go_on()

        self._later(act.lasts, thaw)

    async def _roll(self, act: Act) -> None:
        for pod in list(self.town.awake):
            struck = await self._moment(act, [pod])
            await self._end(pod, struck)
            await _back(pod)

    async def _leave(self, act: Act) -> None:
        """Whoever left or died before comes back first."""
        await self.mended()
        for pod in self.town.pods:
            if not pod.alive:
                await _back(pod)
        pod = await self._victim(act)
        await self._end(pod, await self._moment(act, [pod]))

    async def _end(self, pod: Pod, struck: Struck) -> None:
        pid, at = pod.pid, time.time()
        code = await pod.stop()
        await self._note_left(struck, pid, at, told=pod.told_unknown())
        struck.note = f"exit code {code}"

    async def _join(self, act: Act) -> None:
        await self._around(act, self.town.pods[act.whom].start)

    async def _victim(self, act: Act) -> Pod:
        """The pod of the schedule, or the next one that is there; where it has no effect in hand, who has most."""
        pods = self.town.pods
        order = [pods[(act.whom + number) % len(pods)] for number in range(len(pods))]
        there = [pod for pod in order if pod.alive and not pod.stopped] or order[:1]
        held = await self._in_hand()
        return there[0] if _of(held, there[:1]) else max(there, key=lambda pod: len(_of(held, [pod])))

    async def _note_left(self, struck: Struck, pid: int, at: float, *, told: Collection[str] = ()) -> None:
        """Count the calls without an outcome; those that were `told` have ended without an answer, and are known."""
        left = (await self.town.ledger.left_by(pid, at)).difference(told)
        struck.open = len(left)
        self._left.append((struck, left))

    async def settle_accounts(self) -> None:
        """At the end: which of the calls that were left open were sent again."""
        for struck, left in self._left:
            struck.again = await self.town.ledger.sent_again(left) if left else 0

    # --- neighbours ---------------------------------------------------------------------------------------------

    async def _around(self, act: Act, strike: Callable[[], Awaitable[Any]]) -> Struck:
        """Strike while everybody stands still for a moment."""
        pods = list(self.town.awake)
        struck = await self._moment(act, pods)
        try:
            await strike()
        finally:
            self._release(pods)
        return struck

    async def _broker(self, act: Act) -> None:
        await self._around(act, lambda: asyncio.to_thread(self.town.kafka.kill))
        self._later(act.lasts, lambda: asyncio.to_thread(self.town.kafka.start))

    async def _cut(self, act: Act) -> None:
        await self._around(act, self.town.ledger.cut)

    async def _database(self, act: Act) -> None:
        await self._around(act, lambda: asyncio.to_thread(self.town.postgres.kill))
        await asyncio.sleep(act.lasts)
        await asyncio.to_thread(self.town.postgres.start)

    async def _erp(self, act: Act) -> None:
        await self._around(act, self.town.kill_erp)
        await asyncio.sleep(act.lasts)
        await self.town.start_erp()
        await self.town.lie()

    async def _storm_5xx(self, act: Act) -> None:
        await self._storm(act)

    async def _storm_429(self, act: Act) -> None:
        await self._storm(act)

    async def _storm(self, act: Act) -> None:
        await self._around(act, lambda: self.town.lie(**STORMS[act.kind]))
        await asyncio.sleep(act.lasts)
        await self.town.lie()

    # --- time ---------------------------------------------------------------------------------------------------

    async def _backup(self, act: Act) -> None:
        self._copy = _folder() / "copy"
        await asyncio.to_thread(self.town.postgres.copy_to, self._copy)
        self.struck.append(Struck(act, round(self.now, 2), Counter()))

    async def _restore(self, act: Act) -> None:
        copy = self._copy
        if copy is None:
            return
        await self._around(act, lambda: asyncio.to_thread(self.town.postgres.kill))
        await asyncio.to_thread(self.town.postgres.put_back, copy)
        self.tidy()

    def tidy(self) -> None:
        """Remove the copy of the database."""
        if self._copy is not None:
            shutil.rmtree(self._copy.parent, ignore_errors=True)
            self._copy = None

    async def _clock(self, act: Act) -> None:
        """Only where no process stands still and no call is open: nobody can promise anything else (correctness)."""
        await self.mended()
        struck, held = Struck(act, round(self.now, 2), Counter()), time.monotonic()
        try:
            if await self.calm(CALM_S):
                before = await self.town.books.ask("stats")
                await self.town.books.ask("clock", {"advance_seconds": FORGET_S})
                self.forgotten += int(before["idempotency_keys"])
            else:
                struck.note = "not done: calls were open all the time"
        finally:
            self.resume()
            self.began += time.monotonic() - held  # the log stood still; what follows must meet a load
        self.struck.append(struck)


def _folder() -> Path:
    """Return a folder that the database's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="of-copy-"))
    folder.chmod(0o755)
    return folder


def _of(held: Sequence[Leased], pods: Sequence[Pod]) -> list[Leased]:
    marks = tuple(f"-{pod.pid}-" for pod in pods)
    return [one for one in held if any(mark in one.owner for mark in marks)]


async def _back(pod: Pod) -> None:
    await pod.start()
    await _until(lambda: pod.ready, READY_S)


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:  # noqa: ASYNC110  it happens in other processes
        await asyncio.sleep(0.2)
