"""`send`: put payload files on a source topic, headers and all, as the shop's delivery would be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from connectors.envelopes.pointer import NoSuchPart, elements, part
from schemas.event import Position
from service.cli.front import AsJson, Exit, Front, front
from service.cli.house import House, Message
from service.settings import Settings

SOURCES = ("shopify",)

Files = Annotated[list[Path], typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Payload files.")]
ShopTopic = Annotated[str, typer.Argument(metavar="TOPIC", help="The shop's topic, for example orders/create.")]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Shop domain; the settings' only shop or default_tenant where absent.")
]
Header = Annotated[
    list[str] | None, typer.Option("--header", metavar="NAME=VALUE", help="A further header, or another value.")
]
Key = Annotated[str | None, typer.Option("--key", help="Kafka key; the order's id where absent.")]
Pointer = Annotated[str, typer.Option("--pointer", help="JSON pointer to the part to send, byte for byte: /order")]
Each = Annotated[bool, typer.Option("--each", help="Send every element of the array as a message of its own.")]
To = Annotated[str | None, typer.Option("--to", help="Kafka topic; the first of kafka.topics where absent.")]
Bare = Annotated[bool, typer.Option("--bare", help="No headers but those of --header: the file is an envelope itself.")]


def send(  # noqa: PLR0913 - each is an option of the command
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Shop system: shopify.")],
    topic: ShopTopic,
    files: Files,
    *,
    tenant: Tenant = None,
    header: Header = None,
    key: Key = None,
    pointer: Pointer = "",
    each: Each = False,
    to: To = None,
    bare: Bare = False,
    as_json: AsJson = False,
) -> None:
    """Put payload files on the source topic, with the headers of a delivery; the bytes stay what they are."""
    desk = front(context)
    settings = desk.settings()
    if source not in SOURCES:
        desk.fail(f"there is no source {source!r}; known: {', '.join(SOURCES)}", Exit.USAGE)
    given = _given(desk, header or [])
    shop = None if bare else _tenant(desk, settings, source, tenant)
    target = to or _topic(desk, settings)
    messages: list[Message] = []
    origins: list[Path] = []
    for file in files:
        for value in _values(desk, file, pointer, each=each):
            headers = [] if shop is None else delivery(topic, shop)
            merged = {**dict(headers), **given}
            messages.append((_key(key, value), value, list(merged.items())))
            origins.append(file)
    positions = _put(desk, settings, target, messages)
    for file, message, position in zip(origins, messages, positions, strict=True):
        where = f"{position.topic}/{position.partition}@{position.offset}"
        if as_json:
            named = message[0].decode() if message[0] else None
            desk.json({"file": str(file), "key": named, "bytes": len(message[1]), **position.model_dump()})
        else:
            desk.say(f"{file}: {len(message[1])} bytes at {where}")


def delivery(topic: str, shop: str) -> list[tuple[str, bytes]]:
    """Return the headers of a new delivery of Shopify; there is no signature, for Kafka is behind the edge."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    headers = {
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": shop,
        "x-shopify-webhook-id": str(uuid4()),
        "x-shopify-event-id": str(uuid4()),
        "x-shopify-triggered-at": now,
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in headers.items()]


def root_of(value: bytes) -> bytes | None:
    """Return the order that a payload belongs to, so that one order stays in one partition; None where it says none."""
    try:
        body = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if isinstance(body, dict) and isinstance(body.get("order_edit"), dict):
        body = body["order_edit"]
    if not isinstance(body, dict):
        return None
    root = body.get("order_id") or body.get("id")
    return str(root).encode() if isinstance(root, (int, str)) else None


def _key(given: str | None, value: bytes) -> bytes | None:
    return given.encode() if given is not None else root_of(value)


def _values(desk: Front, file: Path, pointer: str, *, each: bool) -> list[bytes]:
    value = file.read_bytes()
    if not pointer and not each:
        return [value]
    try:
        text = part(value.decode(), pointer)
        return [one.encode() for one in (elements(text) if each else [text])]
    except NoSuchPart as error:
        desk.fail(f"{file}: {error}. Nothing was sent.")
    except UnicodeDecodeError as error:
        desk.fail(f"{file} is not UTF-8 (byte {error.start}), so --pointer cannot look into it. Nothing was sent.")


def _given(desk: Front, headers: Sequence[str]) -> dict[str, bytes]:
    given: dict[str, bytes] = {}
    for header in headers:
        name, equals, value = header.partition("=")
        if not equals or not name:
            desk.fail(f"--header {header!r} has no name or no value: write --header x-shopify-test=true", Exit.USAGE)
        given[name.strip().lower()] = value.encode()
    return given


def _tenant(desk: Front, settings: Settings, source: str, given: str | None) -> str:
    shops = sorted(name.split("/", 1)[1] for name in settings.tenants if name.startswith(f"{source}/"))
    tenant = given or settings.kafka.default_tenant or (shops[0] if len(shops) == 1 else None)
    if tenant is None:
        known = ", ".join(shops) or "none is set up"
        desk.fail(f"whose payload is it? Add --tenant; known: {known}", Exit.USAGE)
    return tenant


def _topic(desk: Front, settings: Settings) -> str:
    if not settings.kafka.topics:
        desk.fail(f"kafka.pattern ({settings.kafka.pattern}) names no single topic: add --to", Exit.USAGE)
    return settings.kafka.topics[0]


def _put(desk: Front, settings: Settings, topic: str, messages: Sequence[Message]) -> Sequence[Position]:
    with desk.progress() as progress:
        told = progress.add_task("sending", total=len(messages))

        async def job(house: House) -> Sequence[Position]:
            return await house.send(
                settings, topic, messages, sent=lambda count: progress.update(told, completed=count)
            )

        return desk.work(job)
