"""A house with a desk in memory: it keeps what it is told, and refuses what the real one refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from schemas.base import Ref
from schemas.event import Position
from service.cli.house import Message
from service.ports import Audit, Decision, Drift, Endpoint, Mapped, Parked, PrivacyCase, Story
from service.settings import Finding, Settings


@dataclass
class FakePrivacy:
    """Requests about persons, in memory."""

    known: dict[str, PrivacyCase] = field(default_factory=dict)
    data: dict[str, list[Mapping[str, object]]] = field(default_factory=dict)
    orders: list[tuple[str, str, str, str]] = field(default_factory=list)

    async def cases(self) -> Sequence[PrivacyCase]:
        return list(self.known.values())

    async def case(self, case_id: str) -> PrivacyCase | None:
        return self.known.get(case_id)

    async def held(self, case_id: str) -> Sequence[Mapping[str, object]]:
        return self.data[case_id]

    async def answered(self, case_id: str, *, who: str, why: str) -> None:
        self.orders.append(("answered", case_id, who, why))

    async def lift(self, case_id: str, *, who: str, why: str) -> int:
        self.orders.append(("lift", case_id, who, why))
        return 1


@dataclass
class FakeDesk:
    """People's side of a ledger."""

    stories: dict[str, Story] = field(default_factory=dict)
    names: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    parking: list[Parked] = field(default_factory=list)
    lines: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    stopped: set[tuple[str, str]] = field(default_factory=set)
    doubts: set[str] = field(default_factory=set)
    drifted: list[tuple[str, Drift]] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    told_at: float = 0.0
    privacy: FakePrivacy = field(default_factory=FakePrivacy)

    def _audit(self, action: str, subject: str, who: str, why: str) -> None:
        assert who
        assert why
        self.audits.append(Audit(at=0.0, who=who, action=action, subject=subject, why=why))

    async def find_keys(self, external_source: str, text: str) -> Sequence[str]:
        return [text] if text in self.stories else self.names.get((external_source, text), [])

    async def all_keys(self, external_source: str, *, after: str, limit: int) -> Sequence[str]:
        keys = sorted(key for key in self.stories if key.startswith(f"{external_source}|") and key > after)
        return keys[:limit]

    async def story(self, key: str) -> Story:
        empty = Story(key=key, known=(), posted=(), intents=(), events=(), verdicts=())
        return self.stories.get(key, empty)

    async def parked(
        self, *, tenant: str | None = None, reason: str | None = None, limit: int = 1000
    ) -> Sequence[Parked]:
        found = [
            one
            for one in self.parking
            if (tenant is None or one.document.tenant == tenant) and (reason is None or one.reason.value == reason)
        ]
        return found[:limit]

    async def last_told(self) -> float:
        return self.told_at

    async def release(self, key: str, *, who: str, why: str) -> None:
        self._audit("release", key, who, why)
        self.released.append(key)
        self.parking = [one for one in self.parking if one.key != key]

    async def hold(self, key: str, *, who: str, why: str) -> None:
        self._audit("hold", key, who, why)
        self.held.append(key)

    async def discard(self, document: Ref, *, who: str, why: str) -> None:
        self._audit("discard", str(document), who, why)
        self.parking = [one for one in self.parking if one.document != document]

    async def mappings(self, external_source: str, tenant: str) -> Sequence[Mapped]:
        return [
            Mapped(external_source=source, tenant=shop, table=table, name=name, target=target)
            for (source, shop, table, name), target in sorted(self.lines.items())
            if (source, shop) == (external_source, tenant)
        ]

    async def set_mapping(self, mapping: Mapped, *, who: str, why: str) -> int:
        self._audit("map", f"{mapping.table} {mapping.name}", who, why)
        self.lines[mapping.external_source, mapping.tenant, mapping.table, mapping.name] = mapping.target
        waiting = {one.key for one in self.parking if one.release == f"{mapping.table}:{mapping.name}"}
        self.parking = [one for one in self.parking if one.key not in waiting]
        return len(waiting)

    async def pause(self, external_source: str, tenant: str, *, paused: bool, who: str, why: str) -> None:
        self._audit("pause" if paused else "resume", tenant, who, why)
        (self.stopped.add if paused else self.stopped.discard)((external_source, tenant))

    async def paused(self) -> frozenset[tuple[str, str]]:
        return frozenset(self.stopped)

    async def drifts(self, *, decision: Decision | None = None, limit: int = 1000) -> Sequence[tuple[str, Drift]]:
        return [one for one in self.drifted if decision in (None, one[1].decision)][:limit]

    async def accept_drift(self, key: str, *, who: str, why: str) -> int:
        self._audit("accept drift", key, who, why)
        found = [one for one in self.drifted if one[0] == key and one[1].decision is Decision.ALERTED]
        self.drifted = [one for one in self.drifted if one not in found]
        return len(found)

    async def resolve_doubt(self, intent_id: str, *, happened: bool, erp_id: str, who: str, why: str) -> None:
        self._audit("happened" if happened else "not happened", f"{intent_id} {erp_id}", who, why)
        self.doubts.remove(intent_id)


@dataclass
class FakeHouse:
    """What service.bootstrap is to the command line."""

    people: FakeDesk = field(default_factory=FakeDesk)
    topics: dict[str, list[Message]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    trouble: BaseException | None = None
    exit_code: int = 0
    endpoints: list[tuple[str, Endpoint]] = field(default_factory=list)
    ran: list[Settings] = field(default_factory=list)
    migrated: int = 0
    desks_open: int = 0

    def _meet_trouble(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    async def run(self, settings: Settings) -> int:
        self._meet_trouble()
        self.ran.append(settings)
        return self.exit_code

    @asynccontextmanager
    async def desk(self, settings: Settings) -> AsyncIterator[FakeDesk]:
        assert settings.ledger.url
        self._meet_trouble()
        self.desks_open += 1
        try:
            yield self.people
        finally:
            self.desks_open -= 1

    async def send(
        self, settings: Settings, topic: str, messages: Sequence[Message], *, sent: Callable[[int], None]
    ) -> Sequence[Position]:
        assert settings.kafka.bootstrap_servers
        self._meet_trouble()
        log = self.topics.setdefault(topic, [])
        positions = []
        for message in messages:
            positions.append(Position(topic=topic, partition=0, offset=len(log)))
            log.append(message)
            sent(len(positions))
        return positions

    async def check(self, settings: Settings) -> Sequence[Finding]:
        assert settings.ledger.url
        self._meet_trouble()
        return self.findings

    async def edge(self, settings: Settings) -> int:
        return await self.run(settings)

    async def create_topics(self, settings: Settings) -> Sequence[Finding]:
        return await self.check(settings)

    async def webhooks(self, settings: Settings) -> Sequence[tuple[str, Endpoint]]:
        assert settings.erp.base_url
        self._meet_trouble()
        return self.endpoints

    async def register_webhook(self, settings: Settings, api_key: str) -> tuple[Endpoint, str]:
        self._meet_trouble()
        made = Endpoint(id="we-1", url=str(settings.erp.webhook_url), status="active", events=("order.*",))
        self.endpoints.append((api_key, made))
        return made, "whsec_1"

    async def rotate_webhook(self, settings: Settings, api_key: str) -> tuple[Endpoint, str]:
        assert settings.erp.webhook_url
        self._meet_trouble()
        return next(one for name, one in self.endpoints if name == api_key), "whsec_2"

    async def migrate(self, settings: Settings) -> None:
        assert settings.ledger.url
        self._meet_trouble()
        self.migrated += 1
