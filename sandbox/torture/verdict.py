"""The oracle's word on a run: the whole log held against what the ERP and the service's claims say. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.demo.wire import Place
from sandbox.oracle.claims import Claims
from sandbox.oracle.erp import Doc, Erp, parsed
from sandbox.oracle.judge import Evidence, Judgement, judge
from sandbox.oracle.proof import Faults, Proof, proof
from sandbox.shop.generate import Generated
from sandbox.torture.doubtful import apart

EFFECTS = ("processor_charges", "processor_refunds", "emails", "marketplace_pushes")
CREATES = frozenset({"/orders", "/accounts"})


@dataclass(frozen=True)
class Left:
    """What a run left: claims, the ERP's dump and log as NDJSON, where records stood, what is in doubt."""

    claims: Sequence[bytes]
    dump: Sequence[bytes]
    log: Sequence[bytes]
    places: Sequence[Place]
    dead: frozenset[Place]
    stats: Mapping[str, Any]
    doubts: Sequence[Mapping[str, str]]
    exits: Mapping[str, int]
    """How each pod answered to SIGTERM at the end."""
    stuck: str = ""
    """Why it did not become quiet."""


@dataclass(frozen=True)
class Judged:
    """The judgement."""

    judgement: Judgement
    proof: Proof
    claims: Claims
    doubts: Sequence[Mapping[str, str]]
    """Every effect in doubt, with what the oracle found: `there` or `not there`."""
    set_aside: int
    """Documents under roots with something in doubt: judged only for doubles."""
    exits: Mapping[str, int]
    violations: Sequence[str]

    @property
    def holds(self) -> bool:
        """Whether the oracle is satisfied."""
        return not self.violations and self.proof.holds(self.judgement) and not any(self.exits.values())


def decide(generated: Generated, left: Left, *, sticks: bool) -> Judged:
    """Judge what a run left. Where tags do not stick, what is in doubt is confirmed one by one and set aside."""
    log, dump = parsed(left.log), parsed(left.dump)
    erp = Erp.of(named(dump, log), log)
    claims = Claims.of(left.claims)
    evidence = Evidence(
        records=generated.records,
        predictions=generated.predictions("lenient"),
        erp=erp,
        claims=claims,
        dead_letters=left.dead,
        places=left.places,
    )
    judgement, aside, doubled = judge(evidence, "lenient"), 0, []
    if not sticks:
        doubled = [str(one) for one in judgement.findings.violations if one.count == "duplicated"]
        heaps = apart(evidence, left.claims)
        judgement, aside = judge(heaps.rest, "lenient"), heaps.aside
    moved = sum(int(left.stats[name]) for name in EFFECTS)
    violations = sorted({*doubled, *(str(one) for one in judgement.findings.violations)})
    if left.stuck:
        violations.append(f"stuck: {left.stuck}")
    done = proof(judgement, money_moved=moved, kills=0, faults=Faults({}, {}, ()))
    return Judged(judgement, done, claims, confirmed(left.doubts, log), aside, left.exits, violations)


def named(dump: Sequence[Doc], log: Sequence[Doc]) -> list[Doc]:
    """Return the dump with the identity that each create was sent with, where the ERP did not keep it."""
    sent = {
        line["resource_id"]: line["body"].get("metadata") or {}
        for line in log
        if line["path"] in CREATES and 200 <= line["status"] < 300
    }
    return [
        {**line, "doc": {**line["doc"], "metadata": sent[line["doc"]["id"]]}}
        if line["doc"].get("metadata") == {} and line["doc"]["id"] in sent
        else line
        for line in dump
    ]


def confirmed(doubts: Sequence[Mapping[str, str]], log: Sequence[Doc]) -> list[dict[str, str]]:
    """Say of every effect in doubt what the ERP's own log knows: the person who looks will find it, or will not."""
    done = {line["idempotency_key"] for line in log if 200 <= line["status"] < 300}
    return [{**doubt, "found": "there" if doubt["id"] in done else "not there"} for doubt in doubts]
