"""A small set of products and accounts for trying the sandbox, and shorthands for what most trials need first."""

import asyncio

from sandbox.arcus.driver import PAUSE, Answer, Driver
from sandbox.arcus.errors import Doc

PRODUCTS = [
    {"sku": "TEA", "title": "Tea", "list_price": 10, "cost": 4, "inventory": [{"on_hand": 10}]},
    {"sku": "SHIRT", "list_price": 20, "variants": [{"sku": "SHIRT-S"}, {"sku": "SHIRT-L", "price": 22}]},
    {"sku": "SET", "product_type": "kit", "list_price": 30, "components": [{"sku": "TEA", "quantity": 2}]},
    {"sku": "SHIPPING", "product_type": "service"},
    {"sku": "CARTON", "product_type": "box"},
    {"sku": "OLD", "list_price": 1, "is_active": False},
    {"sku": "INACTIVE-1", "list_price": 1},
    {"sku": "HOLD-1", "list_price": 5},
    {"sku": "DRIFT-1", "list_price": 5},
    {"sku": "DROPSHIP-SENT-1", "list_price": 5},
    {"sku": "MFG-DONE-1", "list_price": 5},
    {"sku": "BULKY", "list_price": 9, "pricing": [{"min_quantity": 10, "sell_price": 7}]},
]
ADDRESS = {"street1": "1 Main St", "city": "Fresno", "region": "CA", "postal_code": "93650", "country": "US"}
ACCOUNTS = [
    {
        "name": "Ada Buyer",
        "account_type": "individual",
        "email": "ada@example.com",
        "addresses": [{"type": "shipping", **ADDRESS}, {"type": "billing", **ADDRESS}],
        "cards": ["pm_card_visa", "pm_card_visa_chargeDeclined"],
    },
    {"name": "Steel Works", "account_type": "vendor"},
    {"name": "No Address", "account_type": "individual"},
]


async def seeded(driver: Driver, entity: str) -> "Books":
    """Put products and accounts into one entity."""
    body = {"entity": entity, "products": PRODUCTS, "accounts": ACCOUNTS}
    return Books(driver, entity, await driver.control("seed", body))


def expect(answer: Answer, status: int) -> Answer:
    """Return the answer if it has that status."""
    if answer.status != status:
        raise AssertionError(f"{answer.status} instead of {status}: {answer.raw.decode()}")
    return answer


class Books:
    """The seeded ids of one entity, and shorthands for what most tests need first."""

    def __init__(self, driver: Driver, entity: str, ids: Doc) -> None:
        self.driver = driver
        self.entity = entity
        self.products = {product["sku"]: product["id"] for product in ids["products"]}
        self.variants = {v["sku"]: v["id"] for product in ids["products"] for v in product["variants"]}
        self.buyer, self.vendor, self.homeless = (account["id"] for account in ids["accounts"])
        self.address = ids["accounts"][0]["addresses"][0]["id"]

    async def call(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Answer:
        """Send one API request for this entity."""
        return await self.driver.call(method, path, body, key=key, entity=self.entity)

    async def past(self, status: int, method: str, path: str, body: object = None, *, key: str | None = None) -> Answer:
        """Send the same request again until its answer has another status."""
        while True:
            answer = await self.call(method, path, body, key=key)
            if answer.status != status:
                return answer
            await asyncio.sleep(PAUSE)

    async def get(self, path: str) -> Doc:
        """Return what a GET answers."""
        return expect(await self.call("GET", path), 200).doc

    def line(self, sku: str = "TEA", quantity: int = 1, **fields: object) -> Doc:
        """Return one line item of a request."""
        return {"product_id": self.products[sku], "quantity": quantity, **fields}

    def order(self, *lines: Doc, **fields: object) -> Doc:
        """Return the body of an order create: one tea unless lines are given."""
        head = {"document_type": "sales_order", "account_id": self.buyer}
        return {**head, "line_items": list(lines or [self.line()]), **fields}

    async def created(self, *lines: Doc, **fields: object) -> Doc:
        """Create an order."""
        return expect(await self.call("POST", "/orders", self.order(*lines, **fields)), 201).doc

    async def confirmed(self, *lines: Doc, **fields: object) -> Doc:
        """Create an order and confirm it, where creating does not already post it."""
        order = await self.created(*lines, **fields)
        if order["order_status"] == "confirmed":
            return order
        return expect(await self.call("POST", f"/orders/{order['id']}/confirm", {}), 200).doc

    def payment(self, order: Doc, amount: object = None, **fields: object) -> Doc:
        """Return the body of an external payment over one order: all that is due unless an amount is given."""
        amount = order["balance_due"] if amount is None else amount
        return {
            "account_id": order["account_id"],
            "payment_method": "external",
            "amount": amount,
            "applications": [{"order_id": order["id"], "amount_applied": amount}],
            "external_reference": "shop.example:1",
            **fields,
        }

    async def paid(self, order: Doc, amount: object = None, **fields: object) -> Doc:
        """Record an external payment and return it."""
        body = self.payment(order, amount, **fields)
        made = expect(await self.call("POST", "/payments/multi-invoice-apply", body), 201).doc
        return await self.get(f"/payments/{made['id']}")
