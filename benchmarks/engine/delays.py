"""How long records took from the moment at which they were meant to leave, by how often their key comes."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.engine.keys import is_cold
from benchmarks.percentiles import percentiles


def delays_by_class(path: Path, *, keys: int, skipped: int) -> dict[str, dict[str, float]]:
    """Read what a consumer wrote down, without the first so many records."""
    classes: dict[str, list[float]] = {"hottest": [], "cold": [], "all": []}
    for key, delay in json.loads(path.read_text(encoding="utf-8"))[skipped:]:
        classes["all"].append(delay)
        if key == 0:
            classes["hottest"].append(delay)
        if is_cold(key, keys=keys):
            classes["cold"].append(delay)
    return {name: percentiles(values) for name, values in classes.items()}
