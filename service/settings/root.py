"""All settings of one installation."""

from __future__ import annotations

from pydantic import Field

from service.settings.digest import DigestSettings
from service.settings.edge import EdgeSettings
from service.settings.erp import ErpSettings
from service.settings.kafka import KafkaSettings
from service.settings.process import HttpSettings, IntakeSettings, LedgerSettings, LoggingSettings
from service.settings.section import Section
from service.settings.shopify import ShopifySettings
from service.settings.tenant import TenantKey, TenantSettings


class Settings(Section):
    """Everything that can be set. Environment over file; see `load`."""

    kafka: KafkaSettings = KafkaSettings()
    """Where events come from."""
    ledger: LedgerSettings = LedgerSettings()
    """Where state is kept."""
    erp: ErpSettings = ErpSettings()
    """Where documents go."""
    shopify: ShopifySettings = ShopifySettings()
    """How Shopify's shops are read."""
    intake: IntakeSettings = IntakeSettings()
    """How much is worked on at once."""
    http: HttpSettings = HttpSettings()
    """Health, metrics and the admin API."""
    edge: EdgeSettings = EdgeSettings()
    """Webhooks in."""
    logging: LoggingSettings = LoggingSettings()
    """The log."""
    digest: DigestSettings = DigestSettings()
    """When and how people are told what is parked."""
    tenants: dict[TenantKey, TenantSettings] = Field(default_factory=dict)
    """The shops, by `source/tenant`, for example `shopify/acme.myshopify.com`."""

    def tenant(self, external_source: str, tenant: str) -> TenantSettings | None:
        """Return what a tenant said, None for one that nobody set up."""
        return self.tenants.get(f"{external_source}/{tenant}")
