"""Processes that the demo starts, and the only ones that it ever ends."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

START_S = 60.0  # real Kafka on two busy cores needs 5 to 15 s
STOP_S = 60.0  # the service drains what is in flight


class DemoError(Exception):
    """Something that makes a proof impossible, in words."""


@dataclass
class Child:
    """One process."""

    name: str
    process: Process
    log: Path

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self.process.returncode is None

    async def kill(self) -> None:
        """SIGKILL: no warning, no chance to tidy up."""
        if self.running:
            self.process.kill()
        await self.process.wait()

    async def stop(self, *, seconds: float = STOP_S) -> int:
        """SIGTERM, and its exit code."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            raise DemoError(f"{self.name} did not stop within {seconds:g} s; see {self.log}") from None

    def must_run(self) -> None:
        """Raise if it ended by itself."""
        if not self.running:
            code = self.process.returncode
            raise DemoError(f"{self.name} ended by itself with exit code {code}: {tail(self.log)}")


@dataclass
class Children:
    """All of them; leaving the context ends whatever still runs."""

    logs: Path
    started: list[Child] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        """Begin."""
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End them, newest first."""
        for child in reversed(self.started):
            with contextlib.suppress(DemoError, ProcessLookupError):
                if child.running:
                    await child.stop(seconds=5)
            await child.kill()

    async def start(self, name: str, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Child:
        """Start a process whose output goes to a log."""
        log = self.logs / f"{name}.log"
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *command, stdout=file, stderr=file, env={**os.environ, **(env or {})}
            )
        child = Child(name, process, log)
        self.started.append(child)
        return child

    async def announced(self, name: str, *arguments: str) -> tuple[Child, dict[str, Any]]:
        """Start one of the sandbox's modules and wait for the line in which it says where it is."""
        log = self.logs / f"{name}.log"
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdout=PIPE, stderr=file)
        child = Child(name, process, log)
        self.started.append(child)
        if process.stdout is None:
            raise DemoError(f"{name} has no standard output")
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
        if not line:
            raise DemoError(f"{name} did not start: {tail(log)}")
        return child, json.loads(line)


async def told(command: Sequence[str], *, env: Mapping[str, str], log: Path) -> list[bytes]:
    """Run a command to its end and return its lines; the exit code must be 0."""
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=file, env={**os.environ, **env})
    out, _ = await process.communicate()
    if process.returncode:
        raise DemoError(f"{' '.join(command)} ended with exit code {process.returncode}: {tail(log)}")
    return out.splitlines()


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    return "\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"
