"""Everything that the order page offers, against a real sandbox: what no shop reaches works all the same."""

from decimal import Decimal
from typing import Any

import pytest

from service.erp.arcus import bodies
from service.erp.arcus.bodies import Discount, Item, NewAddress, NewOrder
from service.erp.arcus.charges import Charges, InlinePayment
from service.erp.arcus.client import Client
from service.erp.arcus.payloads import OrderDoc
from service.erp.arcus.reads import Reads
from service.erp.arcus.writes import Writes
from service.errors import Refused
from tests.erp_arcus.bench import LIVE, Bench, courier_over, only


class Desk:
    """The free client of one bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.client = Client(settings=bench.arcus.settings, courier=courier_over(bench.transport))
        self.writes = Writes(self.client)
        self.charges = Charges(self.client)
        self.reads = Reads(self.client)
        self.keys = (f"key-{number}" for number in range(1000))

    @property
    def key(self) -> str:
        return next(self.keys)

    def order(self, *items: Item, **fields: Any) -> NewOrder:
        given = {"document_type": "sales_order", "account_id": self.bench.books.buyer, "items": items or (self.item(),)}
        return NewOrder(**{**given, **fields})

    def item(self, sku: str = "TEA", quantity: int = 1, **fields: Any) -> Item:
        return Item(self.bench.books.products[sku], quantity, **fields)

    async def created(self, *items: Item, **fields: Any) -> OrderDoc:
        return await self.writes.create_order(self.order(*items, **fields), key=self.key)

    async def open_invoice(self, **fields: Any) -> OrderDoc:
        order = await self.created(document_type="invoice", **fields)
        if order.order_status == "draft":
            order = await self.writes.confirm(order.id, key=self.key)
        return order

    async def refused(self, code: str, *items: Item, **fields: Any) -> Refused:
        with pytest.raises(Refused) as caught:
            await self.created(*items, **fields)
        assert caught.value.code == code
        return caught.value


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


@pytest.mark.parametrize("document_type", ["quote", "sales_order", "invoice", "return", "purchase_order"])
async def test_every_document_type_is_created(desk: Desk, document_type: str) -> None:
    account = desk.bench.books.vendor if document_type == "purchase_order" else desk.bench.books.buyer
    order = await desk.created(document_type=document_type, account_id=account)
    assert order.document_type == document_type


async def test_a_minimal_request_is_two_fields(desk: Desk) -> None:
    order = NewOrder(document_type="quote", account_id=desk.bench.books.buyer)
    assert order.body() == {"document_type": "quote", "account_id": desk.bench.books.buyer}
    assert (await desk.writes.create_order(order, key=desk.key)).order_total == 0


async def test_the_price_engine_decides_unless_a_rate_is_sent(desk: Desk) -> None:
    order = await desk.created(
        desk.item(), desk.item("BULKY", 10), desk.item(sell_rate=Decimal("49.99"), notes="Special")
    )
    assert order.line_items is not None
    assert [line.sell_rate for line in order.line_items] == [10, 7, Decimal("49.99")]
    assert order.line_items[2].notes == "Special"


@pytest.mark.parametrize(
    ("discount", "total"), [(Discount("percentage", Decimal(5)), "19"), (Discount("flat", Decimal("2.50")), "17.5")]
)
async def test_a_discount_is_a_percentage_or_flat(desk: Desk, discount: Discount, total: str) -> None:
    order = await desk.created(desk.item(quantity=2), discount=discount)
    assert order.order_total == Decimal(total)


async def test_tax_is_computed_and_can_be_computed_again(desk: Desk) -> None:
    order = await desk.created(auto_compute_tax=True)
    assert (order.tax_total, len(order.tax_lines)) == (Decimal("0.80"), 1)
    await desk.bench.driver.control("seed", {"entity": "usd", "settings": {"tax_down": True}})
    down = await desk.created(auto_compute_tax=True)
    assert down.tax_total == 0
    await desk.bench.driver.control("seed", {"entity": "usd", "settings": {"tax_down": False}})
    assert (await desk.writes.recalculate(down.id, key=desk.key)).tax_total == Decimal("0.80")


async def test_an_exemption_needs_its_code(desk: Desk) -> None:
    await desk.refused("tax_exempt_requires_exemption_code", tax_exempt=True)
    order = await desk.created(tax_exempt=True, avatax_entity_code="G", auto_compute_tax=True)
    assert order.tax_total == 0


async def test_stock_is_reserved_or_the_shortfall_is_told(desk: Desk) -> None:
    order = await desk.created(desk.item(quantity=4), auto_allocate_inventory=True)
    assert order.order_total == 40
    error = await desk.refused("insufficient_inventory", desk.item(quantity=10), auto_allocate_inventory=True)
    assert error.param == "line_items[0].quantity"
    assert "requested 10, available 6" in error.hint


async def test_a_kit_brings_its_children_for_nothing(desk: Desk) -> None:
    order = await desk.created(desk.item("SET"))
    assert order.line_items is not None
    assert [(line.sku, line.sell_rate) for line in order.line_items] == [("SET", Decimal(30)), ("TEA", Decimal(0))]


async def test_a_product_with_variants_needs_one(desk: Desk) -> None:
    error = await desk.refused("validation_error", desk.item("SHIRT"))
    assert error.param == "line_items[0].variant_id"
    order = await desk.created(desk.item("SHIRT", variant_id=desk.bench.books.variants["SHIRT-L"]))
    assert order.order_total == 22


async def test_what_the_order_page_refuses_is_refused_by_name(desk: Desk) -> None:
    await desk.refused("missing_field", account_id="")
    await desk.refused("line_item_failed", desk.item("CARTON"))
    await desk.refused("line_item_failed", desk.item("OLD"))
    await desk.refused("validation_failed", Item(desk.bench.books.products["TEA"], 0))
    await desk.refused("account_role_mismatch", account_id=desk.bench.books.vendor)


async def test_a_saved_method_is_charged_with_the_order(desk: Desk) -> None:
    methods = await desk.client.listed(
        "/accounts/{id}/payment-methods",
        {},
        what="list payment methods",
        priority=LIVE,
        path=f"/accounts/{desk.bench.books.buyer}/payment-methods",
    )
    good, declined = list(methods.by_id)
    paid = await desk.charges.create_paid_order(desk.order(), [InlinePayment(good, Decimal(10))], key=desk.key)
    assert paid.amount_paid == 10
    assert paid.inline_payment_results[0]["status"] == "succeeded"
    unpaid = await desk.charges.create_paid_order(desk.order(), [InlinePayment(declined, Decimal(10))], key=desk.key)
    assert (unpaid.amount_paid, unpaid.inline_payment_results[0]["status"]) == (Decimal(0), "failed")
    with pytest.raises(Refused) as caught:
        await desk.charges.create_paid_order(desk.order(), [InlinePayment("unknown", Decimal(10))], key=desk.key)
    assert (caught.value.status, caught.value.code) == (404, "payment_method_not_found")
    assert (await desk.bench.counts())["processor_charges"] == 1


async def test_a_card_is_charged_voided_and_returned_to(desk: Desk) -> None:
    rows = await desk.bench.state("payment_methods")
    invoice = await desk.open_invoice()
    charged = await desk.charges.charge(invoice.id, method_id=rows[0]["id"], amount=Decimal(4), key=desk.key)
    assert charged.amount == 4
    with pytest.raises(Refused) as caught:
        await desk.charges.void_uncaptured(invoice.id, charged.id, key=desk.key)
    assert caught.value.code == "payment_not_voidable"
    held = InlinePayment(rows[0]["id"], Decimal(10), auto_capture=False)
    order = await desk.charges.create_paid_order(desk.order(), [held], key=desk.key)
    voided = await desk.charges.void_uncaptured(order.id, order.inline_payment_results[0]["payment_id"], key=desk.key)
    assert voided.status == "voided"
    assert invoice.line_items is not None
    rma = {"original_order_id": invoice.id, "items": [{"order_item_id": invoice.line_items[0].id, "quantity": 1}]}
    made = await desk.writes.create_return(rma, key=desk.key)
    await desk.charges.refund_original(made.id, amount=Decimal(4), key=desk.key)
    assert (await desk.bench.counts())["processor_refunds"] == 1


async def test_a_mail_goes_out_only_where_it_is_asked_for(desk: Desk) -> None:
    first, second = await desk.created(), await desk.created()
    await desk.writes.confirm(first.id, key=desk.key)
    assert (await desk.bench.counts())["emails"] == 0
    await desk.charges.confirm_with_mail(second.id, key=desk.key)
    assert (await desk.bench.counts())["emails"] == 1


async def test_a_no_show_is_asked_for_by_its_documented_path(desk: Desk) -> None:
    order = await desk.created()
    with pytest.raises(Refused):
        await desk.charges.mark_no_show(order.id, key=desk.key, reason="nobody came")


async def test_a_quote_is_converted_into_a_new_order(desk: Desk) -> None:
    quote = await desk.created(document_type="quote")
    with pytest.raises(Refused) as caught:
        await desk.writes.confirm(quote.id, key=desk.key)
    assert caught.value.code == "quote_must_convert_before_confirm"
    order = await desk.writes.convert(quote.id, key=desk.key)
    assert (order.document_type, order.linked_order_id, order.order_total) == ("sales_order", quote.id, Decimal(10))


async def test_lines_and_adjustments_are_added(desk: Desk) -> None:
    order = await desk.created()
    assert (await desk.writes.add_item(order.id, desk.item(quantity=2), key=desk.key)).quantity == 2
    result = await desk.writes.add_items(order.id, [desk.item(), desk.item("SET")], key=desk.key)
    assert (result.processed, result.errors) == (2, [])
    fee = bodies.adjustment(name="Handling", effect="fee", value=Decimal("1.50"))
    assert (await desk.writes.adjust(order.id, fee, key=desk.key)).fee_total == Decimal("1.50")
    off = bodies.percent_off(name="Loyal", value=Decimal(10))
    assert (await desk.writes.adjust(order.id, off, key=desk.key)).discount_total == 7


async def test_orders_are_cancelled_voided_and_released(desk: Desk) -> None:
    order = await desk.created()
    assert (await desk.writes.cancel(order.id, key=desk.key)).order_status == "cancelled"
    invoice = await desk.open_invoice()
    assert (await desk.writes.void(invoice.id, key=desk.key)).order_status == "voided"
    held = await desk.created(desk.item("HOLD-1"))
    with pytest.raises(Refused):
        await desk.writes.confirm(held.id, key=desk.key)
    await desk.writes.release_hold(held.id, key=desk.key, notes="Approved by the manager")
    assert (await desk.writes.confirm(held.id, key=desk.key)).is_on_hold is False


@pytest.mark.parametrize(
    ("sku", "code"),
    [
        ("DROPSHIP-SENT-1", "dropship_po_sent_blocks_so_void"),
        ("MFG-DONE-1", "manufactured_wo_completed_blocks_so_void"),
    ],
)
async def test_what_blocks_a_void_is_told_by_name(desk: Desk, sku: str, code: str) -> None:
    order = await desk.created(desk.item(sku))
    await desk.writes.confirm(order.id, key=desk.key)
    with pytest.raises(Refused) as caught:
        await desk.writes.void(order.id, key=desk.key)
    assert caught.value.code == code


async def test_payments_are_recorded_in_every_way(desk: Desk) -> None:
    one, two = await desk.open_invoice(), await desk.open_invoice()
    cash = bodies.order_payment(method="cash", amount=Decimal(3), reference="r1", notes="")
    assert (await desk.writes.record_payment(one.id, cash, key=desk.key)).amount == 3
    both = bodies.multi_invoice_apply(
        account_id=desk.bench.books.buyer,
        method="wire",
        applications=[(one.id, Decimal(7)), (two.id, Decimal(2))],
        reference="w1",
        payment_date="2026-05-01",
        notes="",
    )
    assert (await desk.writes.apply_payment(both, key=desk.key)).amount == 9
    more = [{"order_id": two.id, "amount": Decimal(8), "payment_method": "cash"}]
    await desk.writes.batch(more, key=desk.key)
    assert (await desk.reads.order(two.id, priority=LIVE)).balance_due == 0
    assert len(await desk.reads.order_payments(one.id, priority=LIVE)) == 2
    listed = await desk.reads.receipts(
        account_id=desk.bench.books.buyer, first="2026-01-01", last="2027-01-01", priority=LIVE
    )
    assert sorted(row.amount for row in listed) == [3, 8, 9]


async def test_a_credit_is_issued_and_applied(desk: Desk) -> None:
    invoice = await desk.open_invoice()
    memo = await desk.writes.create_credit(
        bodies.credit(account_id=desk.bench.books.buyer, amount=Decimal(6), notes="Sorry"), key=desk.key
    )
    used = await desk.writes.apply_credit(memo.id, invoice.id, Decimal(4), key=desk.key)
    assert used.amount_applied == 4
    rest = await desk.writes.apply_credit(memo.id, invoice.id, None, key=desk.key)
    assert rest.status == "fully_applied"


async def test_an_rma_is_opened_and_recorded_and_never_refunds_by_itself(desk: Desk) -> None:
    invoice = await desk.open_invoice()
    assert invoice.line_items is not None
    rma = {"original_order_id": invoice.id, "items": [{"order_item_id": invoice.line_items[0].id, "quantity": 1}]}
    made = await desk.writes.create_return(rma, key=desk.key)
    assert (made.original_order_id, made.refund_amount) == (invoice.id, Decimal(10))
    await desk.writes.refund_return(made.id, method="store_credit", amount=None, key=desk.key)
    with pytest.raises(ValueError, match="charges"):
        await desk.writes.refund_return(made.id, method="original", amount=None, key=desk.key)
    with pytest.raises(ValueError, match="charges"):
        await desk.writes.create_return({**rma, "auto_refund": True}, key=desk.key)
    assert not any((await desk.bench.counts()).values())


async def test_accounts_are_merged_and_products_listed(desk: Desk) -> None:
    books = desk.bench.books
    await desk.writes.merge_accounts(books.buyer, books.homeless, key=desk.key)
    loser = await desk.reads.account(books.homeless, priority=LIVE)
    assert (loser.merged_into_account_id, loser.is_active) == (books.buyer, False)
    listed = {one.sku for one in await desk.reads.products(priority=LIVE)}
    assert {"TEA", "SHIRT", "SET"} <= listed
    shirt = await desk.reads.product(books.products["SHIRT"], priority=LIVE)
    assert [one.sku for one in shirt.variants] == ["SHIRT-S", "SHIRT-L"]
    assert only(await desk.reads.accounts(search="Ada Buyer", priority=LIVE)).id == books.buyer


def test_an_address_is_named_as_requests_name_it() -> None:
    body = NewAddress(type="billing", label="Office", street1="1 Main St", street2="Floor 2").body()
    assert body == {
        "type": "billing",
        "label": "Office",
        "street1": "1 Main St",
        "street2": "Floor 2",
        "is_default_billing": False,
        "is_default_shipping": False,
    }
