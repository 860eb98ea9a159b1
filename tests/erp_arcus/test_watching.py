"""Endpoints, feeds and looks of Arcus over real HTTP, in both forms of the path and with both scopes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sandbox.arcus.profile import PROFILES, switched
from schemas.base import Kind
from schemas.posted import Posted
from service.erp.arcus.client import Client
from service.erp.arcus.endpoints import Endpoints
from service.erp.arcus.feed import Feed
from service.erp.arcus.reads import Reads
from service.erp.arcus.settings import WebhookPath
from service.errors import Refused, Retryable, Waiting
from service.ports import Endpoint, Priority
from tests.erp_arcus.bench import LIVE, Bench, courier_over
from tests.erp_arcus.conftest import Open
from tests.erp_arcus.effects import ref
from tests.erp_arcus.test_client import (
    Pair,
    erp,  # noqa: F401  a fixture
)

URL = "https://shop.example/webhooks/arcus"


def endpoints_of(bench: Bench, **changes: Any) -> Endpoints:
    """Build what speaks to the bench's endpoints."""
    config = bench.adapter(**changes).settings
    return Endpoints(client=Client(settings=config, courier=courier_over(bench.transport)))


@pytest.mark.parametrize("path", list(WebhookPath))
@pytest.mark.parametrize("style", ["flat", "entity"])
async def test_an_endpoint_is_registered_listed_and_given_a_new_secret(
    start: Open, path: WebhookPath, style: str
) -> None:
    profile = dataclasses.replace(PROFILES["lenient"], webhook_path=path.value, webhook_urls="https")
    bench = await start(profile_object=profile)
    entity = (await bench.driver.lines("state"))[0]["doc"]["entity_id"]
    changes: dict[str, Any] = {"webhook_path": path, "path_style": style, "entity_id": entity}
    endpoints = endpoints_of(bench, **changes)
    made, secret = await endpoints.register(URL, key="k1")
    assert (made.url, made.status, made.events) == (URL, "active", ("order.*", "payment.*", "return.*", "account.*"))
    assert await endpoints.listed(priority=LIVE) == [made]
    fresh = await endpoints.rotate(made.id, key="k2")
    assert fresh[:6] == secret[:6] == "whsec_"
    assert fresh != secret
    assert (await endpoints.listed(priority=LIVE))[0].secret_last4 == fresh[-4:]
    await bench.driver.call("PATCH", f"/{path.value}/{made.id}", {"status": "paused"})
    assert (await endpoints.resume(made.id, key="k3")).status == "active"
    other = WebhookPath.WEBHOOKS if path is WebhookPath.WEBHOOK_ENDPOINTS else WebhookPath.WEBHOOK_ENDPOINTS
    with pytest.raises(Refused, match="404"):
        await endpoints_of(bench, **{**changes, "webhook_path": other}).listed(priority=LIVE)


@pytest.mark.parametrize("scope", ["webhooks:manage", "webhooks:write"])
async def test_a_key_without_the_scope_is_told_which_one_it_lacks(start: Open, scope: str) -> None:
    profile = switched(PROFILES["lenient"], [f"webhook_scope={scope}"])
    bench = await start(profile_object=profile)
    endpoints = endpoints_of(bench, webhook_scope=scope)
    await endpoints.register(URL, key="k1")
    key = {"scopes": sorted({"orders:read", "webhooks:manage", "webhooks:write"} - {scope})}
    await bench.driver.control("seed", {"entity": "usd", "settings": {"key": key}})
    with pytest.raises(Waiting, match=f"need the scope {scope}"):
        await endpoints.listed(priority=LIVE)
    with pytest.raises(Waiting, match=f"need the scope {scope}"):
        await endpoints.register(URL, key="k2")


async def test_an_address_that_arcus_cannot_reach_is_refused(start: Open) -> None:
    bench = await start(profile_object=dataclasses.replace(PROFILES["lenient"], webhook_urls="https"))
    with pytest.raises(Refused, match="https"):
        await endpoints_of(bench).register("http://127.0.0.1/webhooks/arcus", key="k1")


