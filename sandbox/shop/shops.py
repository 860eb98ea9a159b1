"""The tenants: shops in currencies with 0, 2 and 3 decimals, half of which ship themselves."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

Component = Literal["goods", "shipping", "tax", "tips", "gift_cards", "duties", "fees", "discount", "rounding"]
GO_LIVE = datetime(2026, 9, 1, tzinfo=UTC)
GRACE_SECONDS = 5  # how long a paid order waits for its transactions in the demo; 900 in real life
PICK_UP_TITLE = "Local pickup"

# The service products on accounts that a bookkeeper chose (books 8), one ERP product each.
_SERVICES = {
    "tax": "SVC-TAX",
    "marketplace_tax": "SVC-MARKETPLACE-TAX",
    "tips": "SVC-TIPS",
    "gift_cards": "SVC-GIFT-CARDS",
    "shipping": "SVC-SHIPPING",
    "duties": "SVC-DUTIES",
    "fees": "SVC-FEES",
    "custom": "SVC-CUSTOM",
}
SERVICE_SKUS = tuple(_SERVICES.values())
_TENDERS = {
    "shopify_payments": "external",
    "paypal": "external",
    "manual": "wire",
    "cash": "cash",
    "gift_card": "credit",  # a liability used up, never external money
}
UNMAPPED_GATEWAY = "klarna"


def _targets(**changes: str | None) -> dict[str, str]:
    wanted = {name: f"sku:{sku}" for name, sku in _SERVICES.items()} | {"rounding": "fee:Cash rounding"} | changes
    return {name: target for name, target in wanted.items() if target is not None}


@dataclass(frozen=True, slots=True)
class Shop:
    """One tenant: a shop, the ERP entity that books it, and what its policy says."""

    code: str
    """The ERP entity's code."""
    domain: str
    currency: str
    fulfilment: Literal["erp", "shop"]
    zone: str
    country: str
    tax_rate: Decimal
    typical: Decimal
    """A usual unit price."""
    taxes_included: bool = False
    targets: dict[str, str] = field(default_factory=_targets)
    tenders: dict[str, str] = field(default_factory=lambda: dict(_TENDERS))
    presentment: tuple[str, Decimal] | None = None
    """A second currency that buyers see, and its rate."""
    coin: Decimal | None = None
    """The smallest coin, where cash is rounded to it."""

    @property
    def ships_itself(self) -> bool:
        """Whether an invoice is posted once the shop says fulfilled."""
        return self.fulfilment == "shop"


SHOPS = (
    Shop(
        "aurora",
        "aurora-outdoor.myshopify.com",
        "USD",
        "erp",
        "America/New_York",
        "US",
        Decimal("0.0725"),
        Decimal(40),
    ),
    Shop(
        "bohne",
        "bohne-berlin.myshopify.com",
        "EUR",
        "erp",
        "Europe/Berlin",
        "DE",
        Decimal("0.19"),
        Decimal(25),
        taxes_included=True,
        presentment=("GBP", Decimal("0.8783")),
    ),
    Shop(
        "camden",
        "camden-books.myshopify.com",
        "GBP",
        "shop",
        "Europe/London",
        "GB",
        Decimal("0.20"),
        Decimal(18),
        taxes_included=True,
        targets=_targets(shipping="fee:Shipping"),
    ),
    Shop("kyoto", "kyoto-paper.myshopify.com", "JPY", "shop", "Asia/Tokyo", "JP", Decimal("0.10"), Decimal(2400)),
    Shop(
        "kuwait",
        "kuwait-oud.myshopify.com",
        "KWD",
        "erp",
        "Asia/Kuwait",
        "KW",
        Decimal("0.05"),
        Decimal(12),
        targets=_targets(duties=None),
    ),
    Shop(
        "toronto",
        "toronto-tea.myshopify.com",
        "CAD",
        "shop",
        "America/Toronto",
        "CA",
        Decimal("0.13"),
        Decimal(15),
        coin=Decimal("0.05"),
    ),
)
BY_DOMAIN = {shop.domain: shop for shop in SHOPS}
