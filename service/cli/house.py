"""What the command line needs of the rest: some functions of service.bootstrap, or a stateful fake in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Protocol, cast

from schemas.event import Position
from service.ports import Desk, Endpoint
from service.settings import Finding, Settings

Message = tuple[bytes | None, bytes, Sequence[tuple[str, bytes]]]
"""Key, value and headers of a record to be sent."""


class House(Protocol):
    """service.bootstrap, as the command line sees it. Raises the names of service.errors."""

    async def run(self, settings: Settings) -> int:
        """Run the service until SIGTERM or SIGINT; returns the exit code. Raises Fatal."""
        ...

    async def edge(self, settings: Settings) -> int:
        """Take webhooks until SIGTERM or SIGINT; returns the exit code. Raises Fatal."""
        ...

    def desk(self, settings: Settings) -> AbstractAsyncContextManager[Desk]:
        """Open the ledger's desk."""
        ...

    async def send(
        self, settings: Settings, topic: str, messages: Sequence[Message], *, sent: Callable[[int], None]
    ) -> Sequence[Position]:
        """Put messages on a topic of Kafka, all acknowledged when it returns; `sent` hears how many are so far."""
        ...

    async def check(self, settings: Settings) -> Sequence[Finding]:
        """Try what the settings name: ledger, Kafka, ERP, each tenant."""
        ...

    async def create_topics(self, settings: Settings) -> Sequence[Finding]:
        """Make the topics that are missing; a finding of each."""
        ...

    async def webhooks(self, settings: Settings) -> Sequence[tuple[str, Endpoint]]:
        """Return every webhook endpoint of the ERP with the name of its API key."""
        ...

    async def register_webhook(self, settings: Settings, api_key: str) -> tuple[Endpoint, str]:
        """Register `erp.webhook_url`; returns the endpoint and its secret, which nobody tells again."""
        ...

    async def rotate_webhook(self, settings: Settings, api_key: str) -> tuple[Endpoint, str]:
        """Give the endpoint of `erp.webhook_url` a new secret and return it."""
        ...

    async def migrate(self, settings: Settings) -> None:
        """Bring the ledger's tables to this release."""
        ...


def the_house() -> House:
    """Load service.bootstrap only when a command needs it: `--help` should not wait for a database driver."""
    return cast("House", import_module("service.bootstrap"))
