"""The routes of the admin API. Each asks the desk what a command of the same name asks; nothing is decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Security
from fastapi.security import HTTPBearer

from schemas.outcome import Reason
from service.api.admin.examples import EXPLAINED, MAPPING, PARKED, STATUS, answer
from service.api.admin.orders import Discard, Pause, Release, SetMapping, Text
from service.api.health import Health
from service.desk.claims import claim
from service.desk.keys import keys_of
from service.desk.parked import EVERYTHING, Wanted, as_data, discard, parked_under, release
from service.desk.tenants import unknown_tenant
from service.ports import Desk, Mapped

Json = dict[str, Any]
Source = Annotated[Text, Query(description="Shop system.", examples=["shopify"])]
Tenant = Annotated[Text, Query(description="The shop's domain.", examples=["acme.myshopify.com"])]
OneTenant = Annotated[Text | None, Query(description="Only this shop.", examples=["acme.myshopify.com"])]
Document = Annotated[
    Text, Query(description="Document id, order name, ERP number, transaction id, or key.", examples=["#1001"])
]
OnlyReason = Annotated[Reason | None, Query(description="Only this reason.")]
Limit = Annotated[int, Query(ge=1, le=EVERYTHING, description="At most so many.")]


@dataclass(frozen=True, slots=True)
class Admin:
    """What the admin API works with."""

    tokens: tuple[str, ...] = field(repr=False)
    """Bearer tokens; closed without any."""
    desk: Callable[[], AbstractAsyncContextManager[Desk]]
    """Opens the ledger's desk."""
    health: Callable[[], Health]
    tenants: Collection[str]
    """Those that are set up, as `source/tenant`."""
    wrong: Callable[[str, str, str], str]
    """What is wrong with a line of a table, given table, name and target; empty where it can be used."""
    version: str


def router(admin: Admin) -> APIRouter:
    """Build the routes."""
    bearer = Security(HTTPBearer(auto_error=False, description="One of `http.admin_tokens`."))
    routes = APIRouter(prefix="/admin", tags=["admin"], dependencies=[bearer])
    _asking(routes, admin)
    _parked(routes, admin)
    _tables(routes, admin)
    return routes


def _asking(routes: APIRouter, admin: Admin) -> None:
    @routes.get("/status", responses=answer(STATUS))
    async def status() -> Json:
        """Tell how this process is, which tenants are paused, and how much is parked, by reason."""
        now = admin.health()
        async with admin.desk() as desk:
            paused = sorted(f"{source}/{tenant}" for source, tenant in await desk.paused())
            parked = Counter(one.reason.value for one in await desk.parked(limit=EVERYTHING))
        return {
            "version": admin.version,
            "alive": now.alive,
            "ready": now.ready,
            "missing": dict(now.missing),
            "waits": dict(now.waits),
            "paused": paused,
            "parked": dict(parked),
        }

    @routes.get("/explain", responses=answer([EXPLAINED], 404))
    async def explain(source: Source, id: Document, tenant: OneTenant = None) -> list[Json]:  # noqa: A002 - its name
        """Tell everything about one document: events, decisions, ERP calls, parts of the amount."""
        async with admin.desk() as desk:
            return [claim(await desk.story(key)) for key in await keys_of(desk, source, id, tenant)]


def _parked(routes: APIRouter, admin: Admin) -> None:
    @routes.get("/parked", responses=answer([PARKED]))
    async def parked_list(tenant: OneTenant = None, reason: OnlyReason = None, limit: Limit = 1000) -> list[Json]:
        """List the parked documents, oldest first, each with its reason and what lets it go on."""
        async with admin.desk() as desk:
            found = await desk.parked(tenant=tenant, reason=reason.value if reason else None, limit=limit)
            return [as_data(one) for one in found]

    @routes.get("/parked/show", responses=answer([PARKED], 404))
    async def parked_show(source: Source, id: Document, tenant: OneTenant = None) -> list[Json]:  # noqa: A002
        """Show why one order and its payments and refunds are parked; an empty list where nothing of it is."""
        async with admin.desk() as desk:
            return [as_data(one) for one in await parked_under(desk, source, id, tenant)]

    @routes.post("/parked/release", responses=answer({"released": ["shopify|acme.myshopify.com|1001"]}, 400, 404, 409))
    async def parked_release(order: Release) -> Json:
        """Let documents try again: forget refusals, holds and unreadable news of their orders, and plan them now."""
        wanted = Wanted(order.source, order.id, order.tenant, order.reason)
        if wanted.problem:
            raise HTTPException(400, wanted.problem)
        async with admin.desk() as desk:
            return {"released": await release(desk, wanted, who=order.who, why=order.why)}

    discarded = {"source": "shopify", "tenant": "acme.myshopify.com", "kind": "payment", "external_id": "77"}

    @routes.post("/parked/discard", responses=answer({"discarded": discarded}, 404, 409))
    async def parked_discard(order: Discard) -> Json:
        """End a parked document for good: it is skipped by a person and never posted."""
        async with admin.desk() as desk:
            document = await discard(
                desk, order.source, order.kind, order.external_id, tenant=order.tenant, who=order.who, why=order.why
            )
        data = document.model_dump(mode="json")
        return {"discarded": {"source": data.pop("external_source"), **data}}


def _tables(routes: APIRouter, admin: Admin) -> None:
    @routes.get("/mappings", responses=answer([MAPPING]))
    async def mappings_list(source: Source, tenant: Tenant) -> list[Json]:
        """List the tables of a tenant."""
        async with admin.desk() as desk:
            return [asdict(one) for one in await desk.mappings(source, tenant)]

    @routes.put("/mappings", responses=answer({**MAPPING, "reopened": 2}, 400))
    async def mappings_set(order: SetMapping) -> Json:
        """Set one line and let everything go on that was parked for it."""
        problem = unknown_tenant(order.source, order.tenant, admin.tenants)
        if problem := problem or admin.wrong(order.table, order.name, order.target):
            raise HTTPException(400, f"{problem}. Nothing was set.")
        line = Mapped(
            external_source=order.source,
            tenant=order.tenant,
            table=order.table,
            name=order.name,
            target=order.target,
        )
        async with admin.desk() as desk:
            return {**asdict(line), "reopened": await desk.set_mapping(line, who=order.who, why=order.why)}

    async def pausing(order: Pause, *, paused: bool) -> Json:
        if problem := unknown_tenant(order.source, order.tenant, admin.tenants):
            raise HTTPException(400, problem)
        async with admin.desk() as desk:
            await desk.pause(order.source, order.tenant, paused=paused, who=order.who, why=order.why)
        return {"source": order.source, "tenant": order.tenant, "paused": paused}

    said = {"source": "shopify", "tenant": "acme.myshopify.com"}

    @routes.post("/tenants/pause", responses=answer({**said, "paused": True}, 400))
    async def tenants_pause(order: Pause) -> Json:
        """Stop posting for one shop; its events wait in the ledger, nothing is lost."""
        return await pausing(order, paused=True)

    @routes.post("/tenants/resume", responses=answer({**said, "paused": False}, 400))
    async def tenants_resume(order: Pause) -> Json:
        """Go on posting for one shop."""
        return await pausing(order, paused=False)
