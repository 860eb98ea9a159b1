"""Lies on demand: which request is lied to, by seed, and whether a later request met the lie."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from hashlib import blake2b

from sandbox.arcus.errors import Doc

BEFORE = frozenset({"error_before", "throttle", "frozen", "gateway_garbage"})
AFTER = frozenset({"commit_then_drop", "error_after", "slow", "truncated", "empty_2xx"})
WRITES_ONLY = (AFTER - {"slow"}) | {"frozen", "in_flight", "tax_down"}
READS_ONLY = frozenset({"stale_read"})
KINDS = tuple(sorted(BEFORE | AFTER | WRITES_ONLY | READS_ONLY))
_DRAWS = 2**64


@dataclass(slots=True)
class Plan:
    """The faults file. Probabilities per request; the rest says how long and how often."""

    kinds: dict[str, float] = field(default_factory=dict)
    only: dict[str, list[str]] = field(default_factory=dict)
    """A kind's routes, such as `POST /orders`; a kind that is not named lies on all."""
    seed: int = 0
    cap: int = 2
    """Most faults in a row for one request and its retries."""
    slow_ms: int = 2000
    in_flight_ms: int = 1500
    stale_ms: int = 1000
    frozen_ms: int = 500
    throttle_after_s: int = 1

    def __post_init__(self) -> None:
        """Refuse what could not be meant."""
        unknown = [kind for kind in (*self.kinds, *self.only) if kind not in KINDS]
        if unknown:
            raise ValueError(f"no fault kind named {unknown[0]!r}; there are: {', '.join(KINDS)}")
        if any(not 0 <= chance <= 1 for chance in self.kinds.values()):
            raise ValueError("a probability lies between 0 and 1")
        if self.cap < 0 or self.stale_ms > 30_000:
            raise ValueError("cap must not be negative, and stale_ms at most 30000")

    @classmethod
    def load(cls, doc: Doc, *, base: "Plan") -> "Plan":
        """Return the base plan with the given fields in place of its own; `kinds` and `only` are replaced whole."""
        known = {field.name for field in fields(cls)}
        if unknown := set(doc) - known:
            raise ValueError(f"unknown fields in the faults file: {', '.join(sorted(unknown))}")
        merged = {**asdict(base), **doc}
        merged["kinds"] = {kind: float(chance) for kind, chance in merged["kinds"].items()}
        return cls(**merged)


@dataclass(slots=True)
class Target:
    """The request about which a fault is decided, and under which names a later one may come back to it."""

    entity: str
    retry: str
    """The idempotency key, or method, path and body where there is none: what a retry shares."""
    route: str
    resource: str
    write: bool
    replay: bool = False
    keyed: bool = False
    computes_tax: bool = False
    content: str = ""
    """Digest of method, path and body: after a clear no, a caller may come back under a new key."""


@dataclass(slots=True, eq=False)
class Pending:
    """A fault that nobody has met yet."""

    kind: str
    resource: str
    ids: set[str] = field(default_factory=set)
    met: bool = False


class Faults:
    """Draws faults and keeps count of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.injected: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        self.met: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._row: Counter[tuple[str, str]] = Counter()
        self._by_retry: dict[tuple[str, str], list[Pending]] = {}
        self._by_content: dict[tuple[str, str], list[Pending]] = {}
        self._by_id: dict[tuple[str, str], list[Pending]] = {}
        self._by_resource: dict[tuple[str, str], list[Pending]] = {}

    def draw(self, target: Target) -> str | None:
        """Return the kind of lie for this attempt, the same for the same seed, request and attempt number."""
        if not self.plan.kinds:
            return None
        name = (target.entity, target.retry)
        self._attempts[name] += 1
        if self._row[name] >= self.plan.cap:
            del self._row[name]
            return None
        point = self.fraction(target, self._attempts[name])
        for kind, chance in self.plan.kinds.items():
            if not self._applies(kind, target):
                continue
            point -= chance
            if point < 0:
                self._row[name] += 1
                return kind
        self._row.pop(name, None)
        return None

    def fraction(self, target: Target, attempt: int) -> float:
        """Return the deterministic draw in [0, 1)."""
        text = f"{self.plan.seed}|{target.entity}|{target.retry}|{attempt}"
        return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") / _DRAWS

    def _applies(self, kind: str, target: Target) -> bool:
        routes = self.plan.only.get(kind)
        if routes is not None and target.route not in routes:
            return False
        if kind in READS_ONLY:
            return not target.write
        if kind == "in_flight":
            return target.keyed and not target.replay
        if kind == "tax_down":
            return target.computes_tax and not target.replay
        return target.write or kind not in WRITES_ONLY

    def inject(self, kind: str, target: Target) -> Pending:
        """Count a fault and wait for somebody to meet it."""
        self.injected[kind] += 1
        pending = Pending(kind, target.resource)
        self._by_retry.setdefault((target.entity, target.retry), []).append(pending)
        if kind in BEFORE and target.content:
            self._by_content.setdefault((target.entity, target.content), []).append(pending)
        return pending

    def committed(self, pending: Pending, target: Target, ids: Iterable[str]) -> None:
        """Let look-ups meet the fault too: there is something to find, under these ids."""
        pending.ids.update(ids)
        self._by_resource.setdefault((target.entity, target.resource), []).append(pending)
        for ident in pending.ids:
            self._by_id.setdefault((target.entity, ident), []).append(pending)

    def came_back(self, target: Target) -> None:
        """The same request again: under the same key, or, where nothing had happened, in the same words."""
        if self._by_retry:
            self._meet(self._by_retry.pop((target.entity, target.retry), ()))
        if self._by_content:
            self._meet(self._by_content.pop((target.entity, target.content), ()))

    def looked_up(self, target: Target, *, ident: str | None, filters: list[str]) -> None:
        """Somebody reads one document, or a list with these ids in its filters."""
        if ident is not None:
            self._meet(self._by_id.pop((target.entity, ident), ()))
            return
        name = (target.entity, target.resource)
        waiting = [pending for pending in self._by_resource.get(name, ()) if not pending.met]
        if waiting:
            seen = [pending for pending in waiting if not filters or pending.ids.issuperset(filters)]
            self._meet(seen)
            self._by_resource[name] = [pending for pending in waiting if not pending.met]

    def _meet(self, found: Iterable[Pending]) -> None:
        for pending in found:
            if not pending.met:
                pending.met = True
                self.met[pending.kind] += 1

    def report(self) -> Doc:
        """Counts per kind, and the plan in force."""
        return {"injected": dict(self.injected), "met": dict(self.met), "plan": asdict(self.plan)}
