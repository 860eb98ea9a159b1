"""Which end each root has come to, by what stands in the ERP: the other ends are not what is wanted of it."""

from collections.abc import Iterable, Mapping

from sandbox.oracle.erp import Doc, Erp, newest, stands
from sandbox.oracle.want import End, Name, Want

Roots = Mapping[tuple[str, str], End]
"""(tenant, order id) to its end."""


def ends_in(wants: Iterable[Want], erp: Erp) -> Roots:
    """Return the end of every root. One that the arrival cannot bring about is never chosen."""
    possible: dict[tuple[str, str], list[End]] = {}
    for want in wants:
        ends = possible.setdefault((want.name.tenant, want.root), [])
        if want.end not in ends:
            ends.append(want.end)
    return {
        (tenant, root): _end(ends, erp.orders.get(Name(tenant, "order", root), []), erp)
        for (tenant, root), ends in possible.items()
    }


def _end(possible: list[End], docs: list[Doc], erp: Erp) -> End:
    found: End = "absent"
    if docs:
        last = newest(docs)
        found = "invoice" if last["document_type"] == "invoice" else "sales_order"
        held = stands(last) == "draft" and last["is_on_hold"]
        if found == "sales_order" and "overtaken" in possible and last["id"] not in erp.confirmed and not held:
            found = "overtaken"
    return found if found in possible else possible[0]
