"""Intents: rows, states, and the statements that write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from pydantic import TypeAdapter

from schemas.effect import Effect
from service.ledger.rows import BYTES, MOMENT, TEXT, WHOLE, Row, Statement, insert, read_ref
from service.ports import Intent, IntentState, Refusal, Step

TERMINAL: Final = frozenset({IntentState.DONE, IntentState.REFUSED, IntentState.ABSENT})
UNRESOLVED: Final = frozenset({IntentState.OPEN, IntentState.IN_DOUBT})
NEGATIVE: Final = frozenset({IntentState.REFUSED, IntentState.ABSENT})
"""Outcomes that speak only for the attempts up to theirs: a later one may have had an effect (correctness 8, 13)."""

_EFFECT: Final[TypeAdapter[Effect]] = TypeAdapter(Effect)

_COLUMNS: Final = (
    ("id", TEXT),
    ("erp", TEXT),
    ("key", TEXT),
    ("external_source", TEXT),
    ("tenant", TEXT),
    ("kind", TEXT),
    ("external_id", TEXT),
    ("effect_name", TEXT),
    ("generation", WHOLE),
    ("effect", TEXT),
    ("method", TEXT),
    ("path", TEXT),
    ("body", BYTES),
    ("content", TEXT),
    ("credential", TEXT),
    ("attempted_at", MOMENT),
    ("deadline", MOMENT),
    ("erp_time", MOMENT),
    ("attempts", WHOLE),
    ("state", TEXT),
    ("answer", TEXT),
    ("how", TEXT),
)
_NAMES: Final = ", ".join(name for name, _ in _COLUMNS)

STATES: Final = Statement(
    "SELECT id, state, attempts FROM intents WHERE id IN (SELECT u.id FROM {rows})", [("id", TEXT)]
)

INSERT: Final = insert("intents", _COLUMNS, "(id) DO NOTHING")

CONTINUE: Final = Statement(
    """
    UPDATE intents SET state = 'open', attempts = intents.attempts + 1,
        attempted_at = u.attempted_at, deadline = u.deadline, erp_time = u.erp_time
    FROM {rows} WHERE intents.id = u.id AND intents.state IN ('open', 'in_doubt')
    """,
    [("id", TEXT), ("attempted_at", MOMENT), ("deadline", MOMENT), ("erp_time", MOMENT)],
)
"""Another attempt of the same intent: its bytes, its key and its credential stay what they were."""

END: Final = Statement(
    """
    UPDATE intents SET state = u.state, answer = u.answer, how = u.how
    FROM {rows} WHERE intents.id = u.id AND intents.state IN ('open', 'in_doubt')
    """,
    [("id", TEXT), ("state", TEXT), ("answer", TEXT), ("how", TEXT)],
)

OF_KEYS: Final = Statement(
    """
    SELECT key, id, effect_name, generation, state, content, answer, forgotten
    FROM intents WHERE key IN (SELECT u.key FROM {rows})
    """,
    [("key", TEXT)],
)

WHOLE_ROWS: Final = Statement(f"SELECT {_NAMES} FROM intents WHERE id IN (SELECT u.id FROM {{rows}})", [("id", TEXT)])  # noqa: S608

WHOLE_OF_KEYS: Final = Statement(
    f"SELECT {_NAMES} FROM intents WHERE key IN (SELECT u.key FROM {{rows}})",  # noqa: S608
    [("key", TEXT)],
)


def row(intent: Intent) -> Row:
    """Write an intent as a row."""
    effect, document, step = intent.effect, intent.document, intent.step
    return (
        intent.id,
        intent.erp,
        intent.key,
        document.external_source,
        document.tenant,
        document.kind,
        document.external_id,
        effect.name,
        intent.generation,
        effect.model_dump_json(),
        step.method,
        step.path,
        step.body,
        step.digest,
        intent.credential,
        intent.attempted_at,
        intent.deadline,
        intent.erp_time,
        intent.attempts,
        intent.state,
        intent.answer,
        intent.how,
    )


def read(found: sa.Row[Any]) -> Intent:
    """Read what `row` wrote."""
    return Intent(
        id=found.id,
        erp=found.erp,
        key=found.key,
        document=read_ref(found),
        effect=_EFFECT.validate_json(found.effect),
        generation=found.generation,
        step=Step(found.method, found.path, bytes(found.body)),
        credential=found.credential,
        attempted_at=found.attempted_at,
        deadline=found.deadline,
        erp_time=found.erp_time,
        attempts=found.attempts,
        state=IntentState(found.state),
        answer=found.answer,
        how=found.how,
    )


def history(rows: Sequence[sa.Row[Any]]) -> tuple[dict[str, int], dict[str, Refusal]]:
    """Highest generation by effect name, and the refusals that still stand, from rows of `OF_KEYS`."""
    latest: dict[str, sa.Row[Any]] = {}
    for found in rows:
        before = latest.get(found.effect_name)
        if before is None or found.generation > before.generation:
            latest[found.effect_name] = found
    stands = {
        name: _refusal(found)
        for name, found in latest.items()
        if found.state == IntentState.REFUSED and not found.forgotten
    }
    return {name: found.generation for name, found in latest.items()}, stands


def _refusal(found: sa.Row[Any]) -> Refusal:
    """An answer reads `422 sku_inactive: what it said`; the code is its second word."""
    words = found.answer.split(None, 2)
    code = words[1].rstrip(":") if len(words) > 1 and words[0].isdigit() else found.answer.partition(":")[0]
    return Refusal(effect_name=found.effect_name, content=found.content, code=code, detail=found.answer)
