from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from service.telemetry.correlation import correlated, correlation
from service.telemetry.logs import Lines, configure


@pytest.fixture
def stream() -> Iterator[StringIO]:
    root = logging.getLogger()
    level = root.level
    yield StringIO()
    for handler in [handler for handler in root.handlers if isinstance(handler, Lines)]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.disable(logging.NOTSET)
    structlog.reset_defaults()


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_level_time_and_logger(stream: StringIO) -> None:
    configure(level="info", stream=stream)
    structlog.get_logger("service.pipeline").info("posted", key="shopify|a.com|1", seconds=0.5)
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "posted",
        "level": "info",
        "logger": "service.pipeline",
        "key": "shopify|a.com|1",
        "seconds": 0.5,
    }


def test_lines_of_libraries_are_redacted_too(stream: StringIO) -> None:
    configure(level="info", stream=stream)
    logging.getLogger("some.library").warning("login with %s", "password=hush")
    (line,) = lines(stream)
    assert "hush" not in json.dumps(line)
    assert line["event"].startswith("login with password=")


def test_chatter_of_libraries_is_left_out(stream: StringIO) -> None:
    configure(level="debug", stream=stream)
    logging.getLogger("aiokafka.consumer").info("Heartbeat")
    assert lines(stream) == []


def test_an_exception_is_told_without_its_secrets(stream: StringIO) -> None:
    configure(level="info", stream=stream)
    try:
        raise ValueError("no login for bob@example.com")  # noqa: TRY301
    except ValueError:
        structlog.get_logger("x").exception("failed")
    (line,) = lines(stream)
    assert "ValueError: no login for [hidden]" in line["exception"]


def test_a_level_hides_what_is_below(stream: StringIO) -> None:
    configure(level="warning", stream=stream)
    structlog.get_logger("x").info("quiet")
    structlog.get_logger("x").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_level_off_says_nothing_at_all(stream: StringIO) -> None:
    configure(level="off", stream=stream)
    structlog.get_logger("x").error("ours")
    logging.getLogger("library").critical("theirs")
    assert stream.getvalue() == ""


def test_the_console_form_is_for_people(stream: StringIO) -> None:
    configure(level="info", form="console", stream=stream)
    structlog.get_logger("x").info("posted", key="k")
    assert "posted" in stream.getvalue()
    assert "key=k" in stream.getvalue()


def test_configuring_again_replaces_the_handler(stream: StringIO) -> None:
    configure(level="info", stream=stream)
    configure(level="info", stream=stream)
    logging.getLogger("library").error("once")
    assert len(lines(stream)) == 1


async def test_every_line_of_a_task_carries_the_correlation_of_its_event(stream: StringIO) -> None:
    configure(level="info", stream=stream)

    async def call(name: str) -> str:
        await asyncio.sleep(0)
        structlog.get_logger("x").info("called", what=name)
        return correlation()

    async def handle(event: str) -> str:
        with correlated(event, key=f"k-{event}"):
            return await asyncio.create_task(call(event))

    assert list(await asyncio.gather(handle("e1"), handle("e2"))) == ["e1", "e2"]
    assert correlation() == ""
    assert sorted((line["correlation"], line["key"], line["what"]) for line in lines(stream)) == [
        ("e1", "k-e1", "e1"),
        ("e2", "k-e2", "e2"),
    ]
