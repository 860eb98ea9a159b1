"""Every answer of the edge: status, words, and the name under which it is counted. No answer repeats what was sent."""

from __future__ import annotations

from service.api.answer import Answer

_AGAIN = ((b"retry-after", b"1"),)
_CLOSE = ((b"connection", b"close"),)
"""Only where no more is on its way: to close over unread bytes resets the connection, and the answer is lost."""

TAKEN = Answer("taken", 200, "The event is on its topic, acknowledged by every replica in sync.")
CLOSED = Answer("closed", 403, "No secret is set for this endpoint, so no sender can be proven and nothing is taken.")
UNPROVEN = Answer("unproven", 401, "The signature does not fit the body and any secret, or it is missing or too old.")
WRONG_METHOD = Answer("wrong_method", 405, "Webhooks are sent with POST.", ((b"allow", b"POST"),))
TOO_LARGE = Answer("too_large", 413, "The body is larger than edge.max_body_bytes.")
TOO_SLOW = Answer("too_slow", 408, "The body did not arrive within edge.read_s.", _CLOSE)
TOO_MANY = Answer("too_many_headers", 431, "The headers are longer than 64 KiB.")
FULL = Answer("full", 503, "Too much is held already; send it again.", _AGAIN)
NO_KAFKA = Answer("no_kafka", 503, "Kafka did not take it, so it counts as not received; send it again.", _AGAIN)
GONE = Answer("gone", 400, "The sender left before its body was there.")
"""Counted only: nobody is there to be told."""

ALL = (TAKEN, GONE, UNPROVEN, CLOSED, WRONG_METHOD, TOO_SLOW, TOO_LARGE, TOO_MANY, FULL, NO_KAFKA)
