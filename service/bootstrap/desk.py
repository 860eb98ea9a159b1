"""Short jobs of the command line: the desk, the migration, a payload put on its topic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from schemas.event import Position
from service.bootstrap import parts
from service.intake.producer import Producer
from service.ledger import migrate as ledger_migrate
from service.ledger.database import Database
from service.ledger.desk import SqlDesk
from service.settings import Settings

Message = tuple[bytes | None, bytes, Sequence[tuple[str, bytes]]]


@asynccontextmanager
async def desk(settings: Settings) -> AsyncIterator[SqlDesk]:
    """Open the ledger's desk. Raises Fatal where the ledger is of another release."""
    url = settings.ledger.url.get_secret_value()
    await ledger_migrate.require(url)
    async with Database(url, pool_size=2) as database:
        yield SqlDesk(database)


async def migrate(settings: Settings) -> None:
    """Bring the ledger's tables to this release."""
    await ledger_migrate.migrate(settings.ledger.url.get_secret_value())


async def send(
    settings: Settings, topic: str, messages: Sequence[Message], *, sent: Callable[[int], None]
) -> Sequence[Position]:
    """Put messages on a topic of Kafka, all acknowledged when it returns; `sent` hears how many are so far."""
    producer = Producer(parts.connection(settings.kafka))
    positions = []
    try:
        for key, value, headers in messages:
            positions.append(await producer.send(topic, key=key, value=value, headers=headers))
            sent(len(positions))
    finally:
        await producer.close()
    return positions
