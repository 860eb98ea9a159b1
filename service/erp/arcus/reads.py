"""Everything that is read from Arcus on a document's way: orders, accounts, products, payments, receipts, credits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from service.erp.arcus.client import Client
from service.erp.arcus.payloads import AccountDoc, CreditDoc, M, OrderDoc, PaymentDoc, ProductDoc, read
from service.erp.arcus.wire import Doc, unwrap
from service.errors import Refused, Retryable
from service.ports import Priority

NOT_FOUND = 404


class Reads:
    """GET requests, typed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def order(self, ident: str, *, priority: Priority) -> OrderDoc:
        """Return one order, by id or human number, with its lines and payments."""
        wanted = [("expand[]", name) for name in sorted(self._client.settings.order_expands)]
        return await self._one(OrderDoc, f"/orders/{ident}", wanted, what=f"read order {ident}", priority=priority)

    async def account(self, ident: str, *, priority: Priority) -> AccountDoc:
        """Return one account with its addresses."""
        return await self._one(AccountDoc, f"/accounts/{ident}", what=f"read account {ident}", priority=priority)

    async def payment(self, ident: str, *, priority: Priority) -> PaymentDoc:
        """Return one payment."""
        return await self._one(PaymentDoc, f"/payments/{ident}", what=f"read payment {ident}", priority=priority)

    async def orders(
        self, *, document_type: str, account_id: str, created_after: str, priority: Priority
    ) -> list[OrderDoc]:
        """Return every order of one type and account from a moment on; rows may lack their lines."""
        params = {"document_type": document_type, "account_id": account_id, "created_after": created_after}
        return await self._all(OrderDoc, "/orders", params, what=f"list orders ({document_type})", priority=priority)

    async def recent(self, *, created_after: str, priority: Priority) -> list[OrderDoc]:
        """Return every order of any type and account from a moment on; rows may lack their lines."""
        params = {"created_after": created_after}
        return await self._all(OrderDoc, "/orders", params, what="list recent orders", priority=priority)

    async def accounts(self, *, search: str = "", priority: Priority) -> list[AccountDoc]:
        """Return every account, also inactive ones; with `search` only those whose text contains it."""
        params = {"account_type": "all", "is_active": "all", "include_inactive": "true"}
        if search:
            params[self._client.settings.account_search_param] = search
        return await self._all(AccountDoc, "/accounts", params, what="list accounts", priority=priority)

    async def products(self, *, sku: str = "", priority: Priority) -> list[ProductDoc]:
        """Return the whole catalogue with variants; with `sku` only where Arcus understands that filter."""
        params = {"sku": sku} if sku else {}
        return await self._all(ProductDoc, "/products", params, what="list products", priority=priority)

    async def product(self, ident: str, *, priority: Priority) -> ProductDoc:
        """Return one product with its variants."""
        return await self._one(ProductDoc, f"/products/{ident}", what=f"read product {ident}", priority=priority)

    async def greet(self, *, priority: Priority) -> None:
        """Ask for as little as there is, to learn the ERP's clock before the first intent is written."""
        await self._client.read("/products", {"limit": "1"}, what="read the ERP's clock", priority=priority)

    async def order_payments(self, order_id: str, *, priority: Priority) -> list[PaymentDoc]:
        """Return the payments that an order lists."""
        path, what = f"/orders/{order_id}/payments", f"list payments of order {order_id}"
        return await self._all(PaymentDoc, "/orders/{id}/payments", {}, what=what, priority=priority, path=path)

    async def receipts(self, *, account_id: str, first: str, last: str, priority: Priority) -> list[PaymentDoc]:
        """Return an account's receipts without a bank match, between two dates."""
        params = {"account_id": account_id, "date_from": first, "date_to": last}
        endpoint = "/accounting/unmatched-receipts"
        return await self._all(PaymentDoc, endpoint, params, what="list unmatched receipts", priority=priority)

    async def credits(self, *, account_id: str, priority: Priority) -> tuple[list[CreditDoc], bool]:
        """Return an account's credit memos, and whether these are all: more than 200 cannot be read."""
        what = "list credits"
        rows = await self._client.listed("/credits", {"account_id": account_id}, what=what, priority=priority)
        return list(_typed(CreditDoc, rows.by_id.values(), what)), rows.complete

    async def _one(
        self, model: type[M], path: str, params: Sequence[tuple[str, str]] = (), *, what: str, priority: Priority
    ) -> M:
        found = read(model, unwrap(await self._client.read(path, params, what=what, priority=priority)))
        if found is None:
            raise Retryable(what, "the answer lacks what was asked for")
        return found

    async def _all(
        self,
        model: type[M],
        endpoint: str,
        params: Mapping[str, str],
        *,
        what: str,
        priority: Priority,
        path: str = "",
    ) -> list[M]:
        rows = await self._client.listed(endpoint, params, what=what, priority=priority, path=path)
        if not rows.complete:
            raise Retryable(what, f"only {len(rows.by_id)} rows of the list can be read")
        return list(_typed(model, rows.by_id.values(), what))


def _typed(model: type[M], rows: Iterable[Doc], what: str) -> Iterable[M]:
    for row in rows:
        found = read(model, row)
        if found is None:  # a row that cannot be read could be the one looked for
            raise Retryable(what, f"row {row.get('id')} lacks what was asked for")
        yield found


def is_missing(refused: Refused) -> bool:
    """Whether a read found nothing of that id."""
    return refused.status == NOT_FOUND
