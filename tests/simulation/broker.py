"""Kafka in memory: logs, one consumer group with eager rebalances, and a client that speaks to it.

Semantics as in reference (peers.md part (e)): everybody is revoked in every rebalance, heartbeats go on during the
revoke callback, whoever does not join in time or is silent for a session is put out, and hears of it only when it
speaks again; a commit under an old generation is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.intake.client import ClientError, Listener, Raw
from service.intake.consumer_settings import ConsumerSettings
from service.intake.observer import Slot
from service.intake.start import Log
from tests.simulation.virtual_time import Process, VirtualLoop, nap
from tests.simulation.weather import Weather

AGAIN = 0.02
"""Share of fetches that bring records again."""
IDLE_S = 2.0
"""How long a poll without news waits: longer than asked, which a client may."""


Join = asyncio.Future[tuple[int, list[Slot]]]


@dataclass(slots=True)
class Entry:
    """One record of a log."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Broker:
    """The logs, and what the group has committed."""

    loop: VirtualLoop
    weather: Weather
    settings: ConsumerSettings
    logs: dict[Slot, list[Entry]]
    committed: dict[Slot, int] = field(default_factory=dict)
    on_commit: Callable[[Slot, int], None] = lambda _slot, _offset: None

    def __post_init__(self) -> None:
        self.group = Group(self)

    def append(self, slot: Slot, key: bytes | None, value: bytes | None) -> int:
        """Add a record to the end of a log."""
        log = self.logs[slot]
        log.append(Entry(len(log), key, value, round(self.loop.now() * 1000)))
        self.group.more(slot)
        return len(log) - 1

    def done(self) -> bool:
        """Whether every record is committed."""
        return all(self.committed.get(slot, 0) == len(log) for slot, log in self.logs.items())


