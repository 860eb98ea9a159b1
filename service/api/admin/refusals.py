"""From our errors to HTTP: which status says what may be done next."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from service.desk.keys import NotOneKey
from service.desk.parked import NotOneParked
from service.errors import Fatal, FerryError, Retryable, Waiting
from service.telemetry.redaction import scrub


def refusals(app: FastAPI) -> None:
    """Let every error of the admin API be told in one shape: `error` and `detail`."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(NotOneKey, _not_one)
    app.add_exception_handler(NotOneParked, _not_one)
    app.add_exception_handler(FerryError, _ferry)
    app.add_exception_handler(Fatal, _away)


def _said(status: int, error: str, detail: object) -> JSONResponse:
    return JSONResponse({"error": error, "detail": detail}, status)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """Name the fields; what they held is not repeated."""
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    return _said(
        422, "invalid", [{"where": ".".join(str(part) for part in one["loc"]), "says": one["msg"]} for one in found]
    )


async def _http(_request: Request, error: Exception) -> JSONResponse:
    status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (400, str(error))
    return _said(status, {400: "refused", 404: "not_found", 405: "wrong_method"}.get(status, "refused"), detail)


async def _not_one(_request: Request, error: Exception) -> JSONResponse:
    several = bool(error.keys) if isinstance(error, NotOneKey) else isinstance(error, NotOneParked) and error.count > 0
    return _said(409 if several else 404, "several" if several else "not_found", str(error))


async def _ferry(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, Waiting | Retryable):
        return await _away(request, error)
    return _said(409, "refused", scrub(str(error)))


async def _away(_request: Request, error: Exception) -> JSONResponse:
    return _said(503, "ledger", scrub(str(error)))
