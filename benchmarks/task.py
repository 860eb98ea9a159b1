"""What a baseline is told on its command line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Task:
    """Where to read, where to post, as whom, and how many at once."""

    bootstrap: str
    topic: str
    url: str
    key: str
    in_flight: int
    account: dict[str, str]
    products: dict[str, dict[str, str]]
    """What a line says for each SKU."""
    client: str = "aiohttp"

    def text(self) -> str:
        """Write it as one argument."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Task:
        """Read it again."""
        given: dict[str, Any] = json.loads(text)
        return cls(**given)

    def headers(self, idempotency_key: str) -> dict[str, str]:
        """Return the headers of one call."""
        return {
            "Authorization": f"Bearer {self.key}",
            "Idempotency-Key": idempotency_key,
            "Content-Type": "application/json",
        }
