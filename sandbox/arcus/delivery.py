"""How an answer leaves: whole, late, cut in half, empty, as an error that is none, or not at all."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from multidict import CIMultiDict

from sandbox.arcus.call import Outcome
from sandbox.arcus.errors import Refusal
from sandbox.arcus.money import encode

if TYPE_CHECKING:
    from sandbox.arcus.exchange import Exchange

JSON = "application/json; charset=utf-8"
GARBAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def headers(exchange: "Exchange", *, content: str = JSON) -> CIMultiDict[str]:
    """What every answer carries."""
    clock, verdict = exchange.world.clock, exchange.verdict
    return CIMultiDict(
        {
            "Date": clock.http_date(),
            "Content-Type": content,
            "X-RateLimit-Limit": str(verdict.limit),
            "X-RateLimit-Remaining": str(verdict.remaining),
            "X-RateLimit-Reset": str(int(clock.now() + verdict.reset_in) + 1),
        }
    )


def whole(exchange: "Exchange", outcome: Outcome) -> web.Response:
    """Return the true answer."""
    fields = headers(exchange)
    if outcome.retry_after is not None:
        fields["Retry-After"] = str(outcome.retry_after)
    return web.Response(body=outcome.answer, status=outcome.status, headers=fields)


def garbage(exchange: "Exchange") -> web.Response:
    """Return what a proxy says when nobody is behind it."""
    return web.Response(body=GARBAGE, status=502, headers=headers(exchange, content="text/html"))


def throttled(after: int) -> Refusal:
    """Too many requests."""
    return Refusal(429, "rate_limit_exceeded", f"Too many requests; retry in {after} s.", retry_after=after)


def frozen() -> Refusal:
    """The entity is read-only for now."""
    return Refusal(423, "entity_frozen", "The entity is frozen for a cutover; retry later.")


def broken() -> Refusal:
    """Something happened or did not; from outside it looks the same."""
    return Refusal(500, "internal_error", "Something went wrong on our side.")


def hang_up(request: web.BaseRequest, *, hard: bool = False) -> None:
    """Close the connection without an answer: an orderly end, or a reset."""
    if request.transport is not None:
        if hard:
            request.transport.abort()
        else:
            request.transport.close()


async def deliver(exchange: "Exchange", outcome: Outcome, lie: str | None) -> web.StreamResponse:
    """Send the outcome the way the lie wants it."""
    if lie is None:
        return whole(exchange, outcome)
    if lie == "slow":
        await asyncio.sleep(exchange.world.faults.plan.slow_ms / 1000)
    elif lie == "commit_then_drop":
        hang_up(exchange.request, hard=exchange.request_id[-1] in "02468ace")
    elif lie == "truncated":
        return await _half(exchange, outcome)
    elif lie == "empty_2xx":
        return web.Response(status=200, headers=headers(exchange))
    elif lie == "error_after":
        return whole(exchange, Outcome(500, encode(broken().body(exchange.request_id))))
    return whole(exchange, outcome)


async def _half(exchange: "Exchange", outcome: Outcome) -> web.StreamResponse:
    fields = headers(exchange)
    fields["Content-Length"] = str(len(outcome.answer))
    answer = web.StreamResponse(status=outcome.status, headers=fields)
    await answer.prepare(exchange.request)
    await answer.write(outcome.answer[: len(outcome.answer) // 2])
    hang_up(exchange.request)
    return answer
