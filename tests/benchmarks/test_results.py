from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.database import of_database
from benchmarks.erp import Tally, admitted, posted, tally, throttled
from benchmarks.product import Setup
from benchmarks.report import Report, ratios, show
from benchmarks.result import Conditions, Result, Targets, beside, judged
from benchmarks.rival import RIVALS, by_sku
from benchmarks.rows import FULL, QUICK
from benchmarks.task import Task
from benchmarks.window import Figures

CONDITIONS = Conditions(latency_ms=100, tier="unlimited", in_flight=128, orders=10, keys=1000, record_bytes=10_240)
RIGHT = Tally(sent=2, invoices=2, lost=0, duplicated=0, foreign=0, unposted=0, amount_difference=Decimal(0))


def figures(rate: float = 1100.0, *, ours: float = 10.0, erp: float = 10.0, seconds: float = 40.0) -> Figures:
    return Figures(seconds, rate * seconds, {"ours": ours, "erp": erp})


def result(kind: Any = "rate", **fields: Any) -> Result:
    return Result("a run", kind, CONDITIONS, **fields)


def doc(external_id: str, total: str = "10.00", **fields: Any) -> dict[str, Any]:
    told = {"metadata": {"external_id": external_id}, "order_total": Decimal(total), "document_type": "invoice"}
    return {**told, "order_status": "confirmed", **fields}


def test_books_with_every_order_once_are_right() -> None:
    found = tally([doc("1"), doc("2", "3.50")], {"1": Decimal("10.00"), "2": Decimal("3.50")})
    assert found == RIGHT
    assert found.right


@pytest.mark.parametrize(
    ("docs", "flaw"),
    [
        ([doc("1")], {"lost": 1}),
        ([doc("1"), doc("2"), doc("2")], {"duplicated": 1}),
        ([doc("1"), doc("2"), doc("3")], {"foreign": 1}),
        ([doc("1"), doc("2", order_status="draft")], {"unposted": 1}),
        ([doc("1"), doc("2", document_type="sales_order")], {"unposted": 1}),
        ([doc("1"), doc("2", "9.99")], {"amount_difference": Decimal("0.01")}),
    ],
)
def test_each_flaw_of_the_books_is_named(docs: list[dict[str, Any]], flaw: dict[str, Any]) -> None:
    found = tally(docs, {"1": Decimal(10), "2": Decimal(10)})
    assert not found.right
    assert {name: getattr(found, name) for name in flaw} == flaw


def test_counts_are_read_from_the_stats_of_the_sandbox() -> None:
    stats = {
        "requests": {"POST /orders": {"201": 7, "429": 2}, "GET /products": {"200": 1, "429": 3}},
        "keys": {"bench": {"admitted": 8}},
    }
    assert (posted(stats), throttled(stats), admitted(stats)) == (7, 5, 8)
    assert posted({"requests": {}}) == 0


def test_a_run_that_reaches_everything_is_good() -> None:
    targets = Targets(efficiency=0.8, rate=1000, cpu_us=600, resident_mib=300)
    found = judged(result(figures=figures(), resident=200 << 20, tally=RIGHT, intents=12), targets)
    assert found.good
    assert [verdict.what for verdict in found.verdicts] == [
        "share of the ceiling",
        "orders a second",
        "CPU an order, µs",
        "resident MiB",
        "the ERP's books",
        "intents committed",
    ]


@pytest.mark.parametrize(
    "targets",
    [
        Targets(efficiency=0.9),
        Targets(rate=1200),
        Targets(cpu_us=200),
        Targets(resident_mib=100),
        Targets(budget=0.95),
    ],
)
def test_a_missed_target_makes_the_run_bad(targets: Targets) -> None:
    found = judged(result(figures=figures(), resident=200 << 20), targets)
    assert not found.good
    assert not found.invalid


def test_what_was_not_measured_meets_nothing() -> None:
    found = judged(result(), Targets(rate=1, cpu_us=1, resident_mib=1))
    assert [verdict.measured for verdict in found.verdicts] == ["nothing", "nothing", "nothing"]
    assert not found.good


