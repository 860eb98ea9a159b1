from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cli.mapping_table import TABLES, BadRows, read, write
from service.ports import Mapped
from tests.cli.conftest import Ferry
from tests.cli.stories import SHOP, parked

BY = ("--who", "ann", "--why", "new gateway")


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


BAD = """\
tenant,table,name,target
a.com,sku,ONE,ERP-1
a.com,skus,TWO,ERP-2
a.com,sku,ONE,ERP-3
a.com,sku,,
a.com,sku,A,B,C
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


cell = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text == text.strip())
lines = st.builds(
    Mapped, external_source=st.just("shopify"), tenant=cell, table=st.sampled_from(TABLES), name=cell, target=cell
)


@given(st.lists(lines, unique_by=lambda one: (one.tenant, one.table, one.name)))
def test_any_table_is_read_back_as_it_was_written(mapped: list[Mapped]) -> None:
    assert read(write(mapped), "shopify") == mapped


def test_a_missing_header_is_told() -> None:
    with pytest.raises(BadRows, match="the columns are a, b; write tenant,table,name,target"):
        read("a,b\n1,2\n", "shopify")


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
