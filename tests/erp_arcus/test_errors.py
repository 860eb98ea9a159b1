import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.outcome import Reason
from service.erp.arcus.errors import CODES, CREDENTIALS, FROZEN, REASONS, Meaning, classify, reason_for, retry_after
from service.errors import FerryError, KeyTaken, Refused, Retryable, Unknown, Waiting
from tests.erp_arcus.effects import confirm, create_order, order_posted, pay, refund_cash

# Code, status and meaning as the documentation has them (arcus-api.md 5), written out: the table is not its own judge.
DOCUMENTED: list[tuple[str, int, type[FerryError]]] = [
    ("missing_api_key", 401, Waiting),
    ("insufficient_scope", 403, Waiting),
    ("ip_not_allowlisted", 403, Waiting),
    ("permission_denied", 403, Waiting),
    ("not_found", 404, Refused),
    ("order_not_found", 404, Refused),
    ("idempotency_key_mismatch", 409, KeyTaken),
    ("resource_in_use", 409, Refused),
    ("rate_limit_exceeded", 429, Retryable),
    ("invalid_expand_list_requires_data_prefix", 400, Refused),
    ("invalid_expand_unknown_field", 400, Refused),
    ("missing_field", 400, Refused),
    ("validation_failed", 400, Refused),
    ("line_item_failed", 400, Refused),
    ("validation_error", 422, Refused),
    ("insufficient_inventory", 422, Refused),
    ("account_role_mismatch", 422, Refused),
    ("tax_exempt_requires_exemption_code", 422, Refused),
    ("payment_method_not_found", 404, Refused),
    ("quote_must_convert_before_confirm", 422, Refused),
    ("dropship_po_received_blocks_so_void", 409, Refused),
    ("dropship_po_sent_blocks_so_void", 409, Refused),
    ("manufactured_wo_completed_blocks_so_void", 409, Refused),
    ("manufactured_wo_in_progress_blocks_so_void", 409, Refused),
    ("open_rma_blocks_void", 409, Refused),
    ("not_a_stripe_payment", 422, Refused),
    ("payment_not_voidable", 400, Refused),
    ("forbidden_field", 422, Refused),
    ("duplicate_pricing_policy_for_scope", 422, Refused),
    ("period_closed", 422, Refused),
    ("not_implemented", 501, Refused),
]
AGREED: list[tuple[str, int, type[FerryError]]] = [
    ("idempotency_key_in_use", 409, Unknown),
    ("entity_frozen", 423, Waiting),
    ("invoice_required", 422, Refused),
    ("amount_exceeds_balance", 422, Refused),
    ("approval_required", 422, Refused),
    ("credit_hold", 422, Refused),
    ("credit_limit_exceeded", 422, Refused),
    ("account_delinquent", 422, Refused),
    ("not_refundable", 422, Refused),
]
"""What the documentation describes without a name."""


def said(status: int, code: str = "", *, headers: dict[str, str] | None = None, **more: Any) -> FerryError:
    body = json.dumps({"error": code, "code": code, **more} if code else more).encode()
    waits = {Meaning.FROZEN: 5.0, Meaning.CREDENTIALS: 60.0}
    return classify(what="test", status=status, headers=headers or {}, body=body, waits=waits)


@pytest.mark.parametrize(("code", "status", "kind"), [*DOCUMENTED, *AGREED])
def test_every_documented_code_says_what_may_be_done(code: str, status: int, kind: type[FerryError]) -> None:
    error = said(status, code)
    assert type(error) is kind
    if isinstance(error, Refused):
        assert (error.code, error.status) == (code, status)


@pytest.mark.parametrize("code", [code for code, _, kind in DOCUMENTED + AGREED if kind is Refused])
@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_documented_refusal_is_one_under_every_status_of_a_refusal(code: str, status: int) -> None:
    assert isinstance(said(status, code), Refused)


def test_the_table_has_every_documented_code_and_no_other() -> None:
    assert sorted(CODES) == sorted(code for code, _, _ in DOCUMENTED + AGREED)


@pytest.mark.parametrize("status", [400, 404, 405, 410, 413, 422])
def test_a_code_that_nobody_documented_is_a_refusal_by_name(status: int) -> None:
    error = said(status, "brand_new_code", hint="Because.", param="line_items[2].quantity", request_id="req_1")
    assert error == Refused("test", status, "brand_new_code", "Because.", "line_items[2].quantity", "req_1")


@pytest.mark.parametrize("code", ["brand_new_code", "request_in_progress", "conflict"])
def test_a_conflict_that_nobody_documented_may_be_our_own_request(code: str) -> None:
    error = said(409, code, hint="The first request is still running.")
    assert isinstance(error, Unknown)
    assert (error.status, error.why) == (409, f"answer 409 {code}")


@pytest.mark.parametrize("code", ["brand_new_code", "validation_failed", "not_implemented", "rate_limit_exceeded"])
@pytest.mark.parametrize("status", [408, 425])
def test_what_was_given_up_on_the_way_is_unknown_whatever_it_says(status: int, code: str) -> None:
    assert isinstance(said(status, code), Unknown)


