"""The catalogue by SKU: crawled, because no lookup by SKU is documented; read again when a SKU is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.erp.arcus.payloads import ProductDoc
from service.erp.arcus.reads import Reads
from service.erp.arcus.settings import ArcusSettings
from service.ports import Clock, Priority


@dataclass(frozen=True, slots=True)
class Entry:
    """What a SKU stands for."""

    product_id: str
    variant_id: str | None
    active: bool


Index = Mapping[str, tuple[Entry, ...]]


def entries(product: ProductDoc) -> Iterable[tuple[str, Entry]]:
    """Return every SKU of a product: its own where it can be sold as it is, else those of its variants."""
    active = product.is_active is not False
    if not (product.has_variants or product.variants):
        yield product.sku, Entry(product.id, None, active)
    for variant in product.variants:
        yield variant.sku, Entry(product.id, variant.id, active and variant.is_active is not False)


def index_of(products: Iterable[ProductDoc]) -> Index:
    """Return the catalogue by SKU; what has none cannot be found."""
    found: dict[str, tuple[Entry, ...]] = {}
    for product in products:
        for sku, entry in entries(product):
            if sku:
                found[sku] = (*found.get(sku, ()), entry)
    return found


def chosen(found: Iterable[Entry]) -> list[Entry]:
    """Return what a SKU can mean: the active ones, or, where there is none, the inactive ones for Arcus to refuse."""
    known = list(found)
    active = [entry for entry in known if entry.active]
    return active or known


class Products:
    """The index and its readings: one at a time, and not more often than the settings say.

    Where Arcus understands a SKU filter, only the missing SKUs are asked for.
    """

    def __init__(self, *, reads: Reads, settings: ArcusSettings, clock: Clock) -> None:
        self._reads = reads
        self._settings = settings
        self._clock = clock
        self._index: Index = {}
        self._whole = float("-inf")
        """When the index was last begun from nothing."""
        self._began = float("-inf")
        """When it was last read for a missing SKU."""
        self._turn = asyncio.Lock()

    async def find(self, skus: Iterable[str], *, priority: Priority) -> Index:
        """Return what is known of these SKUs; a SKU that is nowhere is absent. Raises as a read does."""
        wanted = set(skus)
        if wanted and self._must_read(wanted):
            async with self._turn:
                if self._must_read(wanted):  # nobody else did meanwhile
                    await self._read(wanted, priority)
        return {sku: self._index[sku] for sku in wanted if sku in self._index}

    def _must_read(self, wanted: set[str]) -> bool:
        now = self._clock.now()
        if now - self._whole >= self._settings.product_max_age_s:
            return True
        soon = now - self._began < self._settings.product_refresh_s and not self._settings.sku_filter
        return not soon and not wanted <= self._index.keys()

    async def _read(self, wanted: set[str], priority: Priority) -> None:
        began = self._clock.now()
        old = began - self._whole >= self._settings.product_max_age_s
        if self._settings.sku_filter:
            kept = {} if old else dict(self._index)
            for sku in sorted(wanted - kept.keys()):
                hits = await self._complete(await self._reads.products(sku=sku, priority=priority), priority)
                kept.update({name: found for name, found in index_of(hits).items() if name == sku})
            self._index = kept
        else:
            self._index = index_of(await self._complete(await self._reads.products(priority=priority), priority))
        self._began = began
        if old or not self._settings.sku_filter:
            self._whole = began

    async def _complete(self, products: list[ProductDoc], priority: Priority) -> list[ProductDoc]:
        """Read products singly whose variants the list left out."""
        return [
            await self._reads.product(product.id, priority=priority)
            if product.has_variants and not product.variants
            else product
            for product in products
        ]
