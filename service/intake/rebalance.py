"""What is ours: a rebalance freezes, drains, commits and fences; it never forgets what comes straight back (K1, K2).

A gate stands before every new assignment (K18): only when the ledger, Kafka and the log were asked where to start
do records flow and offsets move.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from service.errors import Fatal
from service.intake.client import Client, ClientError
from service.intake.commit import LEDGER_ERRORS, Committer, Marks
from service.intake.consumer_settings import ConsumerSettings
from service.intake.delays import next_wait
from service.intake.lanes import Lanes
from service.intake.observer import Observer, Slot
from service.intake.partition import Partition
from service.intake.start import Gap, Log, start_position
from service.ports import Clock, Priority

ASK_TIMEOUT_S = 10.0
GATE_CAP_S = 5.0


class Assignment:
    """The partitions of this process, and the listener that changes them."""

    def __init__(
        self,
        *,
        settings: ConsumerSettings,
        marks: Marks,
        lanes: Lanes,
        observer: Observer,
        clock: Clock,
        fail: Callable[[BaseException], None],
    ) -> None:
        self._settings = settings
        self._marks = marks
        self._lanes = lanes
        self._observer = observer
        self._clock = clock
        self._rewound: set[Slot] = set()
        self._gate: asyncio.Task[None] | None = None
        self.fail = fail
        self.client: Client | None = None
        self.committer: Committer | None = None
        self.held: dict[Slot, Partition] = {}
        """By topic and partition, from their assignment until they are known to be somebody else's."""
        self.epoch = 0
        self.joined = False
        """Between an assignment and the next revocation."""
        self.leaving = False
        """Set when we are about to leave the group: nothing is started any more."""
        self.wait = ""
        """Why the gate is still closed, where something hinders it."""

    # --- the listener --------------------------------------------------------------------------------------------

    async def revoke(self) -> None:
        """Freeze, drain, commit, and only then fence: finished work is not thrown away (K2)."""
        if not self.joined:  # the first join of a client
            return
        self._lanes.freeze()
        drained = await self._lanes.drain(self._settings.drain_s)
        if self.committer is not None:
            await self.committer.flush()
        self.fence()
        self._observer.revoked(list(self.held), drained=drained)

    def fence(self) -> None:
        """From here on nothing is read and nothing is committed; the lanes and trackers stay as they are."""
        self.joined = False
        if self._gate is not None:
            self._gate.cancel()
        for one in self.held.values():
            one.open = False

    def assign(self, slots: Collection[Slot]) -> None:
        """Keep what came back, drop what went to others, and ask, in a task of its own, where to start."""
        self.epoch += 1
        self.joined = True
        ours = set(slots)
        lost = {slot: one for slot, one in self.held.items() if slot not in ours}
        for slot, one in lost.items():
            one.lost = True
            del self.held[slot]
        self._lanes.drop(set(lost.values()))
        kept = len(self.held)
        for slot in ours - self.held.keys():
            replay = slot[0] in self._settings.replay_topics
            self.held[slot] = Partition(*slot, priority=Priority.REPLAY if replay else Priority.LIVE)
        for one in self.held.values():
            one.epoch = self.epoch
            one.paused = "gate"
        if self.client is not None:
            self.client.pause(ours)
        self._observer.assigned(slots, kept=kept, lost=len(lost))
        if self.leaving:
            return
        self._gate = asyncio.get_running_loop().create_task(self._open(self.epoch), name="intake-gate")
        self._gate.add_done_callback(self._gate_ended)
        self._lanes.thaw()

    def _gate_ended(self, gate: asyncio.Task[None]) -> None:
        if not gate.cancelled() and (error := gate.exception()) is not None:
            self.fail(error)

    # --- the gate ------------------------------------------------------------------------------------------------

    async def _open(self, epoch: int) -> None:
        attempt = 0
        while self.held and self.epoch == epoch:
            client = self.client
            if client is None:
                raise RuntimeError("an assignment without a client")
            try:
                async with asyncio.timeout(ASK_TIMEOUT_S):
                    marks, commits, logs = await self._ask(client)
                    starts = {slot: self._start(slot, marks, commits, logs) for slot in self.held}
                    if self._settings.rewind_s:
                        starts |= await self._rewind(client, starts, logs)
                if self.epoch != epoch or not self.joined:  # a cancellation that was swallowed on its way
                    return
                self._set_out(client, starts, marks, commits)
            except (ClientError, *LEDGER_ERRORS) as exc:
                attempt += 1
                self.wait = f"start positions are not known yet: {type(exc).__name__}: {exc}"
                await asyncio.sleep(next_wait(attempt=attempt, after=None, chance=0.5, cap=GATE_CAP_S))
                continue
            self.wait = ""
            self._let_in(client)
            return

    def _let_in(self, client: Client) -> None:
        for one in self.held.values():
            if not one.window:
                client.resume([one.slot])
                one.paused = ""
            one.open = True  # the reader resumes the others as soon as their windows have room
        self._observer.opened(list(self.held))
        if self.committer is not None:
            self.committer.note(0)

    def _set_out(
        self,
        client: Client,
        starts: Mapping[Slot, int],
        marks: Mapping[Slot, int],
        commits: Mapping[Slot, int | None],
    ) -> None:
        for slot, one in self.held.items():
            # Nothing is committed below what a successor committed while we were away (correctness 20).
            one.tracker.raise_floor(starts[slot])
            if one.tracker.low_water == starts[slot]:
                one.stands(one.tracker.behind)
            client.seek(slot, one.tracker.next_offset)
            one.committed = commits[slot] if commits[slot] == marks.get(slot) else None

    async def _ask(self, client: Client) -> tuple[Mapping[Slot, int], Mapping[Slot, int | None], Mapping[Slot, Log]]:
        slots = list(self.held)
        marks = await self._marks.read(self._settings.group)
        return marks, await client.committed(slots), await client.logs(slots)

    def _start(
        self, slot: Slot, marks: Mapping[Slot, int], commits: Mapping[Slot, int | None], logs: Mapping[Slot, Log]
    ) -> int:
        start = start_position(
            slot=slot,
            mark=marks.get(slot),
            commit=commits[slot],
            log=logs[slot],
            accepted=self._settings.accept_gaps,
        )
        if isinstance(start, Gap):
            raise Fatal(str(start))
        return start

    async def _rewind(self, client: Client, starts: Mapping[Slot, int], logs: Mapping[Slot, Log]) -> dict[Slot, int]:
        """After a failover of the database: go back by a horizon, once for every partition (correctness 18)."""
        slots = [slot for slot in starts if slot not in self._rewound]
        found = await client.at(slots, self._clock.now() - self._settings.rewind_s) if slots else {}
        self._rewound.update(slots)
        return {
            slot: max(logs[slot].begin, min(starts[slot], offset))
            for slot, offset in found.items()
            if offset is not None
        }
