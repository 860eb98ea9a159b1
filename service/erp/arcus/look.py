"""Reading how the documents of one key stand: one request an order, since its payments come along with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from schemas.posted import Posted
from service.erp.arcus.accounts import Accounts
from service.erp.arcus.reads import Reads, is_missing
from service.erp.arcus.sight import NO_ORDERS, Seen, tagged
from service.errors import Refused
from service.ports import Clock, Priority, Sight


@dataclass(frozen=True, kw_only=True)
class Look:
    """Looks for one entity of Arcus. Raises as reads do."""

    reads: Reads
    accounts: Accounts
    clock: Clock

    async def look(self, documents: Sequence[Posted], *, also: Sequence[str], priority: Priority) -> Sight:
        """Read documents of one key, and `also` orders that carry its tag."""
        seen = Seen(self.clock.now())
        orders = [one for one in documents if one.document_type not in NO_ORDERS]
        payments = {one.erp_id: one for one in documents if one.document_type == "payment"}
        for posted in orders:
            await self._order(seen, posted, payments.keys(), priority)
        for posted in documents:
            if posted.document_type not in NO_ORDERS or posted.document_type == "refund":
                continue  # the cash of a refund stands on its payment
            await self._other(seen, posted, priority)
        if orders:
            await self._former(seen, also, orders[0], priority)
        return seen.sight()

    async def _order(self, seen: Seen, posted: Posted, payments: Collection[str], priority: Priority) -> None:
        try:
            doc = await self.reads.order(posted.erp_id, priority=priority)
        except Refused as refused:
            _only_missing(refused)
            seen.lost(posted)
        else:
            seen.order(posted, doc, payments)

    async def _other(self, seen: Seen, posted: Posted, priority: Priority) -> None:
        try:
            if posted.document_type == "account":
                seen.account(posted, await self.accounts.merged(posted.erp_id, priority=priority))
            elif posted.document_type == "credit":
                rows, _ = await self.reads.credits(account_id=posted.account_erp_id, priority=priority)
                seen.credit(posted, rows)
            else:
                known = seen.payments.get(posted.erp_id)
                seen.payment(posted, known or await self.reads.payment(posted.erp_id, priority=priority))
        except Refused as refused:
            _only_missing(refused)
            seen.lost(posted)

    async def _former(self, seen: Seen, also: Sequence[str], order: Posted, priority: Priority) -> None:
        """Earlier revisions, and what was asked for without being known: only orders that carry our tag count."""
        for erp_id in also:
            if erp_id in seen.standings or erp_id in seen.payments:
                continue
            try:
                doc = await self.reads.order(erp_id, priority=priority)
            except Refused as refused:
                _only_missing(refused)
                continue
            ref = tagged(doc.metadata)
            if ref is not None and ref.tenant == order.document.tenant:
                seen.former(ref, doc, order.currency)


def _only_missing(refused: Refused) -> None:
    if not is_missing(refused):
        raise refused
