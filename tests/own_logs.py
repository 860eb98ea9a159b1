"""What a command line called inside this process does to logging, undone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from service.telemetry.logs import Lines


@contextmanager
def own_logs() -> Iterator[None]:
    """Let it write to a stream of its own, which is closed afterwards, and nobody after it."""
    root = logging.getLogger()
    level = root.level
    try:
        yield
    finally:
        for handler in [handler for handler in root.handlers if isinstance(handler, Lines)]:
            root.removeHandler(handler)
        root.setLevel(level)
        logging.disable(logging.NOTSET)
        structlog.reset_defaults()
