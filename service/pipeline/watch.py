"""Looks at what stands in the ERP: read without the key's lease, recorded only where nobody acted on it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from schemas.base import Kind, Ref
from service.errors import FerryError, Refused, Retryable, Waiting
from service.pipeline.observed import Rules, observed
from service.pipeline.publish import Timing
from service.pipeline.run import root_of
from service.ports import Kept, Mirror, Observation, Priority, Watched

_BUSY_S = 1.0  # a key in hand is usually given back within one visit
_UNSET_S = 3_600.0  # a tenant that is not in the settings any more
_REFUSED_S = 300.0  # a read that the ERP refuses: a scope that the key lacks, usually


class Observer(Protocol):
    """What the watch reports; telemetry makes metrics and log lines of it."""

    def looked(self, observation: Observation) -> None:
        """A look was recorded."""
        ...

    def look_failed(self, key: str, error: FerryError) -> None:
        """The ERP could not be asked; the key is looked at again."""
        ...


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One look at one key at a time; many keys at once. Live work is never kept waiting: no lease is taken."""

    mirror: Mirror
    erp_of: Callable[[str, str], Watched | None]
    """None for a tenant that is not set up."""
    accepts: Callable[[str, str], bool]
    """Whether the tenant's policy takes what people change in the ERP for right."""
    observer: Observer
    forget: Callable[[Ref], None]
    """Hears of accounts that others took the place of, so that no memory of them is used."""
    timing: Timing

    async def look(self, key: str) -> None:
        """Read the documents of a key and record how they stand. Raises what the ledger raises."""
        root = root_of(key)
        erp = self.erp_of(root.external_source, root.tenant)
        kept = await self.mirror.kept(key)
        if erp is None or kept is None:
            await self.mirror.postpone(key, seconds=_BUSY_S if kept is None else _UNSET_S)
            return
        try:
            sight = await erp.look(list(kept.posted.values()), also=_others(kept), priority=Priority.POLLING)
        except (Retryable, Waiting, Refused) as error:
            self.observer.look_failed(key, error)
            await self.mirror.postpone(key, seconds=_pause(error))
            return
        timing = self.timing
        accepts = self.accepts(root.external_source, root.tenant)
        rules = Rules(accepts, timing.settle, timing.call, timing.read_again_by)
        observation = observed(kept, sight, rules)
        if not await self.mirror.keep(observation, at=kept.at):
            await self.mirror.postpone(key, seconds=_BUSY_S)
            return
        self.observer.looked(observation)
        for document in observation.posted:
            if document.document.kind is Kind.ACCOUNT:
                self.forget(document.document)


def _others(kept: Kept) -> list[str]:
    """Documents that are asked for and do not stand for the key: an earlier revision, or a receipt that was lost."""
    ours = {one.erp_id for one in kept.posted.values()}
    return [one.erp_id for one in kept.wanted if one.erp_id and one.erp_id not in ours]


def _pause(error: FerryError) -> float:
    if isinstance(error, Refused):
        return _REFUSED_S
    after = getattr(error, "after", None)
    return _BUSY_S if after is None else max(after, _BUSY_S)
