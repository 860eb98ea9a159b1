from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from service.cli.app import application
from service.cli.front import Front
from tests.cli.fake_house import FakeDesk, FakeHouse
from tests.own_logs import own_logs

CONFIG = """
erp:
  api_keys: {a: ark_live_ent_a}
  payment_term_id: due-at-once
tenants:
  shopify/a.myshopify.com:
    go_live: 2024-01-01
    fulfilment: erp
    entity_currency: USD
    time_zone: UTC
    api_key: a
    targets: {tax: "sku:TAX", tips: "sku:TIPS", gift_cards: "sku:GIFT"}
"""


@dataclass
class Called:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each line of stdout as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Ferry:
    """The command line with a house of memory behind it."""

    config: Path
    house: FakeHouse = field(default_factory=FakeHouse)
    environ: Mapping[str, str] = field(default_factory=dict)
    demo: tuple[str, ...] = ()

    @property
    def desk(self) -> FakeDesk:
        """People's side of the house."""
        return self.house.people

    def __call__(self, *arguments: object) -> Called:
        """Call `orderferry ARGUMENTS`."""
        front = Front(
            house=lambda: self.house,
            environ={"ORDERFERRY_CONFIG": str(self.config), **self.environ},
            demo=self.demo,
            out=Console(highlight=False, width=200),
            err=Console(highlight=False, width=200, stderr=True),
        )
        result = CliRunner().invoke(application(), [str(one) for one in arguments], obj=front, catch_exceptions=False)
        assert self.house.desks_open == 0
        return Called(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def ferry(tmp_path: Path) -> Iterator[Ferry]:
    config = tmp_path / "orderferry.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    with own_logs():
        yield Ferry(config=config)
