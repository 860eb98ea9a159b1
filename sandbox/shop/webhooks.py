"""The shop's side of its webhooks: signed, posted by the clock, and sent again where nobody acknowledged them."""

import asyncio
import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from sandbox.shop.disorder import Record

TIMEOUT_S = 5.0  # Shopify hangs up then (sources.md 1.4)
RETRIES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 16.0, 16.0, 16.0)
"""Eight, as Shopify's, within a minute and a half instead of four hours."""


@dataclass(slots=True)
class Sent:
    """What became of one webhook."""

    webhook_id: str
    attempts: int = 0
    status: int = 0
    """Of the last answer; 0 where there was none."""
    seconds: float = 0.0
    """From the moment at which it was due to its acknowledgement."""


@dataclass
class Sender:
    """Posts webhooks to one endpoint."""

    url: str
    secret: bytes
    retries_s: Sequence[float] = RETRIES_S
    connections: int = 256
    sent: list[Sent] = field(default_factory=list)
    answers: dict[int, int] = field(default_factory=dict)
    """How often each status came; 0 stands for no answer."""
    _free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def run(self, records: Sequence[Record], *, rate: float, seconds: float) -> None:
        """Post so many a second for so long, the records again and again, each time as a webhook of its own.

        A slow answer holds back nothing that is due after it, so what it cost shows.
        """
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        # The time to answer begins when a connection is there: who waits for one has asked nothing yet.
        self._free = asyncio.Semaphore(self.connections)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as http,
            asyncio.TaskGroup() as group,
        ):
            began = time.perf_counter()
            for number in range(round(rate * seconds)):
                due = began + number / rate
                if (early := due - time.perf_counter()) > 0:
                    await asyncio.sleep(early)
                group.create_task(self._deliver(http, records[number % len(records)], number, due))

    async def _deliver(self, http: aiohttp.ClientSession, record: Record, number: int, due: float) -> None:
        body = record.value or b""
        sent = Sent(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.url}:{number}")))
        self.sent.append(sent)
        headers = self._headers(record, body, sent.webhook_id)
        for wait in (0.0, *self.retries_s):
            if wait:
                await asyncio.sleep(wait)
            sent.attempts += 1
            sent.status = await self._post(http, body, headers)
            self.answers[sent.status] = self.answers.get(sent.status, 0) + 1
            if 200 <= sent.status < 300:
                sent.seconds = time.perf_counter() - due
                return

    def _headers(self, record: Record, body: bytes, webhook_id: str) -> Mapping[str, str]:
        signature = base64.b64encode(hmac.new(self.secret, body, hashlib.sha256).digest()).decode()
        told = {name: value.decode() for name, value in record.headers}
        return {**told, "X-Shopify-Hmac-Sha256": signature, "X-Shopify-Webhook-Id": webhook_id}

    async def _post(self, http: aiohttp.ClientSession, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            async with self._free, http.post(self.url, data=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0
