"""The named events that a campaign must have seen: a simulation that never gets there proves nothing about it."""

from __future__ import annotations

from collections import Counter

NAMED = (
    "partitions were revoked and handed straight back",
    "partitions went to somebody else",
    "a commit failed in the revoke callback",
    "a revocation did not wait for everything in flight",
    "a member is put out of the group",
    "a record came again to its tracker",
    "a window was full",
    "a pod was killed",
    "a pod was frozen",
    "a pod was stopped in order",
    "kill before a call",
    "kill after a call",
    "freeze before a call",
    "freeze after a call",
    "freeze before parking",
    "an owner came back while its successor called",
    "a call whose deadline had passed was not sent",
    "a lease ended under its living owner",
    "a key was held elsewhere",
    "a key was taken over with an open intent",
    "a lane waited for the ledger",
    "COMMIT unanswered, and there",
    "COMMIT unanswered, and not there",
    "a call ended without a clear answer",
    "a call was lost before it had an effect",
    "a call had its effect, and no answer",
    "a call had its effect, and an error for an answer",
    "the ERP carried something out after its deadline",
    "the ERP recognised a key",
    "the ERP's clock was put ahead",
    "an unknown is older than the window",
    "an unknown was resolved by look_up",
    "an unknown was resolved by look_up as absent",
    "an unknown was resolved by key",
    "an effect was tried in a further generation",
    "two orders of one new buyer",
    "an order waits for its account",
    "a waiter was inserted while its parent landed",
    "a payment came before its order",
    "a person met a condition",
    "a tenant was paused",
    "something older than what is known arrived",
    "two contents under one version",
    "replay and live on one key",
    "a replay met what was posted",
    "a dead letter went to its topic",
    "a dead letter went to the ledger",
    "a Kafka client was replaced",
)


def missing(seen: Counter[str]) -> list[str]:
    """Return what was never seen."""
    return [event for event in NAMED if not seen[event]]
