"""The newest state of every entity under one root document, whatever order the log had."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.oracle.reading import Foreign, Said, Unreadable, read

Key = tuple[str, str]
"""(tenant, order id)."""


@dataclass(slots=True)
class Root:
    """Everything that was said about one order."""

    tenant: str
    ident: str
    order: Said | None = None
    bodies: list[Said] = field(default_factory=list)
    """Every valid body, also those that a newer one made old."""
    invalid: bool = False
    """A body came whose amounts are none, and no better one."""
    edits: dict[str, Said] = field(default_factory=dict)
    deletion: Said | None = None
    transactions: dict[str, Said] = field(default_factory=dict)
    refunds: dict[str, Said] = field(default_factory=dict)

    def hear(self, said: Said) -> None:
        """Take something in; what is older changes nothing."""
        if said.sort == "order":
            self._hear_order(said)
        elif said.sort == "deletion":
            self.deletion = said
        else:
            table = {"transaction": self.transactions, "refund": self.refunds}.get(said.sort, self.edits)
            known = table.get(said.ident)
            if known is None or said.newer_than(known):
                table[said.ident] = said

    def _hear_order(self, said: Said) -> None:
        if not said.valid:
            self.invalid = self.order is None
            return
        self.bodies.append(said)
        if self.order is None or said.newer_than(self.order):
            self.order, self.invalid = said, False


@dataclass(slots=True)
class Folded:
    """The whole log."""

    roots: dict[Key, Root] = field(default_factory=dict)
    unreadable: set[int] = field(default_factory=set)
    """Places in the log of records for the dead letters."""
    foreign: int = 0


def fold(log: Iterable[tuple[bytes | None, tuple[tuple[str, bytes], ...]]]) -> Folded:
    """Fold a log of (value, headers); the result does not depend on its order."""
    folded = Folded()
    for place, (value, headers) in enumerate(log):
        heard = read(value, headers)
        if isinstance(heard, Unreadable):
            folded.unreadable.add(place)
        elif isinstance(heard, Foreign):
            folded.foreign += 1
        else:
            for said in heard:
                key = (said.tenant, said.root)
                folded.roots.setdefault(key, Root(*key)).hear(said)
    return folded
