"""Cases of our own: sales with everything in them, and bodies that nobody should send. Each with its outcome."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Sequence
from itertools import count
from typing import Any

from tests.acceptance.bodies import ADA, both, charge, dump, item, order, refund, returned, taxed, transaction
from tests.acceptance.cases import Expected, Sent

Doc = dict[str, Any]
POSTED = "posted"
NO_MONEY = "parked/transactions_missing"


_CASES = count(1)
_GID = re.compile(r"(gid://shopify/(?:Order|OrderTransaction|Refund)/)(\d{1,2})(?!\d)")


def case(name: str, topic: str, *values: Doc | list[Any] | bytes, **rest: Any) -> Sent:
    """A case with ids of its own: document 1 of the third case is 3001. `expect` is document to row."""
    offset = rest.pop("offset") if "offset" in rest else next(_CASES) * 1000
    expect: dict[str, Doc] = rest.pop("expect", {})
    return Sent(
        name=name,
        shop=rest.pop("shop", "ours"),
        topic=topic,
        values=tuple(value if isinstance(value, bytes) else dump(moved(value, offset)) for value in values),
        documents={_named(document, offset): Expected.of(row) for document, row in expect.items()},
        **rest,
    )


def moved(value: Any, offset: int) -> Any:
    """Move the ids of orders, transactions, refunds and edits; lines and everything absurd stay what they are."""
    if isinstance(value, list):
        return [moved(one, offset) for one in value]
    if not isinstance(value, dict):
        return value
    names = {"order_id", "parent_id"}
    if names & value.keys() or "line_items" in value:
        names |= {"id"}
    return {
        name: part + offset
        if name in names and isinstance(part, int) and 0 < part < 100
        else _GID.sub(lambda found: f"{found[1]}{int(found[2]) + offset}", part)
        if name == "admin_graphql_api_id" and isinstance(part, str)
        else moved(part, offset)
        for name, part in value.items()
    }


def _named(document: str, offset: int) -> str:
    kind, _, number = document.partition(" ")
    return f"{kind} {int(number) + offset}" if int(number) < 100 else document


def sold(name: str, body: Doc, *payments: Doc, expect: dict[str, Doc], **rest: Any) -> list[Sent]:
    """An order and then its transactions."""
    return _history(name, [body, *payments], expect, **rest)


def sales() -> list[Sent]:
    """Sales that add up."""
    return [
        *sold(
            "web",
            order(
                1,
                item(11, quantity=3, discount_allocations=[{"amount": "2.00"}], tax_lines=taxed("2.24")),
                item(12, quantity=1, price="4.99", tax_lines=taxed("0.40")),
                shipping=[charge("5.00")],
            ),
            transaction(91, 1, "40.63"),
            expect={"order 1": {"is": POSTED, "erp": "40.63"}, "payment 91": {"is": POSTED, "erp": "40.63"}},
        ),
        *sold(
            "till",  # taxes inside, a tip, cash rounded down, nobody's address
            order(
                1,
                item(11, quantity=2, tax_lines=taxed("1.48")),
                item(12, quantity=1, price="3.01", sku=None, product_id=None, variant_id=None, title="Tip", tip={}),
                taxes_included=True,
                source_name="pos",
                customer=None,
                email=None,
                shipping_address=None,
                billing_address=None,
                total_cash_rounding_payment_adjustment_set=both("-0.01", "USD"),
            ),
            transaction(91, 1, "23.00", gateway="cash", amount_rounding="-0.01"),
            expect={"order 1": {"is": POSTED, "erp": "23.00"}, "payment 91": {"is": POSTED, "erp": "23.00"}},
        ),
        *sold(
            "gift-cards-in-and-out",
            order(1, item(11, quantity=1), item(12, quantity=1, price="25.00", gift_card=True, sku=None)),
            transaction(91, 1, "15.00", gateway="gift_card"),
            transaction(92, 1, "20.00"),
            expect={
                "order 1": {"is": POSTED, "erp": "35.00"},
                "payment 91": {"is": POSTED, "erp": "15.00"},
                "payment 92": {"is": POSTED, "erp": "20.00"},
            },
        ),
        *sold(
            "duties-and-fees",
            order(
                1,
                item(11, quantity=1, duties=[{"shop_money": {"amount": "2.50", "currency_code": "USD"}}]),
                original_total_duties_set=both("2.50", "USD"),
                original_total_additional_fees_set=both("1.25", "USD"),
                total_price="13.75",
                current_total_price="13.75",
            ),
            transaction(91, 1, "13.75"),
            expect={"order 1": {"is": POSTED, "erp": "13.75"}, "payment 91": {"is": POSTED, "erp": "13.75"}},
        ),
        *sold(
            "marketplace-tax",
            order(1, item(11, tax_lines=taxed("1.60", channel_liable=True))),
            transaction(91, 1, "21.60"),
            expect={"order 1": {"is": POSTED, "erp": "21.60"}, "payment 91": {"is": POSTED, "erp": "21.60"}},
        ),
        *sold(
            "buyer-pays-in-euro",  # the last capture takes the remainder of the shop's money
            order(1, presentment_currency="EUR", total_price_set=both("20.00", "USD", "18.41", "EUR")),
            transaction(91, 1, "9.20", currency="EUR"),
            transaction(92, 1, "9.21", currency="EUR", processed_at="2026-05-01T08:02:00-04:00"),
            expect={
                "order 1": {"is": POSTED, "erp": "20.00"},
                "payment 91": {"is": POSTED, "erp": "9.99"},
                "payment 92": {"is": POSTED, "erp": "10.01"},
            },
        ),
        *sold(
            "cent-that-does-not-divide",  # 25.00 incl. tax 1.99 over 3 pieces: two rates, no cent lost
            order(
                1,
                item(11, quantity=3, price="8.33", tax_lines=taxed("1.99")),
                item(12, quantity=1, price="0.01"),
                taxes_included=True,
            ),
            transaction(91, 1, "25.00"),
            expect={"order 1": {"is": POSTED, "erp": "25.00"}, "payment 91": {"is": POSTED, "erp": "25.00"}},
        ),
        *sold(
            "yen",
            order(1, item(11, price="1100"), currency="JPY"),
            transaction(91, 1, "2200", currency="JPY"),
            shop="yen",
            currency="JPY",
            expect={"order 1": {"is": POSTED, "erp": "2200"}, "payment 91": {"is": POSTED, "erp": "2200"}},
        ),
        case(
            "free-of-charge",
            "orders/create",
            order(1, item(11, discount_allocations=[{"amount": "20.00"}])),
            events=(POSTED,),
            expect={"order 1": {"is": POSTED, "erp": "0.00"}},
        ),
        case(
            "thirty-days",
            "orders/create",
            order(1, financial_status="pending", payment_terms={"payment_terms_type": "net", "due_in_days": 30}),
            events=(POSTED,),
            expect={"order 1": {"is": POSTED, "erp": "20.00"}},
        ),
        case(
            "ids-in-every-spelling",
            "orders/create",
            {**order(1), "line_items": [{**item(11), "id": "gid://shopify/LineItem/11"}]},
            events=("waiting/transactions_awaited",),
            expect={"order 1": {"is": NO_MONEY, "erp": "20.00"}},
        ),
        case(
            "rounded-id",  # tools rounded the number; the gid has the true one
            "orders/create",
            {**order(820982911946154500), "admin_graphql_api_id": "gid://shopify/Order/820982911946154508"},
            events=("waiting/transactions_awaited",),
            expect={"order 820982911946154508": {"is": NO_MONEY, "erp": "20.00"}},
        ),
        case(
            "batch-with-a-stranger",
            "orders/create",
            [order(1), {"no": "idea"}, order(2)],
            events=("waiting/transactions_awaited", "waiting/transactions_awaited"),
            expect={"order 1": {"is": NO_MONEY, "erp": "20.00"}, "order 2": {"is": NO_MONEY, "erp": "20.00"}},
        ),
    ]


def changes() -> list[Sent]:
    """What happens to orders after they were sold."""
    paid = transaction(91, 1, "20.00")
    cash = transaction(95, 1, "10.00", kind="refund", parent_id=91, processed_at="2026-05-02T09:00:00-04:00")
    back = refund(81, 1, returned(11, 1, "10.00"), transactions=[cash])
    less = order(
        1, item(11, current_quantity=1), minute=9, financial_status="partially_refunded", current_total_price="10.00",
        refunds=[back],
    )  # fmt: skip
    sale = {"order 1": {"is": POSTED, "erp": "20.00"}, "payment 91": {"is": POSTED, "erp": "20.00"}}
    return [
        *_history(
            "goods-back",
            [order(1), paid, back, less],
            {**sale, "refund 81": {"is": POSTED, "erp": "10.00"}, "payment 95": {"is": POSTED}},
        ),
        *_history(
            "goods-back-without-cash",  # goods and an open credit; exchanges have a return id and no cash at all
            [order(1), paid, refund(81, 1, returned(11, 1, "10.00"))],
            {**sale, "refund 81": {"is": POSTED, "erp": "10.00"}},
        ),
        *_history(
            "cash-still-pending",
            [order(1), paid, refund(81, 1, returned(11, 1, "10.00"), transactions=[{**cash, "status": "pending"}])],
            {**sale, "refund 81": {"is": "waiting/pending"}, "payment 95": {"is": "waiting/pending"}},
        ),
        *_history(
            "refund-of-the-unshipped",
            [order(1), paid, refund(81, 1, returned(11, 1, "10.00", restock="cancel"), transactions=[cash])],
            {
                **sale,
                "refund 81": {"is": "parked/fewer_goods", "says": "takes goods off a paid order"},
                "payment 95": {"is": POSTED},
            },
        ),
        *_history(
            "exchange",
            [order(1), paid, refund(81, 1, returned(11, 1, "10.00"), return_={"id": 5})],
            {**sale, "refund 81": {"is": "parked/exchange", "says": "belongs to an exchange"}},
        ),
        *_history(
            "edit-that-adds",
            [
                order(1),
                paid,
                {"order_edit": {"id": 71, "order_id": 1, "committed_at": "2026-05-01T08:06:00-04:00"}},
                order(1, item(11), item(12, quantity=1, price="7.50"), minute=7),
                transaction(92, 1, "7.50"),
            ],
            {
                "order 1": {"is": POSTED, "erp": "27.50"},
                "order_edit 71": {"is": "superseded"},
                "payment 91": {"is": POSTED, "erp": "20.00"},
                "payment 92": {"is": POSTED, "erp": "7.50"},
            },
        ),
        *_history(
            "edit-that-removes",
            [order(1), paid, order(1, item(11, current_quantity=1), minute=7, current_total_price="10.00")],
            {
                "order 1": {"is": "parked/fewer_goods", "says": "1 of line 11", "erp": "20.00"},
                "payment 91": {"is": POSTED, "erp": "20.00"},
            },
        ),
        *_history(
            "cancelled-and-refunded",
            [
                order(1),
                paid,
                order(1, minute=9, cancelled_at="2026-05-01T08:09:00-04:00", financial_status="refunded",
                      current_total_price="20.00"),
                {**cash, "amount": "20.00"},
            ],
            {
                "order 1": {"is": POSTED, "erp": "20.00", "status": "cancelled"},
                "payment 91": {"is": POSTED, "erp": "20.00"},
                "payment 95": {"is": POSTED},
            },
        ),
        *_history(
            "cancelled-and-paid",
            [order(1), paid, order(1, minute=9, cancelled_at="2026-05-01T08:09:00-04:00")],
            {
                "order 1": {
                    "is": "parked/cancelled_with_cash",
                    "says": "20.00 USD were not given back",
                    "erp": "20.00",
                },
                "payment 91": {"is": POSTED, "erp": "20.00"},
            },
        ),
        *_history(
            "cancelled-and-refunded-before-we-heard",
            [
                order(1, minute=9, cancelled_at="2026-05-01T08:09:00-04:00", financial_status="refunded",
                      current_total_price="20.00"),
                paid,
                {**cash, "amount": "20.00"},
            ],
            {name: {"is": "skipped/never_posted"} for name in ("order 1", "payment 91", "payment 95")},
        ),
        *_history(
            "cancelled-and-paid-before-we-heard",
            [order(1, minute=9, cancelled_at="2026-05-01T08:09:00-04:00"), paid],
            {
                "order 1": {"is": "parked/cancelled_with_cash", "says": "20.00 USD were not given back"},
                "payment 91": {"is": "parked/parent_parked"},
            },
        ),
        *_history(
            "shipped-after-we-posted",
            [order(1), paid, order(1, minute=9, fulfillment_status="fulfilled")],
            {**sale, "order 1": {"is": POSTED, "erp": "20.00", "as": "sales_order"}},
        ),
        *_history(
            "shipped-before-we-heard",  # over the counter, or a backlog: nothing is held in stock for it
            [order(1, fulfillment_status="fulfilled", source_name="pos"), paid],
            {**sale, "order 1": {"is": POSTED, "erp": "20.00", "as": "invoice"}},
        ),
        *_history(
            "shipped-in-part-before-we-heard",
            [order(1, fulfillment_status="partial"), paid],
            {
                "order 1": {"is": "parked/shipped_by_shop", "says": "the shop shipped a part of it before it was"},
                "payment 91": {"is": "parked/parent_parked"},
            },
        ),
        *_history(
            "paid-twice",
            [order(1), paid, transaction(92, 1, "20.00")],
            {**sale, "payment 92": {"is": "parked/overpaid", "says": "more than the 0"}},
        ),
        *_history(
            "posted-and-then-unreadable",
            [order(1), paid, order(1, {**item(11), "quantity": -2, "tip": None}, minute=9)],
            {
                "order 1": {"is": "parked/invalid", "says": "line_items[0].quantity is negative", "erp": "20.00"},
                "payment 91": {"is": POSTED, "erp": "20.00"},
            },
        ),
        *_history(
            "yen-back",
            [
                order(1, item(11, price="1100"), currency="JPY"),
                transaction(91, 1, "2200", currency="JPY"),
                transaction(95, 1, "100", currency="JPY", kind="refund", parent_id=91),
            ],
            {
                "order 1": {"is": POSTED, "erp": "2200"},
                "payment 91": {"is": POSTED, "erp": "2200"},
                "payment 95": {"is": "parked/refund_units", "says": "counts in cents, which JPY has not"},
            },
            shop="yen",
            currency="JPY",
        ),
    ]  # fmt: skip


def _history(name: str, bodies: Sequence[Doc], expect: dict[str, Doc], **rest: Any) -> list[Sent]:
    """Bodies of one order in the order of a shop's life, each under the topic that it is of."""
    offset = next(_CASES) * 1000
    return [
        case(
            f"{name}: {number}",
            _topic(body),
            body,
            phase=number,
            offset=offset,
            expect=expect if body is bodies[-1] else {},
            **rest,
        )
        for number, body in enumerate(bodies)
    ]


