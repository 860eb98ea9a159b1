"""One id from the event to the ERP's call: every log line in between carries it, with what is being worked on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from structlog.contextvars import bound_contextvars

_CURRENT: ContextVar[str] = ContextVar("orderferry_correlation", default="")


@contextmanager
def correlated(correlation: str, **fields: str | int) -> Iterator[None]:
    """Bind the id, and what is being worked on, to every line logged in this task and in those that it starts."""
    token = _CURRENT.set(correlation)
    try:
        with bound_contextvars(correlation=correlation, **fields):
            yield
    finally:
        _CURRENT.reset(token)


def correlation() -> str:
    """Return the id of what is being worked on now; empty where nothing is."""
    return _CURRENT.get()
