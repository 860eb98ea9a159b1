"""What the product says about itself (`explain shopify --all --json`), as claims to be checked."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.oracle.reading import Doc
from sandbox.oracle.want import Name

BESIDE = ":credit"  # a credit that a refund needs beside its return has a name of its own
Place = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One document and what the product says became of it."""

    name: Name
    outcome: str
    reason: str | None
    erp_id: str | None
    total: Decimal | None


@dataclass(slots=True)
class Claims:
    """Everything that the product says."""

    documents: list[Claim] = field(default_factory=list)
    events: list[tuple[Place, str]] = field(default_factory=list)
    """Where a record stood, and how it ended."""
    unresolved: list[str] = field(default_factory=list)
    """Calls whose outcome the product does not know."""
    resolved: dict[str, int] = field(default_factory=dict)
    """How unknowns were resolved: by key, look-up, person."""
    calls: int = 0

    @classmethod
    def of(cls, lines: Iterable[str | bytes]) -> "Claims":
        """Read NDJSON, one key a line."""
        claims = cls()
        for line in lines:
            if line.strip():
                claims._take(json.loads(line))
        return claims

    def _take(self, key: Doc) -> None:
        for document in key["documents"]:
            if document["kind"] != "account":
                self.documents.append(_claim(key["tenant"], document))
        for event in key["events"]:
            if event["position"] is not None:
                place = event["position"]
                self.events.append(((place["topic"], place["partition"], place["offset"]), event["outcome"]))
        for call in key["calls"]:
            self.calls += call["attempts"]
            if call["state"] in ("open", "in_doubt"):
                self.unresolved.append(f"{call['effect']} is {call['state']}: {call['answer']}")
            if call["how"] in ("key", "look_up", "person"):
                self.resolved[call["how"]] = self.resolved.get(call["how"], 0) + 1


def _claim(tenant: str, document: Doc) -> Claim:
    amounts = document["amounts"]
    total = None if amounts is None else Decimal(amounts["total"])
    name = Name(tenant, document["kind"], document["external_id"])
    return Claim(name, document["outcome"], document["reason"], document["erp_id"], total)
