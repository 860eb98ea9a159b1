"""`privacy`: requests about persons, how far each is, and what of a person remains elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from schemas.privacy import Asks
from service.cli.front import AsJson, Front, Who, Why, front
from service.cli.house import House
from service.ports import CaseState, PrivacyCase

Id = Annotated[str, typer.Argument(metavar="ID", help="The request, as `privacy list` names it.")]

SAYS = {
    Asks.ERASE_CUSTOMER: "erase a customer",
    Asks.ERASE_SHOP: "erase everybody of the shop",
    Asks.TELL_CUSTOMER: "tell a customer what is held",
    Asks.LEAVE: "the shop took the app out",
}
FIX = {
    Asks.ERASE_CUSTOMER: "Erase or anonymise the person in these documents in the ERP; amounts and ids must stay.",
    Asks.ERASE_SHOP: "Erase or anonymise the persons in these documents in the ERP; amounts and ids must stay.",
    Asks.TELL_CUSTOMER: "Send the shop what `orderferry privacy show ID --data` prints, and what these documents in "
    "the ERP hold; then `orderferry privacy answered ID --who YOU --why REASON`.",
    Asks.LEAVE: "Nothing, unless the shop comes back: a new access token, then `orderferry resume`.",
}
KAFKA = "Single records cannot be erased there: topics forget by their retention, the topic of dead letters too."


def list_requests(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the requests about persons, oldest first."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> Sequence[PrivacyCase]:
        async with house.desk(settings) as open_desk:
            return await open_desk.privacy.cases()

    found = desk.work(job)
    for case in found if as_json else ():
        desk.json(as_data(case))
    if not as_json:
        desk.out.print(_table(found))


def show(
    context: typer.Context,
    case_id: Id,
    *,
    data: Annotated[bool, typer.Option("--data", help="The personal fields themselves, to answer the shop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell how far one request is, what waits, and what remains in the ERP and on Kafka."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> tuple[PrivacyCase | None, Sequence[Mapping[str, object]]]:
        async with house.desk(settings) as open_desk:
            case = await open_desk.privacy.case(case_id)
            return case, await open_desk.privacy.held(case_id) if data and case is not None else ()

    case, held = desk.work(job)
    if case is None:
        desk.fail(f"there is no request {case_id}; `orderferry privacy list` shows them")
    if data:
        for one in held:
            desk.json(one)
    elif as_json:
        desk.json(as_data(case))
    else:
        _show(desk, case)


def answered(context: typer.Context, case_id: Id, *, who: Who, why: Why, as_json: AsJson = False) -> None:
    """Say that a request for data was answered."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> None:
        async with house.desk(settings) as open_desk:
            await open_desk.privacy.answered(case_id, who=who, why=why)

    desk.work(job)
    if as_json:
        desk.json({"id": case_id, "action": "answered"})
    else:
        desk.say(f"Request {case_id} is answered.")


def lift(context: typer.Context, case_id: Id, *, who: Who, why: Why, as_json: AsJson = False) -> None:
    """Let a person who was erased buy again: orders placed from now on keep their persons, older ones never do."""
    desk = front(context)
    settings = desk.settings()

    async def job(house: House) -> int:
        async with house.desk(settings) as open_desk:
            return await open_desk.privacy.lift(case_id, who=who, why=why)

    count = desk.work(job)
    if as_json:
        desk.json({"id": case_id, "action": "lift", "names": count})
    else:
        desk.say(f"Request {case_id} erases no order any more that is placed from now on; what is older stays erased.")


def as_data(case: PrivacyCase) -> dict[str, object]:
    """One request as data; no person is in it."""
    found = case.found
    return {
        "id": case.id,
        "source": case.external_source,
        "tenant": case.tenant,
        "asks": case.request.asks.value,
        "number": case.request.number,
        "customer_id": case.request.customer_id,
        "order_ids": list(case.request.order_ids),
        "state": case.state.value,
        "asked_at": _moment(case.asked_at),
        "changed_at": _moment(case.changed_at),
        "keys": found.keys,
        "facts": found.facts,
        "requests": found.requests,
        "dead_letters": found.letters,
        "waiting": [{"key": key, "why": why} for key, why in found.waiting],
        "erp": [
            {
                "kind": one.kind,
                "external_id": one.external_id,
                "erp_type": one.document_type,
                "erp_id": one.erp_id,
                "erp_number": one.erp_number,
            }
            for one in found.erp
        ],
        "erp_more": found.erp_more,
        "kafka": [
            {
                "topic": one.topic,
                "partition": one.partition,
                "first_offset": one.first,
                "last_offset": one.last,
                "records": one.records,
            }
            for one in found.kafka
        ],
        "fix": _fix(case),
    }


def _table(found: Sequence[PrivacyCase]) -> Table:
    table = Table(title=f"{len(found)} requests about persons", title_justify="left")
    for column in ("id", "asked", "tenant", "asks to", "state", "orders and accounts", "waiting"):
        table.add_column(column, overflow="fold")
    for case in found:
        state = Text(case.state.value, style="green" if case.state is CaseState.DONE else "yellow")
        numbers = (str(case.found.keys), str(len(case.found.waiting)))
        table.add_row(case.id, _moment(case.asked_at), case.tenant, SAYS[case.request.asks], state, *numbers)
    return table


def _show(desk: Front, case: PrivacyCase) -> None:
    found = case.found
    desk.say(f"{case.id}: {SAYS[case.request.asks]} ({case.external_source} {case.tenant})")
    desk.say(f"  asked    {_moment(case.asked_at)}; {case.state.value} since {_moment(case.changed_at)}")
    verb = "held" if case.request.asks is Asks.TELL_CUSTOMER else "erased"
    desk.say(
        f"  ledger   {found.keys} orders and accounts; {verb}: {found.facts} bodies, {found.requests} requests to the "
        f"ERP, {found.letters} dead letters"
    )
    for key, why in found.waiting:
        desk.say(f"  waits    {key}: {why}")
    for one in found.erp:
        desk.say(f"  ERP      {one.document_type} {one.erp_number or one.erp_id} ({one.kind} {one.external_id})")
    if found.erp_more:
        desk.say(f"  ERP      and {found.erp_more} more documents with the tag of this tenant")
    for place in found.kafka:
        offsets = f"offsets {place.first} to {place.last}"
        desk.say(f"  Kafka    {place.topic}/{place.partition}: {place.records} records, {offsets}")
    if found.kafka:
        desk.say(f"           {KAFKA}")
    desk.say(f"  to do    {_fix(case)}")


def _fix(case: PrivacyCase) -> str:
    return FIX[case.request.asks].replace(" ID", f" {case.id}")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def app() -> typer.Typer:
    """Build the group."""
    group = typer.Typer(no_args_is_help=True, help="Requests about persons, and what remains of them elsewhere.")
    group.command("list")(list_requests)
    group.command("show")(show)
    group.command("answered")(answered)
    group.command("lift")(lift)
    return group
