"""The admin API over a real ledger: the same answers and orders as the command line, behind a token."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from schemas.outcome import OutcomeName
from service.bootstrap import migrate
from service.desk.claims import claim
from service.ledger.ledger import SqlLedger
from service.ports import Busy, Closing, EventEnd
from tests.api.street import Street
from tests.api.vendors import ADMIN
from tests.cli.stories import KEY, SHOP, story

pytestmark = pytest.mark.kafka
BY = {"who": "ann", "why": "asked the bank"}
AS = {"Authorization": f"Bearer {ADMIN}"}


@pytest.fixture
async def admin(street: Street) -> httpx.AsyncClient:
    """People's client, with one order and its parked payment in the ledger."""
    await migrate(street.settings)
    told = story()
    url = street.settings.ledger.url.get_secret_value()
    ledger = await SqlLedger.open_at(url, erp="arcus", owner="test", lease_seconds=60)
    try:
        opened = await ledger.open(KEY, [told.events[0].arrival])
        assert not isinstance(opened, Busy)
        ends = [EventEnd(told.events[0].arrival, OutcomeName.POSTED, None)]
        await ledger.close(
            Closing(lease=opened.lease, verdicts=told.verdicts, settled=(), events=ends, posted=told.posted)
        )
    finally:
        await ledger.stop()
    street.client.headers.update(AS)
    return street.client


