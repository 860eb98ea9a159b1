"""The installation: real Kafka, real PostgreSQL, the lying ERP, and pods of the service in one group."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.demo.books import Books, Doc
from sandbox.demo.children import Child, Children, told
from sandbox.demo.installation import (
    CALL_DEADLINE_S,
    DEAD_LETTERS,
    REPLAY,
    STALE_MS,
    entities,
    free_port,
    seed,
    settings,
)
from sandbox.kafka_server import KafkaServer, create_topics
from sandbox.postgres_server import PostgresServer
from sandbox.shop.generate import TOPIC
from sandbox.torture.ledger import Ledger
from sandbox.torture.options import Options
from sandbox.torture.pods import Pod

PARTITIONS = 12
GROUP = "orderferry-torture"
LATENCY_MS = 10.0
REWIND_S = 180.0  # the database goes back a minute, and the restore itself takes a while
STALL_S = 20.0
# Per request. Commits without a whole answer: 2 %; a read that waits for `slow` holds a place for as long.
LIES = {
    "commit_then_drop": 0.008,
    "slow": 0.002,
    "truncated": 0.004,
    "empty_2xx": 0.003,
    "error_after": 0.003,
    "error_before": 0.003,
    "throttle": 0.001,
    "stale_read": 0.02,
    "in_flight": 0.002,
    "frozen": 0.0003,
    "gateway_garbage": 0.002,
}
TIMES = {
    "slow_ms": int(CALL_DEADLINE_S * 1000) + 1500,
    "in_flight_ms": 1200,
    "stale_ms": STALE_MS,
    "frozen_ms": 300,
    "throttle_after_s": 1,
}


@dataclass
class Town:
    """Everything that runs."""

    options: Options
    folder: Path
    children: Children
    session: aiohttp.ClientSession
    kafka: KafkaServer
    postgres: PostgresServer
    ledger: Ledger
    erp: Child | None = None
    books: Books = field(init=False)
    pods: list[Pod] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    """Lies of the ERP's earlier lives."""
    met: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    _erp_port: int = field(default_factory=free_port)
    _keys: dict[str, str] = field(default_factory=dict)

    async def build(self) -> None:
        """Start broker, database and ERP, and as many pods as were asked for."""
        await asyncio.to_thread(self.kafka.start)
        await create_topics(self.kafka.bootstrap, {TOPIC: PARTITIONS, DEAD_LETTERS: 1, REPLAY: 1})
        await self.ledger.create()
        await self.start_erp()
        await self.books.ask("seed", seed())
        for number in range(self.options.pods + 1):
            self.pods.append(self._pod(number))
        first = self.pods[0]
        first.prepare()
        await told([*first.command, "migrate"], env={}, log=self.folder / "migrate.log")
        await self.lie()
        for pod in self.pods[: self.options.pods]:
            await pod.start()

    def _pod(self, number: int) -> Pod:
        content: Doc = settings(
            bootstrap=self.kafka.bootstrap,
            topic=TOPIC,
            erp_port=self._erp_port,
            keys=self._keys,
            ledger=Path("unused"),
            http_port=free_port(),
            tier="unlimited",
        )
        content["kafka"]["group_id"] = GROUP
        address = self.ledger.address.replace("postgresql://", "postgresql+asyncpg://", 1)
        content["ledger"] = {**content["ledger"], "url": address, "rewind_s": REWIND_S}
        content["intake"]["stall_s"] = STALL_S
        return Pod(f"pod-{number}", self.folder, content, self.children, self.session)

    async def start_erp(self) -> None:
        """Start the ERP, or start it again with its books, its port and its keys."""
        sticks = "on" if self.options.profile == "tags" else "off"
        switches = ("--switch", f"metadata_sticks={sticks}", "--switch", f"provenance_sticks={sticks}")
        place = ("--data", str(self.folder / "erp"), "--port", str(self._erp_port), "--latency-ms", str(LATENCY_MS))
        given = ("--tier", "unlimited", "--seed", str(self.options.seed), "--entities", entities())
        self.erp, ready = await self.children.announced("erp", "sandbox.arcus", *place, *given, *switches)
        self.books, self._keys = Books(self.session, ready["port"]), ready["keys"]

    async def kill_erp(self) -> None:
        """End it as a power cut would; what it counted is kept here."""
        await self.count()
        if self.erp is not None:
            await self.erp.kill()

    async def count(self) -> Doc:
        """Add up what this life of the ERP counted."""
        stats = await self.books.ask("stats")
        self.injected.update(stats["faults_injected"])
        self.met.update(stats["faults_met"])
        self.requests.update({"all": stats["requests_total"]})
        return stats

    async def lie(self, **more: float) -> None:
        """Let the ERP lie as usual, and some kinds more often."""
        await self.books.ask("faults", {"kinds": {**LIES, **more}, "cap": 2, **TIMES})

    async def slow_down(self, *, before_ms: float = 0.0, after_ms: float = LATENCY_MS) -> None:
        """Let the ERP take its time before and after it commits a write."""
        await self.books.ask("latency", {"before_ms": before_ms, "after_ms": after_ms})

    async def moments(self) -> dict[str, Any]:
        """When the ERP saw the calls of the last half minute, by idempotency key."""
        return {row["key"]: row for row in (await self.books.ask("moments?seconds=30"))["keys"]}

    @property
    def awake(self) -> list[Pod]:
        """Pods with a process that does not stand still."""
        return [pod for pod in self.pods if pod.alive and not pod.stopped]


@asynccontextmanager
async def town(options: Options, children: Children, session: aiohttp.ClientSession) -> AsyncIterator[Town]:
    """Build a town; everything in it ends with the context."""
    folder = (options.build / "torture").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "erp").mkdir(parents=True)
    kafka = KafkaServer(data=Path(tempfile.mkdtemp(prefix="of-kafka-")))
    postgres = await asyncio.to_thread(PostgresServer)
    try:
        built = Town(options, folder, children, session, kafka, postgres, Ledger(postgres.url, "torture"))
        try:
            await built.build()
            yield built
        finally:
            for pod in built.pods:
                await pod.kill()
    finally:
        kafka.kill()
        postgres.close()
        shutil.rmtree(kafka.data, ignore_errors=True)
