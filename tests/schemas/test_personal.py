"""Every field is told personal or harmless; an erasure takes the one and leaves the other."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import schemas
from schemas.base import Frozen
from schemas.effect import AddAddress, CreateOrder
from schemas.order import Order
from schemas.party import Address, Party, email_key
from schemas.personal import HARMLESS, PERSONAL, personal_fields, personal_texts, told, without_person
from schemas.refund import Refund
from service.ledger.digest import digest
from tests.erp_arcus.effects import add_address, create_account, create_order
from tests.plan.world import back, line, order, refund

for _module in pkgutil.iter_modules(schemas.__path__):
    importlib.import_module(f"schemas.{_module.name}")

HOME = Address(name="Ada Buyer", street1="1 Main St", city="Fresno", country="US")
ADA = Party(
    customer_id="7", company_id="9", company_name="Acme", name="Ada Buyer", email=" Ada@x.example", tax_exempt=True
)
SALE = order(
    line("11", properties=(("Text", "To Bob"),)),
    buyer=ADA,
    ship_to=HOME,
    bill_to=HOME,
    note="ring",
    attributes=(("gift", "yes"),),
)


def models(model: type[Frozen] = Frozen) -> Iterator[type[Frozen]]:
    for below in model.__subclasses__():
        if below.__module__.startswith("schemas."):
            yield below
        yield from models(below)


EVERY = sorted(set(models()), key=lambda model: model.__name__)


@pytest.mark.parametrize("model", EVERY, ids=lambda model: model.__name__)
def test_every_field_is_in_exactly_one_table(model: type[Frozen]) -> None:
    own = set(model.__annotations__) & set(model.model_fields)
    personal, harmless = PERSONAL.get(model, frozenset()), HARMLESS.get(model, frozenset())
    assert personal | harmless == own, "say in schemas/personal.py whether a person can be told from the field"
    assert not personal & harmless


def test_no_table_tells_of_a_class_that_is_not_there() -> None:
    assert {*PERSONAL, *HARMLESS} <= set(EVERY)


def test_an_erased_order_keeps_ids_and_amounts() -> None:
    left = without_person(SALE)
    assert told(left) == {}
    assert left.buyer == Party(customer_id="7", company_id="9", tax_exempt=True, email_key=email_key("ada@x.example"))
    assert (left.ref, left.totals, left.name, left.version) == (SALE.ref, SALE.totals, SALE.name, SALE.version)
    assert left.lines[0].unit_price == SALE.lines[0].unit_price
    assert isinstance(Order.model_validate_json(left.model_dump_json()), Order)
    assert without_person(left) is left


@pytest.mark.parametrize("fact", [SALE, refund("81", back("11", 1, "10.00"), note="sorry")])
def test_a_person_is_no_part_of_a_digest(fact: Order | Refund) -> None:
    assert without_person(fact) != fact
    assert digest(without_person(fact)) == digest(fact)


def test_what_holds_no_person_stays_the_very_same() -> None:
    plain = order()
    assert without_person(plain) is plain


def test_effects_lose_their_persons_too() -> None:
    sale: CreateOrder = create_order(customer_notes="ring", notes="gift: yes")
    left = without_person(sale)
    assert (left.ship_to, left.bill_to, left.notes, left.customer_notes) == (None, None, "", "")
    assert (left.total, left.account, left.name) == (sale.total, sale.account, sale.name)
    one: AddAddress = add_address("A-1")
    assert without_person(one).address == Address()
    assert without_person(one).address_key == one.address_key
    assert told(without_person(create_account())) == {}


def test_what_is_held_is_told_at_its_place() -> None:
    assert told(SALE) == {
        "lines": [{"properties": [["Text", "To Bob"]]}],
        "buyer": {"company_name": "Acme", "name": "Ada Buyer", "email": " Ada@x.example"},
        "ship_to": {"name": "Ada Buyer", "street1": "1 Main St", "city": "Fresno", "country": "US"},
        "bill_to": {"name": "Ada Buyer", "street1": "1 Main St", "city": "Fresno", "country": "US"},
        "note": "ring",
        "attributes": [["gift", "yes"]],
    }
    found = personal_texts(SALE)
    assert {"Ada Buyer", "1 Main St", "Fresno", "ring", "To Bob", "Acme"} <= found
    assert "US" not in found, "too short to be told from other words"


def test_a_subclass_inherits_what_is_personal() -> None:
    assert set(personal_fields(Order)) == {"ship_to", "bill_to", "note", "attributes"}


@pytest.mark.parametrize(("email", "same"), [(" ADA@x.example ", True), ("bob@x.example", False), ("  ", False)])
def test_an_e_mail_has_one_key_however_it_is_written(email: str, *, same: bool) -> None:
    assert (email_key(email) == email_key("ada@x.example")) is same
    assert email_key("") == ""
