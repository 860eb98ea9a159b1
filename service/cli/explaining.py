"""`explain`: everything about one document, or one line about each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import typer

from service.cli.front import AsJson, Exit, Front, OneTenant, Source, front
from service.cli.house import House
from service.cli.picture import picture
from service.desk.claims import claim
from service.desk.keys import keys_of
from service.ports import Desk, Story

PAGE = 200
AT_ONCE = 8  # stories read side by side; the desk has a handful of connections

Document = Annotated[
    str | None,
    typer.Argument(metavar="ID", help="Document id, order name (#1001), ERP number, transaction id, or a key."),
]
All = Annotated[bool, typer.Option("--all", help="Every key of the source, one line of JSON each.")]


def explain(
    context: typer.Context,
    source: Source,
    document: Document = None,
    *,
    everything: All = False,
    tenant: OneTenant = None,
    as_json: AsJson = False,
) -> None:
    """Tell everything about one document: events, decisions, ERP calls, parts of the amount, and the next step.

    With --all --json: one line for every key, with the outcome of each of its documents and events.
    """
    desk = front(context)
    if everything == (document is not None):
        desk.fail("give either an ID or --all", Exit.USAGE)
    if everything and not as_json:
        desk.fail("--all writes one line of JSON for each key: add --json", Exit.USAGE)
    settings = desk.settings()
    if everything:
        desk.work(lambda house: _all(desk, house, source, tenant))
        return

    async def job(house: House) -> Sequence[Story]:
        async with house.desk(settings) as open_desk:
            return [await open_desk.story(key) for key in await keys_of(open_desk, source, str(document), tenant)]

    for story in desk.work(job):
        if as_json:
            desk.json(claim(story))
        else:
            desk.out.print(picture(story))


async def _all(desk: Front, house: House, source: str, tenant: str | None) -> None:
    with desk.progress() as progress:
        told = progress.add_task("explaining", total=None)
        async with house.desk(desk.settings()) as open_desk:
            async for story in _stories(open_desk, source):
                progress.advance(told)
                if tenant is None or claim(story)["tenant"] == tenant:
                    desk.json(claim(story))


async def _stories(desk: Desk, source: str) -> AsyncIterator[Story]:
    after = ""
    while keys := await desk.all_keys(source, after=after, limit=PAGE):
        after = keys[-1]
        for start in range(0, len(keys), AT_ONCE):
            for story in await asyncio.gather(*(desk.story(key) for key in keys[start : start + AT_ONCE])):
                yield story
