"""From settings to parts: each function reads one section and builds what speaks to that neighbour."""

from __future__ import annotations

import os
import re
import socket
import uuid
from functools import cache
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from connectors.shopify.reader import Pages
from schemas.money import minor_units
from service.api.webhooks.vendors import Arcus as ArcusEvents
from service.api.webhooks.vendors import QuickBooks, Shopify, Vendor
from service.erp.arcus.adapter import Arcus
from service.erp.arcus.client import Client
from service.erp.arcus.endpoints import Endpoints
from service.erp.arcus.settings import AccountName, ArcusSettings, ExtraTag, PathStyle, PaymentRoute, WebhookPath
from service.http.breaker import Breaker
from service.http.budget import SharedBudget, fingerprint
from service.http.concurrency import Concurrency, Room
from service.http.courier import Courier, Meter
from service.http.limiter import RateLimiter
from service.http.transport import Transport
from service.http.window import Tier
from service.intake.connection import Connection, Sasl, Tls
from service.intake.consumer_settings import ConsumerSettings, WindowLimits
from service.intake.tokens import ClientCredentials, TokenFile
from service.plan.policy import Policy, Targets
from service.ports import Clock
from service.settings import ErpSettings, KafkaSettings, Settings
from service.settings.secrets import plain
from service.shop.shopify import ShopifySettings, ShopifyShop

_TIERS = {"test": (60, 10), "standard": (300, 50), "elevated": (1200, 100), "unlimited": (None, None)}


def owner() -> str:
    """Name this process for its leases: readable, and never the same twice."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def connection(kafka: KafkaSettings) -> Connection:
    """How to reach the brokers."""
    tls = None
    if kafka.security_protocol.endswith("SSL"):
        tls = Tls(
            ca_file=_text(kafka.ssl_ca_file),
            certificate=_text(kafka.ssl_certificate_file),
            key=_text(kafka.ssl_key_file),
            key_password=kafka.ssl_key_password.get_secret_value() if kafka.ssl_key_password else None,
            check_hostname=kafka.ssl_check_hostname,
        )
    sasl = None
    if kafka.sasl_mechanism is not None:
        sasl = Sasl(
            mechanism=kafka.sasl_mechanism,
            user=kafka.sasl_username or "",
            password=kafka.sasl_password.get_secret_value() if kafka.sasl_password else "",
            tokens=_tokens(kafka),
        )
    return Connection(
        bootstrap=kafka.bootstrap_servers,
        client_id=kafka.client_id,
        tls=tls,
        sasl=sasl,
        allow_plain_text_secrets=kafka.sasl_allow_plain_text,
    )


def _tokens(kafka: KafkaSettings) -> TokenFile | ClientCredentials | None:
    if kafka.sasl_oauth_token_file is not None:
        return TokenFile(str(kafka.sasl_oauth_token_file))
    if kafka.sasl_oauth_url is None or kafka.sasl_oauth_client_secret is None:
        return None
    return ClientCredentials(
        url=kafka.sasl_oauth_url,
        client_id=kafka.sasl_oauth_client_id or "",
        secret=kafka.sasl_oauth_client_secret.get_secret_value(),
        scope=kafka.sasl_oauth_scope or "",
    )


def consumer(settings: Settings, *, rewind_s: float = 0.0) -> ConsumerSettings:
    """How the group is read; `rewind_s` back from now after the ledger's history changed (correctness 18)."""
    kafka = settings.kafka
    besides = [name for name in (kafka.replay_topic, erp_events_topic(settings)) if name]
    topics = frozenset() if kafka.pattern else frozenset({*kafka.topics, *besides})
    pattern = kafka.pattern
    if pattern:
        # Last and without a group, so that flags at the start of the pattern stay at the start.
        pattern = "|".join([pattern, *(f"{re.escape(name)}$" for name in besides)])
    return ConsumerSettings(
        connection=connection(kafka),
        group=kafka.group_id,
        topics=topics,
        pattern=pattern,
        replay_topics=frozenset({kafka.replay_topic}),
        dead_letter_topic=kafka.dead_letter_topic,
        session_timeout_s=kafka.session_timeout_ms / 1000,
        rebalance_timeout_s=kafka.rebalance_timeout_ms / 1000,
        drain_s=settings.intake.drain_s,
        call_deadline_s=settings.erp.call_deadline_s,
        max_partition_fetch_bytes=kafka.max_partition_fetch_bytes,
        fetch_max_bytes=kafka.fetch_max_bytes,
        rewind_s=rewind_s,
        accept_gaps=kafka.accept_gaps,
    )


def erp_events_topic(settings: Settings) -> str:
    """Name the topic of the ERP's events; empty where none are delivered."""
    return settings.kafka.erp_events_topic if settings.erp.webhook_url else ""


