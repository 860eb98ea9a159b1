"""`schema`: our vocabulary and the settings, for machines and for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from schemas.effect import Effect
from schemas.event import Event
from schemas.money import Money
from schemas.order import Order, OrderDeletion, OrderEdit
from schemas.outcome import Verdict
from schemas.party import Address, Party
from schemas.payment import Payment
from schemas.posted import Posted
from schemas.refund import Refund
from service.cli.front import AsJson, front
from service.settings.reference import json_schema, markdown

EXPORTED: dict[str, Any] = {
    "address": Address,
    "effect": Effect,
    "event": Event,
    "money": Money,
    "order": Order,
    "order_deletion": OrderDeletion,
    "order_edit": OrderEdit,
    "outcome": Verdict,
    "party": Party,
    "payment": Payment,
    "posted": Posted,
    "refund": Refund,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def export(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="Folder; made where absent.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write the JSON Schema of every document, event, effect and outcome, one file each."""
    desk = front(context)
    directory.mkdir(parents=True, exist_ok=True)
    for name, kind in EXPORTED.items():
        # As it is written, not as it may be given: an amount is a text of digits.
        schema = {"$schema": DIALECT, **TypeAdapter(kind).json_schema(mode="serialization")}
        path = directory / f"{name}.schema.json"
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if as_json:
            desk.json({"name": name, "file": str(path)})
    if not as_json:
        desk.say(f"{len(EXPORTED)} schemas are in {directory}.")


def settings(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print the reference of all settings as Markdown; with --json, the JSON Schema of the file."""
    if as_json:
        front(context).json(json_schema())
    else:
        typer.echo(markdown())


def app() -> typer.Typer:
    """Build the group."""
    group = typer.Typer(no_args_is_help=True, help="Our vocabulary and the settings, for machines and for people.")
    group.command("export")(export)
    group.command("settings")(settings)
    return group
