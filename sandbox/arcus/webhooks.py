"""Signed deliveries to registered endpoints, over real HTTP: as documented, and as badly as a test asks for."""

import asyncio
import hmac
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.arcus.clock import iso
from sandbox.arcus.errors import Doc
from sandbox.arcus.money import encode
from sandbox.arcus.occurrences import occurrences, wanted
from sandbox.arcus.resources import hydrate
from sandbox.arcus.store import Entity

if TYPE_CHECKING:
    from sandbox.arcus.world import World

TABLE = "webhook_endpoints"
FAILURES_TO_PAUSE = 5
TIMEOUT = aiohttp.ClientTimeout(total=5.0)
Change = tuple[str, Doc | None, Doc]
"""Table, the document before, the document after."""


@dataclass(frozen=True, slots=True)
class Mischief:
    """How badly deliveries go. Shares are per event; which ones is decided by seed and event."""

    drop: float = 0.0
    """Share that is never delivered."""
    duplicate: float = 0.0
    """Share that is delivered twice."""
    delay: float = 0.0
    """Share that is held back for up to `delay_s`; others overtake it, so this reorders too."""
    delay_s: float = 60.0
    retries_s: tuple[float, ...] = ()
    """Waits before further attempts; the real schedule is not known."""
    live: bool = True
    """Off: endpoints can be registered, and nothing is ever delivered (infra_011)."""
    seed: int = 0

    @classmethod
    def load(cls, doc: Doc, *, base: "Mischief") -> "Mischief":
        """Return the base with the given fields in place of its own."""
        if unknown := set(doc) - {field.name for field in fields(cls)}:
            raise ValueError(f"unknown fields of mischief: {', '.join(sorted(unknown))}")
        given = {name: _typed(name, value) for name, value in doc.items()}
        return cls(**{**asdict(base), **given})


def _typed(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say
    if name == "retries_s":
        return tuple(float(wait) for wait in value)
    return float(value) if name in ("drop", "duplicate", "delay", "delay_s") else value


class Webhooks:
    """Everything that leaves this Arcus by itself."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.mischief = Mischief()
        self.counts: Counter[str] = Counter()

    def happened(self, entity: Entity, changes: Sequence[Change]) -> None:
        """Tell every endpoint what was committed. Costs nothing where none is registered."""
        endpoints = [doc for doc in entity.scan(TABLE) if doc["status"] in ("active", "paused")]
        if not endpoints:
            return
        for table, before, after in changes:
            for name in occurrences(table, before, after, self._world.profile):
                self._emit(entity, endpoints, name, table, after)

    def _emit(self, entity: Entity, endpoints: list[Doc], name: str, table: str, doc: Doc) -> None:
        world = self._world
        now, event_id = world.clock.now(), f"evt_{world.ids.request()[4:]}"
        shown = hydrate.order(world.call(entity), doc) if table == "orders" else doc
        event = {
            "id": event_id,
            "object": "event",
            "type": name,
            "created_at": iso(now),
            "api_version": "2026-05-01",
            "entity_id": entity.id,
            "data": {"object": shown},
            "livemode": False,
        }
        self.counts["emitted"] += 1
        for endpoint in endpoints:
            if wanted(name, endpoint["enabled_events"]):
                self._send(entity, endpoint["id"], event_id, encode(event))

    def _send(self, entity: Entity, endpoint_id: str, event_id: str, body: bytes) -> None:
        plan = self.mischief
        chance = random.Random(f"{plan.seed}|{event_id}")
        if not plan.live or chance.random() < plan.drop:
            self.counts["dropped"] += 1
            return
        times = 2 if chance.random() < plan.duplicate else 1
        self.counts["duplicated"] += times - 1
        for _ in range(times):
            late = chance.random() * plan.delay_s if chance.random() < plan.delay else 0.0
            self.counts["delayed"] += late > 0
            task = asyncio.get_running_loop().create_task(self._deliver(entity, endpoint_id, body, late))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, entity: Entity, endpoint_id: str, body: bytes, late: float) -> None:
        for wait in (late, *self.mischief.retries_s):
            if wait:
                await asyncio.sleep(wait)
            endpoint = entity.get(TABLE, endpoint_id)
            if endpoint is None or endpoint["status"] != "active":
                self.counts["skipped"] += 1  # an endpoint that is paused gets nothing, then or later
                return
            if await self._post(endpoint, body):
                self._note(entity, endpoint_id, delivered=True)
                return
            self._note(entity, endpoint_id, delivered=False)

    async def _post(self, endpoint: Doc, body: bytes) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        headers = {"Content-Type": "application/json", "Arcus-Signature": signature(endpoint["secret"], body)}
        try:
            async with self._session.post(endpoint["url"], data=body, headers=headers) as answer:
                return answer.status // 100 == 2
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _note(self, entity: Entity, endpoint_id: str, *, delivered: bool) -> None:
        """Count on the endpoint; five failures in a row pause it."""
        endpoint = entity.get(TABLE, endpoint_id)
        if endpoint is None:
            return
        row = 0 if delivered else endpoint["consecutive_failure_count"] + 1
        counted = "success_count" if delivered else "failure_count"
        changes = {
            counted: endpoint[counted] + 1,
            "consecutive_failure_count": row,
            "last_delivery_at": iso(self._world.clock.now()),
        }
        if row >= FAILURES_TO_PAUSE and endpoint["status"] == "active":
            changes["status"] = "paused"
            self.counts["pauses"] += 1
        self.counts["delivered" if delivered else "failed"] += 1
        self._world.commit_control(entity, [(TABLE, {**endpoint, **changes})])

    def report(self) -> Doc:
        """Say what was emitted and what became of it; `pending` deliveries are still to come."""
        names = (
            "emitted", "delivered", "dropped", "duplicated", "delayed", "failed", "skipped", "pauses",
        )  # fmt: skip
        return {**{name: self.counts[name] for name in names}, "pending": len(self._tasks)}

    async def close(self) -> None:
        """Drop what is on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


def signature(secret: str, body: bytes, at: float | None = None) -> str:
    """Return the header's value: HMAC-SHA256 over `<t>.<raw body>`, keyed with the whole secret."""
    moment = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), b"%d." % moment + body, sha256).hexdigest()
    return f"t={moment},v1={digest}"
