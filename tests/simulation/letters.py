"""The dead-letter topic: as much of the product's producer as dead letters ask for."""

from __future__ import annotations

from collections.abc import Sequence

from service.intake.producer import Unsent
from tests.simulation.virtual_time import nap
from tests.simulation.weather import Weather


class Letters:
    """What was acknowledged."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self.positions: set[tuple[str, int, int]] = set()

    async def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> None:
        """Keep a letter, or not."""
        del key, value
        await nap(self._weather.delay(0.005, 0.05))
        fails = self._weather.brokers_away or self._weather.network.random() < self._weather.letters_fail
        if fails:
            await nap(1.0)
            self._weather.saw("a dead letter went to the ledger")
            raise Unsent(topic, "it was not acknowledged")
        said = dict(headers)
        self._weather.saw("a dead letter went to its topic")
        self.positions.add(
            (
                said["x-orderferry-topic"].decode(),
                int(said["x-orderferry-partition"]),
                int(said["x-orderferry-offset"]),
            )
        )