async def got(admin: httpx.AsyncClient, path: str, **query: str) -> Any:
    answer = await admin.get(f"/admin/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ordered(admin: httpx.AsyncClient, path: str, **order: str) -> httpx.Response:
    method = "PUT" if path == "mappings" else "POST"
    return await admin.request(method, f"/admin/{path}", json={**BY, **order})


@pytest.mark.parametrize("name", ["#1001", "1001001", "SO-9", KEY])
async def test_a_document_is_explained_as_on_the_command_line(admin: httpx.AsyncClient, name: str) -> None:
    (told,) = await got(admin, "explain", source="shopify", id=name)
    assert told.keys() == claim(story()).keys()
    outcomes = {one["kind"]: (one["outcome"], one["reason"]) for one in told["documents"]}
    assert outcomes == {"order": ("posted", None), "payment": ("parked", "tender_unmapped")}


async def test_the_status_tells_what_is_parked_and_paused(admin: httpx.AsyncClient) -> None:
    shop = {"source": "shopify", "tenant": "acme.myshopify.com"}
    assert (await ordered(admin, "tenants/pause", **shop)).json() == {**shop, "paused": True}
    told = await got(admin, "status")
    assert (told["parked"], told["paused"]) == ({"tender_unmapped": 1}, ["shopify/acme.myshopify.com"])
    assert (await ordered(admin, "tenants/resume", **shop)).json() == {**shop, "paused": False}
    assert (await got(admin, "status"))["paused"] == []


async def test_parked_documents_are_listed_shown_released_and_discarded(admin: httpx.AsyncClient) -> None:
    (listed,) = await got(admin, "parked", tenant=SHOP, reason="tender_unmapped")
    assert [listed] == await got(admin, "parked/show", source="shopify", id="#1001")
    assert (listed["key"], listed["release"]) == (KEY, "tender:paypal")
    for order in ({"id": "#1001"}, {"tenant": SHOP}, {"reason": "tender_unmapped"}):
        answer = await ordered(admin, "parked/release", source="shopify", **order)
        assert answer.json() == {"released": [KEY]}
    answer = await ordered(admin, "parked/discard", source="shopify", kind="payment", external_id="77")
    assert answer.json()["discarded"]["external_id"] == "77"
    assert await got(admin, "parked") == []
    (told,) = await got(admin, "explain", source="shopify", id="#1001")
    assert {one["action"] for one in told["decisions"]} == {"release", "discard"}
    assert {one["who"] for one in told["decisions"]} == {"ann"}


async def test_a_mapping_is_set_by_the_rules_of_the_settings(admin: httpx.AsyncClient) -> None:
    line = {"source": "shopify", "tenant": "acme.myshopify.com", "table": "tender", "name": "paypal"}
    assert (await ordered(admin, "mappings", **line, target="external")).json()["reopened"] == 0
    (found,) = await got(admin, "mappings", source="shopify", tenant="acme.myshopify.com")
    assert found["target"] == "external"
    answer = await ordered(admin, "mappings", **line, target="No Tender")
    assert (answer.status_code, answer.json()["error"]) == (400, "refused")
    stranger = await ordered(admin, "mappings", **{**line, "tenant": "b.com"}, target="external")
    assert "no tenant shopify/b.com is set up" in stranger.json()["detail"]


REFUSED: list[tuple[str, dict[str, str], int, str]] = [
    ("parked/release", {"source": "shopify"}, 400, "reason or a tenant"),
    ("parked/release", {"source": "shopify", "id": "#9"}, 404, "knows no document"),
    ("parked/discard", {"source": "shopify", "kind": "order", "external_id": "9"}, 404, "is parked"),
    ("parked/discard", {"source": "shopify", "kind": "spaceship", "external_id": "9"}, 422, "kind"),
    ("tenants/pause", {"source": "shopify", "tenant": "b.com"}, 400, "no tenant"),
    ("tenants/pause", {"source": "shopify", "tenant": "a\x00b"}, 422, "tenant"),
    ("tenants/pause", {"source": "shopify", "tenant": "b.com", "who": ""}, 422, "who"),
]


@pytest.mark.parametrize(("path", "order", "status", "words"), REFUSED)
async def test_what_cannot_be_ordered_is_told(
    admin: httpx.AsyncClient, path: str, order: dict[str, str], status: int, words: str
) -> None:
    answer = await ordered(admin, path, **order)
    assert answer.status_code == status
    assert words in answer.text
    assert answer.json().keys() == {"error", "detail"}


@pytest.mark.parametrize(
    "header", ["", "Bearer", f"Basic {ADMIN}", f"Bearer {ADMIN}x", f"Bearer {ADMIN[:-1]}", ADMIN, "Bearer ü"]
)
async def test_without_a_token_nothing_is_told(street: Street, header: str) -> None:
    told = [(b"authorization", header.encode())] if header else []
    for path in ("status", "explain?source=shopify&id=1", "nothing"):
        answer = await street.client.get(f"/admin/{path}", headers=told)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_older_token_opens_while_it_is_rotated(street: Street) -> None:
    await migrate(street.settings)
    answer = await street.client.get("/admin/status", headers={"Authorization": "bearer an-older-token-of-people"})
    assert answer.status_code == 200
    twice = [("Authorization", f"Bearer {ADMIN}"), ("Authorization", "Bearer x")]
    assert (await street.client.get("/admin/status", headers=twice)).status_code == 401


async def test_a_ledger_that_is_not_there_is_told_and_webhooks_go_on(street: Street) -> None:
    answer = await street.client.get("/admin/parked", headers=AS)
    assert (answer.status_code, answer.json()["error"]) == (503, "ledger")


async def test_a_long_order_is_refused_before_it_is_parsed(street: Street) -> None:
    answer = await street.client.post("/admin/parked/release", content=b" " * 70_000, headers=AS)
    assert answer.status_code == 413


async def test_the_openapi_describes_every_route_with_an_example(street: Street) -> None:
    told = (await street.client.get("/openapi.json")).json()
    operations = {f"{method} {path}": one for path, item in told["paths"].items() for method, one in item.items()}
    assert {name for name in operations if "/webhooks/" in name} == {
        f"post /webhooks/{source}" for source in ("shopify", "quickbooks", "arcus")
    }
    for name, one in operations.items():
        if "/admin/" in name:
            assert "example" in one["responses"]["200"]["content"]["application/json"], name
            assert one["security"] == [{"HTTPBearer": []}]
