from __future__ import annotations

import dataclasses

import pytest

from service.intake.connection import Connection, Sasl, Tls
from service.intake.consumer_settings import ConsumerSettings
from service.intake.tokens import ClientCredentials, TokenFile

GOOD = ConsumerSettings(connection=Connection("kafka:9092"), group="orderferry", topics=frozenset({"shopify"}))


def changed(**changes: object) -> ConsumerSettings:
    return dataclasses.replace(GOOD, **changes)  # type: ignore[arg-type]


def connected(**changes: object) -> ConsumerSettings:
    return changed(connection=dataclasses.replace(GOOD.connection, **changes))  # type: ignore[arg-type]


def test_the_defaults_are_accepted() -> None:
    GOOD.validate()
    assert GOOD.problems() == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (connected(bootstrap=" "), "set the bootstrap servers"),
        (changed(group=""), "no consumer group"),
        (changed(topics=frozenset()), "either topics or a pattern"),
        (changed(pattern="shop.*"), "either topics or a pattern"),
        (changed(dead_letter_topic="shopify"), "take it out of the topics"),
        (changed(topics=frozenset(), pattern="shop.*", dead_letter_topic="shop-dead"), "narrow the pattern"),
        (changed(topics=frozenset(), pattern="shop(", dead_letter_topic="shop-dead"), "no regular expression"),
        (changed(topics=frozenset(), pattern="shop("), "no regular expression"),
        (changed(session_timeout_s=2.0), "below the 6 s"),
        (changed(rebalance_timeout_s=40.0), "set it to 45 s or more"),
        (changed(call_deadline_s=30.0), "shorten the call deadline"),
        (changed(max_partition_fetch_bytes=10), "below 1024"),
        (changed(fetch_max_bytes=2048), "fetch_max_bytes is below"),
        (connected(sasl=Sasl("PLAIN", "a", "b")), "in clear text"),
        (connected(sasl=Sasl("SCRAM-SHA-256", "a", "")), "needs a user and a password"),
        (connected(sasl=Sasl("OAUTHBEARER"), tls=Tls()), "needs tokens"),
        (connected(sasl=Sasl("GSSAPI", "a", "b")), "is not known"),  # type: ignore[arg-type]
        (connected(tls=Tls(certificate="c.pem")), "needs its key"),
    ],
)
def test_a_dangerous_setting_is_refused_with_its_fix(settings: ConsumerSettings, words: str) -> None:
    with pytest.raises(ValueError, match="refused") as refusal:
        settings.validate()
    assert words in str(refusal.value)


def test_everything_wrong_is_said_at_once() -> None:
    settings = changed(group="", topics=frozenset(), rebalance_timeout_s=1.0)
    assert len(settings.problems()) == 3


@pytest.mark.parametrize(
    ("connection", "protocol"),
    [
        (Connection("k"), "PLAINTEXT"),
        (Connection("k", tls=Tls()), "SSL"),
        (Connection("k", sasl=Sasl("SCRAM-SHA-512", "a", "b")), "SASL_PLAINTEXT"),
        (Connection("k", sasl=Sasl("PLAIN", "a", "b"), tls=Tls()), "SASL_SSL"),
    ],
)
def test_the_protocol_follows_from_what_is_set(connection: Connection, protocol: str) -> None:
    assert connection.protocol == protocol
    assert connection.problems() == []


def test_no_secret_is_shown() -> None:
    sasl = Sasl("PLAIN", "user", "hush-1", ClientCredentials("https://login", "id", "hush-2"))
    shown = repr(Connection("k", sasl=sasl, tls=Tls(key_password="hush-3")))
    assert "hush" not in shown


@pytest.mark.parametrize("url", ["http://login.example.com/token", "ftp://login", "login"])
def test_a_client_secret_is_only_sent_encrypted(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        ClientCredentials(url, "id", "secret")


async def test_a_token_file_is_read_whenever_it_is_asked_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("token") / "token"
    path.write_text("one\n")
    provider = TokenFile(str(path)).provider()
    assert await provider.token() == "one"
    path.write_text("two\n")
    assert await provider.token() == "two"
