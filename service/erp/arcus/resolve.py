"""From what an effect names to ERP ids: products by SKU or target, the account and its addresses."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.effect import (
    AddAddress,
    AddLines,
    CreateAccount,
    CreateOrder,
    Effect,
    RecordPayment,
    ReturnGoods,
    SaleLine,
)
from schemas.money import fits, minor_units
from schemas.outcome import Reason
from schemas.posted import Posted
from service.erp.arcus import identity
from service.erp.arcus.accounts import Accounts
from service.erp.arcus.products import Index, Products, chosen
from service.erp.arcus.settings import ArcusSettings
from service.erp.arcus.steps import records
from service.ports import Priority, Resolution, Unresolved

MOST_LINES = 250  # of one order or addition (arcus-api.md 6.5)


def prerequisite(effect: Effect, account: Posted | None) -> Effect | None:
    """Return the account, or the next address on it, that a sale needs first."""
    if not isinstance(effect, CreateOrder):
        return None
    if account is None:
        return CreateAccount(
            document=effect.account,
            name=f"account:{effect.account.external_id}/create",
            source_version=effect.source_version,
            policy_version=effect.policy_version,
            currency=effect.currency,
            party=effect.party,
            ship_to=effect.ship_to,
            bill_to=effect.bill_to,
        )
    known = dict(account.addresses)
    for address, purpose in ((effect.ship_to, "shipping"), (effect.bill_to, "billing")):
        if address is None or identity.is_empty(address):
            continue
        key = identity.address_key(address)
        if key not in known:
            return AddAddress(
                document=effect.account,
                name=f"account:{effect.account.external_id}/address:{key}",
                source_version=effect.source_version,
                policy_version=effect.policy_version,
                currency=effect.currency,
                account_erp_id=account.erp_id,
                address=address,
                address_key=key,
                purpose="shipping" if purpose == "shipping" else "billing",
            )
    return None


class Resolver:
    """Looks up what an effect names."""

    def __init__(self, *, products: Products, accounts: Accounts, settings: ArcusSettings) -> None:
        self._products = products
        self._accounts = accounts
        self._settings = settings

    async def resolve(self, effect: Effect, account: Posted | None, *, priority: Priority) -> Resolution | Unresolved:
        """Return the ids for an effect, or why it cannot be a request yet. Raises as a read does."""
        unfit = self._unfit(effect)
        if unfit is not None:
            return unfit
        if not isinstance(effect, CreateOrder | AddLines | ReturnGoods):
            return Resolution()
        products = await self._lines(effect.lines, priority)
        if isinstance(products, Unresolved):
            return products
        if not isinstance(effect, CreateOrder):
            return Resolution(products=products)
        if account is None:
            return Unresolved(Reason.PARENT_PARKED, f"the account of {effect.document} is not in the ERP yet")
        site = await self._accounts.site(account, priority=priority)
        return Resolution(
            products=products,
            account_erp_id=site.erp_id,
            ship_to_erp_id=site.address(effect.ship_to, effect.bill_to),
            bill_to_erp_id=site.address(effect.bill_to, effect.ship_to),
        )

    def _unfit(self, effect: Effect) -> Unresolved | None:
        """Say why an effect must not become a request of this entity at all."""
        ours = self._settings.currency
        if ours and effect.currency != ours:
            detail = f"the amount is in {effect.currency}, this entity of the ERP keeps its books in {ours}"
            return Unresolved(Reason.CURRENCY_UNSUPPORTED, detail)
        if isinstance(effect, RecordPayment) and not records(effect.method, self._settings):
            detail = f"the tender's target {effect.method!r} would charge somebody, or is unknown; choose another"
            return Unresolved(Reason.TENDER_UNMAPPED, detail)
        if effect.effect == "refund_cash" and minor_units(effect.currency) not in self._settings.refund_minor_units:
            detail = f"the ERP's refund call counts in cents, which {effect.currency} has not; enter it by hand"
            return Unresolved(Reason.REFUND_UNITS, detail)
        if too_fine := _too_fine(effect):
            return too_fine
        return _too_many(effect.lines) if isinstance(effect, CreateOrder | AddLines | ReturnGoods) else None

    async def _lines(self, lines: Sequence[SaleLine], priority: Priority) -> list[tuple[str, str | None]] | Unresolved:
        index = await self._products.find((sku for sku in map(sku_of, lines) if sku), priority=priority)
        found: list[tuple[str, str | None]] = []
        for line in lines:
            product = product_of(line, index)
            if isinstance(product, Unresolved):
                return product
            found.append(product)
        return found


def _too_fine(effect: Effect) -> Unresolved | None:
    """Find the first amount that cannot be written down in the effect's currency (books 15)."""
    amounts = [(f"line {line.line_id}", line.rate) for line in getattr(effect, "lines", ())]
    amounts += [(name, value) for name in ("amount", "discount") if (value := getattr(effect, name, None)) is not None]
    for name, value in amounts:
        if not fits(value, effect.currency):
            detail = f"the {name} of {value} {effect.currency} has a fraction of the smallest unit; enter it by hand"
            return Unresolved(Reason.CURRENCY_UNSUPPORTED, detail)
    return None


def _too_many(lines: Sequence[SaleLine]) -> Unresolved | None:
    if len(lines) <= MOST_LINES:
        return None
    return Unresolved(Reason.ERP_REFUSED, f"the ERP takes at most {MOST_LINES} lines at once, this has {len(lines)}")


def sku_of(line: SaleLine) -> str:
    """Return the SKU that a line is looked up by; none where it names a product by its id."""
    if line.sku:
        return line.sku
    return line.product.removeprefix("sku:") if line.product.startswith("sku:") else ""


def product_of(line: SaleLine, index: Index) -> tuple[str, str | None] | Unresolved:
    """Return product and variant of a line, or why there is none or more than one."""
    sku = sku_of(line)
    if not sku:
        product = line.product.removeprefix("id:")
        if product and product != line.product:
            return product, None
        detail = f"line {line.line_id} names neither a SKU nor a product; give it a SKU in the shop"
        return Unresolved(Reason.SKU_UNKNOWN, detail)
    meant = chosen(index.get(sku, ()))
    if len(meant) == 1:
        return meant[0].product_id, meant[0].variant_id
    release = f"sku:{sku}"
    if not meant:
        return Unresolved(Reason.SKU_UNKNOWN, f"SKU {sku!r} is not in the ERP; create it there or map it", release)
    return Unresolved(Reason.SKU_AMBIGUOUS, f"SKU {sku!r} stands for {len(meant)} products in the ERP", release)
