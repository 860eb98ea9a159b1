"""`drift`: what people changed in the ERP after us, and taking it for right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from service.cli.front import AsJson, OneTenant, Source, Who, Why, front
from service.cli.house import House
from service.desk.claims import drifted
from service.desk.keys import one_key
from service.ports import Decision, Drift

OnlyDecision = Annotated[Decision | None, typer.Option("--decision", help="Only drift that was decided like this.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
Document = Annotated[str, typer.Argument(metavar="ID", help="Document id, order name, ERP number, or key.")]


def list_drift(
    context: typer.Context, *, decision: OnlyDecision = None, limit: Limit = 1000, as_json: AsJson = False
) -> None:
    """List drift, newest first. What is `alerted` holds its document until somebody accepts it."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> Sequence[tuple[str, Drift]]:
        async with house.desk(settings) as open_desk:
            return await open_desk.drifts(decision=decision, limit=limit)

    found = desk.work(job)
    if as_json:
        for key, one in found:
            desk.json({"key": key, **drifted(one)})
        return
    table = Table(title=f"{len(found)} fields changed in the ERP", title_justify="left")
    for column in ("found", "key", "document", "field", "was", "is now", "decision"):
        table.add_column(column, overflow="fold")
    for key, one in found:
        at = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%d %H:%M")
        named = f"{one.document.kind.value} {one.document.external_id}"
        cells = (key, named, one.field, one.was, one.now, one.decision.value)
        table.add_row(at, *(Text(cell) for cell in cells))
    desk.out.print(table)


def accept(
    context: typer.Context,
    source: Source,
    document: Document,
    *,
    who: Who,
    why: Why,
    tenant: OneTenant = None,
    as_json: AsJson = False,
) -> None:
    """Take what was changed for right: the document goes on from there. Nothing is sent to the ERP by this."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> tuple[str, int]:
        async with house.desk(settings) as open_desk:
            key = await one_key(open_desk, source, document, tenant)
            return key, await open_desk.accept_drift(key, who=who, why=why)

    key, count = desk.work(job)
    if as_json:
        desk.json({"key": key, "accepted": count})
    else:
        desk.say(f"{count} fields of {key} are right as they are in the ERP; it goes on from there.")


def app() -> typer.Typer:
    """Build the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="What people changed in the ERP after us: list, accept.")
    group.command("list")(list_drift)
    group.command("accept")(accept)
    return group
