"""The settings of one installation, and the only reader of the environment."""

from service.settings.dangers import dangers
from service.settings.edge import EdgeSettings
from service.settings.erp import ErpSettings
from service.settings.finding import Finding, Level, SettingsError
from service.settings.kafka import KafkaSettings
from service.settings.load import load
from service.settings.process import HttpSettings, IntakeSettings, LedgerSettings, LoggingSettings
from service.settings.root import Settings
from service.settings.shopify import ShopifySettings
from service.settings.tenant import TargetSettings, TenantSettings

__all__ = [
    "EdgeSettings",
    "ErpSettings",
    "Finding",
    "HttpSettings",
    "IntakeSettings",
    "KafkaSettings",
    "LedgerSettings",
    "Level",
    "LoggingSettings",
    "Settings",
    "SettingsError",
    "ShopifySettings",
    "TargetSettings",
    "TenantSettings",
    "dangers",
    "load",
]
