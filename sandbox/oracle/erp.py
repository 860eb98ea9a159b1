"""The ERP's database as the sandbox dumps it, sorted by the identity that its documents carry."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from sandbox.oracle.decimals import ZERO, amount
from sandbox.oracle.sale import Components, totalled
from sandbox.oracle.want import Name
from sandbox.shop.shops import SHOPS, Shop

Doc = dict[str, Any]
CLOSED = frozenset({"cancelled", "voided"})
DRAFTS = frozenset({"draft", "on_hold"})
BY_CODE = {shop.code: shop for shop in SHOPS}


def parsed(lines: Iterable[bytes | str]) -> list[Doc]:
    """NDJSON with amounts in Decimal."""
    return [json.loads(line, parse_float=Decimal) for line in lines if line.strip()]


@dataclass(slots=True)
class Erp:
    """Everything that stands in the ERP."""

    orders: dict[Name, list[Doc]] = field(default_factory=dict)
    """Sales and returns by identity; several where there are revisions, or doubles."""
    payments: dict[Name, list[Doc]] = field(default_factory=dict)
    credits: dict[Name, list[Doc]] = field(default_factory=dict)
    accounts: dict[Name, list[Doc]] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    """Documents without an identity, in words."""
    catalogues: dict[str, dict[str, int]] = field(default_factory=dict)
    """By tenant: how many products stand behind a SKU."""
    log: list[Doc] = field(default_factory=list)
    by_id: dict[str, Name] = field(default_factory=dict)
    """ERP ids of all these documents."""
    confirmed: set[str] = field(default_factory=set)
    """ERP ids of documents that were confirmed one day."""

    @classmethod
    def of(cls, dump: Iterable[Doc], log: Iterable[Doc]) -> "Erp":
        """Sort a dump (`/_sandbox/state`) and keep the write log (`/_sandbox/log`)."""
        erp = cls(log=list(log))
        erp.confirmed = {line["order_id"] for line in erp.log if _confirms(line)}
        for line in dump:
            erp._take(BY_CODE[line["entity"]], line["resource"], line["doc"])
        return erp

    def _take(self, shop: Shop, table: str, doc: Doc) -> None:
        if table == "products":
            self._take_product(shop, doc)
            return
        naming = {
            "orders": (by_metadata, self.orders),
            "accounts": (by_metadata, self.accounts),
            "payments": (by_reference, self.payments),
            "credits": (by_notes, self.credits),
        }.get(table)
        if naming is None:
            return
        name_of, found = naming
        name = name_of(doc)
        if name is None or name.tenant != shop.domain:
            self.strangers.append(f"{table} {doc['id']} of {shop.domain} carries no identity of that shop: {name}")
            return
        found.setdefault(name, []).append(doc)
        self.by_id[doc["id"]] = name

    def _take_product(self, shop: Shop, doc: Doc) -> None:
        catalogue = self.catalogues.setdefault(shop.domain, {})
        for sellable in doc["variants"] or [doc]:
            catalogue[sellable["sku"]] = catalogue.get(sellable["sku"], 0) + 1


def _confirms(line: Doc) -> bool:
    return bool(line["path"].endswith("/confirm") and 200 <= line["status"] < 300)


def _named(tag: Mapping[str, object] | None) -> Name | None:
    tag = tag or {}
    if tag.get("external_source") != "shopify" or "external_id" not in tag:
        return None
    return Name(str(tag.get("tenant")), str(tag.get("kind")), str(tag["external_id"]))


def by_metadata(doc: Doc) -> Name | None:
    """Name a sale, return or account by its tag."""
    return _named(doc["metadata"])


def by_reference(doc: Doc) -> Name | None:
    """Name a payment by tenant and transaction."""
    tenant, _, ident = (doc["external_reference"] or doc["reference"] or "").rpartition(":")
    return Name(tenant, "payment", ident) if tenant else None


def by_notes(doc: Doc) -> Name | None:
    """Name a credit by the tag in its notes."""
    words = dict(word.partition("=")[::2] for word in (doc["notes"] or "").split())
    return _named({name: unquote(value) for name, value in words.items()})


def generation(doc: Doc) -> int:
    """Which revision of a sale a document is."""
    return int(doc["metadata"].get("generation", 1))


def newest(docs: Iterable[Doc]) -> Doc:
    """The revision of a sale that counts: the last that is not cancelled, or else the last."""
    return max(docs, key=lambda doc: (stands(doc) != "cancelled", generation(doc)))


def stands(doc: Doc) -> str:
    """How a sale stands: draft, open or cancelled."""
    status = doc["order_status"]
    return "cancelled" if status in CLOSED else "draft" if status in DRAFTS or doc["is_on_hold"] else "open"


def components(doc: Doc, shop: Shop) -> Components:
    """A document of the ERP by component, from its lines and adjustments."""
    by_sku = {target.removeprefix("sku:"): name for name, target in shop.targets.items() if target.startswith("sku:")}
    by_label = {target.removeprefix("fee:"): name for name, target in shop.targets.items() if target.startswith("fee:")}
    renamed = {"custom": "goods"}
    sums: Components = {}

    def add(name: str, value: Decimal) -> None:
        name = renamed.get(name, name)
        sums[name] = sums.get(name, ZERO) + value

    for line in doc["line_items"]:
        add(by_sku.get(line["sku"], "goods"), amount(line["line_subtotal"]))
    for part in doc["adjustments"]:
        value = amount(part["amount"])
        if part["name"] in by_label:
            add(by_label[part["name"]], value if part["effect_type"] == "fee" else -value)
        else:
            add("discount" if part["effect_type"] == "discount" else "unknown fee", value)
    add("tax computed by the ERP", amount(doc["tax_total"]))
    add("shipping computed by the ERP", amount(doc["shipping_total"]))
    found = totalled(sums)
    return found | {"total": amount(doc["order_total"])}
