"""A story as a picture for people: what became of it, why, what it is made of, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas.outcome import OutcomeName
from service.desk.claims import Json, claim, documents, order_of
from service.desk.words import advice, words
from service.ports import Decision, IntentState, Story

COLOURS = {
    OutcomeName.POSTED: "green",
    OutcomeName.UNCHANGED: "green",
    OutcomeName.SUPERSEDED: "dim",
    OutcomeName.SKIPPED: "dim",
    OutcomeName.WAITING: "yellow",
    OutcomeName.PARKED: "red",
    OutcomeName.DEAD_LETTERED: "red",
}
STATES = {
    IntentState.OPEN: "yellow",
    IntentState.DONE: "green",
    IntentState.REFUSED: "red",
    IntentState.ABSENT: "dim",
    IntentState.IN_DOUBT: "red",
}


_STANDS = (
    "type",
    "number",
    "status",
    "payment_status",
    "fulfilment_status",
    "total",
    "paid",
    "balance",
    "refunded",
    "read_at",
)
_DRIFTED = ("found_at", "kind", "external_id", "field", "was", "now", "decision")


def picture(story: Story) -> RenderableType:
    """Draw everything known about one key."""
    said = claim(story)
    name = f"{said['name']}  " if said["name"] else ""
    title = Text.assemble((name, "bold"), (story.key, "dim"))
    return Group(Panel(title, expand=False), *_parts(story, said))


def _parts(story: Story, said: Json) -> Iterator[RenderableType]:
    yield _documents(story)
    if said["components"]:
        yield _components(story, said)
    yield _rows("Events", said["events"], ("topic", "triggered_at", "position", "outcome", "reason", "detail"))
    yield _rows(
        "Calls of the ERP",
        said["calls"],
        ("effect", "amount", "method", "path", "attempted_at", "attempts", "state", "answer", "how"),
    )
    if said["standings"]:
        yield _rows("How it stands in the ERP", said["standings"], _STANDS)
    if said["drift"]:
        yield _rows("Drift: changed in the ERP by people", said["drift"], _DRIFTED)
    if said["decisions"]:
        yield _rows("Decisions of people", said["decisions"], ("at", "who", "action", "subject", "why"))
    yield _next_steps(story)


def _documents(story: Story) -> Table:
    table = Table(title="Documents", title_justify="left")
    for column in ("kind", "id", "outcome", "why", "ERP", "amount"):
        table.add_column(column, overflow="fold")
    for ref, (verdict, posted) in documents(story).items():
        outcome = verdict.outcome if verdict else OutcomeName.POSTED
        why = "" if verdict is None else verdict.detail or words(verdict.reason).says
        table.add_row(
            ref.kind.value,
            Text(ref.external_id),
            Text(outcome.value, style=COLOURS[outcome]),
            Text(f"{verdict.reason.value}: {why}" if verdict and verdict.reason else why),
            Text(
                f"{posted.document_type} {posted.erp_number or posted.erp_id} ({posted.status.value})" if posted else ""
            ),
            Text(f"{posted.total:f} {posted.currency}" if posted else verdict.amount if verdict else ""),
        )
    return table


def _components(story: Story, said: Json) -> Table:
    order = order_of(story)
    table = Table(title=f"Parts of the sale, {order.currency if order else ''}", title_justify="left")
    table.add_column("part")
    for column in ("shop", "ERP"):
        table.add_column(column, justify="right")
    table.add_column("")
    for row in _list(said["components"]):
        last = row["component"] == "total"
        table.add_row(
            str(row["component"]),
            str(row["shop"]),
            "" if row["erp"] is None else str(row["erp"]),
            Text("differs", style="red") if row["differs"] else "",
            style="bold" if last else "",
        )
    return table


def _rows(title: str, entries: object, columns: tuple[str, ...]) -> RenderableType:
    rows = _list(entries)
    if not rows:
        return Text(f"{title}: none", style="dim")
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(column, row[column]) for column in columns))
    return table


def _cell(column: str, value: object) -> Text:
    if isinstance(value, dict):
        return Text(f"{value['topic']}/{value['partition']}@{value['offset']}")
    text = "" if value is None else str(value)
    if column == "outcome":
        return Text(text, style=COLOURS[OutcomeName(text)])
    if column == "state":
        return Text(text, style=STATES[IntentState(text)])
    return Text(text)


def _next_steps(story: Story) -> RenderableType:
    steps = {
        f"{ref.kind.value} {ref.external_id}: {advice(verdict.reason, ref)}"
        for ref, (verdict, _) in documents(story).items()
        if verdict and verdict.outcome in (OutcomeName.PARKED, OutcomeName.WAITING) and words(verdict.reason).fix
    }
    steps |= {
        f"drift of {one.document.kind.value} {one.document.external_id}: look at it in the ERP, then `orderferry drift "
        "accept SOURCE ID` where it is right"
        for one in story.drifts
        if one.decision is Decision.ALERTED
    }
    steps |= {
        f"{intent.effect.name}: look in the ERP whether it happened, then `orderferry parked resolve {intent.id} "
        "--happened --erp-id ID` or `--not-happened`, with --who and --why"
        for intent in story.intents
        if intent.state is IntentState.IN_DOUBT
    }
    if not steps:
        return Text("Next step: none, nothing waits here.", style="green")
    return Group(Text("Next step", style="bold"), *(Text(f"  {step}") for step in sorted(steps)))


def _list(value: object) -> list[Json]:
    return value if isinstance(value, list) else []
