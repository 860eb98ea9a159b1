"""Whether the product knows how every document stands in the ERP: its own account held against the ERP's database."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from sandbox.oracle.decimals import amount
from sandbox.oracle.erp import Doc, by_metadata, by_notes, by_reference
from sandbox.oracle.want import Name

Facts = dict[str, str | Decimal]


def unlike(dump: Iterable[Doc], explained: Iterable[Doc]) -> list[tuple[Name, str]]:
    """Return every document of ours that stands otherwise than the product says, and in which way.

    `dump` has the lines of `/_sandbox/state`, `explained` those of `explain SOURCE --all --json`.
    """
    told = {one["erp_id"]: one for key in explained for one in key["standings"]}
    found: list[tuple[Name, str]] = []
    for line in dump:
        rule = RULES.get(line["resource"])
        name = None if rule is None else rule[0](line["doc"])
        if rule is None or name is None:
            continue
        there = rule[1](line["doc"])
        known = told.get(line["doc"]["id"])
        if known is None:
            found.append((name, f"{line['doc']['id']} is in the ERP, and the product does not say how it stands"))
        else:
            found += [(name, words) for words in _differences(there, known)]
    return found


def _differences(there: Mapping[str, str | Decimal], known: Doc) -> list[str]:
    said = {name: amount(known[name]) if isinstance(value, Decimal) else known[name] for name, value in there.items()}
    differing = [
        f"{name} is {value}, the product says {said[name]}" for name, value in there.items() if said[name] != value
    ]
    return [*differing, *(["the product says that it is gone"] if known["missing"] else [])]


def _order(doc: Doc) -> Facts:
    return {
        "number": doc["order_number"],
        "type": doc["document_type"],
        "status": doc["order_status"],
        "payment_status": doc["payment_status"],
        "fulfilment_status": doc["fulfillment_status"],
        "total": amount(doc["order_total"]),
        "paid": amount(doc["amount_paid"]),
        "balance": amount(doc["balance_due"]),
        "account": doc["account_id"],
    }


def _payment(doc: Doc) -> Facts:
    return {
        "status": doc["status"],
        "total": amount(doc["amount"]),
        "refunded": amount(doc["amount_refunded"]),
        "account": doc["account_id"],
    }


def _credit(doc: Doc) -> Facts:
    return {
        "number": doc["credit_memo_number"],
        "status": doc["status"],
        "total": amount(doc["amount"]),
        "paid": amount(doc["amount_applied"]),
    }


def _account(doc: Doc) -> Facts:
    return {
        "number": doc["account_number"],
        "status": "active" if doc["is_active"] else "inactive",
        "merged_into": doc["merged_into_account_id"] or "",
    }


RULES: Mapping[str, tuple[Callable[[Doc], Name | None], Callable[[Doc], Facts]]] = {
    "orders": (by_metadata, _order),
    "payments": (by_reference, _payment),
    "credits": (by_notes, _credit),
    "accounts": (by_metadata, _account),
}