def test_one_call_answered_with_429_misses_the_budget_row() -> None:
    used = judged(result("budget", figures=figures(20), budget_used=0.99), Targets(budget=0.95))
    assert used.good
    refused = judged(result("budget", figures=figures(20), budget_used=0.99, throttled=1), Targets(budget=0.95))
    assert not refused.good


def test_a_run_that_measures_the_sandbox_is_invalid() -> None:
    found = judged(result(figures=figures(erp=29.0)), Targets())
    assert found.invalid == ["the ERP sandbox used 72% of a core, more than 70%"]
    assert not found.good


def test_a_machine_that_others_use_is_worth_a_word() -> None:
    shared = Figures(40, 40_000, {"ours": 10.0, "erp": 4.0, "machine": 34.0})
    assert judged(result(figures=shared), Targets()).notes == [
        "the machine was not quiet: others used 0.50 cores; alone it would be faster"
    ]
    assert not judged(result(figures=figures()), Targets()).notes


def test_a_short_window_is_invalid() -> None:
    assert judged(result(figures=figures(seconds=29)), Targets()).invalid
    assert judged(result(figures=figures(seconds=29)), Targets(least_window_s=0)).good


def test_wrong_books_make_the_run_bad_and_say_how() -> None:
    wrong = replace(RIGHT, invoices=3, duplicated=1, amount_difference=Decimal("0.01"))
    found = judged(result(figures=figures(), tally=wrong), Targets())
    assert not found.good
    assert found.verdicts[0].measured == "3 invoices (1 doubled, amounts differ by 0.01)"


@pytest.mark.parametrize(("intents", "good"), [(None, False), (9, False), (10, True), (11, True)])
def test_every_order_has_its_committed_intent(intents: int | None, good: bool) -> None:
    assert judged(result(figures=figures(), tally=RIGHT, intents=intents), Targets()).good is good


def test_a_baseline_has_to_run_but_has_no_target() -> None:
    bound = judged(result("baseline", figures=figures(erp=39.0)), Targets())
    assert bound.invalid
    assert Report({}, [result(figures=figures()), bound], complete=True).good
    assert not Report({}, [result(figures=figures()), result("baseline", error="it ended")], complete=True).good
    assert not Report({}, [result(error="it ended")], complete=True).good


def test_a_bench_that_was_interrupted_is_not_good() -> None:
    assert not Report({}, [result(figures=figures())]).good
    assert not Report({}, complete=True).good


def test_ratios_compare_runs_of_the_same_latency() -> None:
    rival = Result("rival", "baseline", CONDITIONS, figures=figures(2200, ours=40))
    other = Result("other", "baseline", replace(CONDITIONS, latency_ms=10), figures=figures())
    broken = Result("broken", "baseline", CONDITIONS, error="it ended")
    found = ratios([result(figures=figures(1100, ours=40)), rival, other, broken])
    assert found == {"rival": {"rate": 0.5, "cpu": 2.0}}


def test_the_report_is_written_and_shown_also_where_a_run_failed(tmp_path: Path) -> None:
    good = judged(result(figures=figures(), resident=100 << 20, tally=RIGHT, notes=["a note"]), Targets(rate=1))
    budget = judged(result("budget", figures=figures(20), budget_used=0.97), Targets(budget=0.95))
    report = Report({"in flight": 128}, [good, budget, result("memory", resident=1 << 20), result(error="[broken]")])
    path = tmp_path / "build" / "bench.json"
    report.write(path)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["good"] is False
    assert document["results"][0]["rate"] == 1100
    assert document["results"][0]["tally"]["amount_difference"] == "0"
    console = Console(width=200, record=True, quiet=False, file=(tmp_path / "out").open("w", encoding="utf-8"))
    show(report, console)
    console.file.close()
    shown = console.export_text()
    assert "FAILED: [broken]" in shown
    assert "a note" in shown
    assert "good: False" in shown
    assert "97.0% of budget" in shown


