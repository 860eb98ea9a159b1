from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cli.mapping_table import BadRows, read, write
from service.desk.tables import TABLES
from service.duties.policies import with_tables
from service.plan.policy import Fulfilment, Policy
from service.ports import Mapped
from service.settings.tables import slot
from tests.cli.conftest import Ferry
from tests.cli.stories import SHOP, parked

BY = ("--who", "ann", "--why", "new gateway")
BASE = Policy(
    external_source="shopify",
    tenant=SHOP,
    go_live=datetime(2024, 1, 1, tzinfo=UTC),
    fulfilment=Fulfilment.ERP,
    entity_currency="USD",
)


def test_a_line_that_is_set_reopens_what_was_parked_for_it(ferry: Ferry) -> None:
    ferry.desk.parking = [parked()]
    called = ferry("map", "set", "shopify", SHOP, "tender", "paypal", "external", *BY)
    assert called.out == "tender paypal is now external; 1 orders go on.\n"
    assert ferry.desk.parking == []
    (row,) = ferry("map", "list", "shopify", SHOP, "--json").rows
    assert (row["table"], row["name"], row["target"]) == ("tender", "paypal", "external")
    assert "paypal" in ferry("map", "list", "shopify", SHOP).out


def test_a_table_that_does_not_exist_is_wrong_usage(ferry: Ferry) -> None:
    called = ferry("map", "set", "shopify", SHOP, "tenders", "paypal", "external", *BY)
    assert called.code == 2
    assert "gift_card" in called.err


def test_setting_a_line_needs_who_and_why(ferry: Ferry) -> None:
    assert ferry("map", "set", "shopify", SHOP, "tender", "paypal", "external").code == 2
    assert ferry.desk.lines == {}


def test_what_is_exported_can_be_imported(ferry: Ferry, tmp_path: Path) -> None:
    for name, target in (("A,B", "ERP-1"), ("“ä”", "ERP-2")):
        ferry("map", "set", "shopify", SHOP, "sku", name, target, *BY)
    file = tmp_path / "map.csv"
    assert ferry("map", "export", "shopify", SHOP, file).code == 0
    before, ferry.desk.lines = ferry.desk.lines, {}
    row = ferry("map", "import", "shopify", file, *BY, "--json").rows[0]
    assert row == {"set": 2, "reopened": 0}
    assert ferry.desk.lines == before
    assert ferry("map", "export", "shopify", SHOP).out == file.read_text(encoding="utf-8")


BAD = f"""\
tenant,table,name,target
{SHOP},sku,ONE,ERP-1
{SHOP},skus,TWO,ERP-2
{SHOP},sku,ONE,ERP-3
{SHOP},sku,,
{SHOP},sku,A,B,C
"""


