"""A small log, carried into a real ERP sandbox by an honest bookkeeper who only has the scenarios' predictions."""

import asyncio
import copy
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from sandbox.arcus.driver import Driver
from sandbox.arcus.server import Sandbox
from sandbox.arcus.world import Config
from sandbox.oracle.accounts import account_of
from sandbox.oracle.claims import Claims
from sandbox.oracle.erp import Doc, Erp
from sandbox.oracle.judge import Evidence, Judgement, judge
from sandbox.shop.bodies import order_body
from sandbox.shop.catalogue import erp_products, stock
from sandbox.shop.foretell import End, Expected
from sandbox.shop.generate import Generated, generate
from sandbox.shop.history import History
from sandbox.shop.scenarios import SCENARIOS
from sandbox.shop.shops import SHOPS

NAMES = (
    "web_sale",
    "gift_card_and_card",
    "refunded_in_part",
    "goodwill",
    "cancelled_and_given_back",
    "no_transaction_came",
    "unknown_sku",
    "held_for_approval",
    "not_paid_yet",
    "taken_home",
    "half_of_it_had_left",
)
CENTS = 100


@dataclass
class Case:
    """Everything that the judge looks at; each test spoils its own copy."""

    generated: Generated
    dump: list[Doc]
    log: list[Doc]
    claims: list[Doc]

    def judged(self) -> Judgement:
        """Judge it."""
        erp = Erp.of(self.dump, self.log)
        claims = Claims.of(json.dumps(line) for line in self.claims)
        predictions = self.generated.predictions("lenient")
        return judge(Evidence(self.generated.records, predictions, erp, claims), "lenient")

    def docs(self, table: str, fits: Callable[[Doc], bool] = lambda _: True) -> list[Doc]:
        """Documents of the dump that can be changed in place."""
        return [line["doc"] for line in self.dump if line["resource"] == table and fits(line["doc"])]

    def order(self, scenario: str) -> tuple[History, Doc]:
        """A history and its sale in the ERP."""
        history = next(history for one, history in self.generated.histories if one.name == scenario)
        wanted = ("order", str(history.order.id))
        found = self.docs("orders", lambda doc: (doc["metadata"]["kind"], doc["metadata"]["external_id"]) == wanted)
        return history, found[0]

    def again(self, doc: Doc, table: str) -> None:
        """Put a copy of a document beside it."""
        line = next(line for line in self.dump if line["resource"] == table and line["doc"] is doc)
        self.dump.append({**line, "doc": {**copy.deepcopy(doc), "id": f"{doc['id']}-again"}})

    def claim(self, kind: str, outcome: str) -> Doc:
        """One document of the claims."""
        documents = (document for line in self.claims for document in line["documents"])
        found: Doc = next(one for one in documents if one["kind"] == kind and one["outcome"] == outcome)
        return found


@pytest.fixture(scope="session")
def honest() -> Case:
    # Shops that book in cents and ship through the ERP, so that all of it posts.
    plain = [
        replace(one, where=lambda shop: shop.code in ("aurora", "bohne")) for one in SCENARIOS if one.name in NAMES
    ]
    generated = generate(1, len(plain), scenarios=plain, garbage=False)
    return asyncio.run(_carried(generated))


@pytest.fixture
def case(honest: Case) -> Case:
    return Case(honest.generated, *copy.deepcopy((honest.dump, honest.log, honest.claims)))


async def _carried(generated: Generated) -> Case:
    entities = tuple((shop.code, shop.currency) for shop in SHOPS)
    with tempfile.TemporaryDirectory() as folder:
        config = Config(data=Path(folder), entities=entities, tier="unlimited")
        async with aiohttp.ClientSession() as session, Sandbox(config) as sandbox:
            driver = Driver(session, port=sandbox.port, keys=sandbox.keys)
            seeds = {shop.code: {"products": erp_products(shop)} for shop in SHOPS}
            made = await driver.control("seed", {"entities": seeds})
            bookkeeper = Bookkeeper(driver, made["entities"])
            for _, history in generated.histories:
                await bookkeeper.book(history)
            claims = [bookkeeper.claim(history) for _, history in generated.histories]
            return Case(generated, await driver.lines("state"), await driver.lines("log"), claims)


