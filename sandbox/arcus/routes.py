"""Which path leads to which handler, and what a key must be allowed to do for it."""

from dataclasses import dataclass
from functools import partial

from sandbox.arcus.call import Handler
from sandbox.arcus.errors import Refusal
from sandbox.arcus.resources import (
    account_changes,
    accounts,
    activity,
    credit_memos,
    multi_apply,
    order_changes,
    order_states,
    orders,
    payments,
    products,
    receipts,
    refunds,
    returns,
    stock,
    void,
    webhook_endpoints,
)

API = "/v1/"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `name` is method and template, such as `POST /orders/{}/confirm`."""

    name: str
    handler: Handler
    scopes: tuple[str, ...]
    resource: str
    writes: bool
    lists: bool = False
    expands: frozenset[str] = frozenset()
    marks_replay: bool = False


ORDER_EXPANDS = frozenset(
    [
        "customer",
        "account",
        "line_items",
        "line_items.product",
        "payments",
        "refunds",
        "packages",
        "fulfillments",
        "gl_entries",
        "invoice",
        "tax_lines",
        "returns",
    ]
)
ACCOUNT_EXPANDS = frozenset(
    ["addresses", "contacts", "payment_methods", "default_payment_method", "recent_orders", "credit_terms"]
)
PAYMENT_EXPANDS = frozenset(["order", "refunds", "disputes", "payment_method", "account"])
RETURN_EXPANDS = frozenset(["items", "order", "account"])


def _route(
    name: str,
    handler: Handler,
    *scopes: str,
    expands: frozenset[str] = frozenset(),
    lists: bool = False,
    marks: bool = False,
) -> Route:
    method, _, path = name.partition(" ")
    resource = {"accounting": "payments", "inventory": "balances", "resources": "activity"}
    first = path.split("/")[1]
    named = "payments" if "/payments" in path else resource.get(first, first)
    return Route(name, handler, scopes, named, method != "GET", lists, expands, marks)


_list = partial(_route, lists=True)

ROUTES = {
    route.name: route
    for route in (
        _route("POST /orders", orders.create, "orders:write"),
        _list("GET /orders", orders.listed, "orders:read", expands=ORDER_EXPANDS),
        _list("GET /orders/invoices", orders.invoices, "orders:read", expands=ORDER_EXPANDS),
        _route("GET /orders/{}", orders.one, "orders:read", expands=ORDER_EXPANDS),
        _route("POST /orders/{}/items", order_changes.add_item, "orders:write"),
        _route("POST /orders/{}/items/bulk", order_changes.add_items, "orders:write"),
        _route("POST /orders/{}/adjustments", order_changes.adjust, "orders:write"),
        _route("POST /orders/{}/recalculate", order_changes.recalculate, "orders:write"),
        _route("POST /orders/{}/confirm", order_states.confirm, "orders:write"),
        _route("POST /orders/{}/convert", order_states.convert, "orders:write"),
        _route("POST /orders/{}/cancel", order_states.cancel, "orders:write"),
        _route("POST /orders/{}/release-hold", order_states.release_hold, "orders:write"),
        _route("POST /orders/{}/void", void.void_order, "orders:write"),
        _route("GET /orders/{}/payments", payments.of_order, "orders:read"),
        _route("POST /orders/{}/payments", payments.create, "orders:write", "payments:write"),
        _route("POST /orders/{}/payments/{}/refund", refunds.refund, "payments:write"),
        _route("POST /orders/{}/payments/{}/void", void.void_payment, "payments:write"),
        _route("POST /payments/multi-invoice-apply", multi_apply.apply, "payments:write", marks=True),
        _route("POST /payments/batch", payments.batch, "payments:write"),
        _route("GET /payments/{}", payments.one, "payments:read", expands=PAYMENT_EXPANDS),
        _route("POST /accounts", accounts.create, "accounts:write"),
        _list("GET /accounts", accounts.listed, "accounts:read", expands=ACCOUNT_EXPANDS),
        _route("GET /accounts/{}", accounts.one, "accounts:read", expands=ACCOUNT_EXPANDS),
        _route("PATCH /accounts/{}", account_changes.patch, "accounts:write"),
        _route("DELETE /accounts/{}", account_changes.deactivate, "accounts:delete"),
        _route("POST /accounts/{}/restore", account_changes.restore, "accounts:write"),
        _route("POST /accounts/{}/merge", account_changes.merge, "accounts:write", "accounts:delete"),
        _route("POST /accounts/{}/addresses", account_changes.add_address, "accounts:write"),
        _route("GET /accounts/{}/payment-methods", accounts.payment_methods, "accounts:read"),
        _list("GET /products", products.listed, "products:read"),
        _route("GET /products/{}", products.one, "products:read"),
        _route("GET /products/{}/inventory", stock.of_product, "inventory:read"),
        _list("GET /inventory/balances", stock.balances, "inventory:read"),
        _route("POST /credits", credit_memos.create, "payments:write"),
        _list("GET /credits", credit_memos.listed, "payments:read"),
        _route("POST /credits/{}/apply", credit_memos.apply, "payments:write"),
        _route("POST /returns", returns.create, "returns:write"),
        _list("GET /returns", returns.listed, "returns:read", expands=RETURN_EXPANDS),
        _route("GET /returns/{}", returns.one, "returns:read", expands=RETURN_EXPANDS),
        _route("PATCH /returns/{}", returns.patch, "returns:write"),
        _route("POST /returns/{}/refund", refunds.refund_return, "returns:write", marks=True),
        _list("GET /accounting/unmatched-receipts", receipts.unmatched, "accounting:read"),
        *(
            route
            for base in ("/webhook_endpoints", "/webhooks")
            for route in (
                _route(f"POST {base}", webhook_endpoints.create),
                _list(f"GET {base}", webhook_endpoints.listed),
                _route(f"GET {base}/{{}}", webhook_endpoints.one),
                _route(f"PATCH {base}/{{}}", webhook_endpoints.patch),
                _route(f"DELETE {base}/{{}}", webhook_endpoints.delete),
                _route(f"POST {base}/{{}}/rotate_secret", webhook_endpoints.rotate),
            )
        ),
        _list("GET /activity", activity.listed),
        _list("GET /resources/{}/{}/activity", activity.of_resource),
    )
}
_METHODS: dict[str, set[str]] = {}
for _name in ROUTES:
    _METHODS.setdefault(_name.partition(" ")[2], set()).add(_name.partition(" ")[0])

# Documented, and not part of this sandbox: said so instead of looking like a wrong path.
ELSEWHERE = frozenset(
    [
        "packages",
        "vendor-bills",
        "ap-payments",
        "purchase-orders",
        "migration",
        "reconciliation",
        "reports",
        "customer-credits",
        "journal-entries",
        "pricing-policies",
        "pricing-levels",
        "units-of-measure",
        "variants",
        "bulk",
    ]
)


ELSEWHERE_TEMPLATES = frozenset(
    {
        "/orders/{}/mark-no-show",
        "/orders/{}/confirm-pickup",
        "/orders/{}/apply-coupon",
        "/payments/{}/apply",
        "/accounts/{}/contacts/{}",
        "/accounts/{}/payment-methods/{}/attach",
    }
)


def route_of(method: str, path: str, entity_id: str) -> tuple[Route, tuple[str, ...], str]:
    """Return the route, the ids in the path, and the path without version and entity."""
    if not path.startswith(API):
        raise _no_such_path(path)
    parts = path[len(API) :].split("/")
    if parts[0] == "entities" and len(parts) > 2:
        if parts[1] != entity_id:
            raise Refusal(403, "entity_mismatch", "The API key is not scoped to this entity.")
        parts = parts[2:]
    flat = "/" + "/".join(parts)
    if f"{method} {flat}" in ROUTES:
        return ROUTES[f"{method} {flat}"], (), flat
    template, ids = _template(parts)
    route = ROUTES.get(f"{method} {template}")
    if route is None:
        raise _wrong(method, flat, template, parts[0])
    return route, ids, flat


def _template(parts: list[str]) -> tuple[str, tuple[str, ...]]:
    if parts[0] == "resources" and len(parts) == 4:
        return "/resources/{}/{}/activity" if parts[3] == "activity" else "", tuple(parts[1:3])
    words = ["{}" if index % 2 else word for index, word in enumerate(parts)]
    if len(parts) == 4 and parts[2:] == ["items", "bulk"]:
        words[3] = "bulk"
    return "/" + "/".join(words), tuple(part for part, word in zip(parts, words, strict=True) if word == "{}")


def _wrong(method: str, flat: str, template: str, first: str) -> Refusal:
    methods = _METHODS.get(flat) or _METHODS.get(template)
    if methods:
        return Refusal(405, "method_not_allowed", f"{method} is not allowed here; {', '.join(sorted(methods))} is.")
    if first in ELSEWHERE or template in ELSEWHERE_TEMPLATES:
        return Refusal(501, "not_implemented", f"{flat} is not part of this sandbox.")
    return _no_such_path(flat)


def _no_such_path(path: str) -> Refusal:
    return Refusal(404, "not_found", f"No such path: {path}.")
