"""No input makes anything but an event or a named refusal, and every event is valid."""

import base64
import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.envelopes import Limits
from connectors.errors import ConnectorError, Recognised
from connectors.registry import decode_each
from schemas.event import Event

CASES = Path(__file__).parent / "cases"
LIMITS = Limits(max_bytes=65536)
HEADERS = [("X-Shopify-Topic", b"orders/updated"), ("X-Shopify-Shop-Domain", b"a.myshopify.com")]
FAST = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _sound_bodies() -> list[object]:
    inputs = [json.loads(path.read_text()) for path in sorted(CASES.glob("*.in.json"))]
    return [given["value"] for given in inputs if isinstance(given.get("value"), dict | list)]


SOUND = _sound_bodies()
# What breaks things: wrong types, extremes, and values that look almost right.
ODD: st.SearchStrategy[object] = st.sampled_from(
    [
        None, True, False, 0, -1, 1, 2**53 + 1, 2**64, 10**400, -0.0, 1.5, 1e300, 5e-324,
        "", " ", "0", "-1", "1e999999999", "NaN", "Infinity", "٣", "99999999999999.999999", "-99999999999999.999999",
        "\x00", "\u202e", "x" * 5000, "USD", "XXX", "JPY", "2026-06-01T00:00:00Z", "1970-01-01T00:00:00+23:59",
        "2099-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "gid://shopify/Order/1", "gid://shopify/Order/",
        "tip", "pending", [], {}, [None], [[]], [{}], {"shop_money": None}, {"shop_money": {"amount": "1"}},
        {"shop_money": {"amount": "-1", "currency": "CAD"}}, {"presentment_money": {"amount": "1", "currency": "EUR"}},
        10**12, "99999999999999",
    ]
)  # fmt: skip
JSON = st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


def places(value: object, path: tuple[int | str, ...] = ()) -> list[tuple[int | str, ...]]:
    """Every place inside a JSON value."""
    items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    found = [path]
    for name, inner in items:
        found.extend(places(inner, (*path, name)))
    return found


def replaced(value: Any, path: tuple[int | str, ...], new: object) -> Any:
    if not path:
        return new
    found = copy.deepcopy(value)
    at = found
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = new
    return found


def check(value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    outcomes = decode_each(
        value, headers, zones=lambda _source, _tenant: None, default_tenant="b.myshopify.com", limits=LIMITS
    )
    assert outcomes
    for outcome in outcomes:
        if isinstance(outcome, Event):
            assert Event.model_validate(outcome.model_dump()) == outcome
            assert Event.model_validate_json(outcome.model_dump_json()) == outcome
        else:
            assert isinstance(outcome, ConnectorError)
            assert outcome.detail
            assert len(str(outcome)) < 400
            if isinstance(outcome, Recognised):  # naming the document must not fail, whatever its ids look like
                assert outcome.ref is None or outcome.ref.tenant == outcome.tenant
                assert outcome.key is None or outcome.key.root == outcome.root


@FAST
@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_a_named_refusal(data: bytes) -> None:
    check(data, [])
    check(data, HEADERS)
    check(json.dumps({"body": base64.b64encode(data).decode()}).encode(), HEADERS)


@FAST
@given(JSON)
def test_any_json_is_an_event_or_a_named_refusal(value: object) -> None:
    data = json.dumps(value).encode()
    check(data, [])
    check(data, HEADERS)
    check(json.dumps({"headers": value, "body": value, "data": value}).encode(), [])


@FAST
@given(st.data())
def test_a_sound_body_with_odd_values_is_an_event_or_a_named_refusal(data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(SOUND))
    for _ in range(data.draw(st.integers(1, 3))):
        value = replaced(value, data.draw(st.sampled_from(places(value))), data.draw(ODD))
    check(json.dumps(value).encode(), data.draw(st.sampled_from([HEADERS, []])))


@FAST
@given(st.data())
def test_a_sound_body_without_some_of_its_keys_is_an_event_or_a_named_refusal(data: st.DataObject) -> None:
    value = copy.deepcopy(data.draw(st.sampled_from(SOUND)))
    for _ in range(data.draw(st.integers(1, 6))):
        path = data.draw(st.sampled_from(places(value)))
        if path:
            at: Any = value
            for step in path[:-1]:
                at = at[step]
            del at[path[-1]]
    check(json.dumps(value).encode(), HEADERS)


@FAST
@given(st.lists(st.tuples(st.text(max_size=30), st.binary(max_size=60)), max_size=6))
def test_any_headers_are_survived(headers: list[tuple[str, bytes]]) -> None:
    check(json.dumps(SOUND[0]).encode(), [*headers, *((f"X-Shopify-{name}", value) for name, value in headers)])
    check(b'{"id": 1}', [("X-Shopify-Topic", value) for _, value in headers])
    check(b'{"id": 1}', [*HEADERS, *(("X-Shopify-Triggered-At", value) for _, value in headers)])