def _topic(body: Doc) -> str:
    if "order_edit" in body:
        return "orders/edited"
    if "refund_line_items" in body:
        return "refunds/create"
    return "order_transactions/create" if "kind" in body else "orders/updated"


def held_up() -> list[Sent]:
    """Sound bodies that may not go on, each with its reason."""
    whole = order(1)

    def one(name: str, body: Doc, said: str, says: str = "", **rest: Any) -> Sent:
        expect = {"order 1": {"is": said, "says": says}}
        place = name if "settings" in rest else "ours"
        return case(name, "orders/updated", body, shop=place, events=(said,), expect=expect, **rest)

    return [
        one("fraud-hold", order(1, confirmed=False), "waiting/fraud_hold", "held for review"),
        one("not-paid", order(1, financial_status="authorized"), "waiting/gate", "is authorized, not yet paid"),
        one("status-unheard-of", order(1, financial_status="weird"), "waiting/gate", "payment state that is not known"),
        one("tests-not-wanted", order(1, test=True), "skipped/test", "is a test order", settings={"admit_test": False}),
        one(
            "older-than-we",
            whole,
            "skipped/before_go_live",
            "placed before 2027-01-01",
            settings={"go_live": "2027-01-01T00:00:00Z"},
        ),
        one("channel-not-ours", whole, "skipped/filtered", "came over channel", settings={"channels": ["pos"]}),
        one("sku-unknown", order(1, item(11, sku="NOPE-1")), "parked/sku_unknown", "SKU 'NOPE-1' is not in the ERP"),
        one("sku-missing", order(1, item(11, sku=None)), "parked/sku_unknown", "has no SKU; give it one in the shop"),
        one(
            "duties-without-target",
            order(
                1,
                original_total_duties_set=both("2.50", "USD"),
                total_price="22.50",
                current_total_price="22.50",
            ),
            "parked/target_missing",
            "has duties, and no target was chosen",
            settings={"targets": {"tax": "sku:TAX", "tips": "sku:TIP", "gift_cards": "sku:GIFT"}},
        ),
        one("too-many-lines", order(1, *(item(n, sku="SKU-11") for n in range(11, 311))), "parked/erp_refused", "250"),
        one("lines-differ", order(1, total_line_items_price="21.00"), "parked/does_not_add_up", "the lines add up to"),
        one("tax-differs", order(1, total_tax="1.00"), "parked/does_not_add_up", "the taxes add up to 0 USD"),
        one("total-differs", order(1, total_price="19.99"), "parked/does_not_add_up", "shop's total is 19.99 USD"),
        one(
            "current-total-differs",
            order(1, current_total_price="19.99"),
            "parked/does_not_add_up",
            "but the shop's current total is 19.99 USD",
        ),
        one(
            "discount-differs",
            order(1, total_discounts="1.00"),
            "parked/does_not_add_up",
            "the discounts add up to 0 USD, but the shop states 1.00 USD",
        ),
        one("half-cents", order(1, item(11, quantity=1, price="10.005")), "parked/does_not_add_up", "a fraction that"),
        one("other-currency", order(1, currency="EUR"), "parked/currency_unsupported", "the ERP entity books USD"),
        *sold(
            "gateway-unheard-of",
            whole,
            transaction(91, 1, "20.00", gateway="paypal"),
            expect={
                "order 1": {"is": POSTED, "erp": "20.00"},
                "payment 91": {"is": "parked/tender_unmapped", "says": "nobody chose where money from 'paypal' goes"},
            },
        ),
        *sold(
            "money-of-a-third-currency",
            whole,
            transaction(91, 1, "20.00", currency="GBP"),
            expect={
                "order 1": {"is": NO_MONEY, "erp": "20.00"},
                "payment 91": {"is": "parked/currency_unsupported", "says": "is in GBP, its order in USD"},
            },
        ),
        *sold(
            "money-that-did-not-move",
            whole,
            transaction(91, 1, "20.00", kind="authorization"),
            transaction(92, 1, "20.00", status="failure"),
            transaction(93, 1, "20.00", kind="void"),
            transaction(94, 1, "20.00", status="pending"),
            expect={
                "order 1": {"is": NO_MONEY, "erp": "20.00"},
                "payment 91": {"is": "skipped/moves_no_cash"},
                "payment 92": {"is": "skipped/moves_no_cash"},
                "payment 93": {"is": "skipped/moves_no_cash"},
                "payment 94": {"is": "waiting/pending"},
            },
        ),
    ]


