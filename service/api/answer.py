"""An answer of bare ASGI: status and words, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass

from starlette.types import Send


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender is told."""

    outcome: str
    """Its name in the metric, and the `error` in the body."""
    status: int
    says: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def body(self) -> bytes:
        """JSON."""
        if self.status == 200:
            return b'{"taken":true}'
        return json.dumps({"error": self.outcome, "detail": self.says}).encode()

    async def to(self, send: Send) -> None:
        """Send it."""
        body = self.body
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *self.headers,
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
