from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.envelopes.pointer import NoSuchPart, elements, part
from service.cli.sending import root_of
from tests.cli.conftest import Ferry
from tests.cli.stories import SHOP

ODD = b'{ "id": 820982911946154508,\n "total_price": 1.10, "admin": "x" }'


def written(folder: Path, content: bytes, name: str = "order.json") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_file_goes_on_the_source_topic_byte_for_byte_with_the_headers_of_a_delivery(
    ferry: Ferry, tmp_path: Path
) -> None:
    called = ferry("send", "shopify", "orders/create", written(tmp_path, ODD), "--json")
    ((key, value, headers),) = ferry.house.topics["orderferry.shopify"]
    assert value == ODD
    assert key == b"820982911946154508"
    said = dict(headers)
    assert said["x-shopify-topic"] == b"orders/create"
    assert said["x-shopify-shop-domain"] == SHOP.encode()
    assert said["x-shopify-triggered-at"].endswith(b"Z")
    assert {"x-shopify-webhook-id", "x-shopify-event-id"} <= set(said)
    (row,) = called.rows
    assert (row["topic"], row["offset"], row["bytes"], row["key"]) == (
        "orderferry.shopify",
        0,
        len(ODD),
        "820982911946154508",
    )


def test_several_files_are_sent_in_their_order(ferry: Ferry, tmp_path: Path) -> None:
    files = [written(tmp_path, b'{"id":%d}' % number, f"{number}.json") for number in range(3)]
    called = ferry("send", "shopify", "orders/create", *files)
    assert [message[1] for message in ferry.house.topics["orderferry.shopify"]] == [f.read_bytes() for f in files]
    assert f"{files[2]}: 8 bytes at orderferry.shopify/0@2" in called.out


def test_key_tenant_topic_and_headers_can_be_given(ferry: Ferry, tmp_path: Path) -> None:
    options = ("--key", "k", "--tenant", "b.com", "--to", "other", "--header", "X-Shopify-Topic=orders/paid")
    ferry("send", "shopify", "orders/create", written(tmp_path, ODD), *options, "--header", "extra=a=b")
    ((key, _, headers),) = ferry.house.topics["other"]
    said = dict(headers)
    assert key == b"k"
    assert said["x-shopify-topic"] == b"orders/paid"
    assert said["x-shopify-shop-domain"] == b"b.com"
    assert said["extra"] == b"a=b"


def test_a_bare_file_has_only_the_headers_that_are_given(ferry: Ferry, tmp_path: Path) -> None:
    ferry("send", "shopify", "any", written(tmp_path, ODD), "--bare", "--header", "ce-id=1")
    ((_, _, headers),) = ferry.house.topics["orderferry.shopify"]
    assert headers == [("ce-id", b"1")]


def test_what_cannot_be_read_is_sent_all_the_same(ferry: Ferry, tmp_path: Path) -> None:
    for content in (b"", b"\xff\xfe", b"[" * 10_000, b"not json", b"[1]", b'{"id": null}'):
        assert ferry("send", "shopify", "orders/create", written(tmp_path, content)).code == 0
    sent = ferry.house.topics["orderferry.shopify"]
    assert [message[0] for message in sent] == [None] * 6
    assert sent[2][1] == b"[" * 10_000


@pytest.mark.parametrize(
    ("body", "root"),
    [
        (b'{"id": 5}', b"5"),
        (b'{"id": 6, "order_id": 5}', b"5"),
        (b'{"order_edit": {"id": 6, "order_id": 5}}', b"5"),
        (b'{"id": "5"}', b"5"),
    ],
)
def test_the_key_is_the_order_that_a_payload_belongs_to(body: bytes, root: bytes) -> None:
    assert root_of(body) == root


def test_a_part_is_cut_out_without_touching_a_digit(ferry: Ferry, tmp_path: Path) -> None:
    file = written(tmp_path, b'{"a/b": [{"skip": [1, {"x": "}"}]}, ' + ODD + b"]}")
    ferry("send", "shopify", "orders/create", file, "--pointer", "/a~1b/1")
    assert ferry.house.topics["orderferry.shopify"][0][1] == ODD


