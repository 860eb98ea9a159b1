"""What is in doubt and what hangs on it, set apart: it is confirmed one by one; the rest is judged as ever. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.oracle.claims import Claims
from sandbox.oracle.erp import Doc, Erp
from sandbox.oracle.fold import fold
from sandbox.oracle.judge import Evidence, wanted
from sandbox.oracle.reading import Foreign, Unreadable, read
from sandbox.oracle.want import Name, Want
from sandbox.shop.disorder import Record
from sandbox.shop.foretell import Expected

DOUBT = frozenset({"in_doubt", "two_found"})
Root = tuple[str, str]
"""Tenant and order id."""


def doubtful(claims: Iterable[bytes]) -> set[Root]:
    """Return the roots of which the service says that only a person can tell."""
    keys = (json.loads(line) for line in claims if line.strip())
    return {(key["tenant"], key["root"]) for key in keys if _doubts(key)}


def _doubts(key: Mapping[str, Any]) -> bool:
    calls = any(call["state"] == "in_doubt" for call in key["calls"])
    return calls or any(document["reason"] in DOUBT for document in key["documents"])


@dataclass(frozen=True)
class Apart:
    """Evidence in two heaps; `rest` is judged whole."""

    rest: Evidence
    aside: int
    """Documents that were set aside."""


def apart(evidence: Evidence, lines: Sequence[bytes]) -> Apart:
    """Set aside everything under a doubtful root. `lines` are the claims as they were told."""
    roots = doubtful(lines)
    kept = [index for index, record in enumerate(evidence.records) if not _under(record, roots)]
    dropped = [record for record in evidence.records if _under(record, roots)]
    records = [evidence.records[index] for index in kept]
    wants, others = _wants(dropped, evidence.erp), _wants(records, evidence.erp)
    names = {want.name for want in wants} | (_accounts(wants) - _accounts(others))
    rest = replace(
        evidence,
        records=records,
        predictions=[one for one in evidence.predictions if _name(one) not in names],
        erp=_without(evidence.erp, names),
        claims=Claims.of(line for line in lines if not _told_of(line, roots)),
        places=[evidence.places[index] for index in kept],
    )
    return Apart(rest, len({want.name for want in wants}))


def _under(record: Record, roots: set[Root]) -> bool:
    if not roots:
        return False
    heard = read(record.value, record.headers)
    if isinstance(heard, Unreadable | Foreign):
        return False
    return any((said.tenant, said.root) in roots for said in heard)


def _told_of(line: bytes, roots: set[Root]) -> bool:
    key = json.loads(line)
    return (key["tenant"], key["root"]) in roots


def _wants(records: Sequence[Record], erp: Erp) -> list[Want]:
    return wanted(fold((record.value, record.headers) for record in records), "lenient", erp.catalogues)


def _accounts(wants: Iterable[Want]) -> set[Name]:
    return {Name(want.name.tenant, "account", want.account) for want in wants if want.account}


def _name(one: Expected) -> Name:
    return Name(one.tenant, one.kind, one.external_id)


def _without(erp: Erp, names: set[Name]) -> Erp:
    def kept(table: Mapping[Name, list[Doc]]) -> dict[Name, list[Doc]]:
        return {name: docs for name, docs in table.items() if name not in names}

    log = [line for line in erp.log if not names & _of(line, erp)]
    by_id = {ident: name for ident, name in erp.by_id.items() if name not in names}
    return replace(
        erp,
        orders=kept(erp.orders),
        payments=kept(erp.payments),
        credits=kept(erp.credits),
        accounts=kept(erp.accounts),
        log=log,
        by_id=by_id,
    )


def _of(line: Doc, erp: Erp) -> set[Name]:
    """Whose write it was."""
    applied = (part["order_id"] for part in line["body"].get("applications", ()))
    touched = {line["order_id"], line["resource_id"], *applied}
    return {erp.by_id[ident] for ident in touched if ident in erp.by_id}
