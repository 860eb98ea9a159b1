"""The reading of one order, page by page to the end: a generator that yields requests and is sent their data."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from connectors.shopify.reader.body import Doc, docs, order_body, part, refund_body
from connectors.shopify.reader.queries import CASH, CHARGES, HEAD, LINES, MORE, PARTS, REFUND, Ask, Pages

_TRIES = 4  # an order that changes between its pages is read from the start
_MOST_PAGES = 500  # of one list: 20,000 lines
_MOST = 2_000  # transactions or refunds of one order, which have no pages: a full list is asked for again, longer


@dataclass
class Unreadable(Exception):
    """The answers do not make a whole order; `why` says what is missing."""

    why: str

    def __str__(self) -> str:
        """One line for a person."""
        return self.why


class _Moved(Exception):
    """The order changed between two pages."""


Reading = Generator[Ask, Doc, Doc | None]
"""Yields what to ask, is sent the `data` of each answer, and returns the order's body as a webhook has it.

None where the shop shows no such order: it was deleted, or is older than the app may see. Raises Unreadable.
"""


def read_order(number: str, pages: Pages) -> Reading:
    """Read an order with all its lines, charges, transactions and refunds, all of one moment."""
    for _ in range(_TRIES):
        try:
            return (yield from _whole(f"gid://shopify/Order/{number}", pages))
        except _Moved:
            continue
        except ValueError as error:
            raise Unreadable(str(error)) from None
    raise Unreadable(f"it changed while it was read, {_TRIES} times in a row")


def _whole(gid: str, pages: Pages) -> Reading:
    data = yield Ask("head", HEAD, {"id": gid, "lines": pages.lines, "charges": pages.charges})
    head = data.get("order")
    if head is None:
        return None
    if not isinstance(head, dict) or head.get("id") != gid or not isinstance(head.get("updatedAt"), str):
        raise Unreadable("the shop answered with something else than the order")
    moment = head["updatedAt"]
    lines = yield from _pages(head, "lineItems", Ask("lines", LINES, {"id": gid, "page": pages.lines}), moment)
    charges = yield from _pages(
        head, "shippingLines", Ask("charges", CHARGES, {"id": gid, "page": pages.charges}), moment
    )
    transactions, numbers = yield from _cash(gid, pages, moment)
    refunds = []
    for number in numbers:
        refunds.append((yield from _refund(number, pages.refund_parts, moment)))  # noqa: PERF401 - it yields
    return order_body(head, lines=lines, charges=charges, transactions=transactions, refunds=refunds)


def _same(moment: str, order: object) -> None:
    if part(order, "updatedAt") != moment:
        raise _Moved


def _pages(value: Doc, name: str, more: Ask, moment: str) -> Generator[Ask, Doc, list[Doc]]:
    """All nodes of a connection, of which `value` holds the first page."""
    found: list[Doc] = []
    for _ in range(_MOST_PAGES):
        connection = value.get(name)
        found.extend(docs(connection))
        after = part(connection, "pageInfo", "endCursor")
        if part(connection, "pageInfo", "hasNextPage") is not True:
            return found
        if not isinstance(after, str):
            raise Unreadable(f"the list {name} goes on, and the shop does not say where")
        data = yield Ask(more.name, more.query, {**more.variables, "after": after})
        owner = next(iter(data.values()), None)
        if not isinstance(owner, dict):
            raise _Moved
        _same(moment, owner if "updatedAt" in owner else owner.get("order"))
        value = owner
    raise Unreadable(f"the list {name} has more than {_MOST_PAGES} pages")


def _cash(gid: str, pages: Pages, moment: str) -> Generator[Ask, Doc, tuple[list[Doc], list[str]]]:
    """Transactions, and the ids of refunds: plain lists, asked for again twice as long while they come back full."""
    most, many = pages.transactions, pages.refunds
    while True:
        data = yield Ask("cash", CASH, {"id": gid, "transactions": most, "refunds": many})
        order = data.get("order")
        _same(moment, order)
        transactions, refunds = docs(part(order, "transactions")), docs(part(order, "refunds"))
        if len(transactions) < most and len(refunds) < many:
            return transactions, [_id(one) for one in refunds]
        if max(most, many) >= _MOST:
            raise Unreadable(f"it has more than {_MOST:,} transactions or refunds")
        most *= 2 if len(transactions) >= most else 1
        many *= 2 if len(refunds) >= many else 1


def _id(refund: Doc) -> str:
    found = refund.get("id")
    if not isinstance(found, str):
        raise Unreadable("a refund in the answer has no id")
    return found


def _refund(gid: str, page: int, moment: str) -> Generator[Ask, Doc, Doc]:
    data = yield Ask("refund", REFUND, {"id": gid, "page": page})
    refund = data.get("refund")
    if not isinstance(refund, dict):
        raise _Moved
    _same(moment, refund.get("order"))
    parts = {}
    for name in PARTS:
        parts[name] = yield from _pages(
            refund, name, Ask(f"refund {name}", MORE[name], {"id": gid, "page": page}), moment
        )
    return refund_body(refund, parts)