@dataclass
class Bookkeeper:
    """Books what the predictions say, component by component, one line each."""

    driver: Driver
    seeded: Mapping[str, Doc]
    accounts: dict[tuple[str, str], Doc] = field(default_factory=dict)
    erp_ids: dict[tuple[str, str], str] = field(default_factory=dict)

    async def post(self, history: History, path: str, body: Any) -> Doc:
        """Send one request; it must be taken."""
        answer = await self.driver.call("POST", path, body, entity=history.shop.code)
        assert answer.status < 300 or answer.code == "approval_required", answer.raw
        return answer.doc

    async def book(self, history: History) -> None:
        """Book one history."""
        end, foretold = first_end(history)
        told = {(one.kind, one.external_id): one for one in foretold}
        order = told[("order", str(history.order.id))]
        if end == "absent":
            return
        account = await self._account(history)
        sale = await self._document(history, order, account, end)
        if history.fate.stands == "draft":
            return
        await self._cash(history, told, sale)
        for refund in history.order.refunds:
            await self._value(history, told[("refund", str(refund.id))], account)
        if history.fate.stands == "cancelled":
            await self.post(history, f"/orders/{sale['id']}/cancel", {})

    async def _cash(self, history: History, told: Mapping[tuple[str, str], Expected], sale: Doc) -> None:
        paid: dict[int, str] = {}
        for transaction in history.order.transactions:
            one = told.get(("payment", str(transaction.id)))
            if one is None or one.outcome != "posted":
                continue
            if transaction.kind == "refund":
                path = f"/orders/{sale['id']}/payments/{paid[transaction.parent or 0]}/refund"
                await self.post(history, path, {"amount": int(one.amounts["amount"] * CENTS), "reason": "other"})
            else:
                paid[transaction.id] = await self._payment(history, one, sale)

    async def _value(self, history: History, one: Expected, account: Doc) -> None:
        if "credit" in one.amounts:
            body = {
                "account_id": account["id"],
                "amount": one.amounts["credit"],
                "reason": "goodwill",
                "notes": _notes(one),
            }
            await self.post(history, "/credits", body)
        elif one.amounts:
            await self._document(history, one, account, "return")

    async def _account(self, history: History) -> Doc:
        key = account_of(order_body(history.order))
        name = (history.shop.code, key)
        if name not in self.accounts:
            tag = {"external_source": "shopify", "tenant": history.shop.domain, "kind": "account", "external_id": key}
            address = {"type": "shipping", "street1": "1", "city": "X", "country": "US"}
            body = {"name": key, "account_type": "individual", "addresses": [address], "metadata": tag}
            self.accounts[name] = await self.post(history, "/accounts", body)
        return self.accounts[name]

    async def _document(self, history: History, one: Expected, account: Doc, kind: str) -> Doc:
        amounts = dict(one.amounts) or {"goods": Decimal(5), "total": Decimal(5)}
        held = history.fate.stands == "draft"
        lines = [
            self._line(history, part, value, held=held)
            for part, value in amounts.items()
            if part not in ("discount", "total")
        ]
        discount = amounts.get("discount")
        body = {
            "document_type": kind,
            "account_id": account["id"],
            "line_items": lines,
            "metadata": {
                "external_source": "shopify",
                "tenant": one.tenant,
                "kind": one.kind,
                "external_id": one.external_id,
                "generation": "1",
                "source_version": "2026-10-01",
            },
            **({"discount": {"type": "flat", "value": discount}} if discount else {}),
        }
        made = await self.post(history, "/orders", body)
        await self.post(history, f"/orders/{made['id']}/confirm", {})
        self.erp_ids[one.kind, one.external_id] = made["id"]
        return made

    def _line(self, history: History, part: str, value: Decimal, *, held: bool) -> Doc:
        shop = history.shop
        sku = next((article.sku for article in stock(shop) if article.sku.count("-") == 1), "")
        if part != "goods":
            sku = shop.targets[part].removeprefix("sku:")
        elif held:
            sku = f"HOLD-{shop.code.upper()}"
        products = {product["sku"]: product["id"] for product in self.seeded[shop.code]["products"]}
        return {"product_id": products[sku], "quantity": 1, "sell_rate": value}

    async def _payment(self, history: History, one: Expected, sale: Doc) -> str:
        transaction = next(known for known in history.order.transactions if str(known.id) == one.external_id)
        amount = one.amounts["amount"]
        body = {
            "account_id": sale["account_id"],
            "payment_method": history.shop.tenders[transaction.gateway],
            "amount": amount,
            "applications": [{"order_id": sale["id"], "amount_applied": amount}],
            "external_reference": f"{one.tenant}:{one.external_id}",
            "payment_date": _day(history, one),
            "notes": _notes(one),
        }
        made = await self.post(history, "/payments/multi-invoice-apply", body)
        return str(made["id"])

    def claim(self, history: History) -> Doc:
        """What an honest product would say."""
        documents = [
            {
                "kind": one.kind,
                "external_id": one.external_id,
                "outcome": one.outcome,
                "reason": one.reason,
                "erp_id": self.erp_ids.get((one.kind, one.external_id)),
                "amounts": None,
            }
            for one in first_end(history)[1]
        ]
        return {"tenant": history.shop.domain, "documents": documents, "events": [], "calls": []}


def first_end(history: History) -> tuple[End, list[Expected]]:
    """As if nothing had been heard late: the sales order that the first body asks for, where there is one."""
    end, fate = next(iter(history.ends("lenient").items()))
    return end, history.under(end, fate, "lenient")


def _notes(one: Expected) -> str:
    tag = {"external_source": "shopify", "tenant": one.tenant, "kind": one.kind, "external_id": one.external_id}
    return " ".join(f"{name}={value}" for name, value in {**tag, "source_version": "2026-10-01"}.items())


def _day(history: History, one: Expected) -> str:

    at = next(known.at for known in history.order.transactions if str(known.id) == one.external_id)
    return at.astimezone(ZoneInfo(history.shop.zone)).date().isoformat()
