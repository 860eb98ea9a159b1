"""The tenants' policies as they are now: settings plus the tables that people fill, versioned and kept for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from service.plan.policy import Policy, Targets, canonical
from service.ports import Mapped


class Tables(Protocol):
    """What people set at run time, and the versions that something was posted under."""

    async def mappings(self, external_source: str, tenant: str) -> Sequence[Mapped]:
        """Return a tenant's tables."""
        ...

    async def paused(self) -> frozenset[tuple[str, str]]:
        """Return the paused tenants."""
        ...

    async def keep_policy(self, version: str, text: str) -> None:
        """Keep a version of a policy; the same again changes nothing."""
        ...

    async def kept_policy(self, version: str) -> str | None:
        """Return a version's text."""
        ...

    async def set_up(self, external_source: str, tenant: str) -> None:
        """Let go on what came for this tenant while nobody had set it up."""
        ...


FRESH_S: Final = 6.0  # three beats of the duty that reads them; well within the sweep's STALE_S

_TARGETS = {"tax", "marketplace_tax", "tips", "gift_cards", "shipping", "duties", "fees", "custom", "rounding"}
_SINGULAR = {"tip": "tips", "gift_card": "gift_cards"}


class PolicyBook:
    """Today's policies, refreshed by a duty; old ones by version. `timer` returns seconds that only go forward."""

    def __init__(
        self,
        *,
        base: Mapping[tuple[str, str], Policy],
        tables: Tables,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = base
        self._tables = tables
        self._current: dict[tuple[str, str], Policy] = {}
        self._lines: dict[tuple[str, str], Sequence[Mapped]] = {}
        """The tables behind them."""
        self._set_up: set[tuple[str, str]] = set()
        self._versions: dict[str, Policy] = {}
        self._paused: frozenset[tuple[str, str]] = frozenset()
        self._timer = timer
        self._read_at = float("-inf")

    def current(self, external_source: str, tenant: str) -> Policy | None:
        """Return today's policy; None for a tenant that nobody set up."""
        return self._current.get((external_source, tenant))

    def paused(self, external_source: str, tenant: str) -> bool:
        """Whether a person paused the tenant."""
        return (external_source, tenant) in self._paused

    def fresh(self) -> bool:
        """Whether the tables were read lately; after a freeze or an outage they were not, and nobody may plan on them.

        What waits for a line of a table is let go once, when the line is set: a plan on an older one would park it
        again, and nothing would come (correctness 15).
        """
        return self._timer() - self._read_at <= FRESH_S

    async def version(self, version: str) -> Policy | None:
        """Return the policy that something was posted under."""
        if version not in self._versions:
            text = await self._tables.kept_policy(version)
            if text is None:
                return None
            self._versions[version] = Policy.model_validate_json(text)
        return self._versions[version]

    async def refresh(self) -> None:
        """Read the tables again; a policy that came out different is kept before it is used."""
        began = self._timer()
        self._paused = await self._tables.paused()
        for tenant, base in self._base.items():
            lines = await self._tables.mappings(*tenant)
            if lines != self._lines.get(tenant):
                policy = with_tables(base, lines)
                if policy.version not in self._versions:
                    await self._tables.keep_policy(policy.version, canonical(policy))
                    self._versions[policy.version] = policy
                self._current[tenant], self._lines[tenant] = policy, lines
            if tenant not in self._set_up:
                await self._tables.set_up(*tenant)
                self._set_up.add(tenant)
        self._read_at = began


def with_tables(base: Policy, tables: Sequence[Mapped]) -> Policy:
    """Lay what people set over what the settings say."""
    if not tables:
        return base
    targets = base.targets.model_dump()
    tenders, skus, locations = dict(base.tenders), dict(base.skus), dict(base.locations)
    rows = {"tender": tenders, "sku": skus, "location": locations}
    for line in tables:
        name = _SINGULAR.get(line.table, line.table)
        if line.table in rows:
            rows[line.table][line.name] = line.target
        elif name in _TARGETS:
            targets["marketplace_tax" if (name, line.name) == ("tax", "marketplace") else name] = line.target
    changes = {"targets": Targets(**targets), "tenders": tenders, "skus": skus, "locations": locations}
    return Policy.model_validate({**base.model_dump(), **changes})
