from sandbox.arcus.errors import Doc
from sandbox.arcus.store import STALE_HORIZON, Entity, Past, Transaction


def _order(ident: str, account: str, **fields: object) -> Doc:
    return {"id": ident, "order_number": f"SO-{ident}", "account_id": account, **fields}


def _entity() -> Entity:
    entity = Entity(code="e", ident="e1", currency="USD")
    entity.commit([("orders", _order("1", "a", total=1))], 10.0)
    entity.commit([("orders", _order("2", "a", total=1))], 20.0)
    entity.commit([("orders", _order("1", "b", total=5))], 30.0)
    return entity


def test_the_past_shows_what_was_and_not_what_came() -> None:
    entity = _entity()
    past = Past(entity, 15.0)
    assert [order["id"] for order in past.scan("orders")] == ["1"]
    assert past.get("orders", "2") is None
    assert [order["total"] for order in past.find("order_account", "a")] == [1]
    assert list(past.find("order_account", "b")) == []
    assert [order["id"] for order in Past(entity, 25.0).scan("orders", newest_first=True)] == ["2", "1"]
    assert list(Past(entity, 5.0).scan("orders")) == []


def test_the_past_is_forgotten_behind_the_horizon() -> None:
    entity = _entity()
    entity.commit([("orders", _order("3", "a"))], 30.0 + STALE_HORIZON)
    assert len(entity.undo) == 2


def test_a_moved_document_is_found_under_its_new_key_only() -> None:
    entity = _entity()
    assert [order["id"] for order in entity.find("order_account", "a")] == ["2"]
    assert [order["id"] for order in entity.find("order_account", "b")] == ["1"]


def test_a_transaction_reads_its_own_writes_and_nobody_else_does() -> None:
    entity = _entity()
    tx = Transaction(entity)
    tx.put("orders", _order("9", "a"))
    tx.put("orders", _order("2", "b"))
    assert [order["id"] for order in tx.find("order_account", "a")] == ["9"]
    assert sorted(order["id"] for order in tx.find("order_account", "b")) == ["1", "2"]
    assert tx.get("orders", "9") is not None
    assert entity.get("orders", "9") is None
    assert len(tx.changes) == 2


def test_numbers_continue_behind_the_highest_that_was_given_out() -> None:
    entity = _entity()
    entity.note_numbers("orders", {"order_number": "SO-000041"})
    entity.note_numbers("orders", {"order_number": "SO-000007"})
    entity.note_numbers("payments", {})
    assert Transaction(entity).number("SO") == "SO-000042"
    assert Transaction(entity).number("INV") == "INV-000001"
