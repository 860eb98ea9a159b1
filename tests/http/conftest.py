"""The loops of these tests, among them simulated time: a loop that jumps to its next timer instead of sleeping."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run what has to do with sockets on both loops: each has its own idea of how a connection ends."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name in {"test_error_table.py", "test_transport.py"}:
        loops["uvloop"] = uvloop.new_event_loop
    return loops


class JumpingSelector(selectors.SelectSelector):
    """Nothing ever happens on its sockets, so waiting is the same as being there."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits and no timer is set: a wake-up was lost")
        self.now += max(timeout, 0.0)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


@pytest.fixture
def simulate() -> Callable[[Coroutine[Any, Any, None]], None]:
    """Run a coroutine to its end in simulated time."""

    def run(coroutine: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
            runner.run(coroutine)

    return run
