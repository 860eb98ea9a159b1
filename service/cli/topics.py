"""`topics`: Kafka's topics, made so that an acknowledged order is not lost."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from service.cli.front import AsJson, front
from service.cli.house import House
from service.cli.running import tell
from service.settings import Finding


def create(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Make the topics that are missing, with the partitions, copies and sizes of the settings. Safe to repeat."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> Sequence[Finding]:
        return await house.create_topics(settings)

    tell(desk, desk.work(job), "Topics", as_json=as_json)


def app() -> typer.Typer:
    """Build the group."""
    group = typer.Typer(no_args_is_help=True, help="Kafka's topics.")
    group.command("create")(create)
    return group