async def test_an_answer_that_is_no_list_or_no_endpoint_says_nothing(erp: Pair) -> None:  # noqa: F811
    anything, client = erp
    endpoints, feed = Endpoints(client=client), Feed(client=client, reads=Reads(client))
    anything.body = b'{"data": 5}'
    for call in (endpoints.listed(priority=LIVE), feed.activity("", priority=LIVE)):
        with pytest.raises(Retryable, match="no list"):
            await call
    for body in (b'{"data": [5]}', b'{"data": [{"url": "x"}]}'):
        anything.body = body
        with pytest.raises(Retryable, match="lacks what was asked for"):
            await endpoints.listed(priority=LIVE)
    anything.body = b'{"data": [{"id": "we", "status": "beautiful", "new": 1}]}'
    assert await endpoints.listed(priority=LIVE) == [Endpoint(id="we", url="", status="beautiful")]


async def test_the_activity_log_is_read_page_by_page_back_to_where_it_was_left(bench: Bench) -> None:
    for _ in range(130):
        await bench.books.created()
    notices, newest = await bench.arcus.feed.activity("2026-01-01T00:00:00.000Z", priority=Priority.POLLING)
    assert len({one.event_id for one in notices}) == 130
    assert len({one.erp_id for one in notices}) == 130
    again, still = await bench.arcus.feed.activity(newest, priority=Priority.POLLING)
    assert (still, len(again) < 130) == (newest, True)
    assert len(await bench.arcus.feed.orders("2026-01-01T00:00:00.000Z", priority=Priority.POLLING)) == 130


async def test_an_erp_that_heeds_no_filter_is_read_no_further_than_needed(erp: Pair) -> None:  # noqa: F811
    anything, client = erp
    anything.body = (
        b'{"has_more": true, "data": [{"id": "a", "resource_id": "r", "created_at": "2026-05-11T12:00:00Z"},'
        b' {"id": "b", "resource_id": "s", "created_at": "2026-05-01T12:00:00Z"}]}'
    )
    feed = Feed(client=client, reads=Reads(client))
    notices, newest = await feed.activity("2026-05-10T12:00:00.000Z", priority=LIVE)
    assert ([one.event_id for one in notices], newest) == (["a"], "2026-05-11T12:00:00Z")
    assert len(anything.asked) == 1


async def test_what_is_gone_is_seen_as_gone(bench: Bench) -> None:
    known = [
        Posted(document=ref(Kind.ORDER, "1"), erp_id="no-order", document_type="sales_order", currency="USD"),
        Posted(document=ref(Kind.PAYMENT, "2"), erp_id="no-payment", document_type="payment", currency="USD"),
        Posted(document=ref(Kind.PAYMENT, "3"), erp_id="x", document_type="refund", currency="USD"),
        Posted(
            document=ref(Kind.REFUND, "4"),
            erp_id="no-credit",
            document_type="credit",
            currency="USD",
            account_erp_id=bench.books.buyer,
        ),
        Posted(document=ref(Kind.ACCOUNT, "5"), erp_id="no-account", document_type="account", currency="USD"),
    ]
    sight = await bench.arcus.look(known, also=["nothing"], priority=LIVE)
    assert {one.external_id for one in sight.missing} == {"1", "2", "4", "5"}
    assert {one.erp_id for one in sight.standings if one.missing} == {
        "no-order",
        "no-payment",
        "no-credit",
        "no-account",
    }


async def test_orders_of_others_are_not_taken_for_earlier_revisions(bench: Bench) -> None:
    tag = {"external_source": "shopify", "kind": "order", "external_id": "1", "generation": "1"}
    ours = await bench.books.created(metadata={**tag, "tenant": ref(Kind.ORDER, "1").tenant})
    theirs = await bench.books.created(metadata={**tag, "tenant": "elsewhere"})
    plain = await bench.books.created()
    known = Posted(document=ref(Kind.ORDER, "1"), erp_id=ours["id"], document_type="sales_order", currency="USD")
    also = [ours["id"], theirs["id"], plain["id"]]
    sight = await bench.arcus.look([known], also=also, priority=LIVE)
    assert [one.erp_id for one in sight.standings] == [ours["id"]]
    revision = await bench.books.created(metadata={**tag, "tenant": ref(Kind.ORDER, "1").tenant, "generation": "2"})
    sight = await bench.arcus.look([known], also=[revision["id"]], priority=LIVE)
    assert {one.erp_id for one in sight.standings} == {ours["id"], revision["id"]}
