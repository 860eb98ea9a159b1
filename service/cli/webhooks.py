"""`webhooks`: where the ERP sends its events to, one API key at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from service.cli.front import AsJson, Exit, Front, front
from service.cli.house import House
from service.ports import Endpoint
from service.settings import Settings

Erp = Annotated[str, typer.Argument(metavar="ERP", help="The ERP of the settings: arcus.")]
Key = Annotated[str | None, typer.Option("--key", metavar="NAME", help="Name of the API key, where there are several.")]


def list_webhooks(context: typer.Context, erp: Erp, *, as_json: AsJson = False) -> None:
    """List the endpoints that the ERP knows, with their status: one that it paused gets nothing."""
    desk = front(context)
    settings = _settings(desk, erp)

    async def job(house: House) -> Sequence[tuple[str, Endpoint]]:
        return await house.webhooks(settings)

    found = desk.work(job)
    if as_json:
        for name, one in found:
            desk.json(_data(name, one))
        return
    table = Table(title=f"{len(found)} endpoints", title_justify="left")
    for column in ("key", "id", "url", "status", "events", "failures in a row", "last delivery", "secret ends in"):
        table.add_column(column, overflow="fold")
    for name, one in found:
        row = (one.id, one.url, one.status, ", ".join(one.events), str(one.failures_in_a_row))
        table.add_row(name, *row, one.last_delivery_at, one.secret_last4)
    desk.out.print(table)


def register(context: typer.Context, erp: Erp, *, key: Key = None, as_json: AsJson = False) -> None:
    """Register `erp.webhook_url`. The signing secret is shown once: put it into the settings at once."""
    desk = front(context)
    settings = _settings(desk, erp, url=True)
    name = _name(desk, settings, key)
    endpoint, secret = desk.work(lambda house: house.register_webhook(settings, name))
    _tell(desk, name, endpoint, secret, as_json=as_json)


def rotate(context: typer.Context, erp: Erp, *, key: Key = None, as_json: AsJson = False) -> None:
    """Give the endpoint of `erp.webhook_url` a new secret. How long the old one stays good is not documented."""
    desk = front(context)
    settings = _settings(desk, erp, url=True)
    name = _name(desk, settings, key)
    endpoint, secret = desk.work(lambda house: house.rotate_webhook(settings, name))
    _tell(desk, name, endpoint, secret, as_json=as_json)


def app() -> typer.Typer:
    """Build the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Webhook endpoints of the ERP: list, register, rotate.")
    group.command("list")(list_webhooks)
    group.command("register")(register)
    group.command("rotate")(rotate)
    return group


def _settings(desk: Front, erp: str, *, url: bool = False) -> Settings:
    settings = desk.settings()
    if erp != settings.erp.kind:
        desk.fail(f"{erp} is not the ERP of the settings; that is {settings.erp.kind}", Exit.USAGE)
    if url and settings.erp.webhook_url is None:
        desk.fail("set erp.webhook_url to the address of POST /webhooks/arcus as the ERP reaches it", Exit.SETTINGS)
    return settings


def _name(desk: Front, settings: Settings, key: str | None) -> str:
    names = sorted({tenant.api_key for tenant in settings.tenants.values()})
    if key is None and len(names) == 1:
        return names[0]
    if key not in names:
        desk.fail(f"name one API key with --key: {', '.join(names) or 'no tenant uses one'}", Exit.USAGE)
    return str(key)


def _tell(desk: Front, name: str, endpoint: Endpoint, secret: str, *, as_json: bool) -> None:
    variable = f"ORDERFERRY_ERP__WEBHOOK_SECRETS__{name.upper()}"
    if as_json:
        desk.json({**_data(name, endpoint), "secret": secret, "variable": variable})
        return
    desk.say(f"Endpoint {endpoint.id} sends {', '.join(endpoint.events)} to {endpoint.url}.")
    desk.say(f"Its signing secret, shown this once: {secret}")
    desk.say(f"Put it into {variable} (or {variable}_FILE) where the webhooks come in.")


def _data(name: str, endpoint: Endpoint) -> dict[str, object]:
    return {
        "key": name,
        "id": endpoint.id,
        "url": endpoint.url,
        "status": endpoint.status,
        "events": list(endpoint.events),
        "failures_in_a_row": endpoint.failures_in_a_row,
        "last_delivery_at": endpoint.last_delivery_at,
        "secret_last4": endpoint.secret_last4,
    }
