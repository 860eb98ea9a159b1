"""The whole demo, small: it ends by itself, with a proof, and leaves no process behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FIGURES = [
    "orders_expected",
    "orders_in_erp",
    "payments_expected",
    "payments_in_erp",
    "refunds_expected",
    "refunds_in_erp",
    "accounts_expected",
    "accounts_in_erp",
    "lost",
    "duplicated",
    "reordered",
    "amount_difference",
    "parked",
    "parked_expected",
    "unexplained",
    "in_doubt",
    "money_moved",
    "kills",
    "erp_faults",
]
# 1 kill and few lies: a small log is soon carried. The full run is `make run`.
SMALL = ("--orders", "150", "--kills", "1", "--least-open", "5", "--least-met", "0", "--timeout", "150")


@pytest.mark.timeout(170)
@pytest.mark.parametrize("profile", ["lenient", "strict"])
def test_a_small_run_is_proven(profile: str, tmp_path: Path) -> None:
    command = (
        sys.executable,
        "-m",
        "sandbox.demo",
        "--build",
        str(tmp_path),
        "--profile",
        profile,
        "--seed",
        "5",
        *SMALL,
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    name, _, line = done.stdout.splitlines()[-1].partition(": ")
    assert name == "proof"
    proof = json.loads(line)
    assert list(proof) == FIGURES
    assert proof == json.loads((tmp_path / "proof.json").read_text())
    assert proof["kills"] == 1
    assert (tmp_path / f"predictions-{profile}.ndjson").read_text().count("\n") > 150