def test_an_amount_is_written_as_text_and_nothing_else_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="object cannot be written"):
        Report({"odd": object()}).write(tmp_path / "bench.json")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("postgresql://postgres:@/postgres?host=/run/pg", "postgresql+asyncpg://postgres:@/b?host=/run/pg"),
        ("postgresql://u:p@db:5432/x", "postgresql+asyncpg://u:p@db:5432/b"),
        ("postgres://db", "postgresql+asyncpg://db/b"),
    ],
)
def test_another_database_of_the_same_server(url: str, wanted: str) -> None:
    assert of_database(url, "b") == wanted


def test_a_database_that_is_not_postgresql_is_refused() -> None:
    with pytest.raises(ValueError, match="is not PostgreSQL"):
        of_database("sqlite:///x", "b")


def test_variants_are_named_with_their_product() -> None:
    products: list[dict[str, Any]] = [
        {"id": "p1", "sku": "A", "variants": []},
        {"id": "p2", "sku": "B", "variants": [{"id": "v1", "sku": "B-S"}]},
    ]
    assert by_sku(products) == {
        "A": {"product_id": "p1"},
        "B": {"product_id": "p2"},
        "B-S": {"product_id": "p2", "variant_id": "v1"},
    }


def test_a_task_survives_the_command_line() -> None:
    task = Task("k:1", "t", "http://e", "key", 128, {"id": "a"}, {"A": {"product_id": "p"}}, "httpx")
    assert Task.read(task.text()) == task
    assert task.headers("n")["Idempotency-Key"] == "n"


def test_the_product_is_told_everything_that_has_no_default() -> None:
    settings = Setup("k:1", "t", "postgresql+asyncpg://u@/d", 99, "key", tier="elevated", in_flight=128).settings(8080)
    assert settings["erp"]["max_in_flight"] == 128
    assert settings["erp"]["tier"] == "elevated"
    tenant = settings["tenants"]["shopify/bench.myshopify.com"]
    assert {"tax", "tips", "gift_cards"} <= tenant["targets"].keys()
    assert tenant["gate"] == "created"


def test_both_sizes_have_the_same_kinds_of_rows_and_only_the_full_one_has_targets() -> None:
    assert FULL.groups["path"] == ("100ms", "10ms", "saturation", "budget", "memory", "open")
    assert QUICK.groups["path"] == ("100ms", "10ms", "budget", "memory", "open")
    assert FULL.rates[0].targets.efficiency == 0.8
    assert (FULL.rates[1].targets.rate, FULL.rates[1].targets.cpu_us) == (1500, 600)
    assert (FULL.rates[2].targets.cpu_us, FULL.rates[2].targets.of_afternoon) == (450, 0.6)
    assert FULL.budget.window_s % 60 == 0
    assert QUICK.rates[1].targets == Targets(least_window_s=0)
    lines = [row.beside(rival).name for row in FULL.rates[:2] for rival in RIVALS]
    assert len(set(lines)) == 6


def test_a_group_stands_for_its_rows() -> None:
    assert FULL.wanted(["budget", "promised"])[:2] == ["budget", "engine-100-5ms-round-robin"]
    assert set(FULL.wanted(["path", "engine"])) == set(FULL.names)


@pytest.mark.parametrize(("afternoon", "met"), [(1800.0, True), (2000.0, False), (None, False)])
def test_our_rate_is_judged_beside_the_afternoon_version(afternoon: float | None, met: bool) -> None:
    mine = result(figures=figures(1100))
    other = result("baseline", figures=None if afternoon is None else figures(afternoon))
    beside(mine, other, Targets(of_afternoon=0.6))
    assert [verdict.met for verdict in mine.verdicts] == [met]
    beside(mine, other, Targets())
    assert len(mine.verdicts) == 1


def test_a_ceiling_that_was_computed_counts_and_none_is_none() -> None:
    bound = replace(CONDITIONS, bound=2200.0)
    assert Result("a run", "rate", bound, figures=figures(1100)).efficiency == 0.5
    assert Result("a run", "rate", replace(bound, bound=0.0), figures=figures(1100)).efficiency is None
