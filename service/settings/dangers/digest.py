"""A digest that could never arrive, or would give something away. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from service.settings.dangers.verdict import local, refuse
from service.settings.finding import Finding
from service.settings.root import Settings


def digest(settings: Settings) -> Iterator[Finding]:
    """A time needs a way and a way a time; a password travels encrypted."""
    given = settings.digest
    ways = bool(given.webhook_url or given.chat_url or given.smtp_host)
    if given.every_h and given.at:
        yield refuse("digest.at", "every_h and at are both given.", "leave one of them out.")
    if ways and not (given.every_h or given.at):
        yield refuse("digest.at", "it is said how to tell people and not when.", "set digest.at or digest.every_h.")
    if not ways and (given.every_h or given.at):
        yield refuse(
            "digest.webhook_url",
            "it is said when to tell people and not how.",
            "set digest.webhook_url, digest.chat_url or digest.smtp_host.",
        )
    if given.webhook_secret and not given.webhook_url:
        yield refuse("digest.webhook_secret", "it signs nothing.", "set digest.webhook_url.")
    if not given.smtp_host:
        return
    if not (given.mail_from and given.mail_to):
        yield refuse("digest.mail_to", "a mail needs a sender and a recipient.", "set mail_from and mail_to.")
    if given.smtp_username and given.smtp_security == "none" and not local(f"smtp://{given.smtp_host}"):
        yield refuse("digest.smtp_security", "the password would travel readable.", "set it to starttls or tls.")
