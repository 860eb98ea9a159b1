"""Where an account is now: merged accounts are followed to the one in use, with the addresses that are ours."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.party import Address
from schemas.posted import Posted
from service.erp.arcus import identity
from service.erp.arcus.payloads import AccountDoc
from service.erp.arcus.reads import Reads
from service.erp.arcus.receipts import address_ids
from service.erp.arcus.settings import ArcusSettings
from service.ports import Clock, Priority

MOST_MERGES = 5  # that are followed from one account


@dataclass(frozen=True, slots=True)
class Site:
    """An account as it is to be used now: followed through its merges, with the addresses that are ours."""

    erp_id: str
    addresses: dict[str, str]

    def address(self, *choices: Address | None) -> str:
        """Return the id of the first of these addresses that there is."""
        for choice in choices:
            if choice is not None and not identity.is_empty(choice):
                return self.addresses.get(identity.address_key(choice), "")
        return ""


class Accounts:
    """Follows merged accounts; an account that was read a while ago is read again before it is used."""

    def __init__(self, *, reads: Reads, settings: ArcusSettings, clock: Clock) -> None:
        self._reads = reads
        self._settings = settings
        self._clock = clock
        self._read: dict[str, tuple[float, Site]] = {}

    async def site(self, account: Posted, *, priority: Priority) -> Site:
        """Return where the account is now. Raises as a read does."""
        own = dict(account.addresses)
        horizon = self._clock.now() - self._settings.account_max_age_s
        if account.read_at >= horizon:
            return Site(account.erp_id, own)
        at, site = self._read.get(account.erp_id, (float("-inf"), Site(account.erp_id, own)))
        if at < horizon:
            doc = (await self.merged(account.erp_id, priority=priority))[-1]
            site = Site(doc.id, dict(address_ids(doc.addresses)))
            self._read[account.erp_id] = (self._clock.now(), site)
        return Site(site.erp_id, {**own, **site.addresses})

    async def merged(self, erp_id: str, *, priority: Priority) -> list[AccountDoc]:
        """Return the account and, in order, those that it was merged into; the last one is in use."""
        chain = [await self._reads.account(erp_id, priority=priority)]
        while (winner := chain[-1].merged_into_account_id) and len(chain) <= MOST_MERGES:
            chain.append(await self._reads.account(winner, priority=priority))
        return chain
