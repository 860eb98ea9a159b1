"""The log: JSON lines on stderr, ours and those of every library, each redacted and correlated."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor

from service.telemetry.redaction import redact

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "off": logging.CRITICAL,  # structlog makes every method below a bare return: 0.6 µs a call
}
QUIET = ("aiokafka", "asyncio", "sqlalchemy", "alembic", "aiosqlite", "uvicorn", "httpx")
"""Libraries whose chatter starts at warnings."""


class Lines(logging.StreamHandler[TextIO]):
    """Our handler, told apart from those of others."""


def configure(*, level: str, form: str = "json", stream: TextIO | None = None) -> None:
    """Set up the log of this process; called once, at start.

    `level` is debug, info, warning, error or off; `form` is json or console.
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    _one_handler(before, form, stream or sys.stderr)
    # Also the libraries', whatever level they chose for themselves.
    logging.disable(logging.CRITICAL if level == "off" else logging.NOTSET)
    logging.getLogger().setLevel(LEVELS[level])
    for name in QUIET:
        logging.getLogger(name).setLevel(max(LEVELS[level], logging.WARNING))
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _one_handler(before: list[Processor], form: str, stream: TextIO) -> None:
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, Lines)]:
        root.removeHandler(old)
    handler = Lines(stream)
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if form == "console"
        else structlog.processors.JSONRenderer(default=str)
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root.addHandler(handler)
