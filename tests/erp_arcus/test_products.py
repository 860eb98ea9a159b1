"""When the catalogue is read again, and by how many."""

import asyncio
from dataclasses import replace
from typing import Any

from sandbox.arcus.profile import LENIENT
from service.erp.arcus.payloads import ProductDoc
from service.erp.arcus.products import Products, index_of
from service.erp.arcus.reads import Reads
from service.ports import Priority
from tests.erp_arcus.bench import LIVE, Bench, TravelClock
from tests.erp_arcus.conftest import Open
from tests.erp_arcus.effects import settings


class Catalogue(Reads):
    """A catalogue that lists products without their variants, and counts how it is read."""

    def __init__(self, *products: dict[str, Any]) -> None:
        self.whole = [ProductDoc.model_validate(product) for product in products]
        self.asked: list[Priority] = []
        self.crawls = 0
        self.singles = 0

    async def products(self, *, sku: str = "", priority: Priority) -> list[ProductDoc]:
        self.crawls += 1
        self.asked.append(priority)
        await asyncio.sleep(0)
        return [one.model_copy(update={"variants": []}) for one in self.whole if not sku or one.sku == sku]

    async def product(self, ident: str, *, priority: Priority) -> ProductDoc:
        self.singles += 1
        self.asked.append(priority)
        return next(one for one in self.whole if one.id == ident)


TEA = {"id": "p1", "sku": "TEA", "is_active": None}
SHIRT = {
    "id": "p2",
    "sku": "SHIRT",
    "has_variants": True,
    "variants": [{"id": "v1", "sku": "SHIRT-S"}, {"id": "v2", "sku": None}],
}


def products(catalogue: Catalogue, clock: TravelClock, **changes: Any) -> Products:
    return Products(reads=catalogue, settings=settings(**changes), clock=clock)


async def test_a_hundred_at_once_read_the_catalogue_once() -> None:
    catalogue = Catalogue(TEA, SHIRT)
    shelf = products(catalogue, TravelClock())
    found = await asyncio.gather(*(shelf.find(["TEA", "SHIRT-S"], priority=LIVE) for _ in range(100)))
    assert all(set(one) == {"TEA", "SHIRT-S"} for one in found)
    assert (catalogue.crawls, catalogue.singles) == (1, 1)
    assert catalogue.asked == [LIVE, LIVE]


async def test_a_missing_sku_leads_to_a_new_reading_at_most_every_so_often() -> None:
    catalogue, clock = Catalogue(TEA), TravelClock()
    shelf = products(catalogue, clock)
    for _ in range(5):
        assert await shelf.find(["NEW"], priority=LIVE) == {}
    assert catalogue.crawls == 1
    catalogue.whole.append(ProductDoc.model_validate({"id": "p9", "sku": "NEW"}))
    clock.ahead += 31
    assert set(await shelf.find(["NEW"], priority=LIVE)) == {"NEW"}
    await shelf.find(["TEA"], priority=LIVE)
    assert catalogue.crawls == 2


async def test_an_old_catalogue_is_read_again() -> None:
    catalogue, clock = Catalogue(TEA), TravelClock()
    shelf = products(catalogue, clock)
    for _ in range(3):
        await shelf.find(["TEA"], priority=LIVE)
        clock.ahead += 2000
    assert catalogue.crawls == 2
    assert await shelf.find([], priority=LIVE) == {}


def test_only_what_can_be_sold_is_in_the_index() -> None:
    index = index_of([ProductDoc.model_validate(one) for one in (TEA, SHIRT, {"id": "p3"})])
    assert {sku: [(entry.product_id, entry.variant_id) for entry in found] for sku, found in index.items()} == {
        "TEA": [("p1", None)],
        "SHIRT-S": [("p2", "v1")],
    }


async def test_where_the_erp_filters_by_sku_nothing_is_crawled(start: Open) -> None:
    bench: Bench = await start(profile_object=replace(LENIENT, product_sku_filter=True))
    arcus = bench.adapter(sku_filter=True)
    shelf = Products(reads=arcus._reads, settings=arcus.settings, clock=bench.clock)
    found = await shelf.find(["TEA", "SHIRT-L", "TWICE", "NOPE"], priority=LIVE)
    assert {sku: len(entries) for sku, entries in found.items()} == {"TEA": 1, "SHIRT-L": 1, "TWICE": 2}
    asked = (await bench.driver.control("stats"))["requests"]["GET /products"]["200"]
    assert asked == 4
    await shelf.find(["TEA"], priority=LIVE)
    await shelf.find(["TEA", "SET"], priority=LIVE)
    assert (await bench.driver.control("stats"))["requests"]["GET /products"]["200"] == 5
    bench.clock.ahead += 4000
    await shelf.find(["TEA"], priority=LIVE)
    assert (await bench.driver.control("stats"))["requests"]["GET /products"]["200"] == 6
