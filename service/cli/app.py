"""Puts the commands together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli import drift, mapping, parked, privacy, schema, topics, webhooks
from service.cli.explaining import explain
from service.cli.front import EXIT_CODES, front
from service.cli.running import check, demo, edge, migrate, run, version
from service.cli.sending import send
from service.cli.tenants import pause, resume

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="YAML file of settings; ORDERFERRY_CONFIG names it as well."),
]


def root(context: typer.Context, *, config: Config = None) -> None:
    """Carry orders and payments from shops into the ERP: every one, once, in order, to the cent."""
    front(context).config = config


def application() -> typer.Typer:
    """Build the command line."""
    app = typer.Typer(
        name="orderferry",
        no_args_is_help=True,
        add_completion=False,
        epilog=EXIT_CODES,
        # A traceback with the values of local variables would show secrets and persons.
        pretty_exceptions_enable=False,
    )
    app.callback(epilog=EXIT_CODES)(root)
    app.command("run")(run)
    app.command("edge")(edge)
    app.command("demo", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(demo)
    app.command("send")(send)
    app.command("explain")(explain)
    app.add_typer(parked.app(), name="parked")
    app.add_typer(mapping.app(), name="map")
    app.add_typer(drift.app(), name="drift")
    app.add_typer(webhooks.app(), name="webhooks")
    app.add_typer(privacy.app(), name="privacy")
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.add_typer(topics.app(), name="topics")
    app.command("migrate")(migrate)
    app.command("check")(check)
    app.add_typer(schema.app(), name="schema")
    app.command("version")(version)
    return app
