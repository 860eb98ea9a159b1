"""Customer receipts that no bank transaction matches: where a payment over several orders can be found again."""

from collections.abc import Iterator

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, invalid
from sandbox.arcus.resources.paging import by_page

TENDERS = frozenset({"ach", "wire", "external", "check", "cash"})


def unmatched(call: Call) -> Reply:
    """GET /accounting/unmatched-receipts, by page."""
    page = by_page(_rows(call), call.query, default=50, most=200)
    del page["total_pages"]
    return Reply(page, wrap="never")


def _rows(call: Call) -> Iterator[Doc]:
    query = call.query
    first, last = query.get("date_from", "0000"), query.get("date_to", "9999")
    if last < first:
        raise invalid("date_to", "lies before date_from.")
    account_id = query.get("account_id")
    rows = call.view.scan("payments") if account_id is None else call.view.find("payment_account", account_id)
    for paid in rows:
        if paid["payment_method"] in TENDERS and paid["status"] != "voided" and first <= paid["payment_date"] <= last:
            yield _shown(call, paid)


def _shown(call: Call, paid: Doc) -> Doc:
    order = call.view.get("orders", paid["order_id"] or "")
    account = call.view.get("accounts", paid["account_id"])
    return {
        "id": paid["id"],
        "order_id": paid["order_id"],
        "order_number": order["order_number"] if order is not None else None,
        "account_id": paid["account_id"],
        "account_name": account["display_name"] if account is not None else None,
        "amount": paid["amount"],
        "payment_method": paid["payment_method"],
        "status": "posted",
        "posted_at": paid["payment_date"],
        "check_number": paid["check_number"],
        "external_reference": paid["external_reference"],
        "is_multi_application": paid["order_id"] is None,
        "applications": paid["applications"],
    }
