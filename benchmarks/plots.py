"""Pictures of build/bench.json: `python -m benchmarks.plots`. Matplotlib is used here and nowhere else."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

OURS: Final = "#1b6e8c"
OTHERS: Final = "#b8b8b8"
CONDITIONS: Final = re.compile(r", [\d,]+ keys | at ")
"""Where the name of a run goes on with its conditions."""
Run = Mapping[str, Any]


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plots", description=__doc__)
    parser.add_argument("bench", type=Path, nargs="?", default=Path("build/bench.json"))
    parser.add_argument("--out", type=Path, default=Path("build"))
    return parser.parse_args(argv)


def draw(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw everything for which there are figures; returns what was written."""
    mpl.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    runs = [run for run in document["results"] if not run["error"]]
    drawn = [
        _beside(_measured(runs, "engine", rivals=True), folder / "engine.png", "The engine by itself"),
        _efficiency(_measured(runs, "engine", rivals=False), folder / "engine-ceiling.png"),
        _beside(_measured(runs, "path", rivals=True), folder / "path.png", "Kafka to ERP over real HTTP"),
        _delays([run for run in runs if run["delays"]], folder / "delays.png"),
    ]
    return [path for path in drawn if path is not None]


def _measured(runs: Sequence[Run], part: str, *, rivals: bool) -> list[Run]:
    kinds = {"rate", "baseline"} if rivals else {"rate"}
    return [run for run in runs if run["conditions"]["part"] == part and run["kind"] in kinds and run.get("rate")]


def rows(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Put those together that ran under the same conditions. Pure."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        said = run["conditions"]
        name = f"{said['keys']:,} keys, {said['sequence']}, {said['latency_ms']:g} ms"
        found.setdefault(name, []).append(run)
    return found


def _beside(runs: Sequence[Run], path: Path, title: str) -> Path | None:
    compared = {name: found for name, found in rows(runs).items() if len(found) > 1}
    if not compared:
        return None
    figure, axes = plt.subplots(len(compared), 1, figsize=(9, 2.6 * len(compared)), squeeze=False)
    for axis, (name, found) in zip(axes[:, 0], compared.items(), strict=True):
        names = [CONDITIONS.split(run["name"])[0] for run in found]
        bars = axis.barh(names, [run["rate"] for run in found])
        for bar, run in zip(bars, found, strict=True):
            bar.set_color(OURS if run["kind"] == "rate" else OTHERS)
            cost = run["cpu_us_per_order"]["ours"]
            axis.annotate(
                f" {run['rate']:,.0f}/s, {cost:,.0f} µs of CPU each",
                (run["rate"], bar.get_y() + bar.get_height() / 2),
                va="center",
                fontsize=8,
            )
        axis.margins(x=0.45)
        axis.invert_yaxis()
        axis.set_title(f"{title}: {name}", fontsize=10, loc="left")
        axis.tick_params(labelsize=8)
    return _written(figure, path)


def _efficiency(runs: Sequence[Run], path: Path) -> Path | None:
    bounded = [run for run in runs if run["efficiency"]]
    if not bounded:
        return None
    figure, axis = plt.subplots(figsize=(9, 1 + 0.3 * len(bounded)))
    names = [next(iter(rows([run]))) for run in bounded]
    bars = axis.barh(names, [100 * run["efficiency"] for run in bounded], color=OURS)
    labels = [f"{100 * run['efficiency']:.0f} % of {run['ceiling']:,.0f}/s" for run in bounded]
    axis.bar_label(bars, labels, padding=3, fontsize=8)
    axis.set_xlim(0, 125)
    axis.invert_yaxis()
    axis.tick_params(labelsize=8)
    axis.set_title("The engine's share of what a perfect engine would do on the same sequence", fontsize=10, loc="left")
    return _written(figure, path)


def _delays(runs: Sequence[Run], path: Path) -> Path | None:
    if not runs:
        return None
    shown = ("p50", "p90", "p99", "p99.9", "max")
    figure, axes = plt.subplots(1, len(runs), figsize=(5.5 * len(runs), 3.6), squeeze=False)
    for axis, run in zip(axes[0], runs, strict=True):
        for name, found in run["delays"].items():
            if found:
                axis.plot(shown, [found[one] for one in shown], marker="o", label=name)
        axis.set_yscale("log")
        axis.set_ylabel("ms")
        axis.legend(fontsize=7)
        axis.set_title(run["name"], fontsize=9, loc="left")
        axis.grid(alpha=0.3)
    return _written(figure, path)


def _written(figure: Any, path: Path) -> Path:  # noqa: ANN401  matplotlib's figure
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def main() -> None:
    """Draw what is there."""
    options = arguments()
    for path in draw(json.loads(options.bench.read_text(encoding="utf-8")), options.out):
        print(path)


if __name__ == "__main__":
    main()