class Group:
    """The coordinator."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._loop = broker.loop
        self.members: dict[int, Member] = {}
        self.generation = 0
        self._joining = False
        self._round = 0
        self._before: dict[Slot, str] = {}
        self._given: dict[str, list[Slot]] = {}
        self._numbers = 0
        self._loop.later(1.0, self._expire)

    def more(self, slot: Slot) -> None:
        """Tell whoever reads a partition that there is more."""
        for member in self.members.values():
            if slot in member.positions:
                member.nudge()

    def join(self, member: Member) -> None:
        """A member asks to be in, for the first time or again."""
        if member.number not in self.members:
            self._numbers += 1
            member.number = self._numbers
            self.members[member.number] = member
            if not self._joining:
                self.rebalance()
        member.joined = True
        if not self._joining:
            self._answer(member)  # summoned late, after the round was over: Kafka repeats what it said to a follower
        self._try_to_finish()

    def leave(self, number: int) -> None:
        """Somebody is gone."""
        if self.members.pop(number, None) is None:
            return
        if not self._joining:
            self.rebalance()
        self._try_to_finish()

    def rebalance(self) -> None:
        """Everybody has to let go and to join again."""
        if self._joining or not self.members:
            return
        self._joining = True
        self._round += 1
        for member in self.members.values():
            member.joined = False
            self._loop.later(self._broker.weather.delay(0.05, 1.0), member.summon)
        self._loop.later(self._broker.settings.rebalance_timeout_s, self._too_late, self._round)

    def _too_late(self, which: int) -> None:
        if not self._joining or which != self._round:
            return
        for number in [number for number, one in self.members.items() if not one.joined]:
            self._put_out(number)
        self._try_to_finish()

    def _put_out(self, number: int) -> None:
        self._broker.weather.saw("a member is put out of the group")
        self._loop.later(0.3, self.members.pop(number).summon)

    def _expire(self) -> None:
        self._loop.later(1.0, self._expire)
        if self._broker.weather.brokers_away:
            for member in self.members.values():
                member.silent = 0
            return
        for number, member in list(self.members.items()):
            speaks = member.process.runs and member.number == number  # a client that left unheard does not
            member.silent = 0 if speaks else member.silent + 1
            if member.silent > self._broker.settings.session_timeout_s:
                self._put_out(number)
                if not self._joining:
                    self.rebalance()
                self._try_to_finish()

    def _try_to_finish(self) -> None:
        if not self._joining or not self.members or not all(member.joined for member in self.members.values()):
            return
        self._joining = False
        self.generation += 1
        self._given = self._shares()
        for member in self.members.values():
            self._answer(member)

    def _answer(self, member: Member) -> None:
        delay = self._broker.weather.delay(0.005, 0.1)
        self._loop.later(delay, member.told, member.asked, self.generation, self._given[member.process.name])

    def _shares(self) -> dict[str, list[Slot]]:
        """Mostly who had it keeps it, as a sticky assignor has it; sometimes everything moves."""
        chance = self._broker.weather.broker
        names = [member.process.name for member in self.members.values()]
        shares: dict[str, list[Slot]] = {name: [] for name in names}
        slots = sorted(self._broker.logs)
        most = -(-len(slots) // len(names))
        if chance.random() < 0.3:
            chance.shuffle(names)
            self._before = {}
        rest = []
        for slot in slots:
            owner = self._before.get(slot, "")
            if owner in shares and len(shares[owner]) < most:
                shares[owner].append(slot)
            else:
                rest.append(slot)
        for slot in rest:
            name = min(names, key=lambda one: len(shares[one]))
            shares[name].append(slot)
        self._before = {slot: name for name, share in shares.items() for slot in share}
        return shares


class Member:
    """One client of one process. Implements `service.intake.client.Client`."""

    def __init__(self, broker: Broker, process: Process, *, window: int) -> None:
        self.process = process
        self._window = window
        self.number = 0
        self.joined = False
        self.silent = 0
        self.positions: dict[Slot, int | None] = {}
        self._broker = broker
        self._weather = broker.weather
        self._generation = 0
        """As far as we know; 0 is none."""
        self._paused: set[Slot] = set()
        self._summons = asyncio.Event()
        self._settled = asyncio.Event()
        self.asked: Join = asyncio.get_running_loop().create_future()
        """The last join that was sent: done when it was answered with a generation and our share."""
        self._nudge: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    # --- from the coordinator ------------------------------------------------------------------------------------

    def summon(self) -> None:
        """The next heartbeat says that there is a rebalance, or that we are out."""
        self._summons.set()

    def told(self, asked: Join, generation: int, slots: list[Slot]) -> None:
        """The coordinator answers a join: the one that it heard, though another may have been sent since."""
        if not asked.done():
            asked.set_result((generation, slots))

    def nudge(self) -> None:
        """There is something to poll for."""
        if self._nudge is not None and not self._nudge.done():
            self._nudge.set_result(None)

    # --- membership ----------------------------------------------------------------------------------------------

    async def start(self, listener: Listener) -> None:
        """Join, and wait for the first assignment."""
        await self._reach()
        self._task = asyncio.get_running_loop().create_task(self._belong(listener), name="member")
        await self._settled.wait()

    async def stop(self, seconds: float) -> None:
        """Leave."""
        del seconds
        if self._task is not None:
            self._task.cancel()
        number, self.number, self._generation = self.number, -1, 0
        self.positions = {}
        if not self._weather.brokers_away:
            await nap(self._weather.delay(0.001, 0.01))
            self._broker.group.leave(number)

    async def _belong(self, listener: Listener) -> None:
        try:
            while True:
                await self._revoked(listener)
                await self._join()
                slots = list(self.positions)
                listener.assign(slots)
                self._settled.set()
                self.nudge()
                while not self._summons.is_set() or self._weather.brokers_away:
                    await self._summons.wait()
                    if self._weather.brokers_away:
                        await nap(0.5)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  # told to the listener, as the product's adapter does
            listener.fail(error)

    async def _revoked(self, listener: Listener) -> None:
        self._settled.clear()
        if self.number not in self._broker.group.members:
            self._generation = 0
        self._summons.clear()
        await listener.revoke()
        self.positions = {}
        self._paused = set()

    async def _join(self) -> None:
        while True:
            try:
                await self._reach()
            except ClientError:
                await nap(0.5)
                continue
            self.asked = asyncio.get_running_loop().create_future()
            self._summons.clear()
            self._broker.group.join(self)
            waiting = asyncio.ensure_future(self._summons.wait())
            either: list[asyncio.Future[Any]] = [self.asked, waiting]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if self.asked.done():
                break
        self._generation, slots = self.asked.result()
        self.positions = {slot: self._broker.committed.get(slot) for slot in slots}

    async def _reach(self) -> None:
        await nap(self._weather.delay(0.001, 0.01))
        if self._weather.brokers_away:
            await nap(0.3)
            raise ClientError("the brokers are away")

    def member(self) -> bool:
        """Whether we belong, as far as we know."""
        return self._generation > 0

    # --- records -------------------------------------------------------------------------------------------------

    async def poll(self, *, seconds: float, most: int) -> Mapping[Slot, Sequence[Raw]]:
        """Return what there is; waits a little where there is nothing, and throughout a rebalance."""
        await self._settled.wait()
        if self._weather.brokers_away:
            await nap(seconds)
            return {}
        if not self._some():
            self._nudge = asyncio.get_running_loop().create_future()
            timer = asyncio.get_running_loop().call_later(max(seconds, IDLE_S), self.nudge)
            await self._nudge
            timer.cancel()
        await nap(self._weather.delay(0.005, 0.05))
        if self._weather.brokers_away or not self._settled.is_set():
            return {}
        return self._fetched(most)

    def _some(self) -> bool:
        return any(
            at is not None and slot not in self._paused and at < len(self._broker.logs[slot])
            for slot, at in self.positions.items()
        )

    def _fetched(self, most: int) -> dict[Slot, Sequence[Raw]]:
        found: dict[Slot, Sequence[Raw]] = {}
        for slot, at in self.positions.items():
            log = self._broker.logs[slot]
            if at is None or slot in self._paused or at >= len(log) or most <= 0:
                continue
            again = 3 if self._weather.chance(f"again/{slot}/{at}/{self.number}") < AGAIN else 0
            at = max(0, at - again)  # noqa: PLW2901  # what was fetched before a seek comes after it
            found[slot] = log[at : at + most]
            most -= len(found[slot])
            self.positions[slot] = end = at + len(found[slot])
            # Without a commit in Kafka the ledger's mark says where reading begins; with one, the lower of both.
            if (twice := end - self._broker.committed.get(slot, end)) > self._window:
                self._weather.violated(f"a crash reads {twice} records of {slot} again, the window is {self._window}")
        return found

    async def commit(self, offsets: Mapping[Slot, int]) -> None:
        """Commit under our generation."""
        await self._reach()
        weather, group = self._weather, self._broker.group
        fails = bool(weather.commits_fail) and weather.broker.random() < weather.commits_fail
        if fails and weather.broker.random() < 0.5:
            raise ClientError("the commit had no effect")
        if self.number not in group.members or self._generation != group.generation:
            raise ClientError("this generation is over")
        for slot, offset in offsets.items():
            if slot in self.positions:
                self._broker.committed[slot] = offset
                self._broker.on_commit(slot, offset)
        if fails:
            raise ClientError("the commit was not answered")

    async def committed(self, slots: Collection[Slot]) -> Mapping[Slot, int | None]:
        """Return what the group has committed."""
        await self._reach()
        return {slot: self._broker.committed.get(slot) for slot in slots}

    async def logs(self, slots: Collection[Slot]) -> Mapping[Slot, Log]:
        """Return where the logs begin and end."""
        await self._reach()
        return {slot: Log(0, len(self._broker.logs[slot])) for slot in slots}

    async def at(self, slots: Collection[Slot], when: float) -> Mapping[Slot, int | None]:
        """Return the first record at or after a time."""
        await self._reach()
        return {
            slot: next((one.offset for one in self._broker.logs[slot] if one.timestamp >= when * 1000), None)
            for slot in slots
        }

    def end(self, slot: Slot) -> int | None:
        """Return the end of a log that is ours."""
        return len(self._broker.logs[slot]) if slot in self.positions else None

    def position(self, slot: Slot) -> int | None:
        """Where reading stands."""
        return self.positions.get(slot)

    def seek(self, slot: Slot, offset: int) -> None:
        """Read on from here."""
        if slot not in self.positions:
            raise ClientError(f"{slot} is not ours")
        self.positions[slot] = offset
        self.nudge()

    def pause(self, slots: Collection[Slot]) -> None:
        """Read these no further."""
        self._paused.update(slots)

    def resume(self, slots: Collection[Slot]) -> None:
        """Read these on."""
        self._paused.difference_update(slots)
        self.nudge()
