"""Accounts: create with addresses, contacts and saved cards in one call, read, list, search."""

from collections.abc import Iterator
from decimal import Decimal

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal, missing
from sandbox.arcus.fields import children, choice, flag, kept_metadata, text
from sandbox.arcus.money import ZERO, amount
from sandbox.arcus.resources import addresses
from sandbox.arcus.resources.paging import by_page

TYPES = ("business", "individual", "lead", "vendor")
CUSTOMERS = ("business", "individual")
# Stripe's test tokens; the last one is declined whenever it is charged.
TOKENS = {"pm_card_visa": "visa", "pm_card_mastercard": "mastercard", "pm_card_visa_chargeDeclined": "visa"}


def create(call: Call) -> Reply:
    """POST /accounts."""
    account = build(call, call.body)
    methods = [_method(call, account["id"], child) for child in children(call.body, "payment_methods", at_most=10)]
    if methods and not call.entity.settings.get("stripe_connected", True):
        raise Refusal(422, "stripe_not_connected", "Connect Stripe before saving cards.", param="payment_methods")
    for method in methods:
        call.tx.put("payment_methods", method)
    call.tx.put("accounts", account)
    return Reply(account, 201)


def build(call: Call, body: Doc) -> Doc:
    """Return a new account document."""
    name = text(body, "name") or text(body, "display_name")
    if not name:
        raise missing("name")
    kind = choice(body, "account_type", TYPES)
    sent = children(body, "addresses", at_most=50)
    built = [addresses.build(call, child, path=f"addresses[{index}].") for index, child in enumerate(sent)]
    limit = body.get("credit_limit")
    settings = call.entity.settings
    return {
        "id": call.ids.new("account"),
        "object": "account",
        "entity_id": call.entity.id,
        "display_name": name,
        "company_name": text(body, "company_name"),
        "account_type": kind,
        "account_number": call.tx.number("VEND" if kind == "vendor" else "CUST", digits=5),
        "email": text(body, "email"),
        "phone_main": text(body, "phone") or text(body, "phone_main"),
        "payment_term_id": text(body, "payment_term_id") or settings.get("payment_term_id"),
        "credit_limit": None if limit is None else amount(limit, param="credit_limit", smallest=call.smallest),
        "credit_balance": ZERO,
        "is_credit_hold": False,
        "tax_exempt": flag(body, "tax_exempt"),
        "avatax_entity_code": text(body, "avatax_entity_code"),
        "default_pricing_level_id": settings.get("pricing_level_id"),
        "default_sales_channel_id": settings.get("sales_channel_id"),
        "default_location_id": settings.get("default_location_id"),
        "is_active": True,
        "notes": text(body, "notes"),
        "tags": body.get("tags") or [],
        "external_customer_id": text(body, "external_customer_id") if call.profile.provenance_sticks else None,
        "metadata": kept_metadata(body, sticks=call.profile.metadata_sticks),
        "merged_into_account_id": None,
        "merged_at": None,
        "addresses": addresses.with_defaults(built),
        "contacts": [_contact(call, child) for child in children(body, "contacts", at_most=50)],
        "created_at": call.now,
        "updated_at": call.now,
    }


def _contact(call: Call, body: Doc) -> Doc:
    shown = {name: text(body, name) for name in ("first_name", "last_name", "email", "phone", "website")}
    return {"id": call.ids.new("cnt"), "object": "contact", **shown, "title": text(body, "role")}


def _method(call: Call, account_id: str, body: Doc) -> Doc:
    token = text(body, "token") or text(body, "stripe_payment_method_id")
    if token not in TOKENS:
        raise Refusal(422, "validation_error", f"Unknown payment token {token!r}.", param="payment_methods")
    return saved_card(call, account_id, token)


def saved_card(call: Call, account_id: str, token: str) -> Doc:
    """Return a saved card of an account."""
    return {
        "id": call.ids.new("method"),
        "object": "payment_method",
        "account_id": account_id,
        "method_type": "credit_card",
        "is_default": False,
        "is_verified": True,
        "last4": "4242",
        "brand": TOKENS.get(token, "visa"),
        "exp_month": 12,
        "exp_year": 2040,
        "bank_name": None,
        "account_type": None,
        "stripe_payment_method_id": token,
        "created_at": call.now,
    }


def one(call: Call) -> Reply:
    """GET /accounts/{id}; a merged account still answers and names its winner."""
    return Reply(call.need("accounts", call.path_ids[0], what="account"))


def payment_methods(call: Call) -> Reply:
    """GET /accounts/{id}/payment-methods."""
    account = call.need("accounts", call.path_ids[0], what="account")
    return Reply({"data": list(call.view.find("method_account", account["id"]))}, wrap="never")


def listed(call: Call) -> Reply:
    """GET /accounts, by page; without the full-text parameter it crawls everything active."""
    return Reply(by_page(_wanted(call), call.query), wrap="never")


def _wanted(call: Call) -> Iterator[Doc]:
    query = call.query
    needle = (query.get(call.profile.account_search_param) or "").casefold()
    kind = query.get("account_type", "all")
    kinds = {"all": TYPES, "customer": CUSTOMERS}.get(kind, (kind,))
    activity = "all" if query.get("include_inactive") == "true" else query.get("is_active", "true")
    for account in call.view.scan("accounts", newest_first=call.profile.newest_first):
        shown = activity == "all" or account["is_active"] is (activity == "true")
        if shown and account["account_type"] in kinds and (not needle or needle in searchable(account)):
            yield account


def searchable(account: Doc) -> str:
    """Return the text that the search looks through."""
    names = ("display_name", "company_name", "email", "phone_main", "account_number")
    return " ".join(account[name] or "" for name in names).casefold()


def credit_exposure(call: Call, account: Doc) -> Decimal:
    """Sum of what the account's confirmed orders still owe."""
    orders = call.view.find("order_account", account["id"])
    live = ("draft", "on_hold", "cancelled", "voided")
    return sum((order["balance_due"] for order in orders if order["order_status"] not in live), ZERO)
