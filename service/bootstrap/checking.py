"""`orderferry check`: try what the settings name, and say what is wrong with its fix."""

from __future__ import annotations

from collections.abc import Sequence

from service.bootstrap import parts
from service.bootstrap.topics import check_topics, written
from service.bootstrap.wall_clock import WallClock
from service.errors import FerryError
from service.http.courier import Silent
from service.intake.reach import partitions
from service.ledger.migrate import check as check_ledger
from service.ports import Priority
from service.settings import Finding, Level, Settings, dangers


async def check(settings: Settings) -> Sequence[Finding]:
    """Return findings about the settings, the ledger, Kafka, the ERP behind each API key, and shops with a token."""
    found = list(dangers(settings))
    return [*found, *await _ledger(settings), *await _kafka(settings), *await _erps(settings), *await _shops(settings)]


async def _ledger(settings: Settings) -> list[Finding]:
    try:
        wrong = await check_ledger(settings.ledger.url.get_secret_value())
    except (FerryError, OSError) as error:
        return [Finding(Level.REFUSE, "ledger", str(error), "start the database, or correct ledger.url")]
    if not wrong:
        return [Finding(Level.FINE, "ledger", "migrated and durable")]
    return [Finding(Level.REFUSE, "ledger", line) for line in wrong]


async def _kafka(settings: Settings) -> list[Finding]:
    consumer = parts.consumer(settings)
    if problems := consumer.problems():
        return [Finding(Level.REFUSE, "kafka", line) for line in problems]
    wanted = consumer.topics | {settings.kafka.dead_letter_topic} | written(settings)
    try:
        there = await partitions(consumer.connection, topics=wanted, pattern=consumer.pattern)
    except (FerryError, OSError) as error:
        return [Finding(Level.REFUSE, "kafka", str(error), "start the brokers, or correct kafka.bootstrap_servers")]
    if not there.keys() - {settings.kafka.replay_topic}:
        fix = "create a topic that matches, or correct kafka.pattern"
        return [Finding(Level.REFUSE, "kafka", "no topic matches the pattern", fix)]
    found = [
        Finding(Level.FINE, f"topic {name}", f"{count} partitions")
        if count
        else Finding(Level.WARN, f"topic {name}", "does not exist", "`orderferry topics create`")
        for name, count in there.items()
    ]
    return [*found, *await check_topics(settings, [name for name, count in there.items() if count])]


async def _erps(settings: Settings) -> list[Finding]:
    erps = parts.Erps(settings, clock=WallClock(), meter=Silent(), shared=None)
    found = []
    try:
        for name, erp in erps.each():
            try:
                count = await erp.reach(priority=Priority.LIVE)
            except FerryError as error:
                fix = "start the ERP, or correct erp.base_url and the API key"
                found.append(Finding(Level.REFUSE, f"erp key {name}", str(error), fix))
            else:
                found.append(Finding(Level.FINE, f"erp key {name}", f"answers; {count} products in its catalogue"))
    finally:
        await erps.aclose()
    return found


async def _shops(settings: Settings) -> list[Finding]:
    shops = parts.Shops(settings, clock=WallClock(), meter=Silent())
    found = []
    try:
        for name, shop in shops.each():
            try:
                await shop.reach()
            except FerryError as error:
                fix = "correct the tenant's shop_token or shopify.base_url; until then nothing is read from this shop"
                found.append(Finding(Level.WARN, f"shop {name}", str(error), fix))
            else:
                found.append(Finding(Level.FINE, f"shop {name}", "answers"))
    finally:
        await shops.aclose()
    return found
