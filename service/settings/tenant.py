"""What a tenant says about how its documents are posted. Where no default is safe there is none (books.md)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr

from schemas.money import minor_units
from schemas.party import Address
from service.plan.policy import ClosedPeriod, Fulfilment, Gate
from service.settings.erp import KeyName
from service.settings.section import Section


def _currency(code: str) -> str:
    minor_units(code)
    return code


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone of the IANA list, for example Europe/Berlin or America/New_York")
    return name


def _written(pattern: str, words: str) -> AfterValidator:
    """Check a text against a pattern, and say in words what is wanted."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(words)
        return text

    return AfterValidator(check)


Currency = Annotated[str, AfterValidator(_currency)]
Zone = Annotated[str, AfterValidator(_zone)]
Target = Annotated[
    str, _written(r"(sku|id|fee):\S.*", "write sku:<SKU> or id:<product id> of a service product, or fee:<label>")
]
ProductTarget = Annotated[str, _written(r"(sku|id):\S.*", "write sku:<SKU> or id:<product id> of a service product")]
Tender = Annotated[str, _written(r"[a-z_]+", "write a payment method of the ERP, for example external, credit or cash")]
TenantKey = Annotated[
    str,
    _written(
        r"(shopify|quickbooks)/[^\s|/A-Z]{1,255}",
        "write source/tenant in small letters, for example shopify/acme.myshopify.com",
    ),
]


class TargetSettings(Section):
    """Where each part of a sale goes: `sku:<SKU>` or `id:<product id>` of a service product, or `fee:<label>`."""

    tax: Target | None = None
    """Tax that the shop collected. Has no default: as a fee it may become income."""
    tips: Target | None = None
    """Tips. Has no default."""
    gift_cards: Target | None = None
    """Gift cards sold, a liability. Has no default."""
    shipping: Target | None = None
    """Shipping charged to the buyer."""
    duties: Target | None = None
    """Duties collected."""
    fees: Target | None = None
    """Additional fees of the shop."""
    custom: ProductTarget | None = None
    """Lines without a product."""
    rounding: Target | None = None
    """Cash rounding."""
    marketplace_tax: Target | None = None
    """Tax that a marketplace owes, never ours."""


class TenantSettings(Section):
    """One shop."""

    go_live: AwareDatetime | date
    """Documents older than this are not ours: a time with an offset, or a day in the tenant's zone."""
    fulfilment: Fulfilment
    """Who ships. `erp`: confirmed sales orders, invoices of what left before; `shop`: invoices of what has left."""
    entity_currency: Currency
    """Currency of the ERP entity (ISO 4217)."""
    time_zone: Zone
    """Zone of the books; it decides which day a sale belongs to."""
    api_key: KeyName = "default"
    """Name of the API key in `erp.api_keys`, and with it the ERP entity."""
    shop_token: SecretStr | None = None
    """Token of the shop's Admin API, to read what is parked because only the shop can tell. Else it stays parked."""
    webhook_secrets: tuple[SecretStr, ...] = ()
    """Secrets that sign this shop's webhooks, beside `edge.shopify_secrets`: app secret, admin secret, old ones."""
    sales_authority: Literal["shopify", "quickbooks"] | None = None
    """Where two sources feed one ERP entity: whose sales count. Only `shopify` can be carried out so far."""
    gate: Gate = Gate.PAID
    """From which state on an order is exported: `paid`, `authorized` or `created`."""
    admit_test: bool = False
    """Whether test orders are posted."""
    channels: frozenset[str] = frozenset()
    """Only orders of these channels (`source_name`); all where empty."""
    excluded_tags: frozenset[str] = frozenset()
    """Orders with one of these tags are skipped."""
    only_locations: frozenset[str] = frozenset()
    """Only orders of these shop locations; all where empty."""
    drift: Literal["alert", "accept"] = "alert"
    """What people change in the ERP: `alert` holds the document until somebody accepts, `accept` takes it for right."""
    targets: TargetSettings = TargetSettings()
    """Where each part of a sale goes."""
    tenders: dict[str, Tender] = Field(default_factory=dict)
    """Gateway to the ERP's payment method: `shopify_payments: external`, `gift_card: credit`."""
    skus: dict[str, str] = Field(default_factory=dict)
    """The shop's SKU to the ERP's, where they differ."""
    locations: dict[str, str] = Field(default_factory=dict)
    """The shop's location id to the ERP's."""
    pick_up: Address | None = None
    """Address of orders that have none: point of sale, pick-up, digital goods. The ERP confirms none without."""
    transactions_grace_s: float = Field(default=900.0, ge=0)
    """A paid order may wait so long for its transactions before it is parked."""
    closed_before: date | None = None
    """First open day of the books."""
    closed_period: ClosedPeriod = ClosedPeriod.PARK
    """Cash dated before `closed_before`: `park`, or `first_open_day` with the true date in the notes."""
    cents_for_other_units: bool = False
    """Whether the refund call, documented in cents, may be used for currencies without two decimals."""

    @property
    def went_live(self) -> datetime:
        """`go_live` as an instant; a day begins at midnight in the tenant's zone."""
        if isinstance(self.go_live, datetime):
            return self.go_live.astimezone(UTC)
        return datetime.combine(self.go_live, time(), ZoneInfo(self.time_zone)).astimezone(UTC)
