"""`map`: how words of a shop are said in the ERP; a fixed mapping reopens exactly what was parked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Drawn
from rich.text import Text

from service.cli.front import AsJson, Exit, Source, Who, Why, front
from service.cli.house import House
from service.cli.mapping_table import BadRows, read, write
from service.desk.tables import Table
from service.desk.tenants import unknown_tenant
from service.ports import Mapped
from service.settings.tables import wrong

Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Shop domain, for example acme.myshopify.com.")]


def list_mappings(context: typer.Context, source: Source, tenant: Tenant, *, as_json: AsJson = False) -> None:
    """List the tables of a tenant."""
    desk = front(context)
    found = _mappings(context, source, tenant)
    if as_json:
        for one in found:
            desk.json(asdict(one))
        return
    table = Drawn(title=f"{source} {tenant}", title_justify="left")
    for column in ("table", "name", "target"):
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(one.table, Text(one.name), Text(one.target))
    desk.out.print(table)


def _mappings(context: typer.Context, source: str, tenant: str) -> Sequence[Mapped]:
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> Sequence[Mapped]:
        async with house.desk(settings) as open_desk:
            return await open_desk.mappings(source, tenant)

    return desk.work(job)


def set_mapping(  # noqa: PLR0913 - each is an option of the command
    context: typer.Context,
    source: Source,
    tenant: Tenant,
    table: Annotated[Table, typer.Argument(metavar="TABLE", help="Which table: sku, tender, tax, shipping ...")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The shop's word: a SKU, a gateway, a location id.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The ERP's: a SKU, a method, sku:.., id:.., fee:..")],
    *,
    who: Who,
    why: Why,
    as_json: AsJson = False,
) -> None:
    """Set one line and let everything go on that was parked for it."""
    desk = front(context)
    if problem := unknown_tenant(source, tenant, desk.settings().tenants) or wrong(table, name, target):
        desk.fail(f"{problem}. Nothing was set.", Exit.USAGE)
    line = Mapped(external_source=source, tenant=tenant, table=table, name=name, target=target)
    reopened = _set(context, [line], who=who, why=why)
    if as_json:
        desk.json({**asdict(line), "reopened": reopened})
    else:
        desk.say(f"{table} {name} is now {target}; {reopened} orders go on.")


def _set(context: typer.Context, lines: Sequence[Mapped], *, who: str, why: str) -> int:
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> int:
        reopened = 0
        async with house.desk(settings) as open_desk:
            with desk.progress() as progress:
                for line in progress.track(lines, description="mapping"):
                    reopened += await open_desk.set_mapping(line, who=who, why=why)
        return reopened

    return desk.work(job)


def import_mappings(
    context: typer.Context,
    source: Source,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV; see `map export`.")],
    *,
    who: Who,
    why: Why,
    as_json: AsJson = False,
) -> None:
    """Set all lines of a CSV file (tenant,table,name,target); a wrong line refuses the whole file."""
    desk = front(context)
    try:
        lines = read(file.read_text(encoding="utf-8"), source, tenants=desk.settings().tenants)
    except BadRows as error:
        desk.fail(f"{file}:\n{error}")
    except UnicodeDecodeError as error:
        desk.fail(f"{file} is not UTF-8 (byte {error.start}). Nothing was imported. Fix: save it as CSV UTF-8.")
    reopened = _set(context, lines, who=who, why=why)
    if as_json:
        desk.json({"set": len(lines), "reopened": reopened})
    else:
        desk.say(f"{len(lines)} lines are set; {reopened} orders go on.")
    if not lines:
        raise typer.Exit(Exit.FOUND)


def export_mappings(
    context: typer.Context,
    source: Source,
    tenant: Tenant,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; the screen where absent.")] = None,
) -> None:
    """Write the tables of a tenant as CSV, as `map import` reads them."""
    text = write(_mappings(context, source, tenant))
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")


def app() -> typer.Typer:
    """Build the group."""
    group = typer.Typer(no_args_is_help=True, help="How words of a shop are said in the ERP.")
    group.command("list")(list_mappings)
    group.command("set")(set_mapping)
    group.command("import")(import_mappings)
    group.command("export")(export_mappings)
    return group
