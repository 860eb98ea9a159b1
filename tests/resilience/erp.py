"""The sandbox's Arcus as a process that can die and come back."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.kafka_server import free_port
from tests.resilience.processes import PATIENCE_S, Doc, kill
from tests.resilience.shop import SHOP

LATENCY_MS = 40  # so that several calls are under way whenever something is killed


@dataclass
class Erp:
    """The sandbox's Arcus; it can be killed and started again with its data, its port and its keys."""

    data: Path
    http: aiohttp.ClientSession
    port: int = field(default_factory=free_port)
    keys: dict[str, str] = field(default_factory=dict)
    process: Process | None = None

    async def start(self) -> None:
        """Start it and wait until it listens."""
        options = ["--port", str(self.port), "--data", str(self.data), "--tier", "elevated"]
        options += ["--latency-ms", str(LATENCY_MS), "--entities", f"{SHOP.code}:{SHOP.currency}"]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sandbox.arcus", *options, stdout=PIPE, start_new_session=True
        )
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_S)
        self.keys = json.loads(line)["keys"]

    async def kill(self) -> None:
        """End it as a power cut would."""
        await kill(self.process)

    async def control(self, path: str, body: Doc | None = None) -> Any:
        """Ask what only a sandbox answers."""
        method = "GET" if body is None else "POST"
        async with self.http.request(method, f"http://127.0.0.1:{self.port}/_sandbox/{path}", json=body) as answer:
            lines = (await answer.read()).splitlines()
        told = [json.loads(line, parse_float=Decimal) for line in lines]
        return told if path == "log" else told[0]

    async def books(self) -> Doc:
        """Everything that stands in it."""
        books: Doc = (await self.control("state?format=json"))[SHOP.code]
        return books
