import pytest

from sandbox.arcus.profile import LENIENT, STRICT, switched
from sandbox.arcus.trial import Books, expect


async def test_single_objects_come_wrapped(strict: Books) -> None:
    answer = await strict.call("POST", "/orders", strict.order())
    assert set(answer.body) == {"data"}
    for path in (f"/orders/{answer.doc['id']}", f"/accounts/{strict.buyer}", f"/products/{strict.products['TEA']}"):
        assert set((await strict.call("GET", path)).body) == {"data"}
    assert isinstance((await strict.call("GET", "/orders")).body["data"], list)


async def test_a_replay_of_a_wrapped_answer_is_the_same(strict: Books) -> None:
    first = await strict.call("POST", "/orders", strict.order(), key="k1")
    assert (await strict.call("POST", "/orders", strict.order(), key="k1")).raw == first.raw


async def test_only_metadata_sticks_on_create(strict: Books) -> None:
    order = await strict.created(source_platform="shopify", external_order_id="1", metadata={"external_id": "1"})
    assert (order["source_platform"], order["external_order_id"]) == (None, None)
    assert (await strict.get(f"/orders/{order['id']}"))["metadata"] == {"external_id": "1"}
    body = {"name": "Bo", "account_type": "individual", "external_customer_id": "c1", "metadata": {"external_id": "c1"}}
    account = (await strict.call("POST", "/accounts", body)).doc
    assert (account["external_customer_id"], account["metadata"]) == (None, {"external_id": "c1"})


async def test_an_invoice_posts_at_create_unless_a_gate_holds_it(strict: Books) -> None:
    invoice = await strict.created(document_type="invoice")
    assert invoice["order_status"] == "confirmed"
    assert (await strict.call("POST", f"/orders/{invoice['id']}/confirm", {})).code == "order_not_draft"
    held = await strict.created(strict.line("HOLD-1"), document_type="invoice")
    assert (held["order_status"], held["is_on_hold"], held["hold_type"]) == ("on_hold", True, "approval")
    assert (await strict.created())["order_status"] == "draft"


async def test_payments_apply_to_invoices_only(strict: Books) -> None:
    order = await strict.confirmed()
    path = "/payments/multi-invoice-apply"
    refused = await strict.call("POST", path, strict.payment(order))
    assert (refused.status, refused.code) == (422, "invoice_required")
    manual = await strict.call("POST", f"/orders/{order['id']}/payments", {"payment_method": "cash", "amount": 1})
    assert manual.code == "invoice_required"
    invoice = await strict.created(document_type="invoice")
    answer = expect(await strict.call("POST", path, strict.payment(invoice)), 201)
    assert set(answer.body) == {"data", "idempotent_replay"}


async def test_an_external_payment_is_not_refundable(strict: Books) -> None:
    invoice = await strict.created(document_type="invoice")
    paid = await strict.paid(invoice)
    refused = await strict.call("POST", f"/orders/{invoice['id']}/payments/{paid['id']}/refund", {"amount": 100})
    assert (refused.status, refused.code) == (422, "not_refundable")


async def test_a_check_needs_its_number(strict: Books) -> None:
    invoice = await strict.created(document_type="invoice")
    path = f"/orders/{invoice['id']}/payments"
    body = {"payment_method": "check", "amount": 1}
    assert (await strict.call("POST", path, body)).body["param"] == "check_number"
    expect(await strict.call("POST", path, {**body, "check_number": "17"}), 201)


async def test_a_wrong_child_is_422(strict: Books) -> None:
    for sku in ("OLD", "CARTON", "INACTIVE-1"):
        answer = await strict.call("POST", "/orders", strict.order(strict.line(sku)))
        assert (answer.status, answer.code) == (422, "line_item_failed")
    answer = await strict.call("POST", "/orders", strict.order(strict.line(quantity=0)))
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert (await strict.call("POST", "/orders", {})).status == 400


def test_switches_change_one_thing_each() -> None:
    profile = switched(LENIENT, ["wrap_single=on", "created_status=200", "id_format=prefixed"])
    assert (profile.wrap_single, profile.created_status, profile.id_format) == (True, 200, "prefixed")
    assert profile.invoice_only_payments is LENIENT.invoice_only_payments is False
    assert STRICT.invoice_only_payments is True
    with pytest.raises(ValueError, match="no switch named 'colour'"):
        switched(LENIENT, ["colour=red"])
    for wrong in ("wrap_single=maybe", "id_format=roman", "child_status=418"):
        with pytest.raises(ValueError, match="is one of"):
            switched(LENIENT, [wrong])