@pytest.mark.parametrize("status", [200, 301, 304, 399, 500, 502, 503, 504, 599])
def test_what_is_neither_a_success_nor_a_clear_no_is_unknown(status: int) -> None:
    error = said(status, "validation_failed")
    assert isinstance(error, Unknown)
    assert error.status == status


@pytest.mark.parametrize("status", [400, 402, 408, 409, 422, 425, 499])
def test_a_refusal_without_the_documented_envelope_is_unknown(status: int) -> None:
    html = classify(what="test", status=status, headers={}, body=b"<html>")
    assert isinstance(html, Unknown)
    assert isinstance(said(status), Unknown)


@pytest.mark.parametrize("status", [404, 405, 413])
def test_a_router_says_no_without_an_envelope(status: int) -> None:
    error = classify(what="test", status=status, headers={}, body=b"Not Found")
    assert isinstance(error, Refused)
    assert error.code == f"http_{status}"


def test_an_envelope_with_only_the_older_name_is_read() -> None:
    error = classify(what="test", status=422, headers={}, body=b'{"error":"line_item_failed"}')
    assert isinstance(error, Refused)
    assert error.code == "line_item_failed"


def test_too_many_requests_had_no_effect_and_say_when() -> None:
    error = said(429, "rate_limit_exceeded", headers={"Retry-After": "7"})
    assert isinstance(error, Retryable)
    assert error.after == 7
    assert isinstance(classify(what="test", status=429, headers={}, body=b""), Retryable)


def test_a_frozen_entity_is_a_named_wait() -> None:
    error = said(423, "entity_frozen")
    assert isinstance(error, Waiting)
    assert (error.wait, error.after) == (FROZEN, 5.0)
    later = said(423, headers={"Retry-After": "30"})
    assert isinstance(later, Waiting)
    assert later.after == 30


@pytest.mark.parametrize("status", [401, 403])
def test_what_concerns_the_key_waits_for_everything(status: int) -> None:
    error = said(status, "insufficient_scope", required="orders:write")
    assert isinstance(error, Waiting)
    assert (error.wait, error.after) == (CREDENTIALS, 60.0)
    assert "orders:write" in error.why
    plain = classify(what="test", status=status, headers={}, body=b"")
    assert isinstance(plain, Waiting)
    assert plain.after is None


def test_a_shortfall_names_product_and_numbers() -> None:
    error = said(422, "insufficient_inventory", hint="Too little.", product_id="p3", requested=10, available=4)
    assert isinstance(error, Refused)
    assert error.hint == "Too little. (product p3: requested 10, available 4)"


def test_references_are_counted_and_addresses_are_left_out() -> None:
    error = said(409, "resource_in_use", hint="Used by ada@example.com.", references=[{"id": "1"}, {"id": "2"}])
    assert isinstance(error, Refused)
    assert error.hint == "Used by … (2 references)"
    strange = said(409, "resource_in_use", references="many")
    assert isinstance(strange, Refused)
    assert strange.hint == ""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": " 12 "}, 12.0),
        ({"Retry-After": "Fri, 01 May 2026 12:00:30 GMT", "Date": "Fri, 01 May 2026 12:00:00 GMT"}, 30.0),
        ({"Retry-After": "Fri, 01 May 2026 11:00:00 GMT", "Date": "Fri, 01 May 2026 12:00:00 GMT"}, 0.0),
        ({"Retry-After": "Fri, 01 May 2020 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@given(status=st.integers(min_value=100, max_value=599), body=st.binary(max_size=200), after=st.text(max_size=20))
def test_no_answer_breaks_the_classification(status: int, body: bytes, after: str) -> None:
    error = classify(what="test", status=status, headers={"Retry-After": after}, body=body)
    assert isinstance(error, Refused | Retryable | Unknown | Waiting)


PAID = order_posted(paid=Decimal(25))


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_its_reason(code: str) -> None:
    expected = REASONS.get(code, Reason.ERP_REFUSED)
    assert reason_for(code, create_order()) is expected
    assert reason_for(code, refund_cash(PAID, "1")) is REASONS.get(code, Reason.REFUND_REFUSED)


def test_reasons_are_told_apart() -> None:
    assert reason_for("invoice_required", pay(PAID, "1")) is Reason.WAITS_FOR_INVOICE
    assert reason_for("amount_exceeds_balance", pay(PAID, "1")) is Reason.OVERPAID
    assert reason_for("approval_required", confirm("o1")) is Reason.ERP_HOLD
    assert reason_for("period_closed", pay(PAID, "1")) is Reason.WRONG_PERIOD
    assert reason_for("not_refundable", refund_cash(PAID, "1")) is Reason.REFUND_REFUSED
    assert reason_for("refund_exceeds_payment", refund_cash(PAID, "1")) is Reason.REFUND_REFUSED
    assert reason_for("brand_new_code", create_order()) is Reason.ERP_REFUSED