def window(settings: Settings) -> WindowLimits:
    """How much is under way at once."""
    intake = settings.intake
    return WindowLimits(
        in_flight=intake.max_in_flight,
        coalesce=intake.coalesce,
        records=intake.window_records,
        bytes=intake.window_bytes,
        total_bytes=intake.window_bytes,
        stall_s=intake.stall_s,
    )


def policies(settings: Settings) -> dict[tuple[str, str], Policy]:
    """What each tenant's settings say; people's tables come on top."""
    found = {}
    for name, tenant in settings.tenants.items():
        source, _, shop = name.partition("/")
        found[source, shop] = Policy(
            external_source=source,
            tenant=shop,
            go_live=tenant.went_live,
            fulfilment=tenant.fulfilment,
            entity_currency=tenant.entity_currency,
            time_zone=tenant.time_zone,
            gate=tenant.gate,
            admit_test=tenant.admit_test,
            channels=tenant.channels,
            excluded_tags=tenant.excluded_tags,
            only_locations=tenant.only_locations,
            targets=Targets(**tenant.targets.model_dump()),
            tenders=tenant.tenders,
            skus=tenant.skus,
            locations=tenant.locations,
            pick_up=tenant.pick_up,
            transactions_grace_s=tenant.transactions_grace_s,
            closed_before=tenant.closed_before,
            closed_period=tenant.closed_period,
            cents_for_other_units=tenant.cents_for_other_units,
        )
    return found


def vendors(settings: Settings) -> tuple[Vendor, ...]:
    """Who may send webhooks."""
    given, tenants = settings.edge, settings.tenants.items()
    first = settings.kafka.topics[0] if settings.kafka.topics else ""
    of = {name: plain(tenant.webhook_secrets) for name, tenant in tenants}
    shops = {name.removeprefix("shopify/"): held for name, held in of.items() if name.startswith("shopify/")}
    realms = [held for name, held in of.items() if name.startswith("quickbooks/")]
    return (
        Shopify(topic=given.shopify_topic or first, secrets=plain(given.shopify_secrets), of_shop=shops),
        QuickBooks(
            topic=given.quickbooks_topic or first,
            tokens=(*plain(given.quickbooks_secrets), *(token for held in realms for token in held)),
        ),
        ArcusEvents(
            topic=settings.kafka.erp_events_topic,
            of_key={name: plain(held) for name, held in settings.erp.webhook_secrets.items()},
            tolerance_s=settings.erp.webhook_tolerance_s,
        ),
    )


class Zones:
    """The time zone of each tenant's books."""

    def __init__(self, settings: Settings) -> None:
        self._names = {name: tenant.time_zone for name, tenant in settings.tenants.items()}

    def __call__(self, external_source: str, tenant: str) -> ZoneInfo | None:
        """Return a tenant's zone; None for one that nobody set up."""
        name = self._names.get(f"{external_source}/{tenant}")
        return None if name is None else _zone(name)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def tier(erp: ErpSettings) -> Tier:
    """What one API key may do."""
    per_minute, per_second = _TIERS[erp.tier]
    return Tier(per_window=erp.per_minute or per_minute, per_burst=erp.per_second or per_second)


class Erps:
    """One adapter for each API key; they share connections, room and breaker."""

    def __init__(self, settings: Settings, *, clock: Clock, meter: Meter, shared: SharedBudget | None) -> None:
        erp = settings.erp
        self._tenants = {name: tenant.api_key for name, tenant in settings.tenants.items()}
        currencies = {tenant.api_key: tenant.entity_currency for tenant in settings.tenants.values()}
        self.transport = Transport(connections=erp.max_in_flight + 16)
        self.room = Room(concurrency=Concurrency(ceiling=erp.max_in_flight))
        self.breaker = Breaker(ratio=erp.breaker_threshold, calls=erp.breaker_window, open_s=erp.breaker_pause_s)
        self.limiters: dict[str, RateLimiter] = {}
        self._arcus: dict[str, Arcus] = {}
        self._couriers: list[Courier] = []
        self.endpoints: dict[str, Endpoints] = {}
        """Where each entity sends its events to, by the name of its key."""
        for name, currency in currencies.items():
            key = erp.api_keys[name]
            limiter = RateLimiter(
                budget=fingerprint(key.get_secret_value()),
                tier=tier(erp),
                room=self.room,
                shared=shared,
                recovery_share=erp.recovery_share,
            )
            courier = Courier(
                transport=self.transport, limiter=limiter, room=self.room, breaker=self.breaker, meter=meter
            )
            self.limiters[name] = limiter
            self._couriers.append(courier)
            arcus_settings = _arcus(settings, name, currency)
            self._arcus[name] = Arcus(settings=arcus_settings, courier=courier, clock=clock)
            self.endpoints[name] = Endpoints(client=Client(settings=arcus_settings, courier=courier))

    def of(self, external_source: str, tenant: str) -> Arcus:
        """Return the adapter of a tenant that is in the settings."""
        return self._arcus[self._tenants[f"{external_source}/{tenant}"]]

    def of_known(self, external_source: str, tenant: str) -> Arcus | None:
        """Return the adapter of a tenant; None for one that is not in the settings."""
        name = self._tenants.get(f"{external_source}/{tenant}")
        return None if name is None else self._arcus[name]

    def each(self) -> list[tuple[str, Arcus]]:
        """Every adapter by the name of its key."""
        return list(self._arcus.items())

    def leave(self) -> None:
        """Let no further call begin, so that those under way can end in time."""
        for courier in self._couriers:
            courier.leave()

    async def aclose(self) -> None:
        """Close the connections."""
        await self.transport.aclose()


