"""Thousands of mutated requests: no 5xx, nothing stored that is not signed, no secret and no person in the log."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import hypothesis
import pytest
import schemathesis
from schemathesis.core.result import Ok

from service.bootstrap import migrate
from tests.api.street import Street
from tests.api.vendors import ADMIN, APP, SHOP_OWN, SIGNED, TOKEN, WHSEC, arcus, digest, shopify

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

SIGNED_REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "9500"))
PER_OPERATION = int(os.environ.get("FUZZ_PER_OPERATION", "60"))  # of fifteen operations
PERSONS = ("anna.muster@example.com", "Muster", "+41 44 668 18 00", "Bahnhofstrasse 1")
BODIES = (
    b'{"id":1001,"email":"anna.muster@example.com","customer":{"last_name":"Muster","phone":"+41 44 668 18 00"}}',
    b'{"id":9,"order_id":1001,"address1":"Bahnhofstrasse 1"}',
    b'[{"specversion":"1.0","type":"qbo.invoice.created.v1","intuitentityid":"1","intuitaccountid":"2"}]',
    b'{"id":"evt_1","entity_id":"ent_1","data":{"object":{"id":"ord_1","name":"Muster"}}}',
    b"",
    b"[" * 3_000,
)


@dataclass
class Request:
    """One request on its way to be spoilt."""

    source: str
    body: bytes
    headers: list[tuple[str, str]]
    method: str = "POST"
    path: str = ""
    chunked: bool = False

    def header(self, name: str) -> int | None:
        places = [place for place, (there, _) in enumerate(self.headers) if there.lower() == name]
        return places[0] if places else None


SIGNATURE = {"shopify": "x-shopify-hmac-sha256", "quickbooks": "intuit-signature", "arcus": "arcus-signature"}
Spoil = Callable[[Random, Request], None]


def _body_bit(rng: Random, request: Request) -> None:
    if request.body:
        place = rng.randrange(len(request.body))
        changed = request.body[place] ^ (1 << rng.randrange(8))
        request.body = request.body[:place] + bytes([changed]) + request.body[place + 1 :]


def _body_length(rng: Random, request: Request) -> None:
    request.body = rng.choice((request.body[:-1], request.body + b" ", b"", request.body * 2, rng.randbytes(50)))


def _signature(rng: Random, request: Request) -> None:
    if (place := request.header(SIGNATURE[request.source])) is None:
        return
    name, value = request.headers[place]
    spoilt = rng.choice(
        (
            value[:-1],
            value + "=",
            value.swapcase(),
            value.replace("+", "-").replace("/", "_"),
            "",
            " ",
            value[::-1],
            "t=1,v1=00",
            value.replace("v1=", "v0="),
            f"{value},v1=zz,t=5",
            "=" * rng.randrange(1, 300),
            "".join(rng.choice("abcdefgh0123456789+/=,;%\"'é") for _ in range(rng.randrange(60))),
        )
    )
    request.headers[place] = (name, spoilt)


def _no_signature(_: Random, request: Request) -> None:
    if (place := request.header(SIGNATURE[request.source])) is not None:
        del request.headers[place]


def _twice(rng: Random, request: Request) -> None:
    if request.headers:
        name, value = rng.choice(request.headers)
        request.headers.append((name, rng.choice((value, "", "x"))))


def _other_secret(rng: Random, request: Request) -> None:
    secret = rng.choice(("", "guess", ADMIN, WHSEC, TOKEN, APP, SHOP_OWN))
    signature = base64.b64encode(digest(secret, request.body)).decode()
    made = {
        "shopify": lambda: shopify(request.body, secret, rng.choice(("own.myshopify.com", "x", "é", ""))),
        "quickbooks": lambda: {"intuit-signature": signature},
        "arcus": lambda: arcus(request.body, secret, at=time.time() + rng.choice((0, 299, -299, 301, -301, 1e9))),
    }
    request.headers = list(made[request.source]().items())


def _header(rng: Random, request: Request) -> None:
    names = ("X-Shopify-Shop-Domain", "X-Shopify-Topic", "X-Shopify-Order-Id", "Content-Type", "Content-Encoding")
    values = ("", "é" * 50, "9" * 400, "anna.muster@example.com", "../../etc", "application/cloudevents+json", "gzip")
    request.headers.append((rng.choice(names), rng.choice(values)))


def _way(rng: Random, request: Request) -> None:
    request.method = rng.choice(("GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "POST"))
    request.path = rng.choice(("", "/", "?x=1", "//", "/%00", "/%ff", "/../../admin/status", "%2e"))


def _chunks(_: Random, request: Request) -> None:
    request.chunked = True


SPOILS: tuple[Spoil, ...] = (
    _body_bit,
    _body_length,
    _signature,
    _no_signature,
    _twice,
    _other_secret,
    _header,
    _way,
    _chunks,
)


def mutated(rng: Random) -> Request:
    source = rng.choice(tuple(SIGNED))
    body = rng.choice(BODIES)
    request = Request(source, body, list(SIGNED[source](body).items()))
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        rng.choice(SPOILS)(rng, request)
    return request


@dataclass
class Told:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    answers: set[str] = field(default_factory=set)
    signatures: set[str] = field(default_factory=set)


async def _ask(http: aiohttp.ClientSession, request: Request, told: Told) -> None:
    async def pieces() -> object:  # an async generator, which aiohttp sends in chunks
        for start in range(0, len(request.body), 40):
            yield request.body[start : start + 40]

    data = pieces() if request.chunked else request.body
    place = request.header(SIGNATURE[request.source])
    if place is not None and len(request.headers[place][1]) > 8:
        told.signatures.add(request.headers[place][1])
    path = f"/webhooks/{request.source}{request.path}"
    async with http.request(request.method, path, data=data, headers=request.headers) as answer:
        told.statuses[answer.status] += 1
        told.answers.add(await answer.text())


async def test_no_mutated_webhook_breaks_anything_or_is_stored_unproven(street: Street) -> None:
    rng, told = Random(20_261_125), Told()  # noqa: S311 - the same requests every time
    base = str(street.client.base_url)
    async with aiohttp.ClientSession(base, skip_auto_headers=["Content-Type"]) as http:
        for _ in range(SIGNED_REQUESTS // 40):
            await asyncio.gather(*(_ask(http, mutated(rng), told) for _ in range(40)))
    assert max(told.statuses) < 500, told.statuses
    assert told.statuses[200] > SIGNED_REQUESTS / 20  # some are spoilt in what nobody signs
    assert told.statuses[401] > SIGNED_REQUESTS / 4
    await _only_proven(street, told.statuses[200])
    _discreet(street, told.answers, told.signatures)


async def _only_proven(street: Street, taken: int) -> None:
    """Prove each stored record a second time, by code that shares nothing with the edge."""
    shop = await street.records()
    events = await street.records(street.settings.kafka.erp_events_topic)
    assert taken / 2 < len(shop) + len(events) <= taken  # other answers of 200 are those of OPTIONS and the like
    for record in shop:
        told = dict(record.headers)
        given = told.get("x-shopify-hmac-sha256") or told.get("intuit-signature") or b""
        secrets = (APP, "the-old-secret-of-the-app", SHOP_OWN, TOKEN)
        assert base64.b64decode(given) in {digest(secret, record.value) for secret in secrets}
    for record in events:
        moment, *digests = dict(record.headers)["arcus-signature"].decode().split(",")
        proof = digest(WHSEC, moment.strip().removeprefix("t=").encode() + b"." + record.value).hex()
        assert f"v1={proof}" in {one.strip().lower() for one in digests}


def _discreet(street: Street, answers: set[str], signatures: set[str]) -> None:
    texts = [street.log.getvalue(), *answers]
    for shown in (*PERSONS, APP, SHOP_OWN, TOKEN, WHSEC, ADMIN, *signatures):
        for text in texts:
            assert shown not in text


async def test_no_request_that_the_openapi_allows_or_forbids_breaks_anything(street: Street) -> None:
    await migrate(street.settings)
    await street.edge.rounds()[0].do()  # ready, so that /readyz is well
    base = str(street.client.base_url).rstrip("/")
    asked = await asyncio.to_thread(_by_the_openapi, base)
    assert sum(asked.values()) >= 10 * PER_OPERATION
    assert max(asked) < 500, asked
    assert asked[200] > 0
    assert await street.records() == []
    _discreet(street, set(), set())


def _by_the_openapi(base: str) -> Counter[int]:
    """Requests made of the OpenAPI, half of them against it, with and without a token."""
    asked: Counter[int] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        for number, operation in enumerate(operations):
            modes = schemathesis.GenerationMode
            strategy = operation.as_strategy(generation_mode=modes.POSITIVE) | operation.as_strategy(
                generation_mode=modes.NEGATIVE
            )
            _drive(strategy, number, asked)
    return asked


def _drive(strategy: hypothesis.strategies.SearchStrategy[Any], number: int, asked: Counter[int]) -> None:
    @hypothesis.seed(number)
    @hypothesis.settings(
        max_examples=PER_OPERATION,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(strategy, hypothesis.strategies.sampled_from([ADMIN, ADMIN, ADMIN, "", "guess"]))
    def ask(case: Any, token: str) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {token}"} if token else None, timeout=20)
        asked[answer.status_code] += 1
        assert answer.status_code < 500, (case.as_curl_command(), answer.content)
        if answer.status_code >= 400:
            assert ADMIN not in json.dumps(answer.content.decode(errors="replace"))

    ask()
