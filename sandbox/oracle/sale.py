"""A sale by component, from an order's body; what a refund takes off it; and whether the shop's own sums agree."""

from collections.abc import Iterable
from decimal import Decimal

from sandbox.oracle.decimals import ZERO, amount, half_up, shop_money
from sandbox.oracle.reading import Doc

Components = dict[str, Decimal]


def is_tip(line: Doc) -> bool:
    """Whether a line is a tip."""
    return "tip" in line


def is_stock(line: Doc) -> bool:
    """Whether a line is an article with a SKU of its own."""
    return not (is_tip(line) or line["gift_card"] or (line["product_id"] is None and not line["sku"]))


def _bucket(line: Doc) -> str:
    return "tips" if is_tip(line) else "gift_cards" if line["gift_card"] else "goods"


def _taxes(part: Doc) -> Decimal:
    return sum((amount(tax["price"]) for tax in part["tax_lines"]), ZERO)


def _owed(part: Doc) -> str:
    """Whose liability the tax of a line or charge is; a shop's bodies do not mix the two on one line."""
    return "marketplace_tax" if any(tax["channel_liable"] for tax in part["tax_lines"]) else "tax"


def _discounts(part: Doc) -> Decimal:
    return sum((amount(one["amount"]) for one in part["discount_allocations"]), ZERO)


def _duties(line: Doc) -> Decimal:
    return sum((amount(duty["shop_money"]["amount"]) for duty in line["duties"]), ZERO)


def refunded_pieces(refunds: Iterable[Doc]) -> dict[str, int]:
    """Pieces that refund records account for, by line."""
    pieces: dict[str, int] = {}
    for refund in refunds:
        for line in refund["refund_line_items"]:
            ident = str(line["line_item_id"])
            pieces[ident] = pieces.get(ident, 0) + line["quantity"]
    return pieces


def removed_pieces(order: Doc, refunds: Iterable[Doc]) -> dict[str, int]:
    """Pieces that an edit took off and no refund accounts for, by line."""
    given = refunded_pieces(refunds)
    gone = {
        str(line["id"]): line["quantity"] - line["current_quantity"] - given.get(str(line["id"]), 0)
        for line in order["line_items"]
        if not is_tip(line)
    }
    return {ident: count for ident, count in gone.items() if count > 0}


def sale(order: Doc, refunds: Iterable[Doc]) -> Components:
    """The sale that the ERP must show: original lines less what edits took off, prices net of included tax."""
    removed, currency, inside = removed_pieces(order, refunds), order["currency"], order["taxes_included"]
    sums: Components = {}

    def add(name: str, value: Decimal) -> None:
        sums[name] = sums.get(name, ZERO) + value

    for line in order["line_items"]:
        count = line["quantity"]
        kept = count - removed.get(str(line["id"]), 0)
        tax, discount, duties = (
            half_up(part * kept / count, currency) for part in (_taxes(line), _discounts(line), _duties(line))
        )
        add(_bucket(line), amount(line["price"]) * kept - (tax if inside else ZERO))
        add(_owed(line), tax)
        add("discount", discount)
        add("duties", duties)
    for charge in order["shipping_lines"]:
        tax = _taxes(charge)
        add("shipping", amount(charge["price"]) - (tax if inside else ZERO))
        add(_owed(charge), tax)
        add("discount", _discounts(charge))
    add("fees", shop_money(order["original_total_additional_fees_set"]))
    add("rounding", shop_money(order["total_cash_rounding_payment_adjustment_set"]))
    return totalled(sums)


def totalled(sums: Components) -> Components:
    """Drop what is nothing and add the total; a discount is taken off."""
    total = sum(sums.values(), ZERO) - 2 * sums.get("discount", ZERO)
    return {name: value for name, value in sums.items() if value} | {"total": total}


def taken_off(refund: Doc, order: Doc) -> Components:
    """The value side of a refund by component; what the shop kept back is its discount."""
    inside = order["taxes_included"]
    lines = {str(line["id"]): line for line in order["line_items"]}
    sums: Components = {}
    for back in refund["refund_line_items"]:
        net = shop_money(back["subtotal_set"]) - (shop_money(back["total_tax_set"]) if inside else ZERO)
        bucket = _bucket(lines[str(back["line_item_id"])])
        sums[bucket] = sums.get(bucket, ZERO) + net
        sums["tax"] = sums.get("tax", ZERO) + shop_money(back["total_tax_set"])
    for one in refund["order_adjustments"]:
        value = -shop_money(one["amount_set"])
        if one["kind"] == "shipping_refund":
            sums["shipping"] = sums.get("shipping", ZERO) + value
            sums["tax"] = sums.get("tax", ZERO) - shop_money(one["tax_amount_set"])
        elif value < 0:
            sums["discount"] = sums.get("discount", ZERO) - value
    return totalled(sums)


def beyond(refund: Doc) -> Decimal:
    """What the buyer got beyond goods and shipping."""
    found = (
        -shop_money(one["amount_set"]) for one in refund["order_adjustments"] if one["kind"] == "refund_discrepancy"
    )
    return max(ZERO, sum(found, ZERO))


def wrong_sum(order: Doc, refunds: Iterable[Doc]) -> str:
    """Name the equation of sources.md 1.9 or 1.10 that the body breaks; empty where all hold."""
    refunds = list(refunds)
    lines = [line for line in order["line_items"] if not is_tip(line)]
    goods = sum((amount(line["price"]) * line["quantity"] for line in lines), ZERO)
    parts = [*order["line_items"], *order["shipping_lines"]]
    tax, discount = sum(map(_taxes, parts), ZERO), sum(map(_discounts, parts), ZERO)
    shipping = sum((amount(charge["price"]) for charge in order["shipping_lines"]), ZERO)
    extras = amount(order["total_tip_received"]) + shop_money(order["original_total_duties_set"])
    extras += shop_money(order["original_total_additional_fees_set"])
    total = goods - discount + shipping + (ZERO if order["taxes_included"] else tax) + extras
    if total != amount(order["total_price"]):
        return "total"
    stated = (("total_line_items_price", goods), ("total_discounts", discount), ("total_tax", tax))
    for name, value in stated:
        if value != amount(order[name]):
            return name
    # What the shop kept back and what it gave beyond are no part of the shop's own count (sources.md 1.10).
    back = ZERO
    for refund in refunds:
        off = taken_off(refund, order)
        back += off["total"] + off.get("discount", ZERO)
    now = sale(order, refunds)
    left = now["total"] - now.get("rounding", ZERO) - back
    return "" if left == amount(order["current_total_price"]) else "current_total"
