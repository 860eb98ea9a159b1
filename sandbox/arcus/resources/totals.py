"""An order's money: adjustments, tax, totals, what is paid and what is due."""

from decimal import Decimal

from sandbox.arcus.call import Call
from sandbox.arcus.errors import Doc, invalid
from sandbox.arcus.money import ZERO, amount, percentage, rounded
from sandbox.arcus.resources import addresses


def adjustment(call: Call, *, name: str, effect: str, kind: str, value: object, param: str) -> Doc:
    """Return one adjustment row; `kind` is percentage or fixed_amount."""
    status = call.profile.child_status if param.startswith("discount") else 400
    if kind == "percentage":
        number = percentage(value, param=param, status=status)
    else:
        number = amount(value, param=param, smallest=call.smallest, status=status)
    return {
        "id": call.ids.new("adj"),
        "object": "order_adjustment",
        "name": name,
        "adjustment_type": effect,
        "effect_type": effect,
        "discount_type": kind,
        "value": number,
        "amount": ZERO,
        "created_at": call.now,
    }


def totalled(call: Call, order: Doc, *, param: str = "discount.value") -> Doc:
    """Return the order with every total computed from its lines, adjustments and tax lines."""
    subtotal = sum((line["line_subtotal"] for line in order["line_items"]), ZERO)
    adjustments = [_priced(row, subtotal, call.smallest) for row in order["adjustments"]]
    discount = sum((row["amount"] for row in adjustments if row["effect_type"] == "discount"), ZERO)
    fees = sum((row["amount"] for row in adjustments if row["effect_type"] == "fee"), ZERO)
    tax = sum((row["tax_amount"] for row in order["tax_lines"]), ZERO)
    total = subtotal - discount + fees + tax + order["shipping_total"]
    if total < 0:
        raise invalid(param, "the discount is larger than the order.", status=call.profile.child_status)
    fresh = {
        "subtotal": subtotal,
        "discount_total": discount,
        "fee_total": fees,
        "tax_total": tax,
        "order_total": total,
        "adjustments": adjustments,
        "updated_at": call.now,
    }
    return with_balance(call, {**order, **fresh})


def _priced(row: Doc, subtotal: Decimal, smallest: Decimal) -> Doc:
    value: Decimal = row["value"]
    worth = rounded(subtotal * value / 100, smallest) if row["discount_type"] == "percentage" else value
    return {**row, "amount": worth}


def with_balance(call: Call, order: Doc, *, paid: Decimal = ZERO, refunded: Decimal = ZERO) -> Doc:
    """Return the order with more paid or refunded, its balance and its payment status."""
    back = order["amount_refunded"] + refunded
    net = order["amount_paid"] + paid
    if call.profile.refund_reopens_balance:
        net -= refunded
    gross = net + back if call.profile.refund_reopens_balance else net
    closed = order["order_status"] in ("cancelled", "voided")
    return {
        **order,
        "amount_paid": net,
        "amount_refunded": back,
        "balance_due": ZERO if closed else order["order_total"] - net,
        "payment_status": _payment_status(order, gross, net, back),
        "updated_at": call.now,
    }


def _payment_status(order: Doc, gross: Decimal, net: Decimal, back: Decimal) -> str:
    if order["order_status"] == "voided":
        return "voided"
    if back:
        return "refunded" if back >= gross else "partially_refunded"
    if not net:
        return "unpaid"
    total = order["order_total"]
    if net == total:
        return "paid"
    return "partially_paid" if net < total else "overpaid"


def taxed(call: Call, order: Doc, account: Doc) -> Doc:
    """Return the order with tax by local rates; nothing where exempt, abroad, or while the tax service is down."""
    address = addresses.of_account(account, order["shipping_address_id"])
    rate = _rate(call, order, address)
    lines = [{**line, "tax_amount": ZERO, "line_total": line["line_subtotal"]} for line in order["line_items"]]
    taxable = [line for line in lines if not line["is_tax_exempt"]]
    base = _base(order, lines, taxable, call.smallest)
    if not rate or base <= 0:
        return {**order, "line_items": lines, "tax_lines": []}
    tax = rounded(base * rate, call.smallest)
    _spread(taxable, tax, call.smallest)
    row = {
        "id": call.ids.new("tax"),
        "name": "Sales tax",
        "jurisdiction": address["state"] if address else None,
        "rate": rate,
        "taxable_amount": base,
        "tax_amount": tax,
    }
    return {**order, "line_items": lines, "tax_lines": [row]}


def _rate(call: Call, order: Doc, address: Doc | None) -> Decimal:
    down = call.tax_down or call.entity.settings.get("tax_down", False)
    if down or order["tax_exempt"] or address is None or address["country"] not in ("US", "USA"):
        return ZERO
    settings = call.entity.settings
    rates = settings.get("tax_rates", {})
    return Decimal(str(rates.get(address["state"], settings["tax_rate"])))


def _base(order: Doc, lines: list[Doc], taxable: list[Doc], smallest: Decimal) -> Decimal:
    """Taxable subtotal less its share of the discount."""
    subtotal = sum((line["line_subtotal"] for line in lines), ZERO)
    part = sum((line["line_subtotal"] for line in taxable), ZERO)
    discount = order["discount_total"]
    if not discount or not subtotal:
        return part
    return part - rounded(discount * part / subtotal, smallest)


def _spread(lines: list[Doc], tax: Decimal, smallest: Decimal) -> None:
    """Give each line its share of the tax; the last takes the remainder."""
    whole = sum((line["line_subtotal"] for line in lines), ZERO)
    left = tax
    for line in lines:
        share = rounded(tax * line["line_subtotal"] / whole, smallest) if line is not lines[-1] else left
        left -= share
        line["tax_amount"] = share
        line["line_total"] = line["line_subtotal"] + share
