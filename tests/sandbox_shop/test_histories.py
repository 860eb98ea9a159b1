"""What the generated shop says: lifelike, misbehaving, and to the cent."""

import json
from collections import Counter
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.shop.disorder import DUPLICATES
from sandbox.shop.generate import Generated, generate
from sandbox.shop.money import DECIMALS, quantum, split
from sandbox.shop.scenarios import SCENARIOS
from sandbox.shop.shops import SHOPS

ORDERS = 600
EXACT = 2**53


@pytest.fixture(scope="module")
def log() -> Generated:
    return generate(7, ORDERS)


def bodies(log: Generated, topic: str = "orders/") -> list[dict[str, object]]:
    found = []
    for record in log.records:
        headers = dict(record.headers)
        if headers.get("X-Shopify-Topic", b"").startswith(topic.encode()) and record.value is not None:
            body = json.loads(record.value, parse_float=Decimal)
            if "line_items" in body:
                found.append(body)
    return found


def amount(text: object) -> Decimal:
    return Decimal(str(text))


def stated(body: dict[str, object], name: str) -> Decimal:
    money = body[name]
    return amount(money["shop_money"]["amount"]) if isinstance(money, dict) else Decimal(0)


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert generate(3, 40).records == generate(3, 40).records


def test_another_seed_gives_other_histories() -> None:
    assert generate(3, 40).records != generate(4, 40).records


def test_every_scenario_happens(log: Generated) -> None:
    assert {scenario.name for scenario, _ in log.histories} == {scenario.name for scenario in SCENARIOS}


def test_every_shop_and_number_of_decimals_happens(log: Generated) -> None:
    assert {history.shop.code for _, history in log.histories} == {shop.code for shop in SHOPS}
    assert {DECIMALS[shop.currency] for shop in SHOPS} == {0, 2, 3}
    assert Counter(shop.fulfilment for shop in SHOPS) == {"erp": 3, "shop": 3}


def test_totals_are_the_sum_of_their_parts_unless_a_scenario_breaks_them(log: Generated) -> None:
    broken = {history.order.id for one, history in log.histories if one.name in ("does_not_add_up", "cannot_be_read")}
    checked = 0
    for body in bodies(log):
        if body["id"] in broken or int(str(body["id"])) < 10**9:  # the latter belongs to a shop that nobody set up
            continue
        charges = body["shipping_lines"]
        assert isinstance(charges, list)
        total = amount(body["total_line_items_price"]) - amount(body["total_discounts"])
        total += sum((amount(charge["price"]) for charge in charges), Decimal(0)) + amount(body["total_tip_received"])
        total += Decimal(0) if body["taxes_included"] else amount(body["total_tax"])
        total += stated(body, "original_total_duties_set") + stated(body, "original_total_additional_fees_set")
        assert total == amount(body["total_price"])
        checked += 1
    assert checked > ORDERS


def test_bodies_have_a_lifelike_size(log: Generated) -> None:
    sizes = sorted(len(json.dumps(body, default=str)) for body in bodies(log))
    assert 2_000 < sizes[len(sizes) // 2] < 12_000
    assert sizes[-1] < 60_000


def test_a_fifth_of_the_deliveries_is_doubled(log: Generated) -> None:
    honest = generate(7, ORDERS, disorder=False)
    assert len(log.records) < len(honest.records) * (1 + DUPLICATES)  # coalescing took some away before
    seen = Counter((record.key, record.value) for record in log.records if record.value is not None)
    again = sum(count - 1 for count in seen.values())
    assert DUPLICATES / (1 + DUPLICATES) * 0.9 < again / len(log.records) < DUPLICATES / (1 + DUPLICATES) * 1.3


def test_late_retries_come_after_newer_bodies(log: Generated) -> None:
    newest: dict[object, str] = {}
    stale = 0
    for body in bodies(log):
        updated = str(body["updated_at"])
        stale += updated < newest.get(body["id"], "")
        newest[body["id"]] = max(updated, newest.get(body["id"], ""))
    assert stale > ORDERS / 10


def test_some_versions_share_their_second(log: Generated) -> None:
    texts: dict[tuple[object, object], set[object]] = {}
    for body in bodies(log):
        texts.setdefault((body["id"], body["updated_at"]), set()).add(body["financial_status"])
    assert sum(1 for found in texts.values() if len(found) > 1) >= 3


def test_some_deliveries_lack_the_optional_headers(log: Generated) -> None:
    names = [{name for name, _ in record.headers} for record in log.records]
    assert any("X-Shopify-Topic" in one and "X-Shopify-Triggered-At" not in one for one in names)


def test_some_ids_are_too_large_for_a_float(log: Generated) -> None:
    large = [body for body in bodies(log) if int(str(body["id"])) > EXACT]
    assert large
    assert all(body["admin_graphql_api_id"] == f"gid://shopify/Order/{body['id']}" for body in large)


def test_no_two_things_have_the_same_id(log: Generated) -> None:
    ids = [transaction.id for _, history in log.histories for transaction in history.order.transactions]
    ids += [line.id for _, history in log.histories for line in history.order.lines]
    ids += [history.order.id for _, history in log.histories]
    ids += [refund.id for _, history in log.histories for refund in history.order.refunds]
    assert len(ids) == len(set(ids))


def test_a_refund_is_never_told_before_its_cancellation(log: Generated) -> None:
    cancelled = {str(history.order.id) for one, history in log.histories if one.name == "cancelled_and_given_back"}
    told: set[str] = set()
    for record in log.records:
        topic = dict(record.headers).get("X-Shopify-Topic", b"").decode()
        if record.value is None or topic not in ("orders/cancelled", "refunds/create"):
            continue
        body = json.loads(record.value)
        root = str(body.get("order_id", body["id"]))
        if topic == "orders/cancelled":
            told.add(root)
        elif root in cancelled:
            assert root in told


def test_time_never_goes_back_within_a_history(log: Generated) -> None:
    for _, history in log.histories:
        times = [transaction.at for transaction in history.order.transactions]
        assert all(earlier <= later for earlier, later in pairwise(times))


def test_every_document_is_foretold_once_for_each_end_of_its_order(log: Generated) -> None:
    names = [(one.tenant, one.kind, one.external_id, one.end) for one in log.predictions("lenient")]
    assert len(names) == len(set(names))


def test_unreadable_records_are_too_few_to_look_like_a_broken_source(log: Generated) -> None:
    assert 0 < log.unreadable < len(log.records) / 50


@given(
    st.integers(0, 10**7),
    st.lists(st.integers(0, 10**5), min_size=1, max_size=8).filter(any),
    st.sampled_from(sorted(DECIMALS)),
)
def test_a_split_amount_loses_nothing(units: int, weights: list[int], currency: str) -> None:
    total = units * quantum(currency)
    parts = split(total, [Decimal(weight) for weight in weights], currency)
    assert sum(parts) == total
    assert all(part >= 0 and part == part.quantize(quantum(currency)) for part in parts)
