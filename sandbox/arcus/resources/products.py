"""Products, as the catalogue answers; they are seeded through the control plane."""

from collections.abc import Iterator

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc
from sandbox.arcus.resources.paging import by_cursor


def listed(call: Call) -> Reply:
    """GET /products, by cursor, variants inline; filters by SKU only where the profile says so."""
    return Reply(by_cursor(_wanted(call), call.query, url="/v1/products"), wrap="never")


def _wanted(call: Call) -> Iterator[Doc]:
    sku = call.query.get("sku") if call.profile.product_sku_filter else None
    for product in call.view.scan("products"):
        if sku is None or sku in skus(product):
            yield product


def skus(product: Doc) -> list[str]:
    """Every SKU of a product and its variants."""
    return [product["sku"], *(variant["sku"] for variant in product["variants"])]


def one(call: Call) -> Reply:
    """GET /products/{id}, always wrapped."""
    return Reply(call.need("products", call.path_ids[0], what="product"), wrap="always")
