"""What goes wrong on purpose: the ERP lies, the service is killed at the worst moment, the ERP forgets its keys."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.demo import ledger
from sandbox.demo.books import Books, Doc
from sandbox.demo.children import Child
from sandbox.demo.installation import CALL_DEADLINE_S, STALE_MS

# Per request. A run of 2,000 histories makes some 10,000 requests, a tenth of them reads.
CHANCES = {
    "commit_then_drop": 0.006,
    "error_before": 0.005,
    "error_after": 0.006,
    "throttle": 0.004,
    "slow": 0.004,
    "stale_read": 0.06,
    "truncated": 0.006,
    "empty_2xx": 0.006,
    "in_flight": 0.005,
    "frozen": 0.003,
    "gateway_garbage": 0.005,
}
TIMES = {
    "slow_ms": int(CALL_DEADLINE_S * 1000) + 1500,
    "in_flight_ms": 1200,
    "stale_ms": STALE_MS,
    "frozen_ms": 400,
    "throttle_after_s": 1,
}
# Before a kill every answer is held after its commit, but not so long that the service takes it for congestion (1 s).
HELD: Doc = {"kinds": {"slow": 1.0}, "slow_ms": 900, "cap": 1_000_000}
PATIENCE_S = 60.0
SELDOM = 3  # times as often
FORGET_S = 25 * 3600  # one hour beyond the window in which the ERP knows a key


@dataclass
class Kill:
    """One SIGKILL and what was under way."""

    open: int
    between: int
    """Of these: committed in the ERP, and their outcome not yet known to us."""


@dataclass
class Saboteur:
    """Does it, and keeps count."""

    books: Books
    ledger: Path
    faults: bool
    least_open: int
    least_met: int
    kills: list[Kill] = field(default_factory=list)
    forgotten: int = 0
    """Idempotency keys that the ERP no longer knew after its clock had moved."""

    async def lie(self) -> None:
        """Let the ERP lie from now on; kinds that were met too seldom so far come more often."""
        if not self.faults:
            return
        met = (await self.books.ask("stats"))["faults_met"]
        chances = {
            kind: chance * (SELDOM if self.kills and met[kind] < self.least_met else 1)
            for kind, chance in CHANCES.items()
        }
        await self.books.ask("faults", {"kinds": chances, "cap": 2, **TIMES})

    async def hold(self) -> None:
        """Let the ERP hold every answer back for a while after its commit."""
        await self.books.ask("faults", HELD)

    async def kill(self, service: Child, start: Callable[[], Awaitable[Child]]) -> Child:
        """Kill the service with enough intents open, look at what it left, and start it again."""
        until = time.monotonic() + PATIENCE_S
        while not await self._worst_moment():
            service.must_run()
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.02)
        await service.kill()
        left = set(await asyncio.to_thread(ledger.open_intents, self.ledger))
        committed = {line["idempotency_key"] for line in map(json.loads, await self.books.lines("log")) if _took(line)}
        self.kills.append(Kill(open=len(left), between=len(left & committed)))
        return await start()

    async def _worst_moment(self) -> bool:
        """Enough intents are open, and the ERP holds the answer of something that it has committed."""
        if len(await asyncio.to_thread(ledger.open_intents, self.ledger)) < self.least_open:
            return False
        return int((await self.books.ask("stats"))["held"]) > 0

    async def forget(self) -> None:
        """Move the ERP's clock beyond the window of every key. Nothing must be in doubt now."""
        before = await self.books.ask("stats")
        await self.books.ask("clock", {"advance_seconds": FORGET_S})
        self.forgotten += int(before["idempotency_keys"])

    @property
    def counted(self) -> int:
        """Kills with enough intents open."""
        return sum(1 for kill in self.kills if kill.open >= self.least_open)

    @property
    def between(self) -> int:
        """Kills between the ERP's commit and our outcome."""
        return sum(1 for kill in self.kills if kill.between)


def _took(line: Doc) -> bool:
    return 200 <= int(line["status"]) < 300
