"""How a digest reaches people: a webhook in JSON, a chat's webhook, or a mail."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

import httpx

from service.desk.digest import Digest, as_data, as_text, headline
from service.errors import Refused, Retryable
from service.http.transport import Transport
from service.ports import Clock

SIGNATURE = "X-Orderferry-Signature"
TIMESTAMP = "X-Orderferry-Timestamp"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body`, in hex; the receiver compares it, and refuses an old timestamp."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A URL that takes JSON: the whole as data, or as a text as Slack and its likes want it."""

    url: str
    transport: Transport
    clock: Clock
    deadline_s: float
    form: Literal["data", "chat"] = "data"
    secret: str = ""

    async def __call__(self, told: Digest) -> None:
        """Send it once. Raises Refused for any answer but a 2xx, Retryable or Unknown where none came."""
        said = as_data(told) if self.form == "data" else {"text": as_text(told)}
        body = json.dumps(said, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        if self.secret:
            timestamp = str(int(self.clock.now()))
            headers |= {TIMESTAMP: timestamp, SIGNATURE: f"sha256={signature(self.secret, timestamp, body)}"}
        what = f"the digest to {httpx.URL(self.url).host}"
        request = httpx.Request("POST", self.url, headers=headers, content=body)
        answer = await self.transport.send(request, deadline=self.deadline_s, what=what)
        if not answer.is_success:
            raise Refused(what, answer.status_code, "not_taken", hint="look at the URL and the secret in the settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail by SMTP, sent in a thread."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str
    password: str
    sender: str
    recipients: Sequence[str]
    deadline_s: float

    async def __call__(self, told: Digest) -> None:
        """Send it once. Raises OSError, Retryable or TimeoutError where it was not taken."""
        message = EmailMessage()
        message["Subject"] = f"Orderferry: {headline(told)}"
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message.set_content(as_text(told))
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        try:
            with self._connect() as server:
                if self.security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.username:
                    server.login(self.username, self.password)
                server.send_message(message)
        except smtplib.SMTPException as error:
            # Without the server's words: they repeat addresses and logins.
            code = getattr(error, "smtp_code", "")
            raise Retryable(f"the digest by mail over {self.host}", f"{type(error).__name__} {code}".strip()) from None

    def _connect(self) -> smtplib.SMTP:
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.deadline_s, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=self.deadline_s)