def test_each_element_is_a_message(ferry: Ferry, tmp_path: Path) -> None:
    file = written(tmp_path, b'{"orders": [ {"id": 1.0} ,{"id": 2}]}')
    called = ferry("send", "shopify", "orders/create", file, "--pointer", "/orders", "--each", "--json")
    assert [message[1] for message in ferry.house.topics["orderferry.shopify"]] == [b'{"id": 1.0}', b'{"id": 2}']
    assert len(called.rows) == 2


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (ODD, ["--pointer", "/order"], "there is no 'order'"),
        (ODD, ["--pointer", "order"], "begins with /"),
        (ODD, ["--pointer", "/id/x"], "neither an object nor an array"),
        (ODD, ["--each"], "no array"),
        (b"{", ["--pointer", "/a"], "not JSON"),
        (b"[" * 10_000, ["--each"], "not JSON"),
        (b"\xff", ["--each"], "not UTF-8"),
    ],
)
def test_a_pointer_that_leads_nowhere_sends_nothing(
    ferry: Ferry, tmp_path: Path, content: bytes, options: list[str], words: str
) -> None:
    good = written(tmp_path, b'{"order": [1]}', "good.json")
    called = ferry("send", "shopify", "orders/create", good, written(tmp_path, content), *options)
    assert called.code == 1
    assert ferry.house.topics == {}
    if "good.json" not in called.err:
        assert words in called.err
        assert "Nothing was sent" in called.err


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), json_values, min_size=1), st.data(), st.sampled_from([None, 1]))
def test_any_member_of_any_document_is_found(
    document: dict[str, object], data: st.DataObject, indent: int | None
) -> None:
    name = data.draw(st.sampled_from(sorted(document)))
    text = json.dumps(document, indent=indent)
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    assert json.loads(part(text, pointer)) == document[name]


@settings(max_examples=40, deadline=None)
@given(st.lists(json_values), st.sampled_from([None, 1]))
def test_all_elements_of_any_array_are_found(array: list[object], indent: int | None) -> None:
    assert [json.loads(one) for one in elements(json.dumps(array, indent=indent))] == array


def test_the_empty_pointer_is_everything_without_its_margins() -> None:
    assert part(' {"a": 1} ', "") == '{"a": 1}'
    with pytest.raises(NoSuchPart):
        part("", "")


def test_a_shop_must_be_named_where_there_are_several(ferry: Ferry, tmp_path: Path) -> None:
    file = written(tmp_path, ODD)
    second = {"go_live": "2024-01-01", "fulfilment": "erp", "entity_currency": "USD", "time_zone": "UTC"}
    ferry.environ = {"ORDERFERRY_TENANTS__shopify/b.com": json.dumps(second)}
    called = ferry("send", "shopify", "orders/create", file)
    assert called.code == 2
    assert "a.myshopify.com, b.com" in called.err
    ferry.environ = {**ferry.environ, "ORDERFERRY_KAFKA__DEFAULT_TENANT": "b.com"}
    assert ferry("send", "shopify", "orders/create", file).code == 0


def test_wrong_usage_is_told_with_its_fix(ferry: Ferry, tmp_path: Path) -> None:
    file = written(tmp_path, ODD)
    assert "known: shopify" in ferry("send", "shopfy", "orders/create", file).err
    assert "--header x-shopify-test=true" in ferry("send", "shopify", "a/b", file, "--header", "nothing").err
    assert ferry("send", "shopify", "a/b", tmp_path / "absent.json").code == 2
    ferry.environ = {"ORDERFERRY_KAFKA__TOPICS": "[]", "ORDERFERRY_KAFKA__PATTERN": "shop.*"}
    assert "add --to" in ferry("send", "shopify", "a/b", file).err
    assert ferry.house.topics == {}


def test_a_pointer_into_a_number_says_so() -> None:
    with pytest.raises(NoSuchPart, match="neither an object nor an array"):
        part('{"id": 7}', "/id/first")
