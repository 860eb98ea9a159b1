"""Orders: the atomic create of every document type, and the reads."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.clock import iso
from sandbox.arcus.errors import Doc, Refusal, invalid
from sandbox.arcus.fields import children, choice, day, flag, kept_metadata, required_text, text
from sandbox.arcus.resources import addresses, gates, hydrate, inline_payments, stock
from sandbox.arcus.resources.paging import by_offset
from sandbox.arcus.resources.pricing import MOST_LINES, lines_of
from sandbox.arcus.resources.totals import adjustment, taxed, totalled

PREFIX = {"quote": "Q", "sales_order": "SO", "invoice": "INV", "return": "RET", "purchase_order": "PO"}
DELIVERY = ("ship", "pick_up", "local_delivery")
PROVENANCE = ("source_platform", "external_order_id", "external_order_number")
FILTERS = ("document_type", "account_id", "order_status", "payment_status")


def create(call: Call) -> Reply:
    """POST /orders: header, lines, discount, tax and stock in one transaction; card payments after it."""
    body = call.body
    kind = required_text(body, "document_type")
    choice(body, "document_type", PREFIX)
    account = _account(call, kind)
    planned = inline_payments.checked(call)
    order = _header(call, kind, account)
    made = lines_of(call, order["id"], account, _items(call), name="line_items")
    order["line_items"] = [line for _, line in made]
    order["adjustments"] = _discount(call)
    order = totalled(call, order)
    if flag(body, "auto_compute_tax"):
        order = totalled(call, taxed(call, order, account))
    if flag(body, "auto_allocate_inventory"):
        taken = stock.reserve(call, made, order["location_id"], whole=True)
        order["line_items"] = [{**line, "quantity_allocated": taken.get(line["id"], 0)} for line in order["line_items"]]
    if kind == "invoice" and call.profile.invoice_posts_at_create:
        order = gates.posted_at_create(call, order, account)
    siblings = {}
    if planned:
        order, results = inline_payments.charge(call, order, planned)
        siblings = {"_inline_payment_results": results}
    call.tx.put("orders", order)
    subjects = (order["account_id"], order["order_number"])
    return Reply(hydrate.order(call, order) if planned else order, 201, "strict", siblings, subjects, order["id"])


def _account(call: Call, kind: str) -> Doc:
    ident = required_text(call.body, "account_id")
    account = call.need("accounts", ident, what="account", param="account_id")
    if (kind == "purchase_order") is not (account["account_type"] == "vendor"):
        wanted = "vendor" if kind == "purchase_order" else "customer"
        hint = f"A {kind} needs a {wanted} account."
        raise Refusal(422, "account_role_mismatch", hint, param="account_id")
    if not account["is_active"]:
        winner = account["merged_into_account_id"]
        hint = f"The account is inactive{f'; it was merged into {winner}' if winner else ''}."
        raise Refusal(422, "account_inactive", hint, param="account_id")
    return account


def _exempt(call: Call, account: Doc) -> bool:
    code = text(call.body, "avatax_entity_code") or account["avatax_entity_code"]
    if flag(call.body, "tax_exempt") and not code:
        hint = "tax_exempt needs an avatax_entity_code on the order or the account."
        raise Refusal(422, "tax_exempt_requires_exemption_code", hint, param="tax_exempt")
    return flag(call.body, "tax_exempt", default=bool(account["tax_exempt"] and code))


def _address(call: Call, account: Doc, kind: str) -> str | None:
    name = f"{kind}_address_id"
    sent = text(call.body, name)
    if sent is None:
        return addresses.default_of(account, kind)
    if addresses.of_account(account, sent) is None:
        raise invalid(name, f"account {account['account_number']} has no address {sent}.")
    return sent


def _location(call: Call) -> str | None:
    settings = call.entity.settings
    sent = text(call.body, "location_id")
    known = settings.get("locations")
    if sent is not None and known is not None and sent not in known:
        raise invalid("location_id", f"no location {sent} in this entity.")
    return sent or settings.get("default_location_id")


def _header(call: Call, kind: str, account: Doc) -> Doc:
    body = call.body
    number = call.tx.number(PREFIX[kind])
    kept = call.profile.provenance_sticks
    return {
        "id": call.ids.new("order"),
        "object": "order",
        "entity_id": call.entity.id,
        "order_number": number,
        "document_type": kind,
        "order_status": "draft",
        "payment_status": "unpaid",
        "fulfillment_status": "unfulfilled",
        "account_id": account["id"],
        "location_id": _location(call),
        "shipping_address_id": _address(call, account, "shipping"),
        "billing_address_id": _address(call, account, "billing"),
        "po_number": None,
        "order_date": call.now,
        "due_date": None,
        "subtotal": 0,
        "discount_total": 0,
        "shipping_total": 0,
        "tax_total": 0,
        "fee_total": 0,
        "order_total": 0,
        "amount_paid": 0,
        "amount_refunded": 0,
        "balance_due": 0,
        "tax_exempt": _exempt(call, account),
        "delivery_option": choice(body, "delivery_option", DELIVERY, default="ship"),
        "notes": text(body, "notes"),
        "internal_notes": None,
        "customer_notes": text(body, "customer_notes"),
        "invoice_number": number if kind == "invoice" else None,
        "invoice_type": "order" if kind == "invoice" else None,
        "payment_term_id": text(body, "payment_term_id") or account["payment_term_id"],
        "pricing_level_id": text(body, "pricing_level_id") or account["default_pricing_level_id"],
        "sales_channel_id": text(body, "sales_channel_id") or account["default_sales_channel_id"],
        "requested_ship_date": day(body, "requested_ship_date"),
        "ships_freight": flag(body, "ships_freight"),
        "linked_order_id": None,
        "is_on_hold": False,
        "hold_type": None,
        "hold_reason": None,
        "released_at": None,
        "ship_complete": False,
        **{name: text(body, name) if kept else None for name in PROVENANCE},
        "metadata": kept_metadata(body, sticks=call.profile.metadata_sticks),
        "line_items": [],
        "payments": [],
        "tax_lines": [],
        "adjustments": [],
        "created_at": call.now,
        "updated_at": call.now,
    }


def _items(call: Call) -> list[Doc]:
    return children(call.body, "line_items", at_most=MOST_LINES, status=call.profile.child_status)


def _discount(call: Call) -> list[Doc]:
    sent = call.body.get("discount")
    if sent is None:
        return []
    status = call.profile.child_status
    if not isinstance(sent, dict) or sent.get("type") not in ("percentage", "flat"):
        raise invalid("discount.type", "must be percentage or flat.", status=status)
    kind = "percentage" if sent["type"] == "percentage" else "fixed_amount"
    row = adjustment(
        call, name="Discount", effect="discount", kind=kind, value=sent.get("value"), param="discount.value"
    )
    return [row]


def one(call: Call) -> Reply:
    """GET /orders/{id}, by id or by number."""
    order = call.order(call.path_ids[0])
    if not call.profile.hydrate_get:
        return Reply(hydrate.row(call, order))
    return Reply(hydrate.expanded(call, hydrate.order(call, order)))


def listed(call: Call) -> Reply:
    """GET /orders, by offset."""
    return _list(call, call.query.get("document_type"))


def invoices(call: Call) -> Reply:
    """GET /orders/invoices."""
    return _list(call, "invoice")


def _list(call: Call, kind: str | None) -> Reply:
    if kind is not None and kind not in PREFIX:
        raise invalid("document_type", f"must be one of: {', '.join(sorted(PREFIX))}.")
    wanted = {name: call.query[name] for name in FILTERS if name in call.query}
    if kind is not None:
        wanted["document_type"] = kind
    since, until = _moment(call, "created_after"), _moment(call, "created_before")
    found = (order for order in _since(call, since) if _fits(order, wanted, until))
    page = by_offset(found, call.query)
    page["data"] = [hydrate.row(call, order) for order in page["data"]]
    return Reply(page, wrap="never")


def _fits(order: Doc, wanted: dict[str, str], until: str | None) -> bool:
    if until is not None and order["created_at"] > until:
        return False
    return all(order[name] == value for name, value in wanted.items())


def _since(call: Call, since: str | None) -> Iterable[Doc]:
    """Orders from a moment on, in the profile's order; walks back from the newest, so a short span stays cheap."""
    account = call.query.get("account_id")
    if account is not None:
        rows = [
            order for order in call.view.find("order_account", account) if since is None or order["created_at"] >= since
        ]
        return reversed(rows) if call.profile.newest_first else rows
    if since is None:
        return call.view.scan("orders", newest_first=call.profile.newest_first)
    recent = _recent(call.view.scan("orders", newest_first=True), since)
    return recent if call.profile.newest_first else reversed(list(recent))


def _recent(newest: Iterator[Doc], since: str) -> Iterator[Doc]:
    for order in newest:
        if order["created_at"] < since:
            return
        yield order


def _moment(call: Call, name: str) -> str | None:
    value = call.query.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError as error:
        raise invalid(name, "must be an ISO 8601 date or time.") from error
    return iso((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