class Shops:
    """One reader for each shop with a token; they share connections, and each has its points and its breaker."""

    def __init__(self, settings: Settings, *, clock: Clock, meter: Meter) -> None:
        self._transport = Transport(connections=_SHOP_CONNECTIONS)
        self._couriers: list[Courier] = []
        self._shops: dict[tuple[str, str], ShopifyShop] = {}
        zones = Zones(settings)
        for name, tenant in settings.tenants.items():
            source, _, shop = name.partition("/")
            if tenant.shop_token is None:
                continue
            room = Room(concurrency=Concurrency(ceiling=_SHOP_CONNECTIONS))
            courier = Courier(
                transport=self._transport,
                limiter=RateLimiter(budget=name, tier=_NO_LIMIT, room=room),  # a 429 pauses it; the rest is points
                room=room,
                breaker=Breaker(unreachable=_SHOP_UNREACHABLE),
                meter=meter,
            )
            self._couriers.append(courier)
            asked = _shopify(settings, shop, tenant.shop_token, zones(source, shop))
            self._shops[source, shop] = ShopifyShop(asked, courier, clock)

    def of(self, external_source: str, tenant: str) -> ShopifyShop | None:
        """Return the reader of a tenant; None where it has no token."""
        return self._shops.get((external_source, tenant))

    def each(self) -> list[tuple[str, ShopifyShop]]:
        """Every reader by its tenant."""
        return [(f"{source}/{tenant}", shop) for (source, tenant), shop in self._shops.items()]

    def leave(self) -> None:
        """Let no further call begin."""
        for courier in self._couriers:
            courier.leave()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


_NO_LIMIT = Tier(per_window=None, per_burst=None)
_SHOP_CONNECTIONS = 16
_SHOP_UNREACHABLE = 5  # in a row: one order is read by several calls, and nobody waits for them


def _shopify(settings: Settings, shop: str, token: SecretStr, zone: ZoneInfo | None) -> ShopifySettings:
    given = settings.shopify
    return ShopifySettings(
        tenant=shop,
        url=f"{given.base_url.replace('{shop}', shop)}/admin/api/{given.api_version}/graphql.json",
        token=token,
        api_version=given.api_version,
        zone=zone,
        pages=Pages(
            lines=given.lines_page,
            charges=given.charges_page,
            refund_parts=given.refund_page,
            transactions=given.transactions_page,
            refunds=given.refunds_page,
        ),
        call_deadline_s=given.call_deadline_s,
    )


def _arcus(settings: Settings, name: str, currency: str) -> ArcusSettings:
    erp = settings.erp
    trusted = [t.entity_currency for t in settings.tenants.values() if t.api_key == name and t.cents_for_other_units]
    units = frozenset({2, *(minor_units(code) for code in trusted)})
    return ArcusSettings(
        base_url=erp.base_url,
        api_key=erp.api_keys[name],
        currency=currency,
        entity_id=erp.entity_ids.get(name, ""),
        path_style=PathStyle(erp.path_style),
        version=erp.api_version,
        tags=frozenset(ExtraTag(tag) for tag in erp.tags),
        payment_route=PaymentRoute(erp.payment_route),
        account_name_field=AccountName(erp.account_name_field),
        account_search_param=erp.account_search,
        sku_filter=erp.product_sku_filter is not None,
        return_needs_confirm=erp.return_needs_confirm,
        call_deadline_s=erp.call_deadline_s,
        idempotency_window_s=erp.idempotency_window_s,
        idempotency_margin_s=erp.idempotency_margin_s,
        settle_horizon_s=erp.settle_horizon_s,
        product_refresh_s=erp.product_refresh_s,
        refund_minor_units=units,
        payment_term_id=erp.payment_term_id,
        activity_path=erp.activity_path,
        webhook_path=WebhookPath(erp.webhook_path),
        webhook_scope=erp.webhook_scope,
        webhook_events=erp.webhook_events,
        order_date_field=erp.order_date_field,
    )


def _text(path: object) -> str | None:
    return None if path is None else str(path)
