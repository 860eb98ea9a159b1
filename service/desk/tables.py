"""The tables of a tenant, by name."""

from __future__ import annotations

from typing import Literal, get_args

Table = Literal[
    "sku",
    "tender",
    "tax",
    "marketplace_tax",
    "shipping",
    "tip",
    "gift_card",
    "duties",
    "fees",
    "custom",
    "rounding",
    "location",
]
TABLES: tuple[str, ...] = get_args(Table)
