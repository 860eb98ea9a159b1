"""What an effect names, looked up in a real sandbox's catalogue and accounts."""

from decimal import Decimal
from typing import Any

import pytest

from schemas.effect import Component, CreateAccount, Effect, SaleLine
from schemas.outcome import Reason
from schemas.party import Address
from service.erp.arcus.identity import address_key
from service.erp.arcus.products import Entry
from service.erp.arcus.resolve import product_of
from service.erp.arcus.settings import PaymentRoute
from service.ports import Resolution, Unresolved
from tests.erp_arcus import journeys
from tests.erp_arcus.bench import LIVE, Bench
from tests.erp_arcus.effects import (
    ACCOUNT,
    HOME,
    WORK,
    add_lines,
    adjust,
    charge,
    create_account,
    create_order,
    credit,
    give_back,
    goods,
    order_posted,
    pay,
    refund_cash,
)

POSTED = order_posted()


async def refused(bench: Bench, *lines: SaleLine, **changes: Any) -> Unresolved:
    found = await bench.arcus.resolve(create_order(*lines, **changes), POSTED, priority=LIVE)
    assert isinstance(found, Unresolved), found
    return found


async def resolved(bench: Bench, effect: Any, account: Any = None) -> Resolution:
    found = await bench.arcus.resolve(effect, account, priority=LIVE)
    assert isinstance(found, Resolution), found
    return found


async def test_products_are_found_by_sku_variant_target_or_id(bench: Bench) -> None:
    books = bench.books
    lines = (
        goods(sku="TEA"),
        goods(sku="SHIRT-L"),
        charge(Component.SHIPPING, "1.00"),
        charge(Component.TAX, "1", "id:p9"),
    )
    found = await resolved(bench, add_lines(POSTED, *lines))
    parent = books.products["SHIRT"]
    assert list(found.products) == [
        (books.products["TEA"], None),
        (parent, books.variants["SHIRT-L"]),
        (books.products["SHIPPING"], None),
        ("p9", None),
    ]
    assert (await resolved(bench, give_back(POSTED, goods()))).products == [(books.products["TEA"], None)]


async def test_an_unknown_sku_is_told_with_its_release(bench: Bench) -> None:
    found = await refused(bench, goods(sku="NOPE"))
    assert (found.reason, found.release) == (Reason.SKU_UNKNOWN, "sku:NOPE")
    parent = await refused(bench, goods(sku="SHIRT"))
    assert parent.reason is Reason.SKU_UNKNOWN


async def test_a_sku_that_stands_for_two_products_is_never_chosen(bench: Bench) -> None:
    found = await refused(bench, goods(sku="TWICE"))
    assert (found.reason, found.release) == (Reason.SKU_AMBIGUOUS, "sku:TWICE")


async def test_an_inactive_twin_is_no_choice_and_an_inactive_product_is_left_to_the_erp(bench: Bench) -> None:
    found = await resolved(bench, add_lines(POSTED, goods(sku="REPLACED"), goods(sku="OLD")))
    rows = {row["id"]: row["title"] for row in await bench.state("products")}
    assert [rows[product_id] for product_id, _ in found.products] == ["New", "OLD"]


@pytest.mark.parametrize("product", ["", "id:", "TEA"])
def test_a_line_that_names_nothing_is_unknown(product: str) -> None:
    line = SaleLine(line_id="1", component=Component.GOODS, product=product, quantity=1, rate=POSTED.total)
    found = product_of(line, {"TEA": (Entry("p1", None, active=True),)})
    assert isinstance(found, Unresolved)
    assert (found.reason, found.release) == (Reason.SKU_UNKNOWN, "")


async def test_too_many_lines_and_fractions_of_a_cent_are_told_beforehand(bench: Bench) -> None:
    assert (await refused(bench, *([goods()] * 251))).reason is Reason.ERP_REFUSED
    assert (await refused(bench, goods(rate="0.005"))).reason is Reason.CURRENCY_UNSUPPORTED


@pytest.mark.parametrize(
    "effect",
    [
        pay(POSTED, "10.005"),
        adjust(POSTED, "0.003"),
        credit(POSTED, "0.005"),
        refund_cash(order_posted(erp_id="p1"), "5.005"),
        create_order(goods(), discount=Decimal("0.005")),
    ],
    ids=lambda effect: effect.effect,
)
async def test_no_amount_with_a_fraction_of_a_cent_becomes_a_request(bench: Bench, effect: Effect) -> None:
    found = await bench.arcus.resolve(effect, POSTED, priority=LIVE)
    assert isinstance(found, Unresolved)
    assert found.reason is Reason.CURRENCY_UNSUPPORTED
    assert "fraction" in found.detail


async def test_another_currency_than_the_entitys_is_not_sent(bench: Bench) -> None:
    bench.arcus = bench.adapter(currency="EUR")
    assert (await refused(bench)).reason is Reason.CURRENCY_UNSUPPORTED


