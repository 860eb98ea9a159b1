"""`parked`: what cannot go on, and what people decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from schemas.base import Kind, Ref
from schemas.outcome import Reason
from service.cli.front import AsJson, Exit, Front, OneTenant, Source, Who, Why, front
from service.cli.house import House
from service.desk.digest import Digest, digest
from service.desk.digest import as_data as digest_data
from service.desk.digest import as_text as digest_text
from service.desk.keys import one_key
from service.desk.parked import EVERYTHING, NotOneParked, Wanted, as_data, parked_under
from service.desk.parked import discard as discard_document
from service.desk.parked import release as release_wanted
from service.desk.words import advice, words
from service.ports import Parked

Tenant = Annotated[str | None, typer.Option("--tenant", help="Only this shop.")]
OnlyReason = Annotated[Reason | None, typer.Option("--reason", help="Only this reason.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
Document = Annotated[
    str, typer.Argument(metavar="ID", help="Document id, order name, ERP number, transaction id, or key.")
]


def list_parked(
    context: typer.Context,
    *,
    tenant: Tenant = None,
    reason: OnlyReason = None,
    limit: Limit = 1000,
    as_json: AsJson = False,
) -> None:
    """List the parked documents, oldest first, each with its reason and what lets it go on."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> Sequence[Parked]:
        async with house.desk(settings) as open_desk:
            return await open_desk.parked(tenant=tenant, reason=reason.value if reason else None, limit=limit)

    found = desk.work(job)
    if as_json:
        for one in found:
            desk.json(as_data(one))
        return
    desk.out.print(_table(found))
    if len(found) == limit:
        desk.say(f"There may be more than these {limit}: raise --limit or give a --reason.")


def _table(found: Sequence[Parked]) -> Table:
    table = Table(title=f"{len(found)} parked", title_justify="left")
    for column in ("since", "tenant", "document", "reason", "amount", "why, and what to do"):
        table.add_column(column, overflow="fold")
    for one in found:
        ref = one.document
        since = datetime.fromtimestamp(one.since, UTC).strftime("%Y-%m-%d %H:%M")
        where = f"{ref.kind.value} {ref.external_id}"
        table.add_row(since, ref.tenant, Text(where), Text(one.reason.value), one.amount, Text(_what_to_do(one)))
    return table


def _what_to_do(parked: Parked) -> str:
    """Say why it is parked, what lets it go on, and what a person does about it."""
    goes_on = f"goes on with {parked.release}" if parked.release else ""
    fix = parked.fix or advice(parked.reason, parked.document)
    return "\n".join(line for line in (parked.detail, goes_on, f"Fix: {fix}" if fix else "") if line)


