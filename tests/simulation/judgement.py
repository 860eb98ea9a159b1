"""What must hold in the end, said without the planner: the ERP's books, the ledger's outcomes, the order of writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from schemas.base import Kind, Ref, Version
from schemas.effect import CreateAccount, CreateOrder, EffectBase, RecordPayment
from schemas.posted import PostedStatus
from service.intake.observer import Slot
from tests.simulation.books import Books, Doc
from tests.simulation.broker import Broker, Entry
from tests.simulation.database import Store
from tests.simulation.erp import SALES
from tests.simulation.histories import History, histories
from tests.simulation.letters import Letters
from tests.simulation.schedule import INVALID, UNREADABLE, Schedule
from tests.simulation.weather import Weather

_ENDED = """
    SELECT id FROM events WHERE id IN (SELECT value FROM json_each(?))
    AND outcome IN ('posted', 'unchanged', 'superseded', 'skipped', 'waiting', 'parked')
"""
_KEPT = "SELECT 1 FROM dead_letters WHERE topic = ? AND partition_no = ? AND at_offset = ?"
_UNREADABLE = f":{UNREADABLE}"


def unsettled(store: Store, letters: Letters, slot: Slot, entries: Sequence[Entry]) -> str:
    """Say what of some records has no outcome yet; nothing where all has."""
    topic, number = slot
    names = {
        f"{topic}/{number}/{entry.offset}/{nth}": (entry.offset, piece)
        for entry in entries
        for nth, piece in enumerate((entry.value or b"").decode().split("+"))
    }
    ended = set(store.ask(_ENDED, json.dumps(list(names))))
    for name, (offset, piece) in names.items():
        if piece.endswith(_UNREADABLE):
            kept = (*slot, offset) in letters.positions or bool(store.ask(_KEPT, *slot, offset))
        else:
            kept = (name,) in ended
        if not kept:
            return f"piece {name} ({piece}) has no outcome"
    return ""


def judge(schedule: Schedule, store: Store, broker: Broker, books: Books, letters: Letters, weather: Weather) -> None:
    """Note every violation."""
    for slot, log in broker.logs.items():
        if missing := unsettled(store, letters, slot, log):
            weather.violated(f"lost: {missing}")
    told = _told(schedule)
    documents: dict[str, list[Doc]] = {}
    for doc in books.all():
        documents.setdefault(_root(doc), []).append(doc)
    for number in schedule.numbers:
        history = histories()[number]
        if _whole(number, told) and (history.name_is_good or _whole(number ^ 1, told)):
            for wrong in _order(history, documents.get(history.root, [])):
                weather.violated(f"order {history.root} ({history.name}): {wrong}")
        _versions(history, told[number], store, weather)
    _once(books, weather)
    _writes(books, weather)


def _told(schedule: Schedule) -> dict[int, set[int]]:
    """Which events of each order were delivered at all; a shrunk schedule lacks some."""
    told: dict[int, set[int]] = {number: set() for number in schedule.numbers}
    for delivery in schedule.deliveries:
        for number, event in delivery.pieces:
            if event not in {UNREADABLE, INVALID}:
                told[number].add(event)
    return told


def _whole(number: int, told: dict[int, set[int]]) -> bool:
    return told.get(number) == set(range(len(histories()[number].events)))


def _root(doc: Doc) -> str:
    named = doc.document.external_id
    return named if doc.document.kind is Kind.ORDER else named[:4]


def _order(history: History, documents: Sequence[Doc]) -> list[str]:
    """Compare one order's documents with what must come of it."""
    expected = history.expected
    sales = [doc for doc in documents if doc.what in SALES]
    live = [doc for doc in sales if doc.status is not PostedStatus.CANCELLED]
    if expected.loose:
        return []
    if expected.total is None:
        return [f"{len(sales)} documents stand that must not"] if sales else []
    if expected.or_nothing and not sales:
        return []
    shown = sales if expected.status == "cancelled" else live
    if len(shown) != 1:
        return [f"{len(live)} live documents of {len(sales)}"]
    sale = shown[0]
    returns = tuple(sorted(doc.total for doc in documents if doc.what == "return"))
    credits_ = tuple(sorted(doc.amount for doc in documents if doc.what == "credit"))
    pairs: list[tuple[str, object, object]] = [
        ("total", sale.total, expected.total),
        ("status", sale.status.value, expected.status),
        ("taken", sale.taken, expected.taken),
        ("given back", sale.back, expected.back),
        ("returns", returns, tuple(sorted(expected.returned))),
        ("credits", credits_, tuple(sorted(expected.credited))),
    ]
    return [f"its {name} is {ours}, not {theirs}" for name, ours, theirs in pairs if ours != theirs]


def _versions(history: History, told: set[int], store: Store, weather: Weather) -> None:
    """The newest version of every entity is the one that is known (I4)."""
    newest: dict[tuple[str, str], Version] = {}
    for event in told:
        for fact in history.facts[event]:
            place = (fact.entity.value, fact.external_id)
            if place not in newest or newest[place] < fact.version:
                newest[place] = fact.version
    rows = store.ask("SELECT kind, external_id, version FROM entities WHERE key = ?", history.key)
    known = {(kind, external_id): version for kind, external_id, version in rows}
    for place, version in newest.items():
        if known.get(place) != str(version):
            weather.violated(f"{history.key}: of {place} {known.get(place)} is known, not {version}")


def _once(books: Books, weather: Weather) -> None:
    """Every document is there once, and money adds up."""
    counted = Counter(
        (doc.what if doc.what not in SALES else "sale", doc.document, doc.revision) for doc in books.all()
    )
    for (what, document, _), times in counted.items():
        if times > 1:
            weather.violated(f"{what} of {document} stands {times} times")
    paid: Counter[str] = Counter()
    back: Counter[str] = Counter()
    for doc in books.all():
        if doc.what == "payment":
            paid[doc.order] += doc.amount  # type: ignore[assignment]
            back[doc.order] += doc.back  # type: ignore[assignment]
    for doc in books.all():
        if doc.what in SALES:
            sums = (Decimal(paid[doc.erp_id]), Decimal(back[doc.erp_id]))
            if sums != (doc.taken, doc.back) or doc.taken > doc.total:
                weather.violated(
                    f"{doc.document}: payments {sums}, on the order {doc.taken}, {doc.back} of {doc.total}"
                )


def _writes(books: Books, weather: Weather) -> None:
    """Names are carried out once; versions never fall; no payment comes before its order."""
    names = Counter((effect.document.tenant, effect.name) for _, effect in books.writes)
    for (_, name), times in names.items():
        if times > 1:
            weather.violated(f"{name} was carried out {times} times")
    _in_order(books, weather)


def _in_order(books: Books, weather: Weather) -> None:
    last: dict[Ref, str] = {}
    created: set[Ref] = set()
    for _, effect in books.writes:
        assert isinstance(effect, EffectBase)
        before = last.get(effect.document, "")
        if not isinstance(effect, CreateAccount) and effect.document.kind is not Kind.ACCOUNT:
            if effect.source_version < before:
                weather.violated(f"{effect.name} wrote version {effect.source_version} after {before}")
            last[effect.document] = effect.source_version
        if isinstance(effect, CreateOrder):
            created.add(effect.document)
        elif isinstance(effect, RecordPayment):
            root = effect.document.model_copy(
                update={"kind": Kind.ORDER, "external_id": effect.document.external_id[:4]}
            )
            if root not in created:
                weather.violated(f"{effect.name} came before its order")
