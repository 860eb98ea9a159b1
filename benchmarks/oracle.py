"""The oracle of the demo on the bench's output: its own reading of every order, held against the ERP's database. Pure.

The orders of the bench do not touch each other, so they are judged in portions: all at once would need gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import jiter

from benchmarks.orders import SHOP, Record, records
from sandbox.oracle.documents import Documents
from sandbox.oracle.erp import BY_CODE, Erp
from sandbox.oracle.findings import Findings
from sandbox.oracle.fold import fold
from sandbox.oracle.judge import wanted
from sandbox.shop.shops import BY_DOMAIN

PORTION: Final = 2_000
Doc = dict[str, Any]


def examine(count: int, dump: Iterable[bytes]) -> Findings:
    """Judge the orders with numbers below `count` by the lines of the ERP's dump."""
    BY_CODE[SHOP.code] = BY_DOMAIN[SHOP.domain] = SHOP  # the oracle knows the demo's shops, and now ours
    portion_of = {record.external_id: number // PORTION for number, record in enumerate(records(count))}
    shared, orders = _sorted(dump, portion_of)
    total = Findings()
    for number, portion in enumerate(_portions(records(count))):
        lines = orders.get(number, [])
        erp = Erp.of((*shared, *map(_parsed, lines)), log=())
        folded = fold((_due(record.value), record.headers) for record in portion)
        found = Findings()
        Documents(erp, folded.roots, found).compare(wanted(folded, "lenient", erp.catalogues))
        total.violations += found.violations
        total.difference += found.difference
        total.expected.update({"orders": found.expected["orders"]})
        total.found.update({"orders": found.found["orders"]})
    return total


def _due(value: bytes) -> bytes:
    """Return an order as the oracle lets it pass: shops of the demo wait for money or terms, the bench's does not."""
    return value.replace(b'"payment_terms":null', b'"payment_terms":{}', 1)


def _parsed(line: bytes) -> Doc:
    """Read one line; every amount as the oracle wants it."""
    found: Doc = jiter.from_json(line, float_mode="decimal", cache_mode="keys")
    return found


def _sorted(dump: Iterable[bytes], portion_of: Mapping[str, int]) -> tuple[list[Doc], dict[int, list[bytes]]]:
    """Tell orders, by portion, from what all share; an order that nobody sent goes to the first, and is found there."""
    shared: list[Doc] = []
    orders: dict[int, list[bytes]] = {}
    for line in dump:
        row = _parsed(line)
        if row["resource"] == "orders":
            ident = str(row["doc"]["metadata"].get("external_id"))
            orders.setdefault(portion_of.get(ident, 0), []).append(line)
        else:
            shared.append(row)
    return shared, orders


def _portions(found: Iterator[Record]) -> Iterator[Sequence[Record]]:
    portion: list[Record] = []
    for record in found:
        portion.append(record)
        if len(portion) == PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def words(found: Findings) -> str:
    """Say in one line what it found."""
    flaws = len(found.violations)
    first = f"; first: {found.violations[0]}" if flaws else ""
    return f"{found.found['orders']:,} of {found.expected['orders']:,} orders, {flaws:,} flaws{first}"


def holds(found: Findings, count: int) -> bool:
    """Whether every order is right."""
    whole = found.expected["orders"] == found.found["orders"] == count
    return whole and not found.violations and found.difference == Decimal(0)
