"""One Kafka client after another: starts one, reads it, and replaces it when it fails or is found to be stuck (K9)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, NoReturn

from service.intake.client import Client, ClientError
from service.intake.consumer_settings import ConsumerSettings
from service.intake.delays import next_wait
from service.intake.endings import end
from service.intake.observer import Observer
from service.intake.reader import Reader
from service.intake.rebalance import Assignment

STOP_S: Final = 10.0
JOIN_MARGIN_S: Final = 30.0
RETRY_CAP_S: Final = 5.0


class Session:
    """Keeps a client alive. Lanes and trackers survive every change of it."""

    def __init__(
        self,
        *,
        make_client: Callable[[], Client],
        assignment: Assignment,
        reader: Reader,
        settings: ConsumerSettings,
        observer: Observer,
    ) -> None:
        self._make_client = make_client
        self._assignment = assignment
        self._reader = reader
        self._settings = settings
        self._observer = observer
        self._condemned: asyncio.Future[str] | None = None
        self._failures = 0
        self.trouble = ""
        """Why there is no working client at the moment."""

    def rebuild(self, why: str) -> None:
        """Throw the client away and make a new one."""
        if self._condemned is not None and not self._condemned.done():
            self._condemned.set_result(why)

    async def run(self) -> NoReturn:
        """Read, client after client."""
        while True:
            client = self._assignment.client = self._make_client()
            self._condemned = asyncio.get_running_loop().create_future()
            reading = asyncio.get_running_loop().create_task(self._read(client), name="intake-reader")
            try:
                either: set[asyncio.Future[Any]] = {reading, self._condemned}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                why = self._why(reading)
            finally:
                await end([reading], seconds=STOP_S)
            self._failures += 1
            self._observer.rebuilt(why)
            self._assignment.fence()
            await client.stop(STOP_S)
            self._assignment.client = None
            await asyncio.sleep(next_wait(attempt=self._failures, after=None, chance=0.5, cap=RETRY_CAP_S))

    def _why(self, reading: asyncio.Task[NoReturn]) -> str:
        if not reading.done():
            return "" if self._condemned is None else self._condemned.result()
        try:
            reading.result()
        except ClientError as exc:
            self.trouble = str(exc)
        return self.trouble

    async def _read(self, client: Client) -> NoReturn:
        join_s = self._settings.rebalance_timeout_s + JOIN_MARGIN_S
        try:
            async with asyncio.timeout(join_s):
                await client.start(self._assignment)
        except TimeoutError as exc:
            raise ClientError(f"the consumer group did not take us in within {join_s:g} s") from exc
        await self._reader.run(client, self._works)

    def _works(self) -> None:
        self._failures = 0
        self.trouble = ""