def invalid() -> list[Sent]:
    """Bodies that cannot be booked: parked, with the field that is wrong."""
    bad: dict[str, tuple[Doc | bytes, str]] = {
        "currency-of-nobody": (order(1, currency="ABC"), "currency is 'ABC', which is not a currency of ISO 4217"),
        "no-currency-code": (order(1, currency="XXX"), "currency is 'XXX'"),
        "negative-price": (_line(price="-5.00"), "line_items[0].price is negative"),
        "negative-quantity": (_line(quantity=-1), "line_items[0].quantity is negative"),
        "negative-total": (order(1, current_total_price="-5.00"), "current_total_price is negative"),
        "exponent": (_line(price="1e2"), "line_items[0].price is not an amount"),
        "amount-in-words": (_line(price="ten"), "line_items[0].price is not an amount"),
        "amount-of-nan": (_line(price="NaN"), "line_items[0].price is not an amount"),
        "amount-too-large": (_line(price="9" * 15), "line_items[0].price is not an amount"),
        "half-a-piece": (_line(quantity=1.5), "line_items[0].quantity is not a whole number"),
        "year-9999": (order(1, processed_at="9999-12-31T23:59:59Z"), "is in the year 9999, which cannot be right"),
        "year-1": (order(1, created_at="0001-01-01T00:00:00Z"), "is in the year 1, which cannot be right"),
        "thirtieth-of-february": (order(1, updated_at="2026-02-30T00:00:00Z"), "updated_at is not a date and time"),
        "time-of-nowhere": (order(1, updated_at="2026-05-01T08:00:00"), "has no offset from UTC"),
        "lines-of-text": (order(1, line_items="none"), "line_items is not a list"),
        "lines-of-null": (order(1, line_items=[None]), "line_items[0] is not an object"),
        "name-of-a-list": (order(1, name=["#1"]), "name is not a text"),
        "truth-of-a-text": (order(1, test="maybe"), "test is neither true nor false"),
        "line-twice": (order(1, item(11), item(11)), "line_items has one id on two lines"),
        "two-currencies": (
            order(1, total_shipping_price_set=both("0.00", "EUR")),
            "total_shipping_price_set is in EUR, but the document is in USD",
        ),
    }
    return [
        case(
            name,
            "orders/updated",
            body,
            events=("parked/invalid",),
            expect={"order 1": {"is": "parked/invalid", "says": says}},
        )
        for name, (body, says) in bad.items()
    ]


