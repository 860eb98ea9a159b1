"""Faults of the product that the simulation found and that are not mended yet, each with a repair of its own.

A campaign runs with all repairs, so that it can find the next fault; `test_found.py` shows each fault without its
repair. Whoever mends one in the product removes it here; the test then fails as unexpectedly passing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from schemas.outcome import Verdict
from service.duties.policies import PolicyBook
from service.errors import Waiting
from service.ledger import mappings, members, sweep
from service.ledger.batch import Batch, Member
from service.ledger.rows import TEXT, Statement
from service.pipeline.news import News
from service.pipeline.story import Story
from service.ports import Intent, IntentState
from tests.simulation.exchange import Undo, exchange

_ATTEMPTS = Statement("SELECT id, attempts FROM intents WHERE id IN (SELECT u.id FROM {rows})", [("id", TEXT)])
TABLES_AGE_S = 6.0


def _absence_is_of_one_attempt() -> list[Undo]:
    """A process that comes back and did not send must not end an intent that its successor sends meanwhile.

    `ABSENT` by answer says that one attempt had no effect; with a later attempt under way it says nothing.
    """
    attempts: dict[str, int] = {}
    look, end = Batch._look, members.end

    def looked(batch: Batch, connection: sa.Connection, given: Sequence[Member]) -> None:
        look(batch, connection, given)
        attempts.clear()
        ids = {(intent,) for member in given for intent in member.intent_ids}
        attempts.update({row.id: row.attempts for row in _ATTEMPTS.read(connection, list(ids))})

    def ended(batch: Batch, intent: Intent) -> bool:
        of_one_attempt = intent.state is IntentState.ABSENT and intent.how == "answer"
        if of_one_attempt and attempts.get(intent.id, 0) > intent.attempts:
            return False
        return end(batch, intent)

    return [exchange(Batch, "_look", looked), exchange(members, "end", ended)]


def _closing_meets_conditions() -> list[Undo]:
    """An abandoned creation of an account that the sweep finds out lets go whoever waits for that account."""
    decide = members.Close.decide

    def decided(self: members.Close, batch: Batch) -> None:
        decide(self, batch)
        if self.error is not None:
            return
        for intent in self._closing.ended:
            condition = mappings.of_account(intent.document) if intent.state is IntentState.DONE else None
            if condition is not None:
                batch.put(mappings.MET, condition, condition)

    return [exchange(members.Close, "decide", decided)]


def _no_plan_on_old_tables() -> list[Undo]:
    """Nobody plans with tables that are older than the sweep allows for: after a freeze or an outage they are."""
    refresh, handle = PolicyBook.refresh, Story.handle

    async def refreshed(self: PolicyBook) -> None:
        began = asyncio.get_running_loop().time()
        await refresh(self)
        vars(self)["read_at"] = began

    async def handled(self: Story, key: str, work: Any) -> None:
        if asyncio.get_running_loop().time() - vars(self._policies)["read_at"] > TABLES_AGE_S:
            raise Waiting("tables_old", "the tables could not be read for some seconds", after=0.5)
        await handle(self, key, work)

    return [exchange(PolicyBook, "refresh", refreshed), exchange(Story, "handle", handled)]


def _unread_news_keep_conditions() -> list[Undo]:
    """An event that cannot be read must not hide the condition on which what is known of its document waits."""
    over = News.over

    def said(self: News, verdicts: Sequence[Verdict]) -> list[Verdict]:
        hidden = {verdict.document: verdict.release for verdict in verdicts}
        return [
            verdict.model_copy(update={"release": verdict.release or hidden.get(verdict.document, "")})
            for verdict in over(self, verdicts)
        ]

    return [exchange(News, "over", said)]


def _open_intents_are_found() -> list[Undo]:
    """An account's key that was given back with an open intent is looked at again, although no order asks for it."""
    text = sweep.ABANDONED.replace("k.lease_until > 0", "(k.lease_until > 0 OR k.wake_at IS NULL)")
    return [exchange(sweep, "ABANDONED", text)]


REPAIRS: Mapping[str, Callable[[], list[Undo]]] = {
    "absence is of one attempt": _absence_is_of_one_attempt,
    "closing meets conditions": _closing_meets_conditions,
    "open intents are found": _open_intents_are_found,
    "no plan on old tables": _no_plan_on_old_tables,
    "unread news keep conditions": _unread_news_keep_conditions,
}


@contextmanager
def repaired(*, without: Collection[str] = ()) -> Iterator[None]:
    """With every repair but these."""
    undo = [step for name, repair in REPAIRS.items() if name not in without for step in repair()]
    try:
        yield
    finally:
        for step in reversed(undo):
            step()
