import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.base import Kind, Ref
from schemas.party import Address
from service.erp.arcus import identity
from service.erp.arcus.tag_probe import TagProbe
from tests.erp_arcus.effects import ACCOUNT, HOME, ORDER, REFUND, VERSION, WORK, create_account, create_order, give_back
from tests.erp_arcus.effects import order_posted as posted

names = st.text(min_size=1, max_size=40)


def test_a_tag_names_source_tenant_kind_id_version_and_generation() -> None:
    assert identity.tag_of(create_order(revision=2)) == {
        "external_source": "shopify",
        "tenant": "a.myshopify.com",
        "kind": "order",
        "external_id": "1001",
        "generation": "2",
        "source_version": VERSION,
    }
    assert identity.tag_of(create_account())["external_id"] == ACCOUNT.external_id
    assert identity.tag_of(give_back(posted()))["kind"] == "refund"


@pytest.mark.parametrize("name", identity.IDENTITY)
def test_every_part_of_the_tag_counts(name: str) -> None:
    wanted = identity.tag(ORDER, source_version=VERSION)
    assert identity.same({**wanted, "source_version": "later", "more": "x"}, wanted)
    assert not identity.same({**wanted, name: "other"}, wanted)
    assert not identity.same({key: value for key, value in wanted.items() if key != name}, wanted)


def test_a_number_that_came_back_for_text_is_the_same() -> None:
    wanted = identity.tag(ORDER, source_version=VERSION)
    assert identity.same({**wanted, "external_id": 1001, "generation": 1}, wanted)
    assert not identity.same(None, wanted)


@given(source=names.filter(lambda text: len(text) <= 60), tenant=names, ident=names, around=st.text(max_size=40))
def test_a_notes_tag_is_found_whatever_stands_before_it(source: str, tenant: str, ident: str, around: str) -> None:
    document = Ref(external_source=source, tenant=tenant, kind=Kind.PAYMENT, external_id=ident)
    notes = f"{around} {identity.notes_tag(document, source_version=VERSION)}"
    assert identity.noted(notes, document)
    assert not identity.noted(notes, document.model_copy(update={"kind": Kind.REFUND}))
    assert not identity.noted(notes, document.model_copy(update={"external_id": ident + "0"}))


def test_empty_notes_are_nobodys() -> None:
    assert not identity.noted(None, ORDER)
    assert not identity.noted("thank you", ORDER)


def test_a_payment_is_referred_to_by_tenant_and_transaction() -> None:
    assert identity.reference(REFUND) == "a.myshopify.com:5001"


def test_an_address_is_the_same_whatever_its_case_spacing_and_phone() -> None:
    shouted = Address(
        name=" ADA  buyer",
        street1="1 MAIN st",
        city="fresno ",
        region="ca",
        postal_code="93650",
        country="us",
        phone="1",
    )
    assert identity.address_key(shouted) == identity.address_key(HOME)
    assert identity.address_key(HOME) != identity.address_key(WORK)
    assert identity.address_key(HOME) != identity.address_key(HOME.model_copy(update={"name": "Bob"}))


def test_a_label_tells_people_who_and_us_which() -> None:
    label = identity.address_label(HOME)
    assert label.startswith("Ada Buyer [")
    assert identity.labelled(label) == identity.address_key(HOME)
    nameless = identity.address_label(Address(city="Fresno"))
    assert nameless.startswith("[")
    assert identity.labelled("Head office") is None
    assert identity.labelled(None) is None


def test_an_address_with_a_name_only_is_no_place() -> None:
    assert identity.is_empty(None)
    assert identity.is_empty(Address(name="Ada", phone="1"))
    assert not identity.is_empty(Address(country="US"))


def test_whether_tags_stick_is_learnt_from_what_comes_back() -> None:
    wanted = identity.tag(ORDER, source_version=VERSION)
    probe = TagProbe()
    learnt = []
    for found in ({"colour": "red"}, wanted):
        probe.seen(found)
        learnt.append(probe.sticks)
    for came_back in (wanted, {}):
        probe.sent(wanted, came_back)
        learnt.append(probe.sticks)
    probe.seen(wanted)
    assert [*learnt, probe.sticks] == [None, True, True, False, False]
    assert not identity.is_tagged(None)


def test_a_tag_that_came_back_whole_proves_that_tags_stick() -> None:
    wanted = identity.tag(ORDER, source_version=VERSION)
    whole, lost = TagProbe(), TagProbe()
    whole.sent(wanted, wanted)
    lost.sent(wanted, None)
    assert (whole.sticks, lost.sticks) == (True, False)
