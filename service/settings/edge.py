"""Webhooks in: who may send, how much, and onto which topic it goes."""

from __future__ import annotations

from pydantic import Field, SecretStr

from service.settings.section import Section


class EdgeSettings(Section):
    """The webhook edge. An endpoint without a secret is closed."""

    shopify_secrets: tuple[SecretStr, ...] = ()
    """Secrets that prove a webhook of any shop: the app's secret, the admin's, and old ones while they are rotated."""
    quickbooks_secrets: tuple[SecretStr, ...] = ()
    """Verifier tokens that prove a webhook of QuickBooks; one app signs for all its realms."""
    shopify_topic: str = ""
    """Topic for Shopify's webhooks; the first of `kafka.topics` where empty."""
    quickbooks_topic: str = ""
    """Topic for QuickBooks' webhooks; the first of `kafka.topics` where empty."""
    max_body_bytes: int = Field(default=2_097_152, ge=1_024)
    """Largest body that is taken; Shopify's have up to 1 MB. A larger one is answered with 413."""
    max_held_bytes: int = Field(default=67_108_864, ge=1_048_576)
    """Most bytes of bodies that are held at once; beyond it webhooks are answered with 503 and come again."""
    read_s: float = Field(default=5.0, gt=0, le=60)
    """A body has to be there within this time; else it is answered with 408."""
    kafka_s: float = Field(default=2.0, gt=0, le=60)
    """Kafka has to have taken a record within this time; else 503. Shopify waits 5 s for an answer, Intuit 3 s."""
    linger_ms: int = Field(default=5, ge=0, le=1_000)
    """How long records wait for others so that they go to Kafka together."""
    rest_s: float = Field(default=0.5, gt=0, le=60)
    """After Kafka did not answer, webhooks are answered with 503 at once for this long, and then one tries again."""
