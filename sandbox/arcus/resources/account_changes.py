"""Changes to accounts: the PATCH allowlist, addresses, soft deactivation, merge."""

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.fields import metadata, required_text
from sandbox.arcus.money import amount
from sandbox.arcus.resources import addresses

WRITABLE = frozenset(
    [
        "display_name",
        "company_name",
        "email",
        "phone_main",
        "phone_secondary",
        "phone_mobile",
        "website",
        "payment_term_id",
        "credit_limit",
        "tax_exempt",
        "avatax_entity_code",
        "tax_number",
        "default_pricing_level_id",
        "default_sales_channel_id",
        "default_location_id",
        "default_shipping_method",
        "shipping_preference",
        "enable_pro_portal",
        "notes",
        "metadata",
        "external_customer_id",
        "tags",
    ]
)
TERMINAL = frozenset({"cancelled", "voided", "fulfilled"})
# index and table of what follows an account into a merge, and the field that names the account
FOLLOWERS = (
    ("order_account", "orders"),
    ("payment_account", "payments"),
    ("credit_account", "credits"),
    ("method_account", "payment_methods"),
)


def patch(call: Call) -> Reply:
    """PATCH /accounts/{id}."""
    account = call.need("accounts", call.path_ids[0], what="account")
    for name in call.body:
        if name not in WRITABLE:
            raise Refusal(422, "forbidden_field", f"{name} cannot be changed here.", param=name)
    changes = dict(call.body)
    if changes.get("credit_limit") is not None:
        changes["credit_limit"] = amount(changes["credit_limit"], param="credit_limit", smallest=call.smallest)
    if "metadata" in changes:
        changes["metadata"] = metadata(call.body)
    return Reply(_changed(call, account, **changes), wrap="always")


def add_address(call: Call) -> Reply:
    """POST /accounts/{id}/addresses."""
    account = call.need("accounts", call.path_ids[0], what="account")
    address = addresses.build(call, call.body, path="")
    grown = addresses.added(account["addresses"], address)
    _changed(call, account, addresses=grown)
    return Reply(grown[-1], 201)


def deactivate(call: Call) -> Reply:
    """DELETE /accounts/{id}: soft, and refused while orders are open."""
    account = call.need("accounts", call.path_ids[0], what="account")
    open_orders = [
        {"type": "order", "id": order["id"]}
        for order in call.view.find("order_account", account["id"])
        if order["order_status"] not in TERMINAL
    ]
    if open_orders:
        hint = f"{len(open_orders)} open orders refer to this account."
        raise Refusal(409, "resource_in_use", hint, extra={"references": open_orders[:20]})
    return Reply(_changed(call, account, is_active=False))


def restore(call: Call) -> Reply:
    """POST /accounts/{id}/restore."""
    account = call.need("accounts", call.path_ids[0], what="account")
    return Reply(_changed(call, account, is_active=True))


def merge(call: Call) -> Reply:
    """POST /accounts/{id}/merge: the loser becomes inactive, what it had moves to the winner."""
    winner = call.need("accounts", call.path_ids[0], what="account")
    loser_id = required_text(call.body, "loser_account_id")
    loser = call.need("accounts", loser_id, what="account", param="loser_account_id")
    if winner["id"] == loser_id or winner["account_type"] != loser["account_type"]:
        hint = "Two different accounts of one type can be merged."
        raise Refusal(422, "validation_error", hint, param="loser_account_id")
    for index, table in FOLLOWERS:
        for doc in list(call.view.find(index, loser_id)):
            call.tx.put(table, {**doc, "account_id": winner["id"]})
            if table == "orders":
                _move_returns(call, doc["id"], winner["id"])
    _changed(call, loser, is_active=False, merged_into_account_id=winner["id"], merged_at=call.now)
    credit = winner["credit_balance"] + loser["credit_balance"]
    grown = [*winner["addresses"], *_plain(loser["addresses"])]
    return Reply(_changed(call, winner, credit_balance=credit, addresses=grown), subjects=(loser_id,))


def _move_returns(call: Call, order_id: str, winner_id: str) -> None:
    for rma in list(call.view.find("return_order", order_id)):
        call.tx.put("returns", {**rma, "account_id": winner_id})


def _plain(moved: list[Doc]) -> list[Doc]:
    return [{**address, "is_default_billing": False, "is_default_shipping": False} for address in moved]


def _changed(call: Call, account: Doc, **fields: object) -> Doc:
    return call.tx.put("accounts", {**account, **fields, "updated_at": call.now})
