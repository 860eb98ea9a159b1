"""What is sent and what must become of it: the reviewed table of real payloads, as far as they are on this machine."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENTITIES = ("USD", "EUR", "JPY")
SERVICES = ("TAX", "MARKETPLACE-TAX", "TIP", "GIFT", "SHIP", "DUTY", "FEE", "CUSTOM")
GOODS = (
    "SKU-11", "SKU-12", "SKU-13", "SKU-14",
    "IPOD2008BLACK", "IPOD2008GREEN", "IPOD2008PINK", "IPOD2008RED", "IPOD2009BLACK", "IPODENGRAVING",
    "SKU2006-001", "SKU2006-020", "SKU2006-035", "CASE-LEATHER-PREM", "LENS-PROTECT-2YR", "draft-151",
)  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What must be said of one document, and stand in the ERP."""

    outcome: str
    reason: str | None = None
    says: str = ""
    """Part of what a clerk is told."""
    erp: str = ""
    """Total in the ERP's own database to the cent; nothing must be there where it is empty."""
    status: str = "confirmed"
    """Of the ERP's document."""
    carrier: str = ""
    """Its type, where the table names it."""

    @classmethod
    def of(cls, given: dict[str, str]) -> Expected:
        """Read a row of the table: `is = "parked/invalid"`."""
        outcome, _, reason = given["is"].partition("/")
        return cls(
            outcome,
            reason or None,
            given.get("says", ""),
            given.get("erp", ""),
            given.get("status", "confirmed"),
            given.get("as", ""),
        )


@dataclass(frozen=True)
class Sent:
    """One delivery, or several that are alike."""

    name: str
    topic: str
    shop: str
    """Cases of one shop do not meet unless they name the same order."""
    paths: tuple[Path, ...] = ()
    """Files to send,"""
    values: tuple[bytes, ...] = ()
    """or what is written into files first."""
    bare: bool = False
    """Without the headers of a delivery."""
    set_up: bool = True
    """Whether its shop is in the settings."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What its shop says otherwise than all others."""
    pointer: str = ""
    each: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    """Outcomes of the events, one an element, in their order."""
    dead: tuple[str, ...] = ()
    """Reason, and part of what is told, of the records that are kept as dead letters."""
    documents: dict[str, Expected] = field(default_factory=dict)
    currency: str = "USD"
    phase: int = 0
    """What is sent in a later phase arrives later at its shop."""

    @property
    def call(self) -> tuple[str, ...]:
        """Everything of the command line but the files: cases that are alike are sent by one call."""
        options = ["--bare"] if self.bare else ["--tenant", shop(self.shop)]
        for name, value in self.headers.items():
            options += ["--header", f"{name}={value}"]
        options += ["--pointer", self.pointer] if self.pointer else []
        return ("shopify", self.topic, *options, *["--each"] * self.each)


def shop(name: str) -> str:
    """The domain of a shop."""
    return f"{name}.myshopify.com"


def folder() -> Path | None:
    """Where the real payloads lie: named by ORDERFERRY_FIXTURES, or beside the checkout; they are no part of it."""
    given = os.environ.get("ORDERFERRY_FIXTURES")
    path = Path(given) if given else HERE.parents[2] / "shared" / "fixtures"
    return path / "shopify" if (path / "shopify").is_dir() else None


def real() -> list[Sent]:
    """The table of real payloads; empty where they are not on this machine."""
    place = folder()
    if place is None:
        return []
    rows = tomllib.loads((HERE / "real.toml").read_text(encoding="utf-8"))["sent"]
    return [_row(place, row) for row in rows]


def _row(place: Path, row: dict[str, Any]) -> Sent:
    documents = {name: Expected.of(given) for name, given in row.get("documents", {}).items()}
    plain = {name: row[name] for name in ("shop", "pointer", "each", "headers", "currency", "phase") if name in row}
    return Sent(
        name=row.get("name") or row["shop"],
        topic=row["topic"],
        paths=(place / row["file"],),
        events=tuple(row.get("events", ())),
        dead=tuple(row.get("dead", ())),
        documents=documents,
        **plain,
    )
