"""One process of the service, looked after as Kubernetes would: probed all the time, started again where it ends."""

import asyncio
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.demo.children import Child, Children
from sandbox.demo.installation import write_settings

LOOK_S = 1.0
RESTART_S = 1.0  # until a process that ended is started again
_WAIT = re.compile(r'^orderferry_waits\{wait="([^"]+)"\} (\S+)$', re.MULTILINE)
_UNKNOWN = re.compile(r'"intent": "(of-[0-9a-f]+)".*"event": "effect unknown"')
_STALL = re.compile(r'^orderferry_stalls_total\{action="([^"]+)"\} (\S+)$', re.MULTILINE)


@dataclass
class Stalled:
    """One time that a process said no to /livez: from when, why, and when it was over."""

    pod: str
    since: float
    why: str
    until: float = 0.0


@dataclass
class Pod:
    """One `orderferry run`."""

    name: str
    folder: Path
    settings: Mapping[str, Any]
    children: Children
    session: aiohttp.ClientSession
    ends: list[int] = field(default_factory=list)
    """Exit codes that nobody asked for."""
    stalls: list[Stalled] = field(default_factory=list)
    waits: Counter[str] = field(default_factory=Counter)
    """Looks at which a named wait was seen."""
    ready: bool = False
    stopped: bool = False
    """Whether it stands still by SIGSTOP."""
    actions: Counter[str] = field(default_factory=Counter)
    """What the watchdog did, over all lives of this pod."""
    child: Child | None = None
    _last: dict[str, float] = field(default_factory=dict)
    _wanted: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self.child is not None and self.child.running

    @property
    def pid(self) -> int:
        """The process."""
        return 0 if self.child is None else self.child.process.pid

    @property
    def command(self) -> list[str]:
        """The service's command line up to the subcommand."""
        return [str(Path(sys.executable).with_name("orderferry")), "--config", str(self.folder / f"{self.name}.yaml")]

    def prepare(self) -> None:
        """Write its settings."""
        write_settings(self.folder / f"{self.name}.yaml", self.settings)

    async def start(self) -> None:
        """Start it, and whoever looks after it."""
        self._wanted = True
        self.prepare()
        await self._launch()
        self._tasks = [asyncio.create_task(self._restart()), asyncio.create_task(self._probe())]

    async def _launch(self) -> None:
        self._last = {}
        self.child = await self.children.start(self.name, [*self.command, "run"])

    async def _restart(self) -> None:
        while self.child is not None:
            code = await self.child.process.wait()
            self.ready = False
            if not self._wanted:
                return
            self.ends.append(code)
            await asyncio.sleep(RESTART_S)
            await self._launch()

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if self.stopped or not self.alive:
                continue
            try:
                await self._look()
            except (aiohttp.ClientError, TimeoutError):
                self.ready = False

    async def _look(self) -> None:
        limit = aiohttp.ClientTimeout(total=3)
        base = f"http://127.0.0.1:{self.settings['http']['port']}"
        async with self.session.get(f"{base}/livez", timeout=limit) as answer:
            self._lives(answer.status == 200, await answer.text())
        async with self.session.get(f"{base}/readyz", timeout=limit) as answer:
            self.ready = answer.status == 200
        async with self.session.get(f"{base}/metrics", timeout=limit) as answer:
            self._count(await answer.text())

    def _lives(self, well: bool, said: str) -> None:  # noqa: FBT001  one of two things that were read
        last = self.stalls[-1] if self.stalls and not self.stalls[-1].until else None
        if well and last is not None:
            last.until = time.monotonic()
        elif not well and last is None:
            self.stalls.append(Stalled(self.name, time.monotonic(), said))

    def _count(self, metrics: str) -> None:
        for wait, lanes in _WAIT.findall(metrics):
            if float(lanes):
                self.waits[wait] += 1
        for action, count in _STALL.findall(metrics):
            self.actions[action] += int(self._grown(action, float(count)))

    def _grown(self, name: str, count: float) -> float:
        """Return by how much a counter grew since the last look at this process."""
        before = self._last.get(name, 0.0)
        self._last[name] = count
        return count - before

    def told_unknown(self) -> set[str]:
        """Calls that it told of in its log: they ended without a clear answer."""
        return set() if self.child is None else set(_UNKNOWN.findall(self.child.log.read_text(errors="replace")))

    def halt(self) -> None:
        """SIGSTOP: it stands still in the middle of whatever it does."""
        self.stopped = self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self.stopped = False
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> bool:
        """Send a signal; False where the process has ended by itself, which may not have been told to us yet."""
        if not self.alive:
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    async def kill(self) -> None:
        """SIGKILL; it is started again by whoever asked for this."""
        await self._dismiss()
        if self.child is not None:
            await self.child.kill()
        self.stopped = self.ready = False

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        await self._dismiss()
        self.go_on()
        return 0 if self.child is None else await self.child.stop()

    async def _dismiss(self) -> None:
        self._wanted = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
