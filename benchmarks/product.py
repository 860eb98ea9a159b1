"""The product as a user runs it: its console script, a YAML file, a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.orders import SHOP
from sandbox.kafka_server import free_port

SCRIPT: Final = Path(sys.executable).with_name("orderferry")
STOP_S: Final = 60.0  # intake.drain_s and a little
REPLAY: Final = "orderferry.replay"
DEAD_LETTERS: Final = "orderferry.dead-letters"
KEYS: Final = 1_000
"""Lanes that are open at once, at the least: every order is a key of its own."""
AT_WORK: Final = 256
"""Keys that are worked on at once: twice the calls in flight, so that the others may be at the ledger. More of them
only fill the caches: 1,000 cost a seventh more CPU an order."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What differs between runs."""

    bootstrap: str
    topic: str
    database: str
    erp_port: int
    erp_key: str
    tier: str
    in_flight: int
    log_level: str = "info"

    def settings(self, port: int) -> dict[str, Any]:
        """Return the YAML file: what a tenant has to say, and where the neighbours are. The rest is default."""
        targets = {name: target for name, target in SHOP.targets.items() if name != "marketplace_tax"}
        return {
            "kafka": {
                "bootstrap_servers": self.bootstrap,
                "topics": [self.topic],
                "group_id": f"{self.topic}-group",
                "replay_topic": REPLAY,
                "dead_letter_topic": DEAD_LETTERS,
            },
            "ledger": {"url": self.database},
            "erp": {
                "base_url": f"http://127.0.0.1:{self.erp_port}/v1",
                "api_keys": {"default": self.erp_key},
                "tier": self.tier,
                "max_in_flight": self.in_flight,
            },
            "intake": {"max_in_flight": AT_WORK},
            "http": {"port": port},
            "logging": {"level": self.log_level},
            "tenants": {
                f"shopify/{SHOP.domain}": {
                    "go_live": "2020-01-01",
                    "fulfilment": "shop",
                    "gate": "created",
                    "entity_currency": SHOP.currency,
                    "time_zone": SHOP.zone,
                    "targets": targets,
                    "tenders": dict(SHOP.tenders),
                }
            },
        }


def tail(log: Path) -> str:
    """Return the end of a log."""
    return log.read_text(encoding="utf-8", errors="replace")[-3000:]


class ProductFailedError(RuntimeError):
    """The product ended, or did not begin; the message holds the end of its log."""


@dataclass
class Product:
    """A running product."""

    process: asyncio.subprocess.Process
    port: int
    log: Path

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def check(self) -> None:
        """Raise where it has ended by itself."""
        if self.process.returncode is not None:
            raise ProductFailedError(f"orderferry ended with exit code {self.process.returncode}:\n{self.tail()}")

    async def listening(self) -> None:
        """Wait until it answers over HTTP: everything is imported and built, and reading begins."""
        while True:
            self.check()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return

    def tail(self) -> str:
        """Return the end of its log."""
        return tail(self.log)

    async def stop(self) -> int:
        """Ask it to stop, as a deployment would, and return its exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        try:
            return await asyncio.wait_for(self.process.wait(), STOP_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise ProductFailedError(f"orderferry did not stop within {STOP_S:g} s:\n{self.tail()}") from None


@asynccontextmanager
async def product(setup: Setup, folder: Path, *, command: Sequence[str] = (str(SCRIPT),)) -> AsyncIterator[Product]:
    """Migrate an empty ledger and run the product on it; kill it where it was not stopped."""
    port = free_port()
    config, log = _files(setup, folder, port)
    with log.open("wb") as sink:
        await _finished(["--config", str(config), "migrate"], sink.fileno(), log)
        process = await asyncio.create_subprocess_exec(
            *command, "--config", str(config), "run", stdout=sink.fileno(), stderr=sink.fileno(), env=_environment()
        )
    running = Product(process, port, log)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _files(setup: Setup, folder: Path, port: int) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    config, log = folder / "orderferry.yaml", folder / "orderferry.log"
    config.write_text(yaml.safe_dump(setup.settings(port)), encoding="utf-8")
    return config, log


async def _finished(arguments: Sequence[str], sink: int, log: Path) -> None:
    process = await asyncio.create_subprocess_exec(SCRIPT, *arguments, stdout=sink, stderr=sink, env=_environment())
    if await process.wait():
        raise ProductFailedError(f"orderferry {' '.join(arguments)} failed:\n{tail(log)}")


def _environment() -> dict[str, str]:
    """Return our environment without anybody's own settings of the product."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("ORDERFERRY_")}
