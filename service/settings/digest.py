"""When and how people are told what is parked. Off unless a time and a way are given."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr

from service.settings.section import Section


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone of the IANA list, for example Europe/Berlin or America/New_York")
    return name


class DigestSettings(Section):
    """The digest of parked work: counts, amounts, reasons and fixes; no document and no person."""

    every_h: float = Field(default=0.0, ge=0, le=168)
    """Tell every so many hours; 0 does not."""
    at: tuple[time, ...] = ()
    """Tell at these times of the day instead, for example `08:00, 14:00`."""
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Time zone of `at`."""
    when_empty: bool = False
    """Whether people are told as well when nothing is parked."""
    webhook_url: SecretStr | None = None
    """URL that takes the digest as JSON."""
    webhook_secret: SecretStr | None = None
    """Signs it: `X-Orderferry-Signature: sha256=HMAC(secret, X-Orderferry-Timestamp + "." + body)`."""
    chat_url: SecretStr | None = None
    """Incoming webhook of Slack, or of a chat that takes the same `{"text": ...}`."""
    smtp_host: str = ""
    """Mail server."""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    """Its port."""
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    """`starttls` on 587, `tls` on 465; `none` only for a server on this machine."""
    smtp_username: str = ""
    """Login, where the server wants one."""
    smtp_password: SecretStr | None = None
    """Password of the login."""
    mail_from: str = ""
    """Sender."""
    mail_to: tuple[str, ...] = ()
    """Recipients."""
    deadline_s: float = Field(default=10.0, gt=0, le=120)
    """One delivery may take so long; one that fails is tried again every half minute."""
