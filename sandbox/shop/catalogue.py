"""What the shops sell, and the products that the ERP knows of it: some are held, re-priced, inactive or there twice."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.shop.money import rounded
from sandbox.shop.shops import SERVICE_SKUS, Shop

STOCK_PRODUCTS = 12
VARIANTS = ("S", "M", "L")


@dataclass(frozen=True, slots=True)
class Article:
    """Something with a SKU and a price."""

    sku: str
    title: str
    price: Decimal
    product_id: int
    variant_id: int


_NAMES = (
    "Kettle",
    "Field notes",
    "Wool cap",
    "Lantern",
    "Mug",
    "Satchel",
    "Print",
    "Soap",
    "Teapot",
    "Scarf",
    "Pen",
    "Jar",
)


def stock(shop: Shop) -> list[Article]:
    """Articles that the ERP knows, each with a price that taxes and discounts do not divide evenly."""
    found = []
    for number in range(STOCK_PRODUCTS):
        price = rounded(shop.typical * (Decimal(37 + 29 * number) / 100), shop.currency)
        found.append(
            _article(shop, sku=f"{shop.code.upper()}-{number:03d}{_suffix(number)}", number=number, price=price)
        )
    return found


def _suffix(number: int) -> str:
    # Every fourth product has variants; the shop sells one of them.
    return f"-{VARIANTS[number % 3]}" if number % 4 == 3 else ""


def special(shop: Shop, trait: str) -> Article:
    """An article that the ERP treats in its own way: HOLD, DRIFT, INACTIVE, DUP (there twice) or GHOST (not there)."""
    number = 50 + ("HOLD", "DRIFT", "INACTIVE", "DUP", "GHOST").index(trait)
    return _article(shop, sku=f"{trait}-{shop.code.upper()}", number=number, price=rounded(shop.typical, shop.currency))


def _article(shop: Shop, *, sku: str, number: int, price: Decimal) -> Article:
    base = sum(shop.code.encode()) * 1_000_000
    title = f"{_NAMES[number % len(_NAMES)]} {number}"
    return Article(
        sku, title, price, product_id=7_100_000_000_000 + base + number, variant_id=42_300_000_000_000 + base + number
    )


def erp_products(shop: Shop) -> list[dict[str, Any]]:
    """The seed of the shop's ERP entity."""
    goods = [
        _plain(article) if "-" not in article.sku[len(shop.code) + 4 :] else _with_variants(article)
        for article in stock(shop)
    ]
    odd = [special(shop, trait) for trait in ("HOLD", "DRIFT", "DUP", "DUP")]
    asleep = {**_plain(special(shop, "INACTIVE")), "is_active": False}
    services = [{"sku": sku, "title": sku, "product_type": "service", "list_price": 0} for sku in SERVICE_SKUS]
    return [*goods, *(_plain(article) for article in odd), asleep, *services]


def _plain(article: Article) -> dict[str, Any]:
    # Another list price than the shop's: every rate has to be sent.
    return {
        "sku": article.sku,
        "title": article.title,
        "product_type": "physical",
        "list_price": int(article.price) + 1,
    }


def _with_variants(article: Article) -> dict[str, Any]:
    sku, _, _ = article.sku.rpartition("-")
    variants = [{"sku": f"{sku}-{size}", "variant_title": size, "price": int(article.price) + 1} for size in VARIANTS]
    return {"sku": sku, "title": article.title, "product_type": "variant_parent", "list_price": 0, "variants": variants}
