"""The same command line over service.bootstrap and a real ledger."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from schemas.outcome import OutcomeName
from service import bootstrap
from service.cli.app import application
from service.cli.front import Front
from service.cli.house import House
from service.ledger.ledger import SqlLedger
from service.ports import Busy, Closing, EventEnd
from tests.cli.conftest import Called, Ferry
from tests.cli.stories import KEY, SHOP, story

BY = ("--who", "ann", "--why", "asked the bank")
THE_REAL_ONE: House = bootstrap


async def fill(url: str) -> None:
    """Put one order into the ledger as the pipeline would leave it."""
    told = story()
    ledger = await SqlLedger.open_at(url, erp="arcus", owner="test", lease_seconds=60)
    try:
        arrival = told.events[0].arrival
        opened = await ledger.open(KEY, [arrival])
        assert not isinstance(opened, Busy)
        ends = [EventEnd(arrival, OutcomeName.POSTED, None)]
        await ledger.close(
            Closing(lease=opened.lease, verdicts=told.verdicts, settled=(), events=ends, posted=told.posted)
        )
    finally:
        await ledger.stop()


class RealFerry:
    """The command line with the real house behind it."""

    def __init__(self, config: Path, folder: Path) -> None:
        self.url = f"sqlite+aiosqlite:///{folder / 'ledger.sqlite3'}"
        self._environ = {"ORDERFERRY_CONFIG": str(config), "ORDERFERRY_LEDGER__URL": self.url}

    def __call__(self, *arguments: str) -> Called:
        front = Front(
            environ=self._environ,
            out=Console(highlight=False, width=200),
            err=Console(highlight=False, width=200, stderr=True),
        )
        result = CliRunner().invoke(application(), list(arguments), obj=front, catch_exceptions=False)
        return Called(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def real(ferry: Ferry, tmp_path: Path) -> RealFerry:
    made = RealFerry(ferry.config, tmp_path)
    assert made("migrate").code == 0
    asyncio.run(fill(made.url))
    return made


@pytest.mark.parametrize("name", ["#1001", "1001001", "SO-9", KEY])
def test_a_posted_order_is_explained_from_the_ledger(real: RealFerry, name: str) -> None:
    (row,) = real("explain", "shopify", name, "--json").rows
    outcomes = {one["kind"]: (one["outcome"], one["reason"]) for one in row["documents"]}
    assert outcomes == {"order": ("posted", None), "payment": ("parked", "tender_unmapped")}
    assert row["events"][0]["position"]["offset"] == 42
    assert [part["differs"] for part in row["components"]] == [False] * 5
    assert real("explain", "shopify", "--all", "--json").rows == [row]
    assert "Next step" in real("explain", "shopify", name).out


def test_people_decide_and_it_is_kept(real: RealFerry) -> None:
    (row,) = real("parked", "list", "--json").rows
    assert (row["key"], row["release"]) == (KEY, "tender:paypal")
    assert real("parked", "hold", "shopify", "#1001", *BY).code == 0
    assert real("parked", "release", "shopify", "#1001", *BY).code == 0
    assert "; 1 orders go on" in real("map", "set", "shopify", SHOP, "tender", "paypal", "external", *BY).out
    assert real("map", "list", "shopify", SHOP, "--json").rows[0]["target"] == "external"
    assert real("pause", SHOP, *BY).code == 0
    assert real("parked", "discard", "shopify", "payment", "77", *BY).code == 0
    (told,) = real("explain", "shopify", "#1001", "--json").rows
    assert {one["action"] for one in told["decisions"]} >= {"hold", "release", "discard"}
    assert {one["outcome"] for one in told["documents"]} == {"posted", "skipped"}


def test_what_the_ledger_does_not_take_is_told(real: RealFerry) -> None:
    called = real("parked", "resolve", "i-nothing", "--not-happened", *BY)
    assert called.code == 1
    assert "there is no such intent" in called.err
