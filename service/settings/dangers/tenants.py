"""Tenants that left unsaid what has no safe default. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from service.settings.dangers.verdict import local, refuse
from service.settings.finding import Finding
from service.settings.root import Settings
from service.settings.tenant import TenantSettings


def tenants(settings: Settings) -> Iterator[Finding]:
    """Every tenant says where tax, tips and gift cards go, and under which key."""
    if not settings.tenants:
        yield refuse(
            "tenants",
            "no tenant is set up: every event would be parked as tenant_unknown.",
            "add one under tenants, for example `shopify/acme.myshopify.com`; see `orderferry schema settings`.",
        )
    for name, tenant in settings.tenants.items():
        yield from _tenant(name, tenant, settings)


def _tenant(name: str, tenant: TenantSettings, settings: Settings) -> Iterator[Finding]:
    where = f"tenants.{name}"
    for part, why in (
        ("tax", "tax sent to the wrong place may become income"),
        ("tips", "tips belong to the staff, not to sales"),
        ("gift_cards", "a gift card sold is a liability, not a sale"),
    ):
        if getattr(tenant.targets, part) is None:
            yield refuse(
                f"{where}.targets.{part}",
                f"it is missing and no default is safe: {why}.",
                "ask the bookkeeper for the service product and write `sku:<SKU>` or `id:<product id>`.",
            )
    if name.startswith("shopify/") and tenant.sales_authority == "quickbooks":
        yield refuse(
            f"{where}.sales_authority",
            "sales of this shop would be posted all the same: leaving them to QuickBooks is not there yet.",
            "take the tenant out of the settings, or set sales_authority: shopify.",
        )
    if tenant.shop_token is not None and not name.startswith("shopify/"):
        yield refuse(
            f"{where}.shop_token",
            "only Shopify's shops can be read so far: nothing would be done with this token.",
            "take it out.",
        )
    if tenant.closed_before is not None and settings.erp.payment_route == "order_payment":
        yield refuse(
            f"{where}.closed_before",
            "erp.payment_route order_payment sends no payment date: the ERP would book every payment under its own "
            "day, whatever the books of this shop say.",
            "set erp.payment_route: multi_invoice_apply, or leave closed_before out.",
        )
    if tenant.api_key not in settings.erp.api_keys:
        yield refuse(
            f"{where}.api_key",
            f"erp.api_keys has no key named {tenant.api_key}.",
            f"set ORDERFERRY_ERP__API_KEYS__{tenant.api_key.upper()} (or ..._FILE), or name another.",
        )


def shops(settings: Settings) -> Iterator[Finding]:
    """A shop is read encrypted, and each token goes to its own shop only."""
    url = settings.shopify.base_url
    read = [name for name, tenant in settings.tenants.items() if tenant.shop_token is not None]
    if read and not url.startswith("https://") and not local(url):
        yield refuse("shopify.base_url", "tokens of shops would cross the network unencrypted.", "use https://.")
    if len(read) > 1 and "{shop}" not in url:
        yield refuse(
            "shopify.base_url",
            "every shop would be asked at one address, each with its own token.",
            "write {shop} where the shop's domain belongs: https://{shop}.",
        )


def authority(settings: Settings) -> Iterator[Finding]:
    """Two roads into one entity need one authority (books 18), and one currency."""
    feeding: dict[str, list[str]] = defaultdict(list)
    for name, tenant in settings.tenants.items():
        feeding[tenant.api_key].append(name)
    for key, names in feeding.items():
        shared = [settings.tenants[name] for name in names]
        if (
            len({name.split("/")[0] for name in names}) > 1
            and len({one.sales_authority for one in shared} - {None}) != 1
        ):
            yield refuse(
                "sales_authority",
                f"{', '.join(sorted(names))} feed the same ERP entity ({key}): every sale would be booked twice.",
                "set the same sales_authority, shopify or quickbooks, for all of them.",
            )
        if len({one.entity_currency for one in shared}) > 1:
            yield refuse(
                "entity_currency",
                f"{', '.join(sorted(names))} use one ERP entity ({key}) and name different currencies.",
                "one entity has one currency: use a key of another entity.",
            )
