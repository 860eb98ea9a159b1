"""One process of the product, looked after as Kubernetes would: probed all the time, started again where it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import yaml

from tests.resilience.processes import LOOK_S, PATIENCE_S, Doc, kill

_WAIT = re.compile(r'^orderferry_waits\{wait="([^"]+)"\} (\S+)$', re.MULTILINE)
_LEFT = re.compile(r"^orderferry_((?:lag|in_flight)(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


@dataclass
class Pod:
    """One `orderferry run`. Where it ends by itself with an error it is started again, as Kubernetes would."""

    name: str
    folder: Path
    settings: Doc
    http: aiohttp.ClientSession
    ends: list[int] = field(default_factory=list)
    """Exit codes that nobody asked for."""
    unwell: list[str] = field(default_factory=list)
    """Answers of /livez that were not 200, while the process was there."""
    waits: Counter[str] = field(default_factory=Counter)
    """Named waits that /metrics showed, with the most lanes that were in each."""
    process: Process | None = None
    _asked: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Whether somebody still wants it."""
        return not self._asked

    @property
    def owner(self) -> str:
        """What the owner of its keys looks like in the ledger."""
        assert self.process is not None
        return f"%-{self.process.pid}-%"

    async def start(self) -> None:
        """Start it, and whoever looks after it."""
        self._asked = False
        path = self.folder / f"{self.name}.yaml"
        port = self.settings["http"]["port"]
        path.write_text(yaml.safe_dump(self.settings))
        await self._launch(path)
        self._tasks = [
            asyncio.create_task(self._restart(path), name=f"{self.name} kubelet"),
            asyncio.create_task(self._probe(f"http://127.0.0.1:{port}"), name=f"{self.name} probe"),
        ]

    async def _launch(self, path: Path) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("ORDERFERRY_")}
        command = [str(Path(sys.executable).with_name("orderferry")), "--config", str(path), "run"]
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command, stdout=log, stderr=log, env=env, start_new_session=True
            )

    async def _restart(self, path: Path) -> None:
        while self.process is not None:
            code = await self.process.wait()
            if self._asked:
                return
            self.ends.append(code)
            await asyncio.sleep(1)
            await self._launch(path)

    async def _probe(self, base: str) -> None:
        answered = False
        while True:
            try:
                async with self.http.get(f"{base}/livez") as answer:
                    if answer.status != 200:
                        self.unwell.append(await answer.text())
                async with self.http.get(f"{base}/metrics") as answer:
                    for wait, lanes in _WAIT.findall(await answer.text()):
                        self.waits[wait] = max(self.waits[wait], int(float(lanes)))
                answered = True
            except aiohttp.ClientConnectionError:
                answered = False  # not there yet, or not there any more
            except TimeoutError:
                self.unwell.append("no answer" if answered else "no first answer")
            await asyncio.sleep(LOOK_S)

    async def left(self) -> dict[str, float] | None:
        """Say what is in hand, and how much waits in each partition that it reads; None while it does not answer."""
        try:
            async with self.http.get(f"http://127.0.0.1:{self.settings['http']['port']}/metrics") as answer:
                return {series: float(value) for series, value in _LEFT.findall(await answer.text())}
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def kill(self) -> None:
        """SIGKILL; nobody starts it again but the test."""
        self._asked = True
        await kill(self.process)
        await self._dismiss()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self._asked = True
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self.process.wait(), PATIENCE_S)
        await self._dismiss()
        return code

    async def _dismiss(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
