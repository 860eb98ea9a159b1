"""The judgement: the log folded, the rules applied, the ERP's database and the product's claims held against both."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.oracle.claims import BESIDE, Claim, Claims, Place
from sandbox.oracle.decimals import amount
from sandbox.oracle.documents import Documents
from sandbox.oracle.ends import ends_in
from sandbox.oracle.erp import Erp
from sandbox.oracle.findings import Findings
from sandbox.oracle.fold import Folded, fold
from sandbox.oracle.sequence import Sequence as Walk
from sandbox.oracle.verdicts import Judge
from sandbox.oracle.want import End, Name, Profile, Want
from sandbox.shop.disorder import Record
from sandbox.shop.foretell import Expected

Parked = tuple[Name, str]


@dataclass(frozen=True)
class Evidence:
    """Everything that is looked at. `places` says where each record of the log stands in Kafka."""

    records: Sequence[Record]
    predictions: Sequence[Expected]
    erp: Erp
    claims: Claims
    dead_letters: frozenset[Place] = frozenset()
    places: Sequence[Place] = ()
    unlike: Sequence[tuple[Name, str]] = ()
    """Where the product's account of the ERP is not like the ERP (`sandbox.oracle.mirror`), where it keeps one."""


@dataclass(frozen=True)
class Judgement:
    """What was found."""

    findings: Findings
    wants: Sequence[Want]
    parked: frozenset[Parked]
    """As the product claims."""
    parked_expected: frozenset[Parked]
    """As the scenarios foretold for the ends that their orders came to."""
    decided: Mapping[End, int]
    """Orders that the arrival could bring to several ends, by the one that they came to."""


def judge(evidence: Evidence, profile: Profile) -> Judgement:
    """Judge a run."""
    findings = Findings()
    folded = fold((record.value, record.headers) for record in evidence.records)
    possible = wanted(folded, profile, evidence.erp.catalogues)
    _foretold(possible, evidence.predictions, findings)
    ends = ends_in(possible, evidence.erp)
    wants = [want for want in possible if want.end == ends[want.name.tenant, want.root]]
    predictions = [one for one in evidence.predictions if one.end == ends.get((one.tenant, one.root), one.end)]
    Documents(evidence.erp, folded.roots, findings).compare(wants)
    refunds = {want.name: want.root for want in wants if want.name.kind == "refund"}
    Walk(evidence.erp, findings, roots=refunds, invoices_post=profile == "strict").walk()
    _claims(wants, evidence, findings)
    if evidence.places:
        _events(folded, evidence, findings)
    for name, words in evidence.unlike:
        findings.add("unlike", name, words)
    for words in evidence.claims.unresolved:
        findings.add("in_doubt", words, "the product does not know")
    foretold = frozenset((_name(one), str(one.reason)) for one in predictions if one.outcome == "parked")
    claimed = frozenset((one.name, str(one.reason)) for one in evidence.claims.documents if one.outcome == "parked")
    for name, reason in sorted(foretold ^ claimed, key=str):
        what = "must park" if (name, reason) in foretold else "must not park"
        findings.add("parked", name, f"{what} as {reason}")
    decided = Counter(ends[tenant, root] for tenant, root in _open(possible))
    return Judgement(findings, wants, claimed, foretold, decided)


def _open(possible: Iterable[Want]) -> set[tuple[str, str]]:
    """Roots that the arrival could bring to several ends."""
    ends = {((want.name.tenant, want.root), want.end) for want in possible}
    return {root for root, times in Counter(root for root, _ in ends).items() if times > 1}


def wanted(folded: Folded, profile: Profile, catalogues: Mapping[str, Mapping[str, int]]) -> list[Want]:
    """Apply the rules to every root document, for each of the ends that it may come to."""
    return [
        want
        for (tenant, _), root in folded.roots.items()
        for want in Judge(root, profile=profile, catalogue=catalogues.get(tenant, {})).wants()
    ]


def _name(one: Expected) -> Name:
    return Name(one.tenant, one.kind, one.external_id)


def _foretold(wants: Iterable[Want], predictions: Iterable[Expected], findings: Findings) -> None:
    """The scenario's word and the fold's must be the same; else one of the two derivations is wrong."""
    folded = {(want.name, want.end): (want.fate, want.amounts) for want in wants}
    written = {(_name(one), one.end): ((one.outcome, one.reason), dict(one.amounts)) for one in predictions}
    for name, end in sorted(folded.keys() | written.keys(), key=str):
        there, here = folded.get((name, end)), written.get((name, end))
        if there != here:
            findings.add("unexplained", name, f"the scenario foretold {here} for {end}, the log folds to {there}")


def _claims(wants: Iterable[Want], evidence: Evidence, findings: Findings) -> None:
    """Every document has exactly one outcome, the right one, and what is claimed to be in the ERP is there."""
    told = Counter(claim.name for claim in evidence.claims.documents)
    claims = {claim.name: claim for claim in evidence.claims.documents}
    wanted_by_name = {want.name: want for want in wants}
    for name, want in wanted_by_name.items():
        claim = claims.get(name)
        if claim is None:
            findings.add("unexplained", name, "the product says nothing about it")
        elif told[name] > 1:
            findings.add("unexplained", name, f"has {told[name]} outcomes")
        elif (claim.outcome, claim.reason) != want.fate and "parked" not in (claim.outcome, want.outcome):
            findings.add("unexplained", name, f"ends as {_said(claim)}, must be {want.outcome} {want.reason or ''}")
    for claim in evidence.claims.documents:
        if claim.name not in wanted_by_name and not claim.name.ident.endswith(BESIDE):
            findings.add("unexplained", claim.name, f"ends as {_said(claim)}, and is not in the log")
        _believe(claim, evidence.erp, findings)


def _said(claim: Claim) -> str:
    return f"{claim.outcome} {claim.reason or ''}".strip()


def _believe(claim: Claim, erp: Erp, findings: Findings) -> None:
    """Look up what the product claims to have in the ERP."""
    if claim.erp_id is None:
        return
    there = erp.by_id.get(claim.erp_id)
    plain = Name(claim.name.tenant, claim.name.kind, claim.name.ident)
    if there is None or (there != plain and claim.name.kind != "payment"):
        findings.add("unexplained", claim.name, f"is said to be {claim.erp_id} in the ERP, which is {there}")
    elif there == plain and claim.name.kind == "order" and claim.total is not None:
        docs = [doc for doc in erp.orders[there] if doc["id"] == claim.erp_id]
        if amount(docs[0]["order_total"]) != claim.total:
            findings.add(
                "unexplained", claim.name, f"is said to come to {claim.total}, the ERP has {docs[0]['order_total']}"
            )


def _events(folded: Folded, evidence: Evidence, findings: Findings) -> None:
    """Every record of the log ends in exactly one outcome: an event's, or the dead letters."""
    told = Counter(place for place, _ in evidence.claims.events)
    told.update(evidence.dead_letters)
    dead = {evidence.places[index] for index in folded.unreadable}
    for place in evidence.places:
        if told[place] != 1:
            findings.add("unexplained", f"record {place}", f"has {told[place]} outcomes")
    for place in sorted(dead ^ evidence.dead_letters):
        findings.add(
            "unexplained", f"record {place}", "must be a dead letter" if place in dead else "is no dead letter"
        )
