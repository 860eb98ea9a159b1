"""Everything that the process holds: entities, journal, keys, clock, faults, counts; and the one way to commit."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sandbox.arcus.call import Call, Happening, Ids, Outcome
from sandbox.arcus.clock import Clock, iso
from sandbox.arcus.errors import Doc
from sandbox.arcus.faults import Faults, Plan
from sandbox.arcus.idempotency import KEPT_SECONDS, Desk, Stored
from sandbox.arcus.journal import Journal, Record, build, parse
from sandbox.arcus.keys import Ring
from sandbox.arcus.limits import TIERS
from sandbox.arcus.moments import Moments
from sandbox.arcus.money import encode
from sandbox.arcus.profile import LENIENT, Profile
from sandbox.arcus.stats import Stats
from sandbox.arcus.store import Entity, Transaction
from sandbox.arcus.webhooks import Change, Webhooks


@dataclass(frozen=True, slots=True)
class Config:
    """The command line."""

    data: Path
    entities: tuple[tuple[str, str], ...]
    profile: Profile = LENIENT
    tier: str = "test"
    seed: int = 0
    latency_ms: float = 0.0
    faults: Plan | None = None


class World:
    """One running sandbox."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.profile = config.profile
        self.latency = config.latency_ms / 1000
        self.hesitation = 0.0
        """Seconds between the arrival of a write and its commit."""
        self.moments = Moments()
        self.clock = Clock()
        self.stats = Stats()
        self.desk = Desk()
        self.faults = Faults(config.faults or Plan(seed=config.seed))
        self.journal = Journal(config.data / "arcus.journal")
        self.seq = 0
        self.webhooks = Webhooks(self)
        self.activity: dict[str, list[Happening]] = {code: [] for code, _ in config.entities}
        self.frozen: dict[str, float] = {}
        """Until when (monotonic) an entity refuses writes."""
        self.freeze_tokens: dict[str, str] = {}
        setup = Ids(f"entities:{config.seed}", form=config.profile.id_format)
        self.entities = {
            code: Entity(code=code, ident=setup.new("ent"), currency=currency) for code, currency in config.entities
        }
        self.default_locations = {code: setup.new("location") for code in self.entities}
        self.keys = Ring(list(self.entities.values()), seed=config.seed, tier=TIERS[config.tier])
        self._restore()
        self.ids = Ids(f"{config.seed}:{self.seq}", form=config.profile.id_format)
        for entity in self.entities.values():
            if not entity.settings:
                self.put_settings(entity, {})
            self.keys.by_code[entity.code].restrict(entity.settings.get("key", {}))

    def put_settings(self, entity: Entity, changes: Doc) -> None:
        """Merge settings: tax_rates, locations, closed_before, stripe_connected, key and so on."""
        start: Doc = {"id": entity.id, "default_location_id": self.default_locations[entity.code], "tax_rate": "0.08"}
        self.commit_control(entity, [("settings", {**start, **entity.settings, **changes})])
        self.keys.by_code[entity.code].restrict(entity.settings.get("key", {}))

    def call(self, entity: Entity) -> Call:
        """Return a call of the control plane's own."""
        now, tx = self.clock.now(), Transaction(entity)
        return Call(entity=entity, view=tx, tx=tx, profile=self.profile, ids=self.ids, at=now, now=iso(now))

    def commit_control(self, entity: Entity, changes: list[tuple[str, Doc]]) -> None:
        """Commit what did not come through the API; it is not in the write log."""
        head = {"kind": "control", "entity": entity.code}
        record = build(head, documents=[(table, encode(doc)) for table, doc in changes])
        self._append(record)
        entity.commit(changes, time.monotonic())

    def commit_by_hand(
        self, entity: Entity, changes: list[tuple[str, Doc]], *, route: str, resource: str, ident: str
    ) -> None:
        """Commit what a person did in the app: the activity list and the webhooks tell it, the write log does not."""
        head = {
            "kind": "hand",
            "entity": entity.code,
            "at": iso(self.clock.now()),
            "route": route,
            "resource": resource,
            "resource_id": ident,
            "request_id": self.ids.request(),
            "effects": {},
        }
        self._append(build(head, documents=[(table, encode(doc)) for table, doc in changes]))
        before = _before(entity, changes)
        entity.commit(changes, time.monotonic())
        self._note(head)
        self.webhooks.happened(entity, before)

    def commit_call(self, head: Doc, entity: Entity, *, body: bytes, outcome: Outcome) -> None:
        """Commit an API call: journal first, then memory, then the key's stored answer."""
        documents = [
            (table, outcome.main_bytes if doc is outcome.main and outcome.main_bytes else encode(doc))
            for table, doc in outcome.changes
        ]
        record = build(head, body=body, answer=outcome.answer, documents=documents)
        self._append(record)
        if outcome.changes:
            before = _before(entity, outcome.changes)
            entity.commit(outcome.changes, time.monotonic())
            self._note(head)
            self.webhooks.happened(entity, before)
        self._remember(record)

    def advance(self, seconds: float) -> None:
        """Move the clock, in the journal too."""
        self.clock.advance(seconds)
        self._append(build({"kind": "clock", "offset": self.clock.offset}, documents=[]))

    def _append(self, record: Record) -> None:
        self.seq += 1
        record.head["seq"] = self.seq
        self.journal.append(record)

    def _note(self, head: Doc) -> None:
        if head["effects"]:
            self.stats.effects.update(head["effects"])
        names = (head["seq"], head["at"], head["route"], head["resource"], head["resource_id"], head["request_id"])
        actor = "user" if head["kind"] == "hand" else "api_key"
        self.activity[head["entity"]].append(Happening(*names, actor))

    def _remember(self, record: Record) -> None:
        head = record.head
        if head["key"] is not None:
            offset, length = record.answer
            expires = head["t"] + KEPT_SECONDS
            stored = Stored(bytes.fromhex(head["digest"]), head["status"], offset, length, expires)
            self.desk.keep(f"{head['entity']}:{head['key']}", stored, head["t"])

    def _restore(self) -> None:
        for record in self.journal.replay():
            head = record.head
            self.seq = head["seq"]
            if head["kind"] == "clock":
                self.clock.offset = float(head["offset"])
                continue
            entity = self.entities[head["entity"]]
            documents = list(record.documents())
            entity.commit(documents, 0.0)
            for table, doc in documents:
                entity.note_numbers(table, doc)
            if head["kind"] == "hand":
                self._note(head)
            if head["kind"] == "call":
                head["t"] = float(head["t"])
                self._remember(record)
                if documents:
                    self._note(head)
        for entity in self.entities.values():
            entity.undo.clear()

    def write_log(self, after: int) -> Iterable[bytes]:
        """Committed writes in order, one JSON line each."""
        names = ("seq", "at", "entity", "method", "path", "idempotency_key", "resource", "resource_id", "order_id")
        for record in self.journal.committed(after):
            head = record.head
            line = {name: head["key" if name == "idempotency_key" else name] for name in names}
            body = record.body if b"\n" not in record.body else encode(parse(record.body))
            yield encode({**line, "status": head["status"]})[:-1] + b',"body":' + (body or b"{}") + b"}\n"

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()


def _before(entity: Entity, changes: list[tuple[str, Doc]]) -> list[Change]:
    return [(table, entity.get(table, doc["id"]), doc) for table, doc in changes]