def _line(**changes: Any) -> Doc:
    return {**order(1), "line_items": [{**item(11), **changes}]}


def unreadable() -> list[Sent]:
    """Records that nobody can read: dead letters with a reason; nothing else waits for them."""
    whole = dump(order(1))
    bad: dict[str, tuple[bytes, str]] = {
        "nothing": (b"", "undecodable: the record is empty"),
        "prose": (b"Dear sir or madam", "undecodable: "),
        "html": (b"<html><body>502 Bad Gateway</body></html>", "undecodable: "),
        "cut-in-the-middle": (whole[: len(whole) // 2], "undecodable: it ends in the middle"),
        "key-twice": (whole.replace(b'"name"', b'"id": 2, "name"', 1), "undecodable: one field is there twice"),
        "number-of-nan": (whole.replace(b'"test": false', b'"test": NaN'), "undecodable: it holds a number that"),
        "infinity": (whole.replace(b'"test": false', b'"test": -Infinity'), "undecodable: it holds a number"),
        "utf-16": (json.dumps(order(1)).encode("utf-16"), "undecodable: it starts with a byte order mark"),
        "latin-1": (dump(order(1, note="caf\N{LATIN SMALL LETTER E WITH ACUTE}")).decode().encode("latin-1"),
                    "undecodable: it is not UTF-8"),
        "utf-8-with-mark": (b"\xef\xbb\xbf" + whole, "undecodable: it starts with a byte order mark"),
        "gzip": (gzip.compress(whole), "undecodable: it is not UTF-8"),
        "avro": (b"\x00\x00\x00\x00\x07\x02\x04#1", "undecodable: it starts with a NUL byte"),
        "ten-thousand-levels": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "undecodable: it is nested more than"),
        "levels-of-lists": (b"[" * 10_000 + b"]" * 10_000, "undecodable: it is nested more than"),
        "number-of-a-thousand-digits": (
            whole.replace(b'"order_number": 1', b'"order_number": ' + b"9" * 10_000), "undecodable: "
        ),
        "half-a-character": (whole.replace(b'"#1"', b'"\\ud83d"'), "undecodable: "),
        "nul-in-a-text": (whole.replace(b'"#1"', b'"a\\u0000b"'), "undecodable: a text in it holds the character NUL"),
        "text": (b'"just text"', "undecodable: "),
        "number": (b"42", "unknown_shape: "),
        "null": (b"null", "unknown_shape: "),
        "empty-list": (b"[]", "unknown_shape: it is an empty list"),
        "no-id": (dump({**order(1), "id": None, "admin_graphql_api_id": None}), "invalid: order without a readable id"),
        "id-of-minus-one": (dump({**order(1), "id": -1, "admin_graphql_api_id": None}), "invalid: order without a"),
        "body-of-a-stranger": (b'{"hello": "world"}', "unknown_shape: it comes from Shopify with topic 'pizzas/eaten'"),
    }  # fmt: skip
    topics = {"body-of-a-stranger": "pizzas/eaten"}
    return [case(name, topics.get(name, "orders/updated"), value, dead=(says,)) for name, (value, says) in bad.items()]


def senders() -> list[Sent]:
    """Whose is it? Wrappings, strangers, shops that nobody set up."""
    encoded = base64.b64encode(dump(order(1))).decode()
    event = {
        "specversion": "1.0",
        "id": "e1",
        "type": "com.shopify.orders.create",
        "source": "//cloud-events.myshopify.com",
        "data": order(1),
    }
    return [
        case(
            "cloud-events",
            "-",
            event,
            bare=True,
            shop="cloud-events",
            events=("waiting/transactions_awaited",),
            expect={"order 1": {"is": NO_MONEY, "erp": "20.00"}},
        ),
        case(
            "wrapped-in-base64",
            "-",
            {"topic": "orders/create", "shop": "wrapped-in-base64.myshopify.com", "payload": encoded},
            bare=True,
            shop="wrapped-in-base64",
            offset=0,
            events=("waiting/transactions_awaited",),
            expect={"order 1": {"is": NO_MONEY, "erp": "20.00"}},
        ),
        case(
            "quickbooks",
            "-",
            {
                "specversion": "1.0",
                "id": "e1",
                "type": "qbo.invoice.created.v1",
                "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
                "time": "2026-05-01T12:00:00Z",
                "intuitentityid": "145",
                "intuitaccountid": "310687",
            },
            bare=True,
            dead=("unknown_source: it comes from QuickBooks, which is not connected here",),
        ),
        case(
            "nobody", "-", {"id": 1, "total": "1.00"}, bare=True, dead=("unknown_shape: nothing in it says which shop",)
        ),
        case("no-shop", "-", order(1), bare=True, dead=("X-Shopify-Shop-Domain is missing",)),
        case(
            "never-set-up",
            "orders/create",
            order(1),
            shop="never-set-up",
            set_up=False,
            events=("parked/tenant_unknown",),
            expect={"order 1": {"is": "parked/tenant_unknown", "says": "add it under `tenants`"}},
        ),
        case(
            "customers",
            "customers/update",
            {**ADA, "admin_graphql_api_id": "gid://shopify/Customer/7"},
            events=("skipped/out_of_scope",),
        ),
        case(
            "topic-lies",  # the body decides, not the topic
            "refunds/create",
            order(1),
            events=("waiting/transactions_awaited",),
            expect={"order 1": {"is": NO_MONEY, "erp": "20.00"}},
        ),
        case(
            "topic-lost",
            "",
            order(1),
            events=("waiting/transactions_awaited",),
            expect={"order 1": {"is": NO_MONEY, "erp": "20.00"}},
        ),
    ]


def ours() -> list[Sent]:
    """Everything of our own; sound orders stand behind what nobody can read."""
    return [*unreadable(), *sales(), *changes(), *held_up(), *invalid(), *senders()]
