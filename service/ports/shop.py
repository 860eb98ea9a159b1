"""The shop, which is read and never written to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectors.errors import Invalid
from schemas.event import Event


@dataclass(frozen=True, slots=True)
class OrderRead:
    """An order as the shop shows it."""

    event: Event | Invalid
    """Its facts, as those of a webhook; none where the shop does not show it."""
    at: datetime
    """The shop's clock when it was read: nothing of it changed after its own time and before this."""
    shown: bool


class Shop(Protocol):
    """One shop, read and never written to."""

    async def read(self, order_id: str) -> OrderRead:
        """Read an order with its lines, transactions and refunds, all of one moment.

        Raises Retryable, Refused or Waiting.
        """
        ...
