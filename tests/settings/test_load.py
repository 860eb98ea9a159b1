from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, load
from service.settings.secrets import plain

FILE = """
kafka:
  bootstrap_servers: broker:9092
  topics: [shop.one, shop.two]
erp:
  api_keys: {a_store: ark_test_ent_a}
tenants:
  shopify/a.myshopify.com:
    go_live: 2024-01-01
    fulfilment: erp
    entity_currency: USD
    time_zone: America/New_York
    api_key: a_store
    targets: {tax: "sku:TAX", tips: "sku:TIPS", gift_cards: "id:42"}
    tenders: {shopify_payments: external}
    locations: {655441491: 12}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "orderferry.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def refused(environ: dict[str, str], config: Path | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(config, environ)
    return str(caught.value)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "other.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_given_is_all_defaults() -> None:
    assert load(None, {"HOME": "/root"}) == Settings()


def test_a_file_is_read(config: Path) -> None:
    settings = load(config, {})
    assert settings.kafka.topics == ("shop.one", "shop.two")
    tenant = settings.tenant("shopify", "a.myshopify.com")
    assert tenant is not None
    assert tenant.targets.tax == "sku:TAX"
    assert tenant.locations == {"655441491": "12"}
    assert settings.tenant("shopify", "b.myshopify.com") is None


def test_several_secrets_are_given_with_commas_or_as_lines_of_a_file(tmp_path: Path) -> None:
    held = tmp_path / "tokens"
    held.write_text("token-new\ntoken-old\n", encoding="utf-8")
    settings = load(
        None,
        {
            "ORDERFERRY_EDGE__SHOPIFY_SECRETS": "app-secret, old-secret",
            "ORDERFERRY_EDGE__QUICKBOOKS_SECRETS": "",
            "ORDERFERRY_HTTP__ADMIN_TOKENS_FILE": str(held),
            "ORDERFERRY_ERP__WEBHOOK_SECRETS__A_STORE": "whsec_new,whsec_old",
            "ORDERFERRY_ERP__WEBHOOK_SECRETS__B_STORE_FILE": str(held),
        },
    )
    assert plain(settings.edge.shopify_secrets) == ("app-secret", "old-secret")
    assert settings.edge.quickbooks_secrets == ()
    assert plain(settings.http.admin_tokens) == ("token-new", "token-old")
    assert plain(settings.erp.webhook_secrets["a_store"]) == ("whsec_new", "whsec_old")
    assert plain(settings.erp.webhook_secrets["b_store"]) == ("token-new", "token-old")
    assert "app-secret" not in repr(settings)


def test_a_wrong_secret_among_several_is_not_shown() -> None:
    assert "12345" not in refused({"ORDERFERRY_EDGE__SHOPIFY_SECRETS": "[[12345]]"})


def test_the_environment_names_the_file(config: Path) -> None:
    assert load(None, {"ORDERFERRY_CONFIG": str(config)}).kafka.bootstrap_servers == "broker:9092"


def test_the_environment_goes_over_the_file(config: Path) -> None:
    settings = load(
        config,
        {
            "ORDERFERRY_KAFKA__BOOTSTRAP_SERVERS": "other:9092",
            "ORDERFERRY_TENANTS__shopify/a.myshopify.com__GATE": "created",
            "ORDERFERRY_ERP__API_KEYS__B_STORE": "ark_test_ent_b",
        },
    )
    assert settings.kafka.bootstrap_servers == "other:9092"
    assert settings.kafka.topics == ("shop.one", "shop.two")
    assert settings.tenants["shopify/a.myshopify.com"].gate == "created"
    assert sorted(settings.erp.api_keys) == ["a_store", "b_store"]


@pytest.mark.parametrize("text", ["one,two", "one, two", '["one", "two"]'])
def test_a_list_is_written_with_commas_or_as_json(text: str) -> None:
    assert load(None, {"ORDERFERRY_KAFKA__TOPICS": text}).kafka.topics == ("one", "two")


def test_an_empty_list_can_be_given() -> None:
    assert load(None, {"ORDERFERRY_KAFKA__TOPICS": "[]"}).kafka.topics == ()


def test_a_whole_group_fits_into_one_variable_and_joins_its_members() -> None:
    settings = load(None, {"ORDERFERRY_HTTP": '{"host": "0.0.0.0"}', "ORDERFERRY_HTTP__PORT": "9000"})
    assert (settings.http.host, settings.http.port) == ("0.0.0.0", 9000)  # noqa: S104


def test_go_live_as_a_day_begins_at_midnight_of_the_shop(config: Path) -> None:
    tenant = load(config, {}).tenants["shopify/a.myshopify.com"]
    assert tenant.went_live == datetime(2024, 1, 1, 5, tzinfo=UTC)


def test_go_live_as_a_time_needs_its_offset(config: Path) -> None:
    name = "ORDERFERRY_TENANTS__shopify/a.myshopify.com__GO_LIVE"
    settings = load(config, {name: "1970-01-01T00:00:00Z"})
    assert settings.tenants["shopify/a.myshopify.com"].went_live == datetime(1970, 1, 1, tzinfo=UTC)
    message = refused({name: "2024-01-01T10:00:00"}, config)
    assert "a time with an offset" in message


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("ORDERFERRY_KAFKA__BOOTSTRAP_SERVER", "ORDERFERRY_KAFKA__BOOTSTRAP_SERVERS"),
        ("ORDERFERRY_KAFKKA__GROUP_ID", "ORDERFERRY_KAFKA__GROUP_ID"),
        ("ORDERFERRY_KAFKA_GROUP_ID", "ORDERFERRY_KAFKA__GROUP_ID"),
        ("ORDERFERRY_CONFG", "ORDERFERRY_CONFIG"),
        ("orderferry_http__prot", "ORDERFERRY_HTTP__PORT"),
        ("ORDERFERRY_KAFKA__SASL_PASSWORD_FIEL", "ORDERFERRY_KAFKA__SASL_PASSWORD_FILE"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_name_that_was_meant(variable: str, meant: str) -> None:
    message = refused({variable: "x"})
    assert variable.upper() in message
    assert meant in message


def test_a_misspelt_key_of_the_file_is_refused_with_the_name_that_was_meant(tmp_path: Path) -> None:
    path = written(tmp_path, FILE.replace("fulfilment:", "fulfillment:"))
    message = refused({}, path)
    assert "tenants.shopify/a.myshopify.com.fulfillment" in message
    assert "did you mean tenants.shopify/a.myshopify.com.fulfilment" in message
    assert str(path) in message


def test_all_misspelt_names_are_told_at_once() -> None:
    message = refused({"ORDERFERRY_KAFKA__TOPIKS": "a", "ORDERFERRY_HTTP__HOTS": "b"})
    assert "TOPICS" in message
    assert "HOST" in message


def test_a_name_like_nothing_known_lists_what_is_known() -> None:
    message = refused({"ORDERFERRY_HTTP__QQQQ": "1"})
    assert "known here: admin_tokens, admin_tokens_file, host, port" in message


def test_a_missing_setting_says_what_it_is_for(tmp_path: Path) -> None:
    message = refused({}, written(tmp_path, FILE.replace("    go_live: 2024-01-01\n", "")))
    assert "tenants.shopify/a.myshopify.com.go_live" in message
    assert "is missing and has no default" in message
    assert "Documents older than this are not ours" in message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("USD", "XYZ", "'XYZ' is not a currency of ISO 4217"),
        ("America/New_York", "New York", "IANA list"),
        ("fulfilment: erp", "fulfilment: warehouse", "'erp' or 'shop'"),
        ('"sku:TAX"', '"TAX"', "sku:<SKU>"),
        ("shopify/a.my", "shopify/A.my", "has a bad name"),
        ("shopify/a.myshopify.com:", "a.myshopify.com:", "has a bad name"),
        ("broker:9092", "[broker]", "valid string"),
        ("kafka:\n", "kafka: 3\nledger:\n", "holds a group of settings"),
    ],
)
def test_a_wrong_value_is_refused_in_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert words in refused({}, written(tmp_path, FILE.replace(old, new)))


def test_a_key_given_twice_in_the_file_is_refused(tmp_path: Path) -> None:
    message = refused({}, written(tmp_path, "http: {port: 1}\nkafka: {}\nhttp: {port: 2}\n"))
    assert "http is given twice" in message


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe", b"just words"])
def test_a_file_that_is_no_yaml_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    assert str(path) in refused({}, path)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    assert "absent.yaml" in refused({}, tmp_path / "absent.yaml")


def test_a_variable_that_is_broken_json_is_refused() -> None:
    assert "ORDERFERRY_HTTP" in refused({"ORDERFERRY_HTTP": '{"host": '})


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(written(tmp_path, ""), {}) == Settings()


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hush\n", encoding="utf-8")
    settings = load(
        written(tmp_path, f"ledger: {{url_file: {secret}}}"),
        {"ORDERFERRY_KAFKA__SASL_PASSWORD_FILE": str(secret), "ORDERFERRY_ERP__API_KEYS__A_STORE_FILE": str(secret)},
    )
    assert settings.kafka.sasl_password is not None
    assert settings.kafka.sasl_password.get_secret_value() == "hush"
    assert settings.erp.api_keys["a_store"].get_secret_value() == "hush"
    assert settings.ledger.url.get_secret_value() == "hush"
    assert "hush" not in repr(settings)


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hush", encoding="utf-8")
    message = refused(
        {"ORDERFERRY_KAFKA__SASL_PASSWORD": "a", "ORDERFERRY_KAFKA__SASL_PASSWORD_FILE": str(secret)},
    )
    assert "is given twice" in message


@pytest.mark.parametrize("content", [None, b"", b"\xff"])
def test_a_secret_file_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes | None) -> None:
    secret = tmp_path / "password"
    if content is not None:
        secret.write_bytes(content)
    assert str(secret) in refused({"ORDERFERRY_KAFKA__SASL_PASSWORD_FILE": str(secret)})


def test_a_refused_secret_is_never_shown(tmp_path: Path) -> None:
    message = refused(
        {}, written(tmp_path, "erp: {api_keys: {a_store: [ark_live_hush]}}\nkafka: {sasl_password: [s3]}")
    )
    assert "ark_live_hush" not in message
    assert "s3" not in message
