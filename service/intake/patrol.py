"""Walks through intake every few seconds: measures the lag, asks the watchdog, and knows how everything is."""

from __future__ import annotations

import asyncio
from typing import Final, NoReturn

from service.errors import Fatal
from service.intake.client import Client, ClientError
from service.intake.commit import Committer
from service.intake.consumer_settings import WindowLimits
from service.intake.health import Health
from service.intake.lanes import Lanes
from service.intake.observer import Slot
from service.intake.partition import Partition
from service.intake.reader import Reader
from service.intake.rebalance import Assignment
from service.intake.session import Session
from service.intake.watchdog import Advice, Look, Stall
from service.ports import Clock

ROUNDS: Final = 15
"""Rounds within the time that makes a stall: what moved last is noticed a round late, and so is the stall."""
ASK_S: Final = 5.0
SILENCE_S: Final = 2.0
"""Brokers that have not answered a question for so long are a named wait; they answer within milliseconds."""


class Patrol:
    """The watchdog's eyes and hands."""

    def __init__(
        self,
        *,
        lanes: Lanes,
        assignment: Assignment,
        committer: Committer,
        reader: Reader,
        session: Session,
        limits: WindowLimits,
        clock: Clock,
        stall: Stall,
    ) -> None:
        self._lanes = lanes
        self._assignment = assignment
        self._committer = committer
        self._reader = reader
        self._session = session
        self._limits = limits
        self._clock = clock
        self._round_s = stall.stall_s / ROUNDS
        self._stall = stall
        self._ends: dict[Slot, int] = {}
        self._answered = True
        self._asked: float | None = None
        """When the question was asked that is not answered yet."""

    async def run(self) -> NoReturn:
        """Go round for ever; Fatal where a new client did not help either."""
        while True:
            await self._clock.sleep(self._round_s)
            await self._measure()
            advice = self._stall.judge(self._look(), self._clock.now())
            if advice is Advice.REBUILD:
                self._session.rebuild(self._stall.reason)
            elif advice is Advice.GIVE_UP:
                raise Fatal(
                    f"intake is stuck: {self._stall.reason}, and a new Kafka client did not help. The process ends so "
                    "that it is started anew; nothing is lost, unfinished records are read again"
                )

    async def _measure(self) -> None:
        client = self._assignment.client
        slots = list(self._assignment.held)
        if client is None or not self._assignment.joined or not slots:
            return
        self._asked = self._clock.now()
        try:
            async with asyncio.timeout(ASK_S):
                logs = await client.logs(slots)
        except (ClientError, TimeoutError):
            self._answered = False
            return
        finally:
            self._asked = None
        self._answered = True
        self._ends = {slot: log.end for slot, log in logs.items()}

    def _look(self) -> Look:
        return Look(
            lag=sum(self._lag(one) for one in self._assignment.held.values()),
            progress=self._reader.records + self._lanes.finished + self._committer.commits,
            wait=self._explanation(),
            joined=self._assignment.joined,
            reachable=self._answered and not self._session.trouble,
        )

    def _explanation(self) -> str:
        """Return the named wait that explains that nothing moves: only if everything else is done or waits for it."""
        if self._assignment.wait:
            return self._assignment.wait
        lanes = self._lanes
        waits = lanes.explained()
        waiting = waits.total() + (lanes.queued if lanes.full else 0)
        if not waits or waiting < len(lanes):
            return ""
        if not all(one.paused or self._read_up(one) for one in self._assignment.held.values()):
            return ""
        return ", ".join(sorted(waits))

    def _read_up(self, one: Partition) -> bool:
        position = None if self._assignment.client is None else self._assignment.client.position(one.slot)
        return position is not None and position >= self._end(one)

    def _end(self, one: Partition) -> int:
        client: Client | None = self._assignment.client
        seen = None if client is None else client.end(one.slot)
        return max(seen or 0, self._ends.get(one.slot, 0), one.tracker.next_offset)

    def _lag(self, one: Partition) -> int:
        if not one.tracker.unfinished and self._read_up(one):
            return 0  # what is left are transaction markers
        return max(0, self._end(one) - one.tracker.low_water)

    def _silent(self) -> bool:
        return self._asked is not None and self._clock.now() - self._asked > SILENCE_S

    def health(self, *, state: str, loop_lag_s: float) -> Health:
        """Put together what is known."""
        held = self._assignment.held
        waits = dict(self._lanes.explained())
        if self._session.trouble or not self._answered or self._silent():
            waits["kafka"] = 1
        if self._assignment.wait:
            waits["gate"] = 1
        fullest = (
            max(one.window / self._limits.records, one.tracker.size / self._limits.bytes) for one in held.values()
        )
        return Health(
            state=state,
            assigned=tuple(held),
            ready=self._assignment.joined and all(one.open for one in held.values()),
            paused={slot: one.paused for slot, one in held.items() if one.paused},
            waits=waits,
            lag={slot: self._lag(one) for slot, one in held.items() if one.open or one.tracker.next_offset},
            in_flight=self._lanes.running,
            waiting=self._lanes.waiting,
            lanes=len(self._lanes),
            window_records=sum(one.window for one in held.values()),
            window_bytes=sum(one.tracker.size for one in held.values()),
            window_fill=min(1.0, max(fullest, default=0.0)),
            loop_lag_s=loop_lag_s,
            stalled=self._stall.reason or self._session.trouble,
        )
