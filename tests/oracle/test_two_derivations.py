"""The scenario's word and the oracle's fold are derived apart from each other, and say the same."""

from collections import Counter
from hashlib import sha256

import pytest

from sandbox.oracle.fold import fold
from sandbox.oracle.judge import wanted
from sandbox.oracle.want import End, Name, Profile, Want
from sandbox.shop.catalogue import erp_products
from sandbox.shop.disorder import Record
from sandbox.shop.generate import generate
from sandbox.shop.shops import SHOPS

ORDERS = 400
LEAST = 10  # of each kind of trouble that a proof asks for


def catalogues() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for shop in SHOPS:
        skus: Counter[str] = Counter()
        for product in erp_products(shop):
            skus.update(variant["sku"] for variant in product.get("variants", [product]))
        found[shop.domain] = dict(skus)
    return found


def folded(records: list[Record], profile: Profile) -> dict[tuple[Name, End], Want]:
    log = fold((record.value, record.headers) for record in records)
    return {(want.name, want.end): want for want in wanted(log, profile, catalogues())}


@pytest.mark.parametrize("profile", ["lenient", "strict"])
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_prediction_and_fold_agree(seed: int, profile: Profile) -> None:
    log = generate(seed, ORDERS)
    wants = folded(list(log.records), profile)
    predictions = {(Name(one.tenant, one.kind, one.external_id), one.end): one for one in log.predictions(profile)}
    assert wants.keys() == predictions.keys()
    for name, want in wants.items():
        foretold = predictions[name]
        assert (want.fate, want.amounts) == ((foretold.outcome, foretold.reason), dict(foretold.amounts)), name


def test_the_fold_does_not_depend_on_the_order_of_the_log() -> None:
    records = list(generate(14, ORDERS).records)
    before = folded(records, "lenient")
    assert folded(records[::-1], "lenient") == before
    assert folded(sorted(records, key=lambda record: sha256(record.value or b"").digest()), "lenient") == before


def test_the_fold_finds_what_nobody_can_read() -> None:
    log = generate(15, ORDERS)
    assert len(fold((record.value, record.headers) for record in log.records).unreadable) == log.unreadable


def test_a_full_run_meets_the_erps_own_troubles_often_enough() -> None:
    reasons = Counter(one.reason for one in generate(1, 2000).predictions("lenient") if one.outcome == "parked")
    assert reasons["erp_hold"] >= LEAST
    assert reasons["erp_total_differs"] >= LEAST
