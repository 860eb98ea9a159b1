"""What every command shares: settings, the two streams, exit codes, and how an error is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from service.cli.house import House, the_house
from service.desk.keys import NotOneKey
from service.errors import Fatal, FerryError, Retryable, Waiting
from service.settings import Finding, Level, Settings, SettingsError, dangers, load
from service.telemetry import logs

T = TypeVar("T")


class Exit(IntEnum):
    """How a command ends; the epilog of `orderferry --help` tells them."""

    DONE = 0
    FOUND = 1
    """It ran, and something needs a person, or nothing was found."""
    USAGE = 2
    SETTINGS = 3
    OUTSIDE = 4
    """Kafka, the ledger or the ERP could not be reached or refused; nothing was lost, try again."""
    STOPPED = 5
    """The service stopped itself, because going on could have lost or doubled something."""
    INTERRUPTED = 130


EXIT_CODES = (
    "Exit codes: 0 done; 1 done, and something needs a person or nothing was found; 2 wrong usage; 3 settings "
    "refused; 4 Kafka, the ledger or the ERP not reachable (nothing is lost, try again); 5 the service stopped itself "
    "to protect the books; 130 interrupted."
)


@dataclass
class Front:
    """One call of the command line."""

    house: Callable[[], House] = the_house
    environ: Mapping[str, str] | None = None
    """None: the real one."""
    demo: Sequence[str] = ()
    """Command that starts the demo; empty for the real one."""
    config: Path | None = None
    out: Console = field(default_factory=lambda: Console(highlight=False))
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    def settings(self) -> Settings:
        """Read the settings, or end with what is wrong in them."""
        try:
            return load(self.config, self.environ)
        except SettingsError as error:
            self.refuse(error.findings)

    def safe_settings(self) -> Settings:
        """Read settings that the service may be started with."""
        settings = self.settings()
        refused = [finding for finding in dangers(settings) if finding.level is Level.REFUSE]
        if refused:
            self.refuse(refused)
        return settings

    def refuse(self, findings: Sequence[Finding]) -> NoReturn:
        """Tell what is wrong in the settings and end."""
        for finding in findings:
            self.say_wrong(str(finding))
        self.say_wrong(f"{len(findings)} settings are refused; nothing was started.")
        raise typer.Exit(Exit.SETTINGS)

    def work(self, job: Callable[[House], Coroutine[object, object, T]]) -> T:
        """Carry a job out on a loop of its own and translate its errors into words and exit codes."""
        logs.configure(level="warning", form="console")
        try:
            return asyncio.run(job(self.house()))
        except (Waiting, Retryable) as error:
            self.fail(f"{error}. Nothing is lost; try again when it is reachable.", Exit.OUTSIDE)
        except (FerryError, NotOneKey) as error:
            self.fail(str(error))
        except Fatal as error:
            self.fail(str(error), Exit.STOPPED)

    def fail(self, words: str, code: Exit = Exit.FOUND) -> NoReturn:
        """End with words."""
        self.say_wrong(words)
        raise typer.Exit(code)

    def say(self, words: str) -> None:
        """Tell the person; a line stays one line."""
        self.out.print(words, soft_wrap=True, markup=False)

    def say_wrong(self, words: str) -> None:
        """Tell the person on stderr."""
        self.err.print(words, soft_wrap=True, markup=False, style="red")

    def json(self, value: object) -> None:
        """Write one line of JSON."""
        typer.echo(json.dumps(value, ensure_ascii=False, default=str))

    def progress(self) -> Progress:
        """Return a progress bar on stderr, silent where nobody looks."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        return Progress(*columns, console=self.err, transient=True, disable=not self.err.is_terminal)


def front(context: typer.Context) -> Front:
    """Return what the call carries along."""
    found = context.find_object(Front)
    if found is None:
        raise TypeError("the application was called without a Front")
    return found


AsJson = Annotated[bool, typer.Option("--json", help="One JSON value per line instead of a table.")]
Who = Annotated[str, typer.Option("--who", help="Who decides this; kept in the audit.")]
Why = Annotated[str, typer.Option("--why", help="Why; kept in the audit.")]
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="Shop system, for example shopify.")]
OneTenant = Annotated[
    str | None, typer.Option("--tenant", help="Shop domain, where several shops have a document of that name.")
]
