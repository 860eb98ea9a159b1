"""From what a handler says to the bytes of an answer: envelopes by the profile, encoded once."""

from sandbox.arcus.call import Outcome, Reply
from sandbox.arcus.errors import Refusal
from sandbox.arcus.money import encode
from sandbox.arcus.profile import Profile
from sandbox.arcus.store import Transaction


def rendered(reply: Reply, tx: Transaction, profile: Profile, path_ids: tuple[str, ...]) -> Outcome:
    """Return the outcome of a call that was not refused."""
    data = encode(reply.doc)
    wrapped = reply.wrap == "always" or (reply.wrap == "strict" and profile.wrap_single)
    if wrapped:
        beside = b"," + encode(reply.siblings)[1:] if reply.siblings else b"}"
        answer = b'{"data":' + data + beside
    else:
        answer = encode({**reply.doc, **reply.siblings}) if reply.siblings else data
    status = profile.created_status if reply.status == 201 else reply.status
    ident = reply.doc.get("id")
    subjects = (*path_ids, *reply.subjects, ident) if ident else (*path_ids, *reply.subjects)
    inside = data if wrapped or not reply.siblings else b""
    return Outcome(status, answer, tx.changes, reply.doc, inside, subjects, reply.order_id)


def refused(refusal: Refusal, request_id: str) -> Outcome:
    """Return the outcome of a call that was."""
    answer = encode(refusal.body(request_id))
    return Outcome(refusal.status, answer, code=refusal.code, retry_after=refusal.retry_after)
