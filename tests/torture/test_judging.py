"""Whose documents those are that the ERP robbed of their tags, what is in doubt, and how available it was."""

from __future__ import annotations

import json
from typing import Any

from sandbox.torture.doubtful import doubtful
from sandbox.torture.verdict import confirmed, named
from sandbox.torture.watch import Sample, availability

CREATE = {
    "path": "/orders",
    "status": 201,
    "resource_id": "o-1",
    "idempotency_key": "of-1",
    "body": {"metadata": {"kind": "order"}},
}


def test_a_document_without_its_tag_is_known_by_the_create_that_made_it() -> None:
    docs = [{"id": "o-1", "metadata": {}}, {"id": "o-2", "metadata": {}}, {"id": "p"}]
    dump: list[dict[str, Any]] = [{"doc": doc} for doc in docs]
    assert [line["doc"].get("metadata") for line in named(dump, [CREATE])] == [{"kind": "order"}, {}, None]


def test_a_doubt_is_confirmed_by_the_log_of_the_erp() -> None:
    found = confirmed([{"id": "of-1"}, {"id": "of-2"}], [CREATE])
    assert [one["found"] for one in found] == ["there", "not there"]


def test_a_root_is_doubtful_by_its_calls_or_by_its_documents() -> None:
    def key(root: str, state: str, reason: str | None) -> bytes:
        told = {"tenant": "t", "root": root, "calls": [{"state": state}], "documents": [{"reason": reason}]}
        return json.dumps(told).encode()

    lines = [key("1", "done", None), key("2", "in_doubt", None), key("3", "done", "in_doubt"), key("4", "done", "gate")]
    assert doubtful(lines) == {("t", "2"), ("t", "3")}


def test_a_pause_is_time_in_which_there_was_work_and_none_was_done() -> None:
    def sample(at: float, produced: int, settled: int, ready: int) -> Sample:
        return Sample(at, produced, settled, ready, ready, 0)

    seen = [sample(0, 5, 0, 1), sample(1, 9, 4, 1), sample(2, 9, 4, 0), sample(3, 9, 4, 0), sample(4, 9, 9, 1)]
    assert availability(seen) == {"ready": 0.6, "moving": 0.5, "longest_pause_s": 2.0}
    assert availability([]) == {"ready": 0.0, "moving": 0.0, "longest_pause_s": 0.0}
