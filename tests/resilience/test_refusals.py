"""A process that must not start says so in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.resilience.town import settings


def test_a_session_that_brokers_refuse_ends_the_start_in_words_and_without_a_traceback(tmp_path: Path) -> None:
    ledger, path = f"sqlite+aiosqlite:///{tmp_path}/ledger.sqlite3", tmp_path / "settings.yaml"
    path.write_text(
        yaml.safe_dump(
            settings(bootstrap="127.0.0.1:9", topic="t", ledger=ledger, erp="http://127.0.0.1:9/v1", key="k")
        )
    )
    env = {**os.environ, "ORDERFERRY_KAFKA__SESSION_TIMEOUT_MS": "3000"}
    command = [str(Path(sys.executable).with_name("orderferry")), "--config", str(path), "run"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode not in {0, 1}
    assert "kafka.session_timeout_ms: holds '3000'" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