async def test_a_tender_that_would_charge_somebody_is_parked(bench: Bench) -> None:
    found = await bench.arcus.resolve(pay(POSTED, "1.00", method="card"), None, priority=LIVE)
    assert isinstance(found, Unresolved)
    assert found.reason is Reason.TENDER_UNMAPPED
    bench.arcus = bench.adapter(payment_route=PaymentRoute.ORDER_PAYMENT)
    assert isinstance(await bench.arcus.resolve(pay(POSTED, "1.00"), None, priority=LIVE), Unresolved)
    await resolved(bench, pay(POSTED, "1.00", method="cash"))


async def test_a_refund_without_cents_is_parked_unless_a_switch_says_so(bench: Bench) -> None:
    effect = refund_cash(POSTED, "1", currency="JPY")
    found = await bench.arcus.resolve(effect, None, priority=LIVE)
    assert isinstance(found, Unresolved)
    assert found.reason is Reason.REFUND_UNITS
    bench.arcus = bench.adapter(refund_minor_units=frozenset({0, 2}))
    await resolved(bench, effect)


async def test_a_sale_needs_its_account(bench: Bench) -> None:
    found = await bench.arcus.resolve(create_order(), None, priority=LIVE)
    assert isinstance(found, Unresolved)
    assert found.reason is Reason.PARENT_PARKED


# --- what comes first --------------------------------------------------------------------------------------------


async def test_a_first_sale_asks_for_its_account_and_then_for_nothing(bench: Bench) -> None:
    sale = create_order(bill_to=WORK)
    need = bench.arcus.prerequisite(sale, None)
    assert isinstance(need, CreateAccount)
    assert (need.document, need.ship_to, need.bill_to) == (ACCOUNT, HOME, WORK)
    account = await bench.carry(need)
    assert {key for key, _ in account.addresses} == {address_key(HOME), address_key(WORK)}
    assert bench.arcus.prerequisite(sale, account) is None


async def test_a_later_sale_asks_only_for_addresses_that_are_new(bench: Bench) -> None:
    account = await bench.carry(create_account())
    sale = create_order(bill_to=WORK)
    need = bench.arcus.prerequisite(sale, account)
    assert need is not None
    assert (need.effect, need.name) == ("add_address", f"account:customer:7/address:{address_key(WORK)}")
    account = await bench.carry(need)
    assert len(account.addresses) == 2
    found = await resolved(bench, sale, account)
    addresses = dict(account.addresses)
    assert (found.ship_to_erp_id, found.bill_to_erp_id) == (addresses[address_key(HOME)], addresses[address_key(WORK)])
    assert found.account_erp_id == account.erp_id


async def test_goods_and_bill_stand_in_for_each_other(bench: Bench) -> None:
    account = await bench.carry(create_account())
    one = await resolved(bench, create_order(ship_to=None), account)
    assert one.ship_to_erp_id == one.bill_to_erp_id == account.addresses[0][1]
    none = await resolved(bench, create_order(ship_to=Address(name="Ada"), bill_to=None), account)
    assert (none.ship_to_erp_id, none.bill_to_erp_id) == ("", "")
    assert bench.arcus.prerequisite(create_order(ship_to=None, bill_to=Address(name="Ada")), account) is None


async def test_only_a_sale_needs_something_first(bench: Bench) -> None:
    assert bench.arcus.prerequisite(pay(POSTED, "1.00"), None) is None


# --- merged accounts ---------------------------------------------------------------------------------------------


async def test_a_merged_account_is_followed_once_it_was_read_a_while_ago(bench: Bench) -> None:
    account = await bench.carry(create_account())
    merge = {"loser_account_id": account.erp_id}
    assert (await bench.books.call("POST", f"/accounts/{bench.books.buyer}/merge", merge)).status == 200
    assert (await resolved(bench, create_order(), account)).account_erp_id == account.erp_id
    bench.clock.ahead += 2 * 3600
    for _ in range(3):
        found = await resolved(bench, create_order(), account)
        assert found.account_erp_id == bench.books.buyer
        assert found.ship_to_erp_id == account.addresses[0][1]
    stats = await bench.driver.control("stats")
    assert stats["requests"]["GET /accounts/{}"] == {"200": 2}
    sale = await journeys.sell(bench)
    assert sale.account_erp_id == bench.books.buyer


async def test_a_refreshed_account_is_the_one_in_use(bench: Bench) -> None:
    account = await bench.carry(create_account())
    merge = {"loser_account_id": account.erp_id}
    await bench.books.call("POST", f"/accounts/{bench.books.buyer}/merge", merge)
    now = await bench.arcus.refresh(account, priority=LIVE)
    assert now.erp_id == bench.books.buyer
    assert dict(now.addresses)[address_key(HOME)] == account.addresses[0][1]
