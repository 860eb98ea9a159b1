"""The digest of parked work, put together from its settings."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from service.bootstrap.observing import DigestLog
from service.desk.digest import last_slot
from service.duties.channels import Mail, Webhook
from service.duties.rounds import Round
from service.duties.telling import Channel, telling
from service.http.transport import Transport
from service.ledger.desk import SqlDesk
from service.ports import Clock
from service.settings import Settings
from service.telemetry.metrics import Metrics

EVERY_S = 30.0  # how late a digest may be, and how soon one that failed is tried again


def channels(settings: Settings, *, transport: Transport, clock: Clock) -> dict[str, Channel]:
    """Every way that is set."""
    given = settings.digest
    found: dict[str, Channel] = {}
    if given.webhook_url is not None:
        found["webhook"] = Webhook(
            url=given.webhook_url.get_secret_value(),
            transport=transport,
            clock=clock,
            deadline_s=given.deadline_s,
            secret=given.webhook_secret.get_secret_value() if given.webhook_secret else "",
        )
    if given.chat_url is not None:
        url = given.chat_url.get_secret_value()
        found["chat"] = Webhook(url=url, transport=transport, clock=clock, deadline_s=given.deadline_s, form="chat")
    if given.smtp_host:
        found["mail"] = Mail(
            host=given.smtp_host,
            port=given.smtp_port,
            security=given.smtp_security,
            username=given.smtp_username,
            password=given.smtp_password.get_secret_value() if given.smtp_password else "",
            sender=given.mail_from,
            recipients=given.mail_to,
            deadline_s=given.deadline_s,
        )
    return found


def rounds(settings: Settings, desk: SqlDesk, metrics: Metrics, *, transport: Transport, clock: Clock) -> list[Round]:
    """The duty, where it is set."""
    given = settings.digest
    ways = channels(settings, transport=transport, clock=clock)
    if not ways:
        return []
    zone = ZoneInfo(given.zone)
    do = telling(
        channels=ways,
        slot=lambda now: last_slot(now, every_h=given.every_h, at=given.at, zone=zone),
        when_empty=given.when_empty,
        claims=desk.tellings,
        desk=desk,
        clock=clock,
        observer=DigestLog(metrics),
    )
    return [Round("digest", EVERY_S, do)]
