"""Lines and shipping charges inside bodies."""

from sandbox.shop.documents import Doc, allocations, both, money, money_set, tax_lines
from sandbox.shop.model import Line, Order, Shipping
from sandbox.shop.money import ZERO
from sandbox.shop.shops import PICK_UP_TITLE


def line_item(order: Order, line: Line) -> Doc:
    """One line."""
    tip = {"tip": {"payment_gateway": "shopify_payments", "payment_method": "Visa"}} if line.kind == "tip" else {}
    goods = line.kind in ("stock", "custom")
    shipped = order.shipped.get(line.id, 0)
    return {
        "id": line.id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line.id}",
        "attributed_staffs": [],
        "current_quantity": line.current,
        "fulfillable_quantity": max(0, line.current - shipped) if goods else 0,
        "fulfillment_service": "manual",
        "fulfillment_status": "fulfilled" if shipped >= line.quantity else ("partial" if shipped else None),
        "gift_card": line.kind == "gift_card",
        "grams": 400 if goods else 0,
        "name": line.title,
        **both(order, "price", line.price),
        "product_exists": line.product_id is not None,
        "product_id": line.product_id,
        "properties": [{"name": name, "value": value} for name, value in line.properties],
        "quantity": line.quantity,
        "requires_shipping": goods,
        "sales_line_item_group_id": None,
        "sku": line.sku,
        "taxable": line.kind == "stock",
        "title": line.title,
        **both(order, "total_discount", ZERO),
        "variant_id": line.variant_id,
        "variant_inventory_management": "shopify" if line.variant_id else None,
        "variant_title": None,
        "vendor": order.shop.code if line.product_id else None,
        "tax_lines": tax_lines(order, line.taxes),
        "duties": _duties(order, line),
        "discount_allocations": allocations(order, line.discounts),
        **tip,
    }


def _duties(order: Order, line: Line) -> list[Doc]:
    if not line.duties:
        return []
    return [
        {
            "id": line.id + 5,
            "harmonized_system_code": "520300",
            "country_code_of_origin": "CN",
            "shop_money": {"amount": money(order, line.duties), "currency_code": order.currency},
            "presentment_money": money_set(order, line.duties)["presentment_money"],
            "tax_lines": [],
        }
    ]


def shipping_line(order: Order, charge: Shipping) -> Doc:
    """One shipping charge."""
    pick_up = charge.title == PICK_UP_TITLE
    return {
        "id": charge.id,
        "carrier_identifier": None,
        "code": charge.title,
        "title": charge.title,
        "source": "Local pickup" if pick_up else "shopify",
        "phone": None,
        "is_removed": False,
        "requested_fulfillment_service_id": None,
        **both(order, "price", charge.price),
        **both(order, "discounted_price", charge.price - charge.discount),
        "current_discounted_price_set": money_set(order, charge.price - charge.discount),
        "tax_lines": tax_lines(order, charge.taxes),
        "discount_allocations": allocations(order, charge.discounts),
    }
