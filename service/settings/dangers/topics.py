"""Topics that feed on each other, and logins that cannot work. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.settings.dangers.verdict import local, refuse, warn
from service.settings.finding import Finding
from service.settings.kafka import KafkaSettings
from service.settings.root import Settings


def topics(settings: Settings) -> Iterator[Finding]:
    """No topic may be read and written by us at once."""
    kafka = settings.kafka
    if bool(kafka.topics) == bool(kafka.pattern):
        yield refuse(
            "kafka.topics",
            "topics and pattern are both given." if kafka.topics else "neither topics nor a pattern is given.",
            "name the source topics in kafka.topics, or set kafka.topics to [] and kafka.pattern.",
        )
    if kafka.replay_topic == kafka.dead_letter_topic:
        yield refuse("kafka.replay_topic", "it is also the dead-letter topic.", "give the two different names.")
    dead = kafka.dead_letter_topic
    if dead in kafka.topics or matches(kafka.pattern, dead):
        why = "every dead letter would be read and written again, for ever"
        yield refuse("kafka.topics", f"{dead} is among the source topics: {why}.", "leave it out of them.")
    if kafka.replay_topic in kafka.topics:
        why = "it is read besides, and a source topic is sent to"
        yield refuse("kafka.topics", f"{kafka.replay_topic} is among the source topics: {why}.", "leave it out.")
    events = kafka.erp_events_topic
    if settings.erp.webhook_url and (
        events in {*kafka.topics, kafka.replay_topic, kafka.dead_letter_topic} or matches(kafka.pattern, events)
    ):
        why = "it holds the ERP's events, which no shop sends"
        yield refuse(
            "kafka.erp_events_topic", f"{events} is also another topic of ours: {why}.", "give it its own name."
        )
    if kafka.pattern and not _compiles(kafka.pattern):
        yield refuse("kafka.pattern", "it is no regular expression.", "for example ^shop\\..*")


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def matches(pattern: str | None, topic: str) -> bool:
    """Whether a pattern of topics, where there is one, matches this topic."""
    return bool(pattern) and _compiles(str(pattern)) and re.match(str(pattern), topic) is not None


def login(settings: Settings) -> Iterator[Finding]:
    """Half a login is none."""
    kafka = settings.kafka
    wants = kafka.security_protocol.startswith("SASL")
    if wants != (kafka.sasl_mechanism is not None):
        yield refuse(
            "kafka.sasl_mechanism",
            f"it is {kafka.sasl_mechanism or 'not set'} while security_protocol is {kafka.security_protocol}.",
            "set both security_protocol: SASL_SSL and sasl_mechanism, or neither.",
        )
    if kafka.sasl_mechanism == "OAUTHBEARER":
        yield from _oauth(kafka)
    elif kafka.sasl_mechanism and not (kafka.sasl_username and kafka.sasl_password):
        yield refuse(
            "kafka.sasl_username", "the login lacks its user or password.", "set sasl_username and sasl_password."
        )
    if bool(kafka.ssl_key_file) != bool(kafka.ssl_certificate_file):
        yield refuse(
            "kafka.ssl_key_file",
            "a client certificate needs both its certificate and its key.",
            "set ssl_certificate_file and ssl_key_file.",
        )
    if not kafka.ssl_check_hostname and kafka.security_protocol.endswith("SSL"):
        yield warn("kafka.ssl_check_hostname", "any host with a trusted certificate may pose as the broker.", "true")
    tells = kafka.sasl_mechanism in {"PLAIN", "OAUTHBEARER"}
    if kafka.security_protocol == "SASL_PLAINTEXT" and tells and not kafka.sasl_allow_plain_text:
        yield refuse(
            "kafka.security_protocol",
            f"{kafka.sasl_mechanism} over SASL_PLAINTEXT sends the secret itself, unencrypted.",
            "use SASL_SSL or SCRAM, or set kafka.sasl_allow_plain_text: true where the network is trusted.",
        )
    if kafka.security_protocol == "SASL_PLAINTEXT" and not local(f"//{kafka.bootstrap_servers.split(',')[0]}"):
        yield warn("kafka.security_protocol", "the login crosses the network unencrypted.", "use SASL_SSL.")


def _oauth(kafka: KafkaSettings) -> Iterator[Finding]:
    fetches = kafka.sasl_oauth_url and kafka.sasl_oauth_client_id and kafka.sasl_oauth_client_secret
    if not kafka.sasl_oauth_token_file and not fetches:
        yield refuse(
            "kafka.sasl_oauth_url",
            "OAUTHBEARER has no source of tokens.",
            "set sasl_oauth_token_file, or sasl_oauth_url, sasl_oauth_client_id and sasl_oauth_client_secret.",
        )
