"""Golden cases: `<name>.in.json` says what lies on the topic, `<name>.out.json` what becomes of it."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.envelopes import Limits
from connectors.errors import ConnectorError, Invalid, Recognised
from connectors.registry import decode_each
from schemas.event import Event

CASES = Path(__file__).parent / "cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files; review reads them")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case_name" in metafunc.fixturenames:
        metafunc.parametrize("case_name", sorted(path.name[: -len(".in.json")] for path in CASES.glob("*.in.json")))


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update", default=False))


@pytest.fixture
def case() -> Callable[[str], dict[str, Any]]:
    """The input of a case, to be changed at will."""

    def load(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((CASES / f"{name}.in.json").read_text())
        return found

    return load


Run = Callable[[dict[str, Any]], tuple[Event | ConnectorError, ...]]


@pytest.fixture
def run() -> Run:
    """What the connectors make of an input."""

    def one(given: dict[str, Any]) -> tuple[Event | ConnectorError, ...]:
        zone = given.get("zone")
        received = given.get("received_at")
        return decode_each(
            value_of(given),
            [(name, text.encode()) for name, text in given["headers"].items()],
            zones=lambda _source, _tenant: ZoneInfo(zone) if zone else None,
            default_tenant=given.get("default_tenant"),
            limits=Limits(),
            received_at=datetime.fromisoformat(received) if received else None,
        )

    return one


def value_of(given: dict[str, Any]) -> bytes | None:
    if given.get("null"):
        return None
    text = given["text"] if "text" in given else json.dumps(given["value"])
    return str(text).encode()


@pytest.fixture
def shown() -> Callable[[Event | ConnectorError], dict[str, Any]]:
    """An outcome as a golden file holds it."""
    return _shown


def _shown(outcome: Event | ConnectorError) -> dict[str, Any]:
    if isinstance(outcome, Event):
        found: dict[str, Any] = json.loads(outcome.model_dump_json())
        return found
    told: dict[str, Any] = {
        "refused": type(outcome).__name__,
        "reason": outcome.reason.value,
        "detail": outcome.detail,
    }
    if isinstance(outcome, Recognised):
        told |= {
            "topic": outcome.topic,
            "key": outcome.key and str(outcome.key),
            "ref": outcome.ref and str(outcome.ref),
        }
    if isinstance(outcome, Invalid):
        told["field"] = outcome.field
    return told
