"""Talking to a sandbox from Python: API calls with a key, control calls without, and the process itself."""

import asyncio
import contextlib
import io
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.arcus.errors import Doc
from sandbox.arcus.journal import parse
from sandbox.arcus.money import encode

STARTUP_SECONDS = 20.0
PAUSE = 0.005  # seconds between two looks at something that is about to change


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Doc:
        """The JSON object."""
        return parse(self.raw)

    @property
    def doc(self) -> Doc:
        """The main object, out of its envelope where it has one."""
        body = self.body
        inner = body.get("data")
        return inner if isinstance(inner, dict) else body

    @property
    def code(self) -> Any:  # noqa: ANN401 - the error code, or nothing
        """The error code."""
        return self.body.get("code")


class Driver:
    """A client of one sandbox, bound to one entity's key unless a call names another."""

    def __init__(self, session: aiohttp.ClientSession, *, port: int, keys: dict[str, str]) -> None:
        self._session = session
        self.base = f"http://127.0.0.1:{port}"
        self.keys = keys
        self.entity = next(iter(keys))

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401 - any JSON
        *,
        key: str | None = None,
        entity: str | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 10.0,  # noqa: ASYNC109 - given to the client, which owns it
    ) -> Answer:
        """Send one API request; `key` is the idempotency key."""
        sent = {"Authorization": f"Bearer {self.keys[entity or self.entity]}", **(headers or {})}
        if key is not None:
            sent["Idempotency-Key"] = key
        return await self._send(method, f"/v1{path}", body, sent, timeout)

    async def control(self, path: str, body: Any = None) -> Doc:  # noqa: ANN401 - any JSON
        """Ask the control plane: POST where there is a body, else GET."""
        answer = await self._send("GET" if body is None else "POST", f"/_sandbox/{path}", body, {}, 60.0)
        if answer.status != 200:
            raise ValueError(f"/_sandbox/{path} answered {answer.status}: {answer.raw.decode()}")
        return answer.body

    async def until(self, condition: Callable[[Doc], bool]) -> Doc:
        """Read the stats until they fulfil a condition."""
        while True:
            stats = await self.control("stats")
            if condition(stats):
                return stats
            await asyncio.sleep(PAUSE)

    async def lines(self, path: str) -> list[Doc]:
        """Read NDJSON from the control plane."""
        answer = await self._send("GET", f"/_sandbox/{path}", None, {}, 60.0)
        return [parse(line) for line in answer.raw.splitlines()]

    async def _send(self, method: str, path: str, body: Any, headers: dict[str, str], seconds: float) -> Answer:  # noqa: ANN401
        raw = body if isinstance(body, bytes) or body is None else encode(body)
        data = None if raw is None else io.BytesIO(raw)
        limit = aiohttp.ClientTimeout(total=seconds)
        async with self._session.request(
            method, self.base + path, data=data, headers=headers, timeout=limit
        ) as response:
            return Answer(response.status, dict(response.headers), await response.read())


@contextlib.asynccontextmanager
async def process(data: Path, *options: str) -> AsyncIterator[tuple[Process, Doc]]:
    """Run the sandbox as a process of its own; yields it with what it announced, and kills it at the end."""
    command = ("-m", "sandbox.arcus", "--data", str(data), *options)
    child = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    try:
        if child.stdout is None:
            raise RuntimeError("the sandbox has no standard output")
        line = await asyncio.wait_for(child.stdout.readline(), STARTUP_SECONDS)
        if not line:
            raise RuntimeError(f"the sandbox did not start: exit code {await child.wait()}")
        yield child, parse(line)
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
