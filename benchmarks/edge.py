"""`python -m benchmarks.edge`: signed webhooks by the clock through the edge onto Kafka; writes build/edge.json.

With `--outage` Kafka is killed in the middle for so long, and the sender sends again what was not acknowledged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.percentiles import SHOWN, percentile
from benchmarks.product import SCRIPT, ProductFailedError, tail
from benchmarks.usage import TICKS, cpu_seconds, machine_seconds, own_seconds, resident, snapshot
from sandbox.kafka_server import KafkaServer, create_topics, free_port
from sandbox.shop.disorder import Record
from sandbox.shop.generate import generate
from sandbox.shop.shops import SHOPS
from sandbox.shop.webhooks import RETRIES_S, Sender

TOPIC: Final = "shop"
PARTITIONS: Final = 12
SECRET: Final = "the-secret-of-the-benchmark"  # noqa: S105 - nobody else's
MOST_P99_MS: Final = 50.0
MIB: Final = 1024 * 1024


@dataclass
class Figures:
    """What one run came to."""

    rate: float
    seconds: float
    outage_s: float
    webhooks: int = 0
    body_bytes: float = 0.0
    """Mean."""
    delays_ms: dict[str, float] = field(default_factory=dict)
    """From the moment at which a webhook was due to its acknowledgement."""
    answers: dict[str, int] = field(default_factory=dict)
    unacknowledged: int = 0
    lost: int = 0
    """Acknowledged and not on the topic."""
    doubled: int = 0
    """On the topic more than once: with the same webhook id, so that intake drops them."""
    differing: int = 0
    """Of those, how many copies differ from each other."""
    edge_cpu_us: float = 0.0
    """CPU of the edge for each answer."""
    edge_mib: float = 0.0
    client_cores: float = 0.0
    others_cores: float = 0.0
    """Cores that others used beside edge, client and broker: above a tenth the delays say little."""
    cores: int = 0

    @property
    def good(self) -> bool:
        """Whether everything that was promised held."""
        whole = not (self.unacknowledged or self.lost or self.differing)
        return whole and (self.outage_s > 0 or (not self.doubled and self.delays_ms["p99"] < MOST_P99_MS))


def records() -> list[Record]:
    """Webhooks of a generated shop, those that Shopify would send."""
    generated = generate(1, 400, garbage=False)
    return [one for one in generated.records if one.value and any(name == "X-Shopify-Topic" for name, _ in one.headers)]


def settings(bootstrap: str, port: int, folder: Path) -> dict[str, Any]:
    """Settings of an edge."""
    shop = {
        "go_live": "2020-01-01",
        "fulfilment": "erp",
        "entity_currency": SHOPS[0].currency,
        "time_zone": SHOPS[0].zone,
        "targets": {"tax": "sku:TAX", "tips": "sku:TIPS", "gift_cards": "sku:GIFT"},
    }
    return {
        "kafka": {"bootstrap_servers": bootstrap, "topics": [TOPIC]},
        "ledger": {"url": f"sqlite+aiosqlite:///{folder / 'ledger.sqlite3'}"},
        "erp": {"api_keys": {"default": "ark_live_nobody"}},
        "edge": {"shopify_secrets": [SECRET]},
        "http": {"port": port},
        "tenants": {f"shopify/{SHOPS[0].domain}": shop},
    }


@asynccontextmanager
async def running(folder: Path, bootstrap: str) -> AsyncIterator[tuple[int, int]]:
    """Start `orderferry edge`; yields its port and its process."""
    port = free_port()
    config, log = folder / "edge.yaml", folder / "edge.log"
    config.write_text(yaml.safe_dump(settings(bootstrap, port, folder)), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORDERFERRY_")}
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            str(SCRIPT), "--config", str(config), "edge", stdout=sink, stderr=sink, env=environment
        )
    try:
        await _ready(port, process, log)
        yield port, process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        if await process.wait():
            raise ProductFailedError(f"orderferry edge did not end well ({process.returncode}):\n{tail(log)}")


async def _ready(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    """Wait until it says that it is ready: Kafka is connected."""
    while True:
        if process.returncode is not None:
            raise ProductFailedError(f"orderferry edge ended with exit code {process.returncode}:\n{tail(log)}")
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
            continue
        writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
        told = await reader.readline()
        writer.close()
        if b" 200 " in told:
            return
        await asyncio.sleep(0.05)


async def run(
    folder: Path,
    *,
    rate: float,
    seconds: float,
    outage_s: float,
    warm_s: float = 3.0,
    retries_s: Sequence[float] = RETRIES_S,
) -> Figures:
    """One run."""
    kafka = KafkaServer(data=folder / "kafka", heap="512m")
    figures = Figures(rate, seconds, outage_s, cores=os.cpu_count() or 0)
    try:
        await asyncio.to_thread(kafka.start)
        await create_topics(kafka.bootstrap, {TOPIC: PARTITIONS}, configs={"max.message.bytes": "2359296"})
        bodies = records()
        figures.body_bytes = sum(len(one.value or b"") for one in bodies) / len(bodies)
        async with running(folder, kafka.bootstrap) as (port, pid):
            url = f"http://127.0.0.1:{port}/webhooks/shopify"
            if warm_s:
                await Sender(f"{url}?warm", SECRET.encode()).run(bodies, rate=rate / 2, seconds=warm_s)
            sender = Sender(url, SECRET.encode(), retries_s=retries_s)
            pids = (pid, kafka.pid, os.getpid())
            before, own, machine = cpu_seconds(snapshot(), pid), own_seconds(), machine_seconds()
            ours = _of_all(pids)
            async with asyncio.TaskGroup() as group:
                group.create_task(sender.run(bodies, rate=rate, seconds=seconds))
                if outage_s:
                    group.create_task(_outage(kafka, after=seconds / 3, seconds=outage_s))
            stats = snapshot()
            if not outage_s:  # the broker is another process by then
                figures.others_cores = (machine_seconds() - machine - (_of_all(pids) - ours)) / seconds
            figures.client_cores = (own_seconds() - own) / seconds
            figures.edge_cpu_us = (cpu_seconds(stats, pid) - before) / sum(sender.answers.values()) * 1e6
            figures.edge_mib = resident(stats, [pid]) / MIB
        await _judge(figures, sender, kafka.bootstrap)
    finally:
        kafka.kill()
    return figures


def _of_all(pids: Sequence[int]) -> float:
    """CPU seconds of these processes, none of which is below another that is asked for."""
    stats = snapshot()
    return sum(stats[pid].ticks for pid in pids if pid in stats) / TICKS


async def _outage(kafka: KafkaServer, *, after: float, seconds: float) -> None:
    """Kill Kafka in the middle, and bring it back."""
    await asyncio.sleep(after)
    await asyncio.to_thread(kafka.kill)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(kafka.start)


async def _judge(figures: Figures, sender: Sender, bootstrap: str) -> None:
    """Hold what was acknowledged against what is on the topic."""
    there: Counter[str] = Counter()
    values: dict[str, set[bytes]] = {}
    async for webhook_id, value in _everything(bootstrap):
        there[webhook_id] += 1
        values.setdefault(webhook_id, set()).add(value)
    taken = [one for one in sender.sent if 200 <= one.status < 300]
    delays = sorted(one.seconds * 1000 for one in taken)
    figures.webhooks = len(sender.sent)
    figures.delays_ms = {name: round(percentile(delays, share), 2) for name, share in SHOWN.items()}
    figures.answers = {str(status): count for status, count in sorted(sender.answers.items())}
    figures.unacknowledged = len(sender.sent) - len(taken)
    figures.lost = sum(1 for one in taken if one.webhook_id not in there)
    figures.doubled = sum(1 for one in sender.sent if there[one.webhook_id] > 1)
    figures.differing = sum(1 for held in values.values() if len(held) > 1)


async def _everything(bootstrap: str) -> AsyncIterator[tuple[str, bytes]]:
    """Each record's webhook id and bytes."""
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                for record in batch:
                    yield dict(record.headers)["x-shopify-webhook-id"].decode(), record.value
    finally:
        await consumer.stop()


def write(figures: Figures, path: Path) -> str:
    """Write the figures; returns what was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**asdict(figures), "good": figures.good}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    return text


def main(argv: Sequence[str]) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.edge", description=__doc__)
    parser.add_argument("--rate", type=float, default=500, help="webhooks a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--outage", type=float, default=0, help="seconds for which Kafka is away, in the middle")
    parser.add_argument("--out", type=Path, default=Path("build/edge.json"))
    given = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(run(Path(folder), rate=given.rate, seconds=given.seconds, outage_s=given.outage))
    print(write(figures, given.out))
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
