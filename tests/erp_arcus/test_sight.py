"""How documents of ours stand, from what Arcus says of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas.base import Kind
from schemas.effect import Component
from schemas.posted import Posted, PostedLine
from service.erp.arcus.payloads import AccountDoc, ApplicationDoc, CreditDoc, LineDoc, OrderDoc, PaymentDoc
from service.erp.arcus.sight import Seen
from tests.erp_arcus.effects import ref

D = Decimal
LINE = PostedLine(line_id="11", component=Component.GOODS, erp_id="l1", quantity=2, rate=D(10), total=D(20))
GONE = LINE.model_copy(update={"line_id": "12", "erp_id": "l2"})


def known(kind: Kind = Kind.ORDER, document_type: str = "sales_order", **changes: Any) -> Posted:
    given: dict[str, Any] = {"erp_id": "x", "currency": "USD", "document_type": document_type, **changes}
    return Posted(document=ref(kind, "1"), **given)


def order(**changes: Any) -> OrderDoc:
    given: dict[str, Any] = {"id": "x", "order_total": D(20), "order_status": "confirmed", **changes}
    return OrderDoc.model_validate(given)


def paid(ident: str, status: str = "succeeded") -> PaymentDoc:
    part = ApplicationDoc(order_id="x", amount_applied=D(4))
    return PaymentDoc(id=ident, amount=D("4.00"), status=status, applications=[part])


def test_a_line_that_people_took_off_is_gone() -> None:
    seen = Seen(9.0)
    posted = known(lines=(LINE, GONE))
    there = LineDoc(id="l1", quantity=2, sell_rate=D(10), line_subtotal=D(20))
    seen.order(posted, order(line_items=[there]), ())
    assert [line.line_id for line in seen.after[posted.document].lines] == ["11"]
    seen.order(posted, order(), ())
    assert [line.line_id for line in seen.after[posted.document].lines] == ["11", "12"], "nothing was said of lines"
    assert seen.sight().began_at == 9.0


def test_payments_of_others_are_foreign_unless_they_are_gone_again() -> None:
    seen = Seen(9.0)
    posted = known()
    seen.order(posted, order(payments=[paid("ours"), paid("theirs"), paid("gone", "voided")]), {"ours"})
    assert seen.sight().foreign == {posted.document: ("theirs over 4",)}
    assert set(seen.payments) == {"ours", "theirs", "gone"}


def test_a_payment_with_our_reference_that_nobody_knows_is_no_drift() -> None:
    seen = Seen(9.0)
    posted = known()
    again = paid("again").model_copy(update={"external_reference": f"{posted.document.tenant}:91"})
    seen.order(posted, order(payments=[again, paid("theirs")]), ())
    assert seen.sight().forgotten == {posted.document}
    assert not seen.sight().foreign


def test_payments_credits_and_accounts_stand_in_their_own_words() -> None:
    seen = Seen(9.0)
    payment, credit = known(Kind.PAYMENT, "payment"), known(Kind.REFUND, "credit")
    account = known(Kind.ACCOUNT, "account")
    seen.payment(payment, paid("x"))
    assert (seen.standings["x"].status, seen.standings["x"].total) == ("succeeded", D("4.00"))
    rows = [CreditDoc(id="y", amount=D(1)), CreditDoc(id="x", amount=D(7), amount_applied=D(2), status="issued")]
    seen.credit(credit, rows)
    assert (seen.standings["x"].status, seen.standings["x"].paid) == ("issued", D(2))
    loser = AccountDoc(id="x", is_active=False, merged_into_account_id="w")
    seen.account(account, [loser, AccountDoc(id="w", account_number="CUST-2", is_active=True)])
    assert [seen.standings[one].status for one in ("x", "w")] == ["inactive", "active"]
    assert seen.standings["x"].merged_into == "w"
    assert seen.after[account.document].erp_id == "w"


def test_a_credit_that_is_not_listed_is_gone() -> None:
    seen = Seen(9.0)
    credit = known(Kind.REFUND, "credit")
    seen.credit(credit, [])
    assert seen.sight().missing == {credit.document}
    assert seen.standings["x"].missing
