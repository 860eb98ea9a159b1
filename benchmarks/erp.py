"""The ERP sandbox as a process of its own, seeded for the bench, and what its books say at the end."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import aiohttp
import jiter

from benchmarks.orders import SHOP
from benchmarks.product import tail
from sandbox.shop.catalogue import erp_products

ROUTE: Final = "POST /orders"
START_S: Final = 20.0
STOP_S: Final = 30.0
SANDBOX: Final = (sys.executable, "-m", "sandbox.arcus")
ROOT: Final = Path(__file__).resolve().parent.parent
READ_S: Final = 300.0  # 100,000 orders are some 500 MB


@dataclass(frozen=True, slots=True)
class Tally:
    """The ERP's books against what was sent."""

    sent: int
    invoices: int
    lost: int
    duplicated: int
    foreign: int
    unposted: int
    amount_difference: Decimal

    @property
    def right(self) -> bool:
        """Whether every order is there once, posted, to the cent."""
        flaws = (self.lost, self.duplicated, self.foreign, self.unposted, self.amount_difference)
        return self.invoices == self.sent and not any(flaws)


def tally(invoices: Iterable[Mapping[str, Any]], expected: Mapping[str, Decimal]) -> Tally:
    """Compare by the identity tag: orders that lack, that are there twice, that nobody sent, and amounts. Pure."""
    seen: Counter[str] = Counter()
    unposted, difference = 0, Decimal(0)
    for doc in invoices:
        external_id = str(doc["metadata"].get("external_id"))
        seen[external_id] += 1
        unposted += doc["order_status"] == "draft" or doc["document_type"] != "invoice"
        difference += abs(Decimal(doc["order_total"]) - expected.get(external_id, Decimal(0)))
    return Tally(
        sent=len(expected),
        invoices=seen.total(),
        lost=sum(1 for external_id in expected if external_id not in seen),
        duplicated=sum(count - 1 for count in seen.values()),
        foreign=sum(1 for external_id in seen if external_id not in expected),
        unposted=unposted,
        amount_difference=difference,
    )


@dataclass
class Erp:
    """A running sandbox."""

    session: aiohttp.ClientSession
    process: asyncio.subprocess.Process
    port: int
    key: str

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.terminate()
        await asyncio.wait_for(self.process.wait(), STOP_S)

    async def control(self, path: str, body: object = None) -> dict[str, Any]:
        """Ask the control plane: POST where there is a body, else GET."""
        method = "GET" if body is None else "POST"
        async with self.session.request(method, f"/_sandbox/{path}", json=body) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = jiter.from_json(await answer.read())
            return found

    async def dump(self) -> list[bytes]:
        """Read everything in its books, a line a document."""
        limit = aiohttp.ClientTimeout(total=READ_S)
        found: list[bytes] = []
        async with self.session.get("/_sandbox/state", timeout=limit) as answer:
            answer.raise_for_status()
            rest = b""
            async for chunk in answer.content.iter_chunked(1 << 20):
                *lines, rest = (rest + chunk).split(b"\n")
                found += lines
        return [line for line in (*found, rest) if line]


def orders_in(dump: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Return every order document of a dump. Pure."""
    for line in dump:
        row = jiter.from_json(line, float_mode="decimal", cache_mode="keys")
        if row["resource"] == "orders":
            yield row["doc"]


def posted(stats: Mapping[str, Any]) -> int:
    """Orders that were answered with 201. Pure."""
    return int(stats["requests"].get(ROUTE, {}).get("201", 0))


def throttled(stats: Mapping[str, Any]) -> int:
    """Calls that were answered with 429. Pure."""
    return sum(int(by_status.get("429", 0)) for by_status in stats["requests"].values())


def admitted(stats: Mapping[str, Any]) -> int:
    """Calls that the rate limit let pass. Pure."""
    return sum(int(key["admitted"]) for key in stats["keys"].values())


@asynccontextmanager
async def erp(folder: Path, *, latency_ms: float, tier: str, command: Sequence[str] = SANDBOX) -> AsyncIterator[Erp]:
    """Run the sandbox; invoices post as they are created, so that an order is one call."""
    options = ("--port", "0", "--tier", tier, "--latency-ms", f"{latency_ms:g}", "--entities", f"bench:{SHOP.currency}")
    switches = ("--profile", "lenient", "--switch", "invoice_posts_at_create=on", "--data", str(folder))
    log = _log(folder)
    with log.open("wb") as sink:
        child = await asyncio.create_subprocess_exec(
            *command, *options, *switches, stdout=PIPE, stderr=sink.fileno(), cwd=ROOT
        )
    try:
        said = await _announced(child, log)
        base, timeout = f"http://127.0.0.1:{said['port']}", aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(base, timeout=timeout) as session:
            running = Erp(session, child, int(said["port"]), said["keys"]["bench"])
            await running.control("seed", {"products": erp_products(SHOP)})
            yield running
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def _announced(child: asyncio.subprocess.Process, log: Path) -> dict[str, Any]:
    """Return what it prints once it listens."""
    if child.stdout is None:
        raise RuntimeError("the ERP sandbox has no standard output")
    line = await asyncio.wait_for(child.stdout.readline(), START_S)
    if not line:
        raise RuntimeError(f"the ERP sandbox did not start:\n{tail(log)}")
    said: dict[str, Any] = jiter.from_json(line)
    return said


def _log(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "sandbox.log"
