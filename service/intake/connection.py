"""How to reach the brokers and prove who we are: addresses, SASL, TLS. Shared by the consumer and the producers."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from service.intake.tokens import ClientCredentials, TokenFile

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


@dataclass(frozen=True)
class Tls:
    """Encryption; with `certificate` and `key` we show who we are as well."""

    ca_file: str | None = None
    """PEM file of the authorities to trust; the system's where there is none."""
    certificate: str | None = None
    """PEM file of our certificate with its chain."""
    key: str | None = None
    key_password: str | None = field(default=None, repr=False)
    check_hostname: bool = True

    def context(self) -> ssl.SSLContext:
        """Build the context; raises OSError or ssl.SSLError where a file is missing or no certificate."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.check_hostname = self.check_hostname
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key, self.key_password)
        return context


@dataclass(frozen=True)
class Sasl:
    """Who we say we are: a user with a password, or a token."""

    mechanism: Mechanism
    user: str = ""
    password: str = field(default="", repr=False)
    tokens: TokenFile | ClientCredentials | None = None

    def problems(self, *, encrypted: bool) -> list[str]:
        """Say what is wrong, each with its fix."""
        found = []
        if self.mechanism not in get_args(Mechanism):
            found.append(f"SASL mechanism {self.mechanism} is not known: use one of {', '.join(get_args(Mechanism))}")
        if self.mechanism == "OAUTHBEARER":
            if self.tokens is None:
                found.append("OAUTHBEARER needs tokens: name a token file, or a token URL with client id and secret")
        elif not self.user or not self.password:
            found.append(f"SASL {self.mechanism} needs a user and a password: set both")
        if self.mechanism in {"PLAIN", "OAUTHBEARER"} and not encrypted:
            found.append(
                f"SASL {self.mechanism} without TLS sends the secret in clear text: "
                "configure TLS, or set kafka.sasl_allow_plain_text where the network is trusted"
            )
        return found


@dataclass(frozen=True)
class Connection:
    """Where the brokers are and how to speak to them."""

    bootstrap: str
    """`host:port`, several with commas."""
    client_id: str = "orderferry"
    tls: Tls | None = None
    sasl: Sasl | None = None
    allow_plain_text_secrets: bool = False
    """`kafka.sasl_allow_plain_text`: passwords and tokens may cross the network unencrypted."""
    request_timeout_s: float = 40.0

    @property
    def protocol(self) -> str:
        """Kafka's name for the combination."""
        base = "PLAINTEXT" if self.tls is None else "SSL"
        return base if self.sasl is None else f"SASL_{base}"

    def problems(self) -> list[str]:
        """Say what is wrong, each with its fix."""
        found = []
        if not self.bootstrap.strip():
            found.append("no Kafka address: set the bootstrap servers, for example kafka-1:9092,kafka-2:9092")
        if self.sasl is not None:
            encrypted = self.tls is not None or self.allow_plain_text_secrets
            found += self.sasl.problems(encrypted=encrypted)
        if self.tls is not None and (self.tls.certificate is None) != (self.tls.key is None):
            found.append("a client certificate needs its key and a key its certificate: set both files, or neither")
        return found

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments that every client of aiokafka takes."""
        options: dict[str, Any] = {
            "bootstrap_servers": [host.strip() for host in self.bootstrap.split(",")],
            "client_id": self.client_id,
            "security_protocol": self.protocol,
            "ssl_context": None if self.tls is None else self.tls.context(),
            "request_timeout_ms": round(self.request_timeout_s * 1000),
        }
        if self.sasl is not None:
            options |= {
                "sasl_mechanism": self.sasl.mechanism,
                "sasl_plain_username": self.sasl.user or None,
                "sasl_plain_password": self.sasl.password or None,
                "sasl_oauth_token_provider": None if self.sasl.tokens is None else self.sasl.tokens.provider(),
            }
        return options
