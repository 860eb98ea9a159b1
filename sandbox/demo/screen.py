"""What a person sees: progress while it runs, and a table at the end."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sandbox.demo.saboteur import Kill
from sandbox.oracle.claims import Claims
from sandbox.oracle.judge import Judgement

MOST_VIOLATIONS = 20


def progress(console: Console) -> Progress:
    """The bars."""
    return Progress(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


def outcomes(console: Console, judgement: Judgement, claims: Claims) -> None:
    """How documents ended, and what is parked for which reason."""
    ends = Counter(f"{claim.name.kind} {claim.outcome}" for claim in claims.documents)
    table = Table(title="Outcomes", title_justify="left")
    table.add_column("documents")
    table.add_column("how many", justify="right")
    for name, count in sorted(ends.items()):
        table.add_row(name, str(count))
    console.print(table)
    parked = Counter(reason for _, reason in judgement.parked)
    expected = Counter(reason for _, reason in judgement.parked_expected)
    table = Table(title="Parked by reason", title_justify="left")
    for column in ("reason", "parked", "foretold"):
        table.add_column(column, justify="left" if column == "reason" else "right")
    for reason in sorted(parked | expected):
        table.add_row(reason, str(parked[reason]), str(expected[reason]))
    console.print(table)
    table = Table(title="Decided by arrival", title_justify="left")
    table.add_column("in the ERP")
    table.add_column("orders", justify="right")
    for end, count in sorted(judgement.decided.items()):
        table.add_row(end, str(count))
    console.print(table)


def figures(console: Console, rows: Sequence[tuple[str, str]]) -> None:
    """Name and figure."""
    table = Table(title="The run", title_justify="left", show_header=False)
    table.add_column()
    table.add_column()
    for name, figure in rows:
        table.add_row(name, figure)
    console.print(table)


def faults(console: Console, injected: Mapping[str, int], met: Mapping[str, int]) -> None:
    """What the ERP did."""
    table = Table(title="The ERP's lies", title_justify="left")
    for column in ("kind", "injected", "met by a later call"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for kind in sorted(injected):
        if injected[kind]:
            table.add_row(kind, str(injected[kind]), str(met.get(kind, 0)))
    console.print(table)


def told(kills: Sequence[Kill]) -> str:
    """The kills in words."""
    return ", ".join(f"{kill.open} open ({kill.between} already committed in the ERP)" for kill in kills) or "none"


def violations(console: Console, judgement: Judgement) -> None:
    """The first things that are wrong."""
    found = judgement.findings.violations
    for violation in found[:MOST_VIOLATIONS]:
        console.print(f"[red]wrong[/red] {violation}", soft_wrap=True, highlight=False)
    if len(found) > MOST_VIOLATIONS:
        console.print(f"... and {len(found) - MOST_VIOLATIONS} more in build/violations.txt")
