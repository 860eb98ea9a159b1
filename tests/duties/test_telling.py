"""Parked work is told to people over real HTTP and real SMTP, once, and never blocks anything."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from service.desk.digest import Digest
from service.duties.channels import SIGNATURE, TIMESTAMP, Mail, Webhook, signature
from service.duties.telling import telling
from service.errors import Refused, Retryable
from service.http.transport import Transport
from service.ledger.database import Database
from service.ledger.migrate import migrate
from service.ledger.tellings import SqlTellings
from service.ports import Parked
from tests.desk.test_digest import MANY, NOW


class Clock:
    def now(self) -> float:
        return NOW

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class Waiters:
    """What is parked."""

    held: Sequence[Parked] = tuple(MANY)

    async def parked(self, *, limit: int) -> Sequence[Parked]:
        return self.held[:limit]


@dataclass
class Told:
    """How deliveries ended."""

    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    why: str = ""

    def digest_told(self, channel: str, outcome: str, why: str = "") -> None:
        self.counted[channel, outcome] += 1
        self.why = why or self.why


@dataclass
class Receiver:
    """A web server that takes digests, or refuses them."""

    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/hook", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield found
    await runner.cleanup()


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with Transport() as found:
        yield found


@pytest.fixture
async def claims(tmp_path: Path) -> AsyncIterator[SqlTellings]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    await migrate(url)
    async with Database(url) as database:
        yield SqlTellings(database)


async def test_a_webhook_gets_the_digest_once_a_time_and_signed(
    receiver: Receiver, transport: Transport, claims: SqlTellings
) -> None:
    hook = Webhook(url=receiver.url, transport=transport, clock=Clock(), deadline_s=5.0, secret="s3cret")
    chat = Webhook(url=receiver.url, transport=transport, clock=Clock(), deadline_s=5.0, form="chat")
    told, due = Told(), [100.0]
    do = telling(channels={"webhook": hook, "chat": chat}, slot=lambda _now: due[-1], when_empty=False, claims=claims,
                 desk=Waiters(), clock=Clock(), observer=told)  # fmt: skip
    await do()
    assert receiver.got == [], "a channel that is new waits for the next time"
    due.append(200.0)
    await do()
    await do()
    assert told.counted == {("webhook", "sent"): 1, ("chat", "sent"): 1}
    (headers, body), (plain, text) = receiver.got
    assert json.loads(body)["parked"] == 5
    assert headers[SIGNATURE] == f"sha256={signature('s3cret', headers[TIMESTAMP], body)}"
    assert SIGNATURE not in plain
    assert json.loads(text)["text"].startswith("5 parked, 5 new")
    assert await claims.last() == NOW
    due.append(300.0)
    await do()
    assert json.loads(receiver.got[2][1])["new"] == 0, "new is what was parked since"


async def test_who_is_not_reached_is_told_a_round_later_and_keeps_nobody_from_being_told(
    receiver: Receiver, transport: Transport, claims: SqlTellings
) -> None:
    receiver.status = 500
    hook = Webhook(url=receiver.url, transport=transport, clock=Clock(), deadline_s=5.0)
    away = Webhook(url="http://127.0.0.1:1/x", transport=transport, clock=Clock(), deadline_s=5.0)
    told, due = Told(), [100.0]
    do = telling(channels={"chat": away, "webhook": hook}, slot=lambda _now: due[-1], when_empty=False, claims=claims,
                 desk=Waiters(), clock=Clock(), observer=told)  # fmt: skip
    await do()
    due.append(200.0)
    await do()
    assert told.counted == {("chat", "failed"): 1, ("webhook", "failed"): 1}
    assert "500" in told.why
    receiver.status = 204
    await do()
    assert told.counted == {("chat", "failed"): 2, ("webhook", "failed"): 1, ("webhook", "sent"): 1}


@pytest.mark.parametrize(("when_empty", "outcome", "sent"), [(False, "nothing", 0), (True, "sent", 1)])
async def test_nothing_is_sent_when_nothing_is_parked_unless_it_is_wanted(
    receiver: Receiver, transport: Transport, claims: SqlTellings, outcome: str, sent: int, *, when_empty: bool
) -> None:
    hook = Webhook(url=receiver.url, transport=transport, clock=Clock(), deadline_s=5.0)
    told, due = Told(), [100.0]
    do = telling(channels={"webhook": hook}, slot=lambda _now: due[-1], when_empty=when_empty, claims=claims,
                 desk=Waiters(()), clock=Clock(), observer=told)  # fmt: skip
    await do()
    due.append(200.0)
    await do()
    await do()
    assert told.counted == {("webhook", outcome): 1}
    assert len(receiver.got) == sent


async def test_without_a_time_nobody_is_told(claims: SqlTellings) -> None:
    told = Told()

    async def never(_: Digest) -> None:
        raise AssertionError

    await telling(channels={"webhook": never}, slot=lambda _now: None, when_empty=True, claims=claims,
                  desk=Waiters(), clock=Clock(), observer=told)()  # fmt: skip
    assert not told.counted


@pytest.mark.postgres
async def test_of_several_processes_one_tells(postgres_url: str) -> None:
    told, due = Told(), [100.0]
    sent: list[int] = []

    async def slow(digest: Digest) -> None:
        await asyncio.sleep(0)
        sent.append(digest.count)

    async with Database(postgres_url) as one, Database(postgres_url) as other:
        rounds = [
            telling(
                channels={"mail": slow},
                slot=lambda _now: due[-1],
                when_empty=False,
                claims=SqlTellings(database),
                desk=Waiters(),
                clock=Clock(),
                observer=told,
            )
            for database in (one, other, one, other)
        ]
        await asyncio.gather(*(do() for do in rounds))
        due.append(200.0)
        await asyncio.gather(*(do() for do in rounds))
        await asyncio.gather(*(do() for do in rounds))
    assert sent == [5]


@dataclass
class Post:
    """A mail server for one conversation at a time; what it is told is in `said`, each mail in `mails`."""

    port: int = 0
    refuses: str = ""
    said: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def answer(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await answer("220 post")
        while line := (await reader.readline()).decode().strip():
            self.said.append(line)
            verb = line.split()[0].upper()
            if verb == self.refuses:
                await answer("550 no such person: ann@x.example")
            elif verb == "EHLO":
                await answer("250-post\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                await answer("235 welcome")
            elif verb == "DATA":
                await answer("354 go on")
                mail = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(mail.decode())
                await answer("250 taken")
            else:
                await answer("221 bye" if verb == "QUIT" else "250 fine")
                if verb == "QUIT":
                    break
        writer.close()


@asynccontextmanager
async def post_office(**given: str) -> AsyncIterator[Post]:
    post = Post(**given)  # type: ignore[arg-type]
    server = await asyncio.start_server(post.talk, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
        await server.wait_closed()


def mail(port: int, *, username: str = "") -> Mail:
    return Mail(
        host="127.0.0.1",
        port=port,
        security="none",
        username=username,
        password="pw",
        sender="ferry@x.example",
        recipients=("ann@x.example", "bob@x.example"),
        deadline_s=5.0,
    )


async def test_a_mail_is_taken_by_a_mail_server(claims: SqlTellings) -> None:
    async with post_office() as post:
        told, due = Told(), [100.0]
        do = telling(channels={"mail": mail(post.port, username="ferry")}, slot=lambda _now: due[-1], when_empty=False,
                     claims=claims, desk=Waiters(), clock=Clock(), observer=told)  # fmt: skip
        await do()
        due.append(200.0)
        await do()
    assert told.counted == {("mail", "sent"): 1}
    assert any(line.startswith("AUTH PLAIN") for line in post.said)
    assert [line for line in post.said if line.startswith("rcpt TO")] == [
        "rcpt TO:<ann@x.example>", "rcpt TO:<bob@x.example>",
    ]  # fmt: skip
    (text,) = post.mails
    assert "Subject: Orderferry: 5 parked, 5 new" in text
    assert "shopify a: 4 parked, 4 new" in text


async def test_a_mail_that_is_not_taken_says_so_without_the_servers_words() -> None:
    told = Digest(NOW, 0.0, ())
    async with post_office(refuses="MAIL") as post:
        with pytest.raises(Retryable) as caught:
            await mail(post.port)(told)
    assert "ann@" not in str(caught.value)
    assert "550" in str(caught.value)
    with pytest.raises(OSError, match=r"refused|Connect"):
        await mail(1)(told)


async def test_a_url_that_refuses_is_named_with_what_to_do(receiver: Receiver, transport: Transport) -> None:
    receiver.status = 403
    with pytest.raises(Refused, match=r"127\.0\.0\.1 was refused with 403 .* look at the URL"):
        await Webhook(url=receiver.url, transport=transport, clock=Clock(), deadline_s=5.0)(Digest(NOW, 0.0, ()))
