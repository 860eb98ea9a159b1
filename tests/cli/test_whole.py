"""run, demo, migrate, check, schema, version, help: and how every error is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer.main

from schemas.outcome import Verdict
from service.cli.app import application
from service.cli.front import Exit
from service.cli.schema import EXPORTED
from service.errors import Fatal, Refused, Waiting
from service.settings import Finding, Level, dangers, load
from tests.cli.conftest import Ferry

DOWN = Waiting("ledger_down", "connection refused")


@pytest.mark.parametrize("code", [0, 5])
def test_run_ends_as_the_service_ends(ferry: Ferry, code: int) -> None:
    ferry.house.exit_code = code
    assert ferry("run").code == code
    assert len(ferry.house.ran) == 1


def test_the_edge_by_itself_ends_as_it_ends(ferry: Ferry) -> None:
    ferry.house.exit_code = 0
    assert ferry("edge").code == 0
    ferry.house.trouble = Fatal("no port")
    assert ferry("edge").code == Exit.STOPPED


def test_topics_are_made_and_each_is_told(ferry: Ferry) -> None:
    ferry.house.findings = [Finding(Level.FINE, "topic a", "made: 12 partitions.")]
    assert "made: 12 partitions." in ferry("topics", "create").out
    ferry.house.findings = [Finding(Level.REFUSE, "topic a", "could not be made.", "ask.")]
    called = ferry("topics", "create", "--json")
    assert (called.code, called.rows[0]["fix"]) == (1, "ask.")


def test_run_refuses_what_is_dangerous_with_the_fix(ferry: Ferry) -> None:
    ferry.environ = {"ORDERFERRY_ERP__CALL_DEADLINE_S": "89"}
    called = ferry("run")
    assert called.code == Exit.SETTINGS
    assert "set ledger.lease_seconds to at least 94" in called.err
    assert ferry.house.ran == []


def test_a_misspelt_setting_is_refused_by_every_command_that_reads_settings(ferry: Ferry) -> None:
    ferry.environ = {"ORDERFERRY_KAFKA__BOOTSTRAP_SERVER": "x"}
    for command in (["run"], ["check"], ["migrate"], ["parked", "list"], ["explain", "shopify", "1"]):
        called = ferry(*command)
        assert called.code == Exit.SETTINGS
        assert "did you mean ORDERFERRY_KAFKA__BOOTSTRAP_SERVERS?" in called.err


def test_the_config_option_goes_over_the_variable(ferry: Ferry, tmp_path: Path) -> None:
    called = ferry("--config", tmp_path / "absent.yaml", "parked", "list")
    assert called.code == Exit.SETTINGS
    assert "absent.yaml" in called.err


def test_an_outside_that_is_down_loses_nothing_and_says_so(ferry: Ferry) -> None:
    ferry.house.trouble = DOWN
    for command in (["migrate"], ["parked", "list"], ["explain", "shopify", "1"]):
        called = ferry(*command)
        assert called.code == Exit.OUTSIDE
        assert "connection refused" in called.err
        assert "Nothing is lost" in called.err
    assert "could not start" in ferry("run").err


def test_a_service_that_stopped_itself_tells_why(ferry: Ferry) -> None:
    ferry.house.trouble = Fatal("offset 10 of orderferry.shopify/0 is gone, the log starts at 90")
    called = ferry("run")
    assert called.code == Exit.STOPPED
    assert "the log starts at 90" in called.err
    assert ferry("migrate").code == Exit.STOPPED


def test_an_order_that_is_not_taken_is_told_as_such(ferry: Ferry) -> None:
    ferry.house.trouble = Refused(what="discarding 5", status=409, code="not_parked")
    called = ferry("parked", "list")
    assert called.code == Exit.FOUND
    assert called.err == "discarding 5 was refused with 409 not_parked\n"


def test_a_fault_of_ours_is_not_hidden(ferry: Ferry) -> None:
    ferry.house.trouble = KeyError("ours")
    with pytest.raises(KeyError):
        ferry("migrate")


def test_migrate_is_told(ferry: Ferry) -> None:
    assert ferry("migrate").code == 0
    assert ferry("migrate", "--json").rows[0]["migrated"] is True
    assert ferry.house.migrated == 2


def test_check_tells_settings_and_outside(ferry: Ferry) -> None:
    ferry.house.findings = [Finding(Level.FINE, "ledger", "SQLite, synchronous FULL, migrated.")]
    called = ferry("check")
    assert called.code == 0
    assert "Ready to run" in called.out
    assert "synchronous FULL" in called.out
    assert ferry("check", "--json").rows[0]["level"] == "fine"


def test_check_tells_a_finding_once(ferry: Ferry) -> None:
    ferry.environ = {"ORDERFERRY_INTAKE__WINDOW_RECORDS": "5"}
    ferry.house.findings = dangers(load(ferry.config, ferry.environ))
    assert len(ferry("check", "--json").rows) == 1


def test_check_ends_with_one_where_something_is_refused(ferry: Ferry) -> None:
    ferry.environ = {"ORDERFERRY_INTAKE__WINDOW_RECORDS": "5"}
    ferry.house.findings = [Finding(Level.WARN, "kafka", "one broker only.", "run three.")]
    called = ferry("check")
    assert called.code == 1
    assert "1 to be fixed before `run`" in called.out
    assert "run three." in called.out


def test_check_of_an_outside_that_is_down_is_a_finding(ferry: Ferry) -> None:
    ferry.house.trouble = DOWN
    called = ferry("check", "--json")
    assert called.code == 1
    assert "connection refused" in called.rows[-1]["says"]


def test_the_demo_gets_the_options_and_gives_its_exit_code(ferry: Ferry, capfd: pytest.CaptureFixture[str]) -> None:
    ferry.demo = (sys.executable, "-c", "import sys; print(sys.argv[1:]); sys.exit(7)")
    assert ferry("demo", "--profile", "strict", "--orders", "10").code == 7
    assert "['--profile', 'strict', '--orders', '10']" in capfd.readouterr().out


def test_a_demo_that_is_killed_says_by_what(ferry: Ferry) -> None:
    ferry.demo = (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert ferry("demo").code == 128 + signal.SIGKILL


def test_a_stop_of_the_command_stops_the_demo(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = f"import os,time,pathlib; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)"
    script = (
        "import sys; from service.cli.app import application; from service.cli.front import Front; "
        f"application()(['demo'], obj=Front(demo=(sys.executable, '-c', {child!r})))"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 30
    while not (pid.exists() and pid.read_text()):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_schemas_are_written_one_file_each(ferry: Ferry, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "schemas"
    called = ferry("schema", "export", folder)
    assert called.code == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.schema.json" for name in EXPORTED)
    verdict = json.loads((folder / "outcome.schema.json").read_text(encoding="utf-8"))
    assert verdict["additionalProperties"] is False
    assert set(verdict["properties"]) == set(Verdict.model_fields)
    assert "anyOf" not in json.loads((folder / "money.schema.json").read_text())["properties"]["amount"]
    assert len(ferry("schema", "export", folder, "--json").rows) == len(EXPORTED)


def test_the_reference_of_settings_is_printed(ferry: Ferry) -> None:
    assert "| `kafka.group_id` | `ORDERFERRY_KAFKA__GROUP_ID` |" in ferry("schema", "settings").out
    assert "tenants" in ferry("schema", "settings", "--json").rows[0]["properties"]


def test_the_version_is_printed(ferry: Ferry) -> None:
    assert ferry("version").out.startswith("orderferry ")
    assert set(ferry("version", "--json").rows[0]) == {"version", "python"}


def commands() -> list[list[str]]:
    group = typer.main.get_command(application())
    found: list[list[str]] = [[]]
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        found.append([name])
        found += [[name, inner] for inner in sorted(getattr(command, "commands", {}))]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_and_every_option_is_explained(ferry: Ferry, command: list[str]) -> None:
    called = ferry(*command, "--help")
    assert called.code == 0
    here = typer.main.get_command(application())
    for name in command:
        here = here.commands[name]  # type: ignore[attr-defined]
    assert (here.help or "").rstrip().endswith(".")
    for parameter in here.params:
        words = getattr(parameter, "help", None)
        assert words, f"{command} {parameter.name}"


def test_the_exit_codes_are_told_in_the_help(ferry: Ferry) -> None:
    text = " ".join(ferry("--help").out.split())
    for code in Exit:
        assert f"{code.value} " in text


def test_the_help_does_not_wait_for_drivers() -> None:
    script = "import sys, service.cli; print([m for m in ('aiokafka', 'sqlalchemy', 'aiohttp') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
