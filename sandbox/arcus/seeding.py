"""What the control plane puts into an entity before the play begins: settings, products, accounts, saved cards."""

from decimal import Decimal
from typing import Any

from sandbox.arcus.call import Call
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.money import ZERO, amount
from sandbox.arcus.resources import accounts
from sandbox.arcus.store import Entity
from sandbox.arcus.world import World

PRODUCT_TYPES = ("physical", "kit", "box", "service", "variant_parent")
ACCOUNT_EXTRAS = ("is_credit_hold", "is_delinquent", "default_pricing_level_id", "external_customer_id")


def seed(world: World, entity: Entity, body: Doc) -> Doc:
    """Commit everything of one entity at once and return the ids."""
    settings = {**body.get("settings", {}), **({"key": body["key"]} if "key" in body else {})}
    if settings:
        world.put_settings(entity, settings)
    call = world.call(entity)
    products = _products(call, body.get("products", []))
    made = [_account(call, account) for account in body.get("accounts", [])]
    methods = [_method(call, method) for method in body.get("payment_methods", [])]
    world.commit_control(entity, call.tx.changes)
    return {
        "products": [_named(product) for product in products],
        "accounts": [
            {"id": account["id"], "account_number": account["account_number"], "addresses": account["addresses"]}
            for account in made
        ],
        "payment_methods": methods,
        "settings": entity.settings,
    }


def _named(product: Doc) -> Doc:
    variants = [{"id": variant["id"], "sku": variant["sku"]} for variant in product["variants"]]
    return {"id": product["id"], "sku": product["sku"], "variants": variants}


def _products(call: Call, bodies: list[Doc]) -> list[Doc]:
    made = [_product(call, body) for body in bodies]
    by_sku = {product["sku"]: product["id"] for product in [*call.entity.scan("products"), *made]}
    for product in made:
        for component in product["components"]:
            component.setdefault("component_product_id", by_sku.get(component.pop("sku", "")))
            component.setdefault("quantity", 1)
        call.tx.put("products", product)
    return made


def _money(call: Call, value: object, param: str) -> Decimal:
    return ZERO if value is None else amount(value, param=param, smallest=call.smallest)


def _product(call: Call, body: Doc) -> Doc:
    ident = body.get("id") or call.ids.new("product")
    variants = [_variant(call, ident, variant) for variant in body.get("variants", [])]
    kind = body.get("product_type", "physical")
    if kind not in PRODUCT_TYPES:
        raise Refusal(400, "validation_failed", f"product_type is one of {', '.join(PRODUCT_TYPES)}.")
    for row in body.get("inventory", []):
        _stock(call, ident, variants, row)
    pricing = [
        {
            **entry,
            "sell_price": _money(call, entry["sell_price"], "sell_price"),
            "min_quantity": entry.get("min_quantity", 1),
        }
        for entry in body.get("pricing", [])
    ]
    defaults: dict[str, Any] = {
        "description": None,
        "part_number": None,
        "barcode": None,
        "is_active": True,
        "is_serialized": False,
        "charge_tax": kind != "service",
        "track_inventory": bool(body.get("inventory")),
        "weight": None,
        "weight_uom": "lb",
        "product_tax_code": None,
        "category_id": None,
        "metadata": {},
    }
    return {
        **{name: body.get(name, value) for name, value in defaults.items()},
        "id": ident,
        "object": "product",
        "entity_id": call.entity.id,
        "title": body.get("title", body["sku"]),
        "sku": body["sku"],
        "product_type": kind,
        "list_price": _money(call, body.get("list_price"), "list_price"),
        "cost": _money(call, body.get("cost"), "cost"),
        "has_variants": bool(variants),
        "variants": variants,
        "components": [dict(component) for component in body.get("components", [])],
        "pricing": pricing,
        "created_at": call.now,
        "updated_at": call.now,
    }


def _variant(call: Call, product_id: str, body: Doc) -> Doc:
    price = body.get("price")
    return {
        "id": body.get("id") or call.ids.new("variant"),
        "object": "product_variant",
        "product_id": product_id,
        "sku": body["sku"],
        "barcode": body.get("barcode"),
        "variant_title": body.get("title", body["sku"]),
        "option1": body.get("option1"),
        "option2": body.get("option2"),
        "option3": body.get("option3"),
        "price": None if price is None else _money(call, price, "price"),
        "weight": body.get("weight"),
        "is_active": body.get("is_active", True),
        "metadata": body.get("metadata", {}),
    }


def _stock(call: Call, product_id: str, variants: list[Doc], body: Doc) -> None:
    location = body.get("location_id") or call.entity.settings["default_location_id"]
    variant = next((variant["id"] for variant in variants if variant["sku"] == body.get("variant_sku")), None)
    row = {
        "id": f"{product_id}:{variant or ''}:{location}",
        "object": "inventory_balance",
        "product_id": product_id,
        "variant_id": variant,
        "location_id": location,
        "on_hand": int(body["on_hand"]),
        "allocated": 0,
    }
    call.tx.put("balances", row)


def _account(call: Call, body: Doc) -> Doc:
    extras = {name: body[name] for name in ACCOUNT_EXTRAS if name in body}
    if "id" in body:
        extras["id"] = body["id"]
    account = {**accounts.build(call, body), **extras}
    for token in body.get("cards", []):
        call.tx.put("payment_methods", accounts.saved_card(call, account["id"], token))
    return call.tx.put("accounts", account)


def _method(call: Call, body: Doc) -> Doc:
    account = call.need("accounts", body["account_id"], what="account")
    method = {**accounts.saved_card(call, account["id"], body.get("token", "pm_card_visa")), **body}
    return call.tx.put("payment_methods", method)
