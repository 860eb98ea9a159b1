"""`pause` and `resume`: stop one shop without stopping the others."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.front import AsJson, Exit, Who, Why, front
from service.cli.house import House
from service.desk.tenants import unknown_tenant

Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Shop domain, or source/domain where it is not shopify.")]


def pause(context: typer.Context, tenant: Tenant, *, who: Who, why: Why, as_json: AsJson = False) -> None:
    """Stop posting for one shop; its events wait in the ledger, nothing is lost."""
    _order(context, tenant, who=who, why=why, paused=True, as_json=as_json)


def resume(context: typer.Context, tenant: Tenant, *, who: Who, why: Why, as_json: AsJson = False) -> None:
    """Go on posting for one shop."""
    _order(context, tenant, who=who, why=why, paused=False, as_json=as_json)


def _order(context: typer.Context, name: str, *, who: str, why: str, paused: bool, as_json: bool) -> None:
    desk = front(context)
    settings = desk.settings()
    source, slash, tenant = name.rpartition("/")
    source = source if slash else "shopify"
    if problem := unknown_tenant(source, tenant, settings.tenants):
        desk.fail(problem, Exit.USAGE)

    async def job(house: House) -> None:
        async with house.desk(settings) as open_desk:
            await open_desk.pause(source, tenant, paused=paused, who=who, why=why)

    desk.work(job)
    if as_json:
        desk.json({"source": source, "tenant": tenant, "paused": paused})
    else:
        desk.say(f"{source}/{tenant} {'is paused; its events wait' if paused else 'goes on'}.")
