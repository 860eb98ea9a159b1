"""`run`, `demo`, `migrate`, `check`, `version`: what is done with the whole installation."""

from __future__ import annotations

import asyncio
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn

import typer
from rich.table import Table
from rich.text import Text

from service.cli.front import AsJson, Exit, Front, front
from service.cli.house import House
from service.errors import Fatal, FerryError
from service.settings import Finding, Level, Settings, dangers
from service.telemetry import logs
from service.telemetry.build import orderferry_version

COLOURS = {Level.REFUSE: "red", Level.WARN: "yellow", Level.FINE: "green"}


def run(context: typer.Context) -> None:
    """Run the service until SIGTERM or SIGINT: take webhooks, read events, post documents. See also `edge`."""
    _serve(front(context), lambda house, settings: house.run(settings))


def edge(context: typer.Context) -> None:
    """Run only the HTTP side until SIGTERM or SIGINT: webhooks onto Kafka, and the admin API."""
    _serve(front(context), lambda house, settings: house.edge(settings))


def _serve(desk: Front, process: Callable[[House, Settings], Coroutine[object, object, int]]) -> NoReturn:
    settings = desk.safe_settings()
    logs.configure(level=settings.logging.level, form=settings.logging.format)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            code = runner.run(process(desk.house(), settings))
    except Fatal as error:
        desk.fail(f"the service stopped itself: {error}", Exit.STOPPED)
    except FerryError as error:
        desk.fail(f"the service could not start: {error}", Exit.OUTSIDE)
    raise typer.Exit(code)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's, where there is one; the standard loop elsewhere."""
    if find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return factory


def demo(context: typer.Context) -> None:
    """Try everything on this machine: a shop, a broker and an ERP that lies, and a proof at the end.

    Options are passed on; `orderferry demo -- --help` lists them.
    """
    desk = front(context)
    command = list(desk.demo) or _demo_command(desk, context.args)
    process = subprocess.Popen([*command, *context.args])  # noqa: S603 - our own module under our own interpreter
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        code = process.wait()
    except KeyboardInterrupt:
        # The terminal sent it to both; the demo ends its own processes.
        process.wait()
        code = Exit.INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    raise typer.Exit(code if code >= 0 else 128 - code)


def _demo_command(desk: Front, options: Sequence[str]) -> list[str]:
    needed = ["sandbox", "aiohttp"] if "real" in options else ["sandbox", "aiohttp", "confluent_kafka"]
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        desk.fail(
            f"the demo needs {' and '.join(missing)}, which is not installed. Fix: pip install 'orderferry[demo]'"
        )
    return [sys.executable, "-m", "sandbox.demo"]


def migrate(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Bring the ledger's tables to this release. Safe to repeat; stop every `run` of an older release first."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> None:
        with desk.progress() as progress:
            progress.add_task("migrating", total=None)
            await house.migrate(settings)

    desk.work(job)
    if as_json:
        desk.json({"migrated": True, "version": orderferry_version()})
    else:
        desk.say("The ledger's tables are those of this release.")


def check(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Try what the settings name, without posting anything: settings, ledger, Kafka, ERP, every tenant."""
    desk = front(context)
    settings = desk.settings()
    findings = list(dict.fromkeys([*dangers(settings), *_outside(desk, settings)]))
    refused = sum(finding.level is Level.REFUSE for finding in findings)
    tell(desk, findings, f"{refused} to be fixed before `run`" if refused else "Ready to run", as_json=as_json)


def tell(desk: Front, findings: Sequence[Finding], title: str, *, as_json: bool) -> None:
    """Show findings; ends with FOUND where something is refused."""
    if as_json:
        for finding in findings:
            desk.json(asdict(finding))
    else:
        desk.out.print(_table(findings, title))
    if any(finding.level is Level.REFUSE for finding in findings):
        raise typer.Exit(Exit.FOUND)


def _outside(desk: Front, settings: Settings) -> Sequence[Finding]:
    """Try the outside; what stops the trial is a finding as well."""

    async def job(house: House) -> Sequence[Finding]:
        with desk.progress() as progress:
            progress.add_task("checking", total=None)
            try:
                return await house.check(settings)
            except (FerryError, Fatal) as error:
                return [Finding(Level.REFUSE, "check", f"it could not be finished: {error}.", "see above, try again.")]

    return desk.work(job)


def _table(findings: Sequence[Finding], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in ("", "what", "found", "fix"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        level = Text(finding.level.value, style=COLOURS[finding.level])
        table.add_row(level, Text(finding.subject), Text(finding.says), Text(finding.fix))
    return table


def version(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print the version."""
    if as_json:
        front(context).json({"version": orderferry_version(), "python": platform.python_version()})
    else:
        typer.echo(f"orderferry {orderferry_version()}")