def test_a_wrong_line_refuses_the_whole_file_and_every_one_is_named(ferry: Ferry, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(BAD, encoding="utf-8")
    called = ferry("map", "import", "shopify", file, *BY)
    assert called.code == 1
    assert "line 3: there is no table 'skus'" in called.err
    assert "line 4: sku ONE stands already in line 2" in called.err
    assert "line 5: name and target are empty" in called.err
    assert "line 6: there are more than four cells" in called.err
    assert "Nothing was imported" in called.err
    assert ferry.desk.lines == {}


def test_a_file_that_gives_two_targets_to_a_table_of_one_is_refused(ferry: Ferry, tmp_path: Path) -> None:
    file = tmp_path / "map.csv"
    lines = ("tax,a,sku:A", "tax,marketplace,sku:M", "tax,b,sku:B", "tip,a,sku:A")
    file.write_text("\n".join(["tenant,table,name,target", *(f"{SHOP},{line}" for line in lines)]), encoding="utf-8")
    called = ferry("map", "import", "shopify", file, *BY)
    assert called.code == 1
    assert "line 4: tax has one target, which stands already in line 2" in called.err
    assert ferry.desk.lines == {}


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"\xff\xfe"])
def test_a_file_that_is_no_table_is_refused(ferry: Ferry, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    called = ferry("map", "import", "shopify", file, *BY)
    assert called.code == 1
    assert "Nothing was imported" in called.err


def test_a_table_without_lines_sets_nothing(ferry: Ferry, tmp_path: Path) -> None:
    file = tmp_path / "empty.csv"
    file.write_text("\ufeffTarget, Name,Table,tenant\n", encoding="utf-8")
    assert ferry("map", "import", "shopify", file, *BY).code == 1


@pytest.mark.parametrize(
    ("table", "target", "words"),
    [
        ("tax", "TAX", "write sku:<SKU> or id:<product id> of a service product, or fee:<label>"),
        ("tip", "sku: TIP", "write sku:<SKU>"),
        ("marketplace_tax", "fee:", "write sku:<SKU>"),
        ("custom", "fee:other", "write sku:<SKU> or id:<product id>"),
        ("tender", "Credit Card", "write a payment method of the ERP"),
        ("sku", " ", "target is empty"),
    ],
)
def test_a_target_that_the_settings_would_refuse_is_refused_with_its_fix(
    ferry: Ferry, tmp_path: Path, table: str, target: str, words: str
) -> None:
    called = ferry("map", "set", "shopify", SHOP, table, "any", target, *BY)
    assert called.code == 2
    assert words in called.err
    file = tmp_path / "map.csv"
    file.write_text(f"tenant,table,name,target\n{SHOP},{table},any,{target}\n", encoding="utf-8")
    called = ferry("map", "import", "shopify", file, *BY)
    assert called.code == 1
    assert words in called.err
    assert ferry.desk.lines == {}


@pytest.mark.parametrize("table", TABLES)
def test_every_table_takes_what_its_setting_takes(ferry: Ferry, table: str) -> None:
    target = {"sku": "MUG-1", "tender": "external", "location": "12"}.get(table, "id:42")
    assert ferry("map", "set", "shopify", SHOP, table, "any", target, *BY).code == 0
    assert ferry.desk.lines["shopify", SHOP, table, "any"] == target
    changed = with_tables(BASE, [Mapped("shopify", SHOP, table, "any", target)])
    assert changed.version != BASE.version  # no table is taken and then ignored


def test_a_mapping_of_a_tenant_that_nobody_set_up_names_those_that_are(ferry: Ferry, tmp_path: Path) -> None:
    called = ferry("map", "set", "shopify", "b.myshopify.com", "tax", "any", "sku:TAX", *BY)
    assert called.code == 2
    assert f"no tenant shopify/b.myshopify.com is set up; known: shopify/{SHOP}" in called.err
    file = tmp_path / "map.csv"
    file.write_text("tenant,table,name,target\nb.myshopify.com,tax,any,sku:TAX\n", encoding="utf-8")
    called = ferry("map", "import", "shopify", file, *BY)
    assert called.code == 1
    assert "line 2: no tenant shopify/b.myshopify.com is set up" in called.err
    assert ferry.desk.lines == {}


def test_accounts_cannot_be_mapped_and_are_not_offered(ferry: Ferry, tmp_path: Path) -> None:
    called = ferry("map", "set", "shopify", SHOP, "account", "ada", "7", *BY)
    assert called.code == 2
    assert "account" not in TABLES
    file = tmp_path / "map.csv"
    file.write_text(f"tenant,table,name,target\n{SHOP},account,ada,7\n", encoding="utf-8")
    called = ferry("map", "import", "shopify", file, *BY)
    assert called.code == 1
    assert "accounts cannot be mapped" in called.err


cell = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text == text.strip())
targets = {"sku": cell, "location": cell, "tender": st.from_regex(r"[a-z_]+", fullmatch=True)}


@st.composite
def lines(draw: st.DrawFn) -> Mapped:
    table = draw(st.sampled_from(TABLES))
    target = draw(targets.get(table, cell.map(lambda text: f"id:{text}")))
    return Mapped(external_source="shopify", tenant=draw(cell), table=table, name=draw(cell), target=target)


@given(st.lists(lines(), unique_by=lambda one: (one.tenant, one.table, slot(one.table, one.name))))
def test_any_table_is_read_back_as_it_was_written(mapped: list[Mapped]) -> None:
    tenants = {f"shopify/{one.tenant}" for one in mapped}
    assert read(write(mapped), "shopify", tenants=tenants) == mapped


def test_a_missing_header_is_told() -> None:
    with pytest.raises(BadRows, match="the columns are a, b; write tenant,table,name,target"):
        read("a,b\n1,2\n", "shopify", tenants=())


@pytest.mark.parametrize("name", [SHOP, f"shopify/{SHOP}"])
def test_a_tenant_is_paused_and_resumed(ferry: Ferry, name: str) -> None:
    assert "is paused" in ferry("pause", name, *BY).out
    assert ferry.desk.stopped == {("shopify", SHOP)}
    assert ferry("resume", name, *BY, "--json").rows == [{"source": "shopify", "tenant": SHOP, "paused": False}]
    assert ferry.desk.stopped == set()
    assert [audit.action for audit in ferry.desk.audits] == ["pause", "resume"]


def test_pausing_a_tenant_that_nobody_set_up_names_those_that_are(ferry: Ferry) -> None:
    called = ferry("pause", "b.myshopify.com", *BY)
    assert called.code == 2
    assert f"shopify/{SHOP}" in called.err
