"""One key without its persons: facts, requests to the ERP, and what was said about them; ids and amounts stay."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from pydantic import TypeAdapter

from schemas.effect import Effect
from schemas.order import Order
from schemas.personal import personal_texts, without_person
from service.ledger import entities
from service.ledger.absorb import dump
from service.ledger.decisions import lock
from service.ledger.rows import BYTES, TEXT, Statement, ask
from service.plan.account import account_ref
from service.ports import IntentState

GONE: Final = "[erased]"
IN_DOUBT: Final = "an effect of it has no outcome yet; `orderferry explain` shows it"
IN_HAND: Final = "a process works on it"

_UNRESOLVED: Final = "SELECT count(*) FROM intents WHERE key = :key AND state IN ('open', 'in_doubt')"
_TAKE: Final = "UPDATE keys SET fence = fence + 1, lease_until = 0 WHERE key = :key AND lease_until <= {now}"
"""Whoever had the key before and still remembers persons of it can neither begin nor close anything any more."""

_FACT: Final = Statement(
    """
    UPDATE entities SET fact = u.fact FROM {rows}
    WHERE entities.key = u.key AND entities.kind = u.kind AND entities.external_id = u.external_id
    """,
    [("key", TEXT), ("kind", TEXT), ("external_id", TEXT), ("fact", TEXT)],
)
"""Version, digest and marks stay: a person is no part of them."""

_INTENTS: Final = "SELECT id, effect, body, state, answer FROM intents WHERE key = :key"
_INTENT: Final = Statement(
    "UPDATE intents SET effect = u.effect, body = u.body, answer = u.answer FROM {rows} WHERE intents.id = u.id",
    [("id", TEXT), ("effect", TEXT), ("body", BYTES), ("answer", TEXT)],
)
_VERDICTS: Final = "SELECT kind, external_id, detail FROM verdicts WHERE key = :key"
_VERDICT: Final = "UPDATE verdicts SET detail = :detail WHERE key = :key AND kind = :kind AND external_id = :id"
_EVENTS: Final = "SELECT id, detail FROM events WHERE key = :key"
_EVENT: Final = "UPDATE events SET detail = :detail WHERE id = :id"
_AUDITS: Final = "SELECT id, subject, why FROM audits WHERE key = :key"
_AUDIT: Final = "UPDATE audits SET subject = :subject, why = :why WHERE id = :id"
_HELD: Final = "SELECT held FROM keys WHERE key = :key"
_HOLD: Final = "UPDATE keys SET held = :held WHERE key = :key"
_DUE: Final = """
    UPDATE keys SET due_at = {now} WHERE key = :key
    AND EXISTS (SELECT 1 FROM verdicts v WHERE v.key = keys.key AND v.outcome IN ('parked', 'waiting'))
"""
"""What is said of unfinished documents is said again, of what is left."""

_EFFECT: Final[TypeAdapter[Effect]] = TypeAdapter(Effect)


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of one key."""

    key: str
    why: str = ""
    """Why it must wait; empty where it is erased."""
    facts: int = 0
    requests: int = 0
    accounts: frozenset[str] = frozenset()
    """Keys of the accounts that its orders are on."""


def erase(connection: sa.Connection, key: str) -> Erased:
    """Take the persons out of one key, unless a call may still be under way for it (correctness 23)."""
    lock(connection, [key])
    if ask(connection, _UNRESOLVED, key=key).scalar():
        return Erased(key, IN_DOUBT)
    if not ask(connection, _TAKE, key=key).rowcount:
        return Erased(key, IN_HAND)
    texts: set[str] = set()
    facts, accounts = _facts(connection, key, texts)
    requests = _requests(connection, key, texts)
    _words(connection, key, texts)
    ask(connection, _DUE, key=key).close()
    return Erased(key, facts=facts, requests=requests, accounts=accounts)


def _facts(connection: sa.Connection, key: str, texts: set[str]) -> tuple[int, frozenset[str]]:
    rows, accounts = [], set()
    for row in entities.OF_KEYS.read(connection, [(key,)]):
        fact = entities.read(row).fact
        if isinstance(fact, Order):
            accounts.add(account_key(fact))
        left = without_person(fact)
        if left is not fact:
            texts |= personal_texts(fact)
            rows.append((key, row.kind, row.external_id, dump(left)))
    _FACT.write(connection, rows)
    return len(rows), frozenset(accounts)


def _requests(connection: sa.Connection, key: str, texts: set[str]) -> int:
    """The bytes go whole: their digest is kept beside them, and the effect still says what was asked for."""
    found = [(row, _EFFECT.validate_json(row.effect)) for row in ask(connection, _INTENTS, key=key).all()]
    for _, effect in found:
        texts |= personal_texts(effect)
    hide = Hiding(texts)
    rows = []
    for row, effect in found:
        left = without_person(effect)
        answer = code_only(row.answer) if row.state == IntentState.REFUSED else hide(row.answer)
        if left is not effect or row.body or answer != row.answer:
            rows.append((row.id, left.model_dump_json(), b"", answer))
    _INTENT.write(connection, rows)
    return len(rows)


def _words(connection: sa.Connection, key: str, texts: Collection[str]) -> None:
    """What people and the ERP said about it, where it names what was erased."""
    hide = Hiding(texts)
    for row in ask(connection, _VERDICTS, key=key).all():
        if (left := hide(row.detail)) != row.detail:
            ask(connection, _VERDICT, key=key, kind=row.kind, id=row.external_id, detail=left).close()
    for row in ask(connection, _EVENTS, key=key).all():
        if (left := hide(row.detail)) != row.detail:
            ask(connection, _EVENT, id=row.id, detail=left).close()
    for row in ask(connection, _AUDITS, key=key).all():
        subject, why = hide(row.subject), hide(row.why)
        if (subject, why) != (row.subject, row.why):
            ask(connection, _AUDIT, id=row.id, subject=subject, why=why).close()
    held = str(ask(connection, _HELD, key=key).scalar() or "")
    if (left := hide(held)) != held:
        ask(connection, _HOLD, key=key, held=left).close()


class Hiding:
    """Hides known texts of a person inside other texts, whole words only, whatever their case."""

    def __init__(self, texts: Iterable[str]) -> None:
        alternatives = "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE) if alternatives else None

    def __call__(self, text: str) -> str:
        """The text without them."""
        return self._pattern.sub(GONE, text) if self._pattern else text


def code_only(answer: str) -> str:
    """`422 invalid_email` of `422 invalid_email: ada@... is no address`: the part that is read again."""
    status, _, rest = answer.partition(" ")
    return f"{status} {rest.partition(':')[0].partition(' ')[0]}" if status.isdigit() else answer.partition(":")[0]


def account_key(order: Order) -> str:
    """The key of the account that an order is on."""
    ref = account_ref(order)
    return f"{ref.external_source}|{ref.tenant}|~account:{ref.external_id}"
