"""Cash under one order: which transactions are recorded, for how much, and which are not, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sandbox.oracle.decimals import ZERO, amount, half_up, units
from sandbox.oracle.fold import Root
from sandbox.oracle.reading import Doc, Said
from sandbox.oracle.want import End, Profile
from sandbox.shop.shops import Shop

CENTS = 2


@dataclass(frozen=True, slots=True)
class Cash:
    """One transaction's fate under an order that stands open in the ERP."""

    outcome: str
    reason: str | None = None
    amount: Decimal = ZERO


def in_time(transactions: Iterable[Said]) -> list[Said]:
    """Oldest first."""
    return sorted(transactions, key=lambda said: (said.at, said.ident))


def plain(body: Doc) -> tuple[str, str] | None:
    """What becomes of a transaction by itself, whatever its order is."""
    if body["test"]:
        return "skipped", "test"
    if body["status"] == "pending":
        return "waiting", "pending"
    moves = body["status"] == "success" and body["kind"] in ("capture", "sale", "refund")
    return None if moves else ("skipped", "moves_no_cash")


def collected(root: Root) -> list[Said]:
    """Real captures and sales that succeeded, oldest first."""
    found = (said for said in root.transactions.values() if plain(said.body) is None and said.body["kind"] != "refund")
    return in_time(found)


def given_back(root: Root) -> list[Said]:
    """Real refunds of cash that succeeded, oldest first."""
    found = (said for said in root.transactions.values() if plain(said.body) is None and said.body["kind"] == "refund")
    return in_time(found)


def booked(root: Root, order: Doc) -> dict[str, Decimal | None]:
    """Each collected amount in the shop's currency; None where no rate is known (books 15)."""
    shown = order["total_price_set"]["presentment_money"]
    found: dict[str, Decimal | None] = {}
    foreign: list[Said] = []
    for said in collected(root):
        value, currency = amount(said.body["amount"]), said.body["currency"]
        found[said.ident] = value if currency == order["currency"] else None
        if currency != order["currency"] and currency == shown["currency_code"]:
            foreign.append(said)
    total, whole = amount(order["total_price"]), amount(shown["amount"])
    for said in foreign:
        found[said.ident] = half_up(amount(said.body["amount"]) * total / whole, order["currency"])
    if foreign and sum((amount(said.body["amount"]) for said in foreign), ZERO) == whole:
        before = sum((found[said.ident] or ZERO for said in foreign[:-1]), ZERO)
        found[foreign[-1].ident] = total - before
    return found


def under_open_order(
    root: Root, order: Doc, shop: Shop, profile: Profile, *, total: Decimal, end: End
) -> dict[str, Cash]:
    """What becomes of every cash movement of an order that stands open in the ERP."""
    on_order_only = profile == "strict" and end == "sales_order"
    fates: dict[str, Cash] = {}
    balance, values = total, booked(root, order)
    for said in collected(root):
        fate = _record(said.body, values[said.ident], balance, shop, refused=on_order_only)
        fates[said.ident] = fate
        balance -= fate.amount
    for said in given_back(root):
        fates[said.ident] = _give_back(root, said.body, fates, shop, profile)
    return fates


def _record(body: Doc, value: Decimal | None, balance: Decimal, shop: Shop, *, refused: bool) -> Cash:
    if value is None:
        return Cash("parked", "currency_unsupported")
    if body["gateway"] not in shop.tenders:
        return Cash("parked", "tender_unmapped")
    if value > balance:
        return Cash("parked", "overpaid")
    if refused:
        return Cash("parked", "waits_for_invoice")
    return Cash("posted", None, value)


def _give_back(root: Root, body: Doc, fates: dict[str, Cash], shop: Shop, profile: Profile) -> Cash:
    parent = fates.get(str(body["parent_id"]))
    if parent is None or parent.outcome != "posted":
        return Cash("parked", "parent_parked")
    original = root.transactions[str(body["parent_id"])].body
    value = amount(body["amount"])
    if body["currency"] != shop.currency:
        if body["amount"] != original["amount"]:
            return Cash("parked", "currency_unsupported")
        value = parent.amount
    if units(shop.currency) != CENTS:
        return Cash("parked", "refund_units")
    # Strict: this ERP refuses to refund what no processor holds.
    return Cash("parked", "refund_refused") if profile == "strict" else Cash("posted", None, value)
