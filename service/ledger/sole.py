"""A SQLite ledger serves one process at a time, which therefore need not wait for the leases of a dead one."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from service.errors import Fatal
from service.ledger.rows import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.ledger.database import Database

_EXPIRE: Final = "UPDATE keys SET lease_until = {now} WHERE lease_until > {now}"


@contextmanager
def sole(database: Database) -> Iterator[None]:
    """Hold the file for this process while inside; the system lets go of it when the process dies. Raises Fatal."""
    path = Path(f"{database.url.database}.lock")
    with path.open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Fatal(
                f"another process runs on the ledger {database.url.database}: stop it first, or use PostgreSQL, "
                "which several processes may share"
            ) from error
        yield


async def take_over(database: Database) -> None:
    """End every lease: whoever held one is gone. Their open intents are unknown, and are found out first."""
    await database.write(lambda connection: ask(connection, _EXPIRE).close())
