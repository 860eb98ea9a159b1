from __future__ import annotations

import re
from typing import Any

import pytest

from service.bootstrap import parts
from service.intake.consumer_settings import ConsumerSettings
from service.settings import Level, Settings, dangers

TENANT: dict[str, Any] = {
    "go_live": "2024-01-01",
    "fulfilment": "erp",
    "entity_currency": "USD",
    "time_zone": "UTC",
    "api_key": "a",
    "targets": {"tax": "sku:TAX", "tips": "sku:TIPS", "gift_cards": "sku:GIFT"},
}
SAFE: dict[str, Any] = {
    "erp": {"api_keys": {"a": "ark_live_ent_a", "b": "ark_live_ent_b"}, "payment_term_id": "due-at-once"},
    "tenants": {"shopify/a.myshopify.com": TENANT},
}


def changed(base: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    head, _, rest = path.partition(">")
    return {**base, head: changed(base.get(head, {}), rest, value) if rest else value}


def given(*changes: tuple[str, object]) -> Settings:
    tree = SAFE
    for path, value in changes:
        tree = changed(tree, path, value)
    return Settings.model_validate(tree)


def found(*changes: tuple[str, object]) -> list[str]:
    return [f"{finding.level} {finding}" for finding in dangers(given(*changes))]


def test_safe_settings_have_no_findings() -> None:
    assert found() == []


LOCAL = ("erp>base_url", "http://127.0.0.1:9/v1")
TEST_KEYS = ("erp>api_keys", {"a": "ark_test_ent_a"})
WEBHOOK = ("erp>webhook_url", "https://ferry.example/webhooks/arcus")
A = "tenants>shopify/a.myshopify.com"

SECRET = "0123456789abcdef0123456789abcdef"

PLAIN: list[tuple[str, object]] = [
    ("kafka>security_protocol", "SASL_PLAINTEXT"),
    ("kafka>sasl_mechanism", "PLAIN"),
    ("kafka>sasl_username", "u"),
    ("kafka>sasl_password", "p"),
]

REFUSED: list[tuple[list[tuple[str, object]], str, str]] = [
    ([("erp>call_deadline_s", 40), ("ledger>lease_seconds", 40)], "erp.call_deadline_s", "at least 45"),
    ([("erp>call_deadline_s", 45)], "intake.drain_s", "above 45"),
    ([("erp>idempotency_margin_s", 5)], "erp.idempotency_margin_s", "at least 30"),
    ([("erp>idempotency_window_s", 60), ("erp>idempotency_margin_s", 60)], "erp.idempotency_window_s", "86400"),
    ([("kafka>rebalance_timeout_ms", 45_000)], "kafka.rebalance_timeout_ms", "at least 60000"),
    ([("kafka>rebalance_timeout_ms", 59_999)], "kafka.rebalance_timeout_ms", "at least 60000"),
    ([("kafka>fetch_max_bytes", 1_000_000)], "kafka.fetch_max_bytes", "at least"),
    ([("kafka>pattern", "shop.*")], "kafka.topics", "both given"),
    ([("kafka>topics", [])], "kafka.topics", "neither"),
    ([("kafka>replay_topic", "x"), ("kafka>dead_letter_topic", "x")], "kafka.replay_topic", "different names"),
    ([("kafka>topics", ["orderferry.dead-letters"])], "kafka.topics", "for ever"),
    ([("kafka>topics", ["orderferry.replay"])], "kafka.topics", "leave it out"),
    ([("kafka>topics", []), ("kafka>pattern", "orderferry.*")], "kafka.topics", "for ever"),
    ([("kafka>topics", []), ("kafka>pattern", "(")], "kafka.pattern", "no regular expression"),
    ([WEBHOOK, ("kafka>erp_events_topic", "orderferry.shopify")], "kafka.erp_events_topic", "its own name"),
    ([WEBHOOK, ("kafka>topics", []), ("kafka>pattern", "erp.*")], "kafka.erp_events_topic", "its own name"),
    ([("kafka>security_protocol", "SASL_SSL")], "kafka.sasl_mechanism", "both"),
    ([("kafka>sasl_mechanism", "PLAIN")], "kafka.sasl_mechanism", "both"),
    ([("kafka>security_protocol", "SASL_SSL"), ("kafka>sasl_mechanism", "PLAIN")], "kafka.sasl_username", "password"),
    (
        [("kafka>security_protocol", "SASL_SSL"), ("kafka>sasl_mechanism", "OAUTHBEARER")],
        "kafka.sasl_oauth_url",
        "sasl_oauth_token_file",
    ),
    (PLAIN, "kafka.security_protocol", "sasl_allow_plain_text: true"),
    (
        [
            ("kafka>security_protocol", "SASL_PLAINTEXT"),
            ("kafka>sasl_mechanism", "OAUTHBEARER"),
            ("kafka>sasl_oauth_token_file", "/token"),
        ],
        "kafka.security_protocol",
        "sasl_allow_plain_text: true",
    ),
    ([("kafka>ssl_key_file", "/key.pem")], "kafka.ssl_key_file", "ssl_certificate_file"),
    ([("intake>window_records", 100)], "intake.window_records", "at least 128"),
    ([("intake>window_bytes", 1_048_576)], "intake.window_bytes", "at least 2097152"),
    ([("erp>base_url", "http://api.arcuserp.com/v1")], "erp.base_url", "https"),
    ([("erp>tier", "unlimited")], "erp.tier", "429"),
    ([("erp>path_style", "entity")], "erp.entity_ids", "a, b"),
    ([("erp>api_keys", {"a": "ark_live_x", "b": "ark_test_x"})], "erp.api_keys", "b is test"),
    ([TEST_KEYS], "erp.tier", "tier `test`"),
    ([("erp>tier", "test")], "erp.tier", "fall behind"),
    ([("ledger>url", "mysql://x")], "ledger.url", "not supported"),
    ([("ledger>url", "sqlite+aiosqlite:///:memory:")], "ledger.url", "forgets"),
    ([("ledger>url", "sqlite+aiosqlite://")], "ledger.url", "forgets"),
    ([("tenants", {})], "tenants", "no tenant"),
    ([(f"{A}>targets>tax", None)], "targets.tax", "become income"),
    ([(f"{A}>targets>tips", None)], "targets.tips", "staff"),
    ([(f"{A}>targets>gift_cards", None)], "targets.gift_cards", "liability"),
    (
        [("erp>payment_route", "order_payment"), (f"{A}>closed_before", "2026-04-01")],
        "closed_before",
        "multi_invoice_apply",
    ),
    ([(f"{A}>api_key", "c")], "api_key", "ORDERFERRY_ERP__API_KEYS__C"),
    ([("tenants>quickbooks/1234", TENANT)], "sales_authority", "booked twice"),
    (
        [("tenants>quickbooks/1234", {**TENANT, "sales_authority": "quickbooks"}), (f"{A}>sales_authority", "shopify")],
        "sales_authority",
        "booked twice",
    ),
    (
        [
            ("tenants>quickbooks/1234", {**TENANT, "sales_authority": "shopify", "shop_token": "t"}),
            (f"{A}>sales_authority", "shopify"),
        ],
        "shop_token",
        "only Shopify's shops can be read",
    ),
    ([(f"{A}>shop_token", "t"), ("shopify>base_url", "http://{shop}")], "shopify.base_url", "https://"),
    (
        [
            (f"{A}>shop_token", "t"),
            ("tenants>shopify/b.com", {**TENANT, "shop_token": "u"}),
            ("shopify>base_url", "https://a.com"),
        ],
        "shopify.base_url",
        "https://{shop}",
    ),
    ([(f"{A}>sales_authority", "quickbooks")], "sales_authority", "sales_authority: shopify"),
    ([("tenants>shopify/b.com", {**TENANT, "entity_currency": "EUR"})], "entity_currency", "another entity"),
    ([("edge>shopify_topic", "other")], "edge.shopify_topic", "never booked"),
    ([("edge>quickbooks_topic", "other")], "edge.quickbooks_topic", "never booked"),
    (
        [("kafka>topics", []), ("kafka>pattern", "^shop"), ("edge>shopify_secrets", [SECRET])],
        "edge.shopify_topic",
        "no single topic",
    ),
    (
        [("kafka>topics", []), ("kafka>pattern", "^shop"), (f"{A}>webhook_secrets", [SECRET])],
        "edge.shopify_topic",
        "no single topic",
    ),
    ([("kafka>erp_events_topic", "orderferry.shopify")], "kafka.erp_events_topic", "dead letter"),
    ([("kafka>erp_events_topic", "orderferry.replay")], "kafka.erp_events_topic", "dead letter"),
    ([("edge>max_body_bytes", 2_500_000)], "edge.max_body_bytes", "at least 2762144"),
    ([("intake>max_record_bytes", 1_000_000)], "edge.max_body_bytes", "dead letter of everything"),
    ([("edge>max_held_bytes", 1_048_576)], "edge.max_held_bytes", "never be taken"),
    ([("edge>shopify_secrets", ["short"])], "edge.shopify_secrets", "guesses"),
    ([("http>admin_tokens", ["short"])], "http.admin_tokens", "openssl"),
    ([(f"{A}>webhook_secrets", ["short"])], "webhook_secrets", "guesses"),
    ([("erp>webhook_secrets", {"c": [SECRET]})], "erp.webhook_secrets.c", "no key named c"),
    ([("kafka>min_insync_replicas", 4)], "kafka.min_insync_replicas", "nothing could be written"),
]


@pytest.mark.parametrize(("changes", "subject", "words"), REFUSED)
def test_a_dangerous_combination_is_refused_with_its_fix(
    changes: list[tuple[str, object]], subject: str, words: str
) -> None:
    mine = [line for line in found(*changes) if line.startswith("refuse") and subject in line and words in line]
    assert mine, found(*changes)
    assert "Fix: " in mine[0]


WARNED: list[tuple[list[tuple[str, object]], str]] = [
    ([("kafka>security_protocol", "SSL"), ("kafka>ssl_check_hostname", False)], "pose as the broker"),
    (
        [("kafka>bootstrap_servers", "kafka.example.com:9092"), *PLAIN, ("kafka>sasl_allow_plain_text", True)],
        "unencrypted",
    ),
    ([("intake>window_bytes", 1_000_000_000)], "MiB of records"),
    ([("erp>payment_term_id", "")], "Net 30"),
    ([(f"{A}>admit_test", True)], "live books"),
    ([("edge>quickbooks_secrets", [""])], "opens nothing"),
    ([("kafka>min_insync_replicas", 3)], "stops every write"),
]


@pytest.mark.parametrize(("changes", "words"), WARNED)
def test_a_doubtful_combination_is_a_warning_only(changes: list[tuple[str, object]], words: str) -> None:
    lines = found(*changes)
    assert len(lines) == 1
    assert lines[0].startswith(Level.WARN)
    assert words in lines[0]


@pytest.mark.parametrize(
    "changes",
    [
        [LOCAL, TEST_KEYS, ("erp>tier", "elevated")],
        [LOCAL, TEST_KEYS, ("erp>tier", "unlimited")],
        [("erp>base_url", "http://localhost:8000/v1"), TEST_KEYS],
        [("kafka>topics", []), ("kafka>pattern", "^shop\\..*")],
        [("kafka>topics", []), ("kafka>pattern", "orderferry\\.(shopify|replay)$")],
        [("kafka>rebalance_timeout_ms", 60_000)],
        [("kafka>replication", 1), ("kafka>min_insync_replicas", 1)],
        [("edge>shopify_secrets", [SECRET]), ("erp>webhook_secrets", {"a": [SECRET, SECRET]})],
        [
            ("kafka>topics", []),
            ("kafka>pattern", "^shop"),
            ("edge>shopify_secrets", [SECRET]),
            ("edge>shopify_topic", "shop.a"),
            ("edge>quickbooks_topic", "shop.b"),
        ],
        [*PLAIN, ("kafka>sasl_allow_plain_text", True)],
        [*PLAIN, ("kafka>sasl_mechanism", "SCRAM-SHA-256")],
        [("erp>payment_route", "order_payment")],
        [(f"{A}>closed_before", "2026-04-01"), (f"{A}>closed_period", "first_open_day")],
        [
            ("kafka>security_protocol", "SASL_SSL"),
            ("kafka>sasl_mechanism", "OAUTHBEARER"),
            ("kafka>sasl_oauth_token_file", "/token"),
        ],
        [("tenants>shopify/b.com", {**TENANT, "api_key": "b", "entity_currency": "EUR"})],
        [(f"{A}>shop_token", "t"), ("shopify>base_url", "http://127.0.0.1:9/shops/{shop}")],
        [("shopify>base_url", "http://shops.example")],
        [
            ("tenants>quickbooks/1234", {**TENANT, "sales_authority": "shopify"}),
            (f"{A}>sales_authority", "shopify"),
        ],
    ],
)
def test_what_is_safe_is_let_through_and_can_be_started(changes: list[tuple[str, object]]) -> None:
    assert found(*changes) == []
    assert parts.consumer(given(*changes)).problems() == []


def consumed(pattern: str, replay: str = "orderferry.replay") -> ConsumerSettings:
    return parts.consumer(given(("kafka>topics", []), ("kafka>pattern", pattern), ("kafka>replay_topic", replay)))


@pytest.mark.parametrize("pattern", ["shop", r"^shop\..*", "a|shop", "(?i)SHOP"])
def test_the_replay_topic_is_read_beside_a_pattern(pattern: str) -> None:
    consumer = consumed(pattern)
    assert consumer.replay_topics == {"orderferry.replay"}
    assert consumer.topics == frozenset()
    read = {
        name
        for name in ("shop.events", "orderferry.replay", "orderferryXreplay", "orderferry.replay2", "other")
        if re.match(consumer.pattern or "", name)
    }
    assert read == {"shop.events", "orderferry.replay"}


def test_the_erps_events_are_read_where_they_are_delivered() -> None:
    assert "erp.events" not in parts.consumer(given()).topics
    assert parts.consumer(given(WEBHOOK)).topics == {"orderferry.shopify", "orderferry.replay", "erp.events"}
    beside = parts.consumer(given(WEBHOOK, ("kafka>topics", []), ("kafka>pattern", "shop"))).pattern
    assert beside is not None
    assert [bool(re.match(beside, name)) for name in ("erp.events", "erp.eventsx", "shop.b")] == [True, False, True]


def test_without_a_replay_topic_the_pattern_stays_as_it_is() -> None:
    assert consumed("shop", "").pattern == "shop"


def test_only_the_parameter_that_is_sent_can_be_chosen() -> None:
    assert given(("erp>product_sku_filter", "sku")).erp.product_sku_filter == "sku"
    with pytest.raises(ValueError, match="product_sku_filter"):
        given(("erp>product_sku_filter", "barcode"))


HOOK = ("digest>webhook_url", "https://x.example/hook")
MAIL: list[tuple[str, object]] = [
    ("digest>smtp_host", "mail.x.example"),
    ("digest>mail_from", "a@x.example"),
    ("digest>mail_to", ["b@x.example"]),
    ("digest>at", ["08:00"]),
]


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ([HOOK, ("digest>at", ["08:00"]), ("digest>every_h", 4)], "digest.at"),
        ([HOOK], "digest.at"),
        ([("digest>every_h", 4)], "digest.webhook_url"),
        ([("digest>webhook_secret", "s")], "digest.webhook_secret"),
        ([*MAIL, ("digest>mail_to", [])], "digest.mail_to"),
        ([*MAIL, ("digest>smtp_username", "u"), ("digest>smtp_security", "none")], "digest.smtp_security"),
    ],
)
def test_a_digest_that_could_not_arrive_is_refused(changes: list[tuple[str, object]], subject: str) -> None:
    (one,) = found(*changes)
    assert one.startswith("refuse")
    assert subject in one


def test_a_digest_with_a_time_and_a_way_is_fine() -> None:
    assert found(HOOK, ("digest>webhook_secret", "s"), ("digest>every_h", 4)) == []
    local_mail = [("digest>smtp_host", "localhost"), ("digest>smtp_security", "none"), ("digest>smtp_username", "u")]
    assert found(*MAIL, *local_mail) == []
    with pytest.raises(ValueError, match="IANA"):
        given(("digest>zone", "Europe/Springfield"))
