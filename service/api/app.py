"""The HTTP application: `/livez`, `/readyz`, `/metrics`."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from service.api.health import Health
from service.telemetry.build import orderferry_version


def create_app(*, health: Callable[[], Health], metrics: CollectorRegistry, openapi_url: str | None = None) -> FastAPI:
    """Build the application; `health` is asked at every call and must be quick."""
    app = FastAPI(
        title="Orderferry", version=orderferry_version(), docs_url=None, redoc_url=None, openapi_url=openapi_url
    )

    @app.get("/livez")
    async def livez() -> JSONResponse:
        """Say whether the watchdog is content: 200, or 503 with the cause."""
        now = health()
        return JSONResponse({"alive": now.alive, "stall": now.stall}, 200 if now.alive else 503)

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """Say whether everything needed is there: 200, or 503 with each cause by name."""
        now = health()
        causes = {**now.missing, **({"stall": now.stall} if now.stall else {})}
        return JSONResponse(
            {"ready": now.ready, "missing": causes, "waits": dict(now.waits)}, 200 if now.ready else 503
        )

    @app.get("/metrics")
    async def exposition() -> Response:
        """Every metric, in Prometheus' text format."""
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return app
