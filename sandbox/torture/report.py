"""What a run leaves for people: a JSON file with every figure, and a page with tables and plots."""

import base64
import html
import io
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox.torture.load import Load
from sandbox.torture.options import Options
from sandbox.torture.phases import PHASES
from sandbox.torture.pods import Pod
from sandbox.torture.saboteur import Saboteur
from sandbox.torture.schedule import Act, told
from sandbox.torture.town import LIES, Town
from sandbox.torture.verdict import Judged
from sandbox.torture.watch import Watch, availability

MOST_VIOLATIONS = 200
_STRUCK = ("struck_at", "kind", "whom", "open", "sent_again", "note")


@dataclass(frozen=True, repr=False)  # asyncio.run writes down what it returns, and this is everything
class Report:
    """Everything about one run."""

    options: Options
    acts: list[Act]
    load: Load
    saboteur: Saboteur
    watch: Watch
    judged: Judged
    town: Town
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the oracle is satisfied, and in a full run every fault met every phase."""
        return self.judged.holds and not (self.options.full and self.saboteur.cells.empty())

    def line(self) -> dict[str, Any]:
        """The figures of the last line."""
        proof = self.judged.proof.figures()
        names = ("lost", "duplicated", "reordered", "unexplained", "amount_difference", "money_moved")
        kinds = Counter(one.act.kind for one in self.saboteur.struck)
        return {
            "seed": self.options.seed,
            "profile": self.options.profile,
            "minutes": self.options.minutes,
            "pods": self.options.pods,
            "events": len(self.load.generated.records),
            **{name: proof[name] for name in names},
            "in_doubt": len(self.judged.doubts),
            "parked": proof["parked"],
            "parked_expected": proof["parked_expected"],
            "violations": len(self.judged.violations),
            "kills": kinds["kill"],
            "faults": sum(kinds.values()),
            "abandoned": sum(one.open for one in self.saboteur.struck if one.act.kind in ("roll", "leave")),
            "empty_cells": len(self.saboteur.cells.empty()),
            "availability": availability(self.watch.samples)["moving"],
            "seconds": round(self.seconds),
            "holds": self.holds,
        }

    def document(self) -> dict[str, Any]:
        """Everything, for machines; `--replay` reads its schedule."""
        saboteur, judged = self.saboteur, self.judged
        return {
            **self.line(),
            "conditions": self._conditions(),
            "schedule": told(self.acts),
            "struck": [
                {
                    **asdict(one.act),
                    "struck_at": one.at,
                    "phases": dict(one.phases),
                    "open": one.open,
                    "sent_again": one.again,
                    "note": one.note,
                }
                for one in saboteur.struck
            ],
            "cells": saboteur.cells.table(),
            "empty": saboteur.cells.empty(),
            "availability_of": availability(self.watch.samples),
            "resolved": dict(judged.claims.resolved),
            "set_aside": judged.set_aside,
            "doubts": [dict(one) for one in judged.doubts],
            "calls_per_record": round(self.town.requests["all"] / max(1, len(self.load.generated.records)), 3),
            "keys_forgotten": saboteur.forgotten,
            "lies": {kind: {"injected": self.town.injected[kind], "met": self.town.met[kind]} for kind in LIES},
            "pods_seen": [self._pod(pod) for pod in self.town.pods],
            "exits": dict(judged.exits),
            "proof": judged.proof.figures(),
            "violations_first": list(judged.violations[:MOST_VIOLATIONS]),
            "samples": self.watch.rows(),
        }

    def _conditions(self) -> dict[str, Any]:
        return {
            "kafka": "one broker, real, KRaft",
            "database": "PostgreSQL, fsync on",
            "erp_tier": "unlimited",
            "without": sorted(self.options.left_out),
            "lies_per_request": LIES,
            "records": len(self.load.generated.records),
            "bytes": self.load.generated.size,
            "keys": self.load.keys,
            "hottest_key": self.load.hottest,
            "undecodable": self.load.generated.unreadable,
            "poisoned_keys": self.load.poisoned,
        }

    def _pod(self, pod: Pod) -> dict[str, Any]:
        first = self.watch.began
        return {
            "name": pod.name,
            "ended_by_itself": pod.ends,
            "watchdog": dict(pod.actions),
            "stalls": [
                {"since": round(one.since - first, 1), "until": round(one.until - first, 1), "why": one.why}
                for one in pod.stalls
            ],
            "waits": dict(pod.waits),
        }


def write(report: Report, build: Path) -> None:
    """Write build/torture.json and build/torture.html."""
    document = report.document()
    (build / "torture.json").write_text(json.dumps(document, indent=1, default=str) + "\n")
    (build / "torture-violations.txt").write_text("\n".join(report.judged.violations))
    (build / "torture.html").write_text(page(document))


def page(document: dict[str, Any]) -> str:
    """Return the page. `document` is the JSON report."""
    figures = {name: value for name, value in document.items() if isinstance(value, str | int | float)}
    parts = [
        f"<h1>Torture, seed {document['seed']}, profile {html.escape(document['profile'])}</h1>",
        _table(list(figures.items())),
        "<h2>Effects that each fault met, by phase</h2>",
        _table([(fault, *(row[name] for name in PHASES)) for fault, row in document["cells"].items()], ("", *PHASES)),
        "<h2>Conditions</h2>",
        _table(list(document["conditions"].items())),
        "<h2>How unknowns were resolved</h2>",
        _table(list(document["resolved"].items())),
        "<h2>Lies of the ERP</h2>",
        _table([(kind, row["injected"], row["met"]) for kind, row in document["lies"].items()], ("", "done", "met")),
        *(f'<img alt="" src="data:image/png;base64,{picture}">' for picture in plots(document)),
        "<h2>Faults in order</h2>",
        _table(
            [tuple(one[name] for name in _STRUCK) for one in document["struck"]],
            ("second", "fault", "pod", "calls left open", "sent again", ""),
        ),
    ]
    style = "body{font:14px sans-serif;margin:2em}td,th{border:1px solid #ccc;padding:2px 8px;text-align:right}"
    return f"<!doctype html><meta charset=utf-8><title>Torture</title><style>{style}</style>" + "\n".join(parts)


def _table(rows: list[tuple[Any, ...]], head: tuple[str, ...] = ()) -> str:
    lines = ["".join(f"<th>{html.escape(name)}</th>" for name in head)] if head else []
    lines += ["".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def plots(document: dict[str, Any]) -> list[str]:
    """Return the pictures as base64 of PNG: what was produced and settled, who was ready, and when what was struck."""
    import matplotlib as mpl  # noqa: PLC0415  a development dependency that only the page needs

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    samples = document["samples"]
    at = [sample["at"] for sample in samples]
    figure, (flow, pods) = plt.subplots(2, 1, figsize=(11, 7), sharex=True)
    flow.plot(at, [sample["produced"] for sample in samples], label="produced")
    flow.plot(at, [sample["settled"] for sample in samples], label="settled")
    flow.set_ylabel("records")
    flow.legend()
    pods.step(at, [sample["ready"] for sample in samples], label="pods ready", where="post")
    pods.step(at, [sample["alive"] for sample in samples], label="pods running", where="post")
    pods.set_xlabel("seconds")
    pods.legend()
    for one in document["struck"]:
        for axes in (flow, pods):
            axes.axvline(one["struck_at"], color="#c33", linewidth=0.6)
        flow.annotate(one["kind"], (one["struck_at"], 0), rotation=90, fontsize=7, va="bottom")
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=90, bbox_inches="tight")
    plt.close(figure)
    return [base64.b64encode(raw.getvalue()).decode()]