def tell(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print the digest of parked work that people would be sent now; --json, what a webhook would be."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> Digest:
        async with house.desk(settings) as open_desk:
            since = await open_desk.last_told()
            return digest(await open_desk.parked(limit=EVERYTHING), since=since, now=datetime.now(UTC).timestamp())

    told = desk.work(job)
    if as_json:
        desk.json(digest_data(told))
    else:
        desk.say(digest_text(told))


def show(
    context: typer.Context, source: Source, document: Document, *, tenant: OneTenant = None, as_json: AsJson = False
) -> None:
    """Show why one order and its payments and refunds are parked, and what to do."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> list[Parked]:
        async with house.desk(settings) as open_desk:
            return await parked_under(open_desk, source, document, tenant)

    found = desk.work(job)
    if not found:
        desk.fail(f"nothing of {document} is parked; `orderferry explain {source} {document}` tells what became of it")
    for one in found:
        data = as_data(one)
        if as_json:
            desk.json(data)
        else:
            desk.say(f"{one.document}\n  reason   {one.reason.value}: {words(one.reason).says}")
            for name in ("detail", "amount", "release", "since", "fix"):
                desk.say(f"  {name:8} {data[name]}")


def release(  # noqa: PLR0913 - each is an option of the command
    context: typer.Context,
    source: Source,
    document: Annotated[str | None, typer.Argument(metavar="ID", help="Document; or --all.")] = None,
    *,
    who: Who,
    why: Why,
    everything: Annotated[bool, typer.Option("--all", help="Everything parked, with --reason or --tenant.")] = False,
    reason: OnlyReason = None,
    tenant: OneTenant = None,
    as_json: AsJson = False,
) -> None:
    """Let a document try again: forget refusals and holds of its order, and plan it now."""
    desk = front(context)
    if everything == (document is not None):
        desk.fail("give either an ID or --all", Exit.USAGE)
    wanted = Wanted(source, document, tenant, reason)
    if wanted.problem:
        desk.fail(f"--all: {wanted.problem} (--reason, --tenant)", Exit.USAGE)
    keys = desk.work(lambda house: _release(desk, house, wanted, who=who, why=why))
    for key in keys if as_json else ():
        desk.json({"key": key, "action": "release"})
    if not as_json:
        desk.say(f"{len(keys)} released; `orderferry explain` shows what becomes of them.")
    if not keys:
        raise typer.Exit(Exit.FOUND)


async def _release(desk: Front, house: House, wanted: Wanted, *, who: str, why: str) -> list[str]:
    async with house.desk(desk.settings()) as open_desk:
        with desk.progress() as progress:
            return await release_wanted(
                open_desk, wanted, who=who, why=why, track=lambda keys: progress.track(keys, description="releasing")
            )


def hold(
    context: typer.Context,
    source: Source,
    document: Document,
    *,
    who: Who,
    why: Why,
    tenant: OneTenant = None,
    as_json: AsJson = False,
) -> None:
    """Leave an order with its payments and refunds alone, whatever arrives, until `parked release`."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> str:
        async with house.desk(settings) as open_desk:
            key = await one_key(open_desk, source, document, tenant)
            await open_desk.hold(key, who=who, why=why)
            return key

    key = desk.work(job)
    if as_json:
        desk.json({"key": key, "action": "hold"})
    else:
        desk.say(f"{key} is on hold.")


def discard(
    context: typer.Context,
    source: Source,
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="order, payment, refund or order_edit.")],
    external_id: Annotated[str, typer.Argument(metavar="ID", help="The shop's id of the document.")],
    *,
    who: Who,
    why: Why,
    tenant: OneTenant = None,
    as_json: AsJson = False,
) -> None:
    """End a parked document for good: it is skipped by a person and never posted."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> Ref:
        async with house.desk(settings) as open_desk:
            return await discard_document(open_desk, source, kind, external_id, tenant=tenant, who=who, why=why)

    try:
        found = desk.work(job)
    except NotOneParked as error:
        desk.fail(str(error), Exit.USAGE if error.count else Exit.FOUND)
    if as_json:
        desk.json({"document": found.model_dump(mode="json"), "action": "discard"})
    else:
        desk.say(f"{found} is discarded.")


def resolve(
    context: typer.Context,
    intent: Annotated[str, typer.Argument(metavar="INTENT", help="The call in doubt, as `explain --json` names it.")],
    *,
    who: Who,
    why: Why,
    happened: Annotated[bool, typer.Option("--happened/--not-happened", help="What you found in the ERP.")],
    erp_id: Annotated[str, typer.Option("--erp-id", help="The ERP's id of what you found there.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say whether a call that is in doubt had its effect in the ERP; only a person who looked there can tell."""
    desk = front(context)
    if happened and not erp_id:
        desk.fail("--happened needs --erp-id: the document that you found in the ERP", Exit.USAGE)
    settings = desk.settings()

    async def job(house: House) -> None:
        async with house.desk(settings) as open_desk:
            await open_desk.resolve_doubt(intent, happened=happened, erp_id=erp_id, who=who, why=why)

    desk.work(job)
    if as_json:
        desk.json({"intent": intent, "action": "resolve", "happened": happened, "erp_id": erp_id})
    else:
        desk.say(f"Intent {intent} is resolved: {'it happened' if happened else 'it did not happen'}.")


def app() -> typer.Typer:
    """Build the group."""
    group = typer.Typer(no_args_is_help=True, help="What cannot go on, and what people decide about it.")
    group.command("list")(list_parked)
    group.command("digest")(tell)
    group.command("show")(show)
    group.command("release")(release)
    group.command("hold")(hold)
    group.command("discard")(discard)
    group.command("resolve")(resolve)
    return group
