"""What the service is told: one YAML file, and the ERP's seed that fits it."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sandbox.shop.catalogue import erp_products
from sandbox.shop.shops import GO_LIVE, GRACE_SECONDS, SHOPS, Shop

GROUP = "orderferry-demo"
DEAD_LETTERS = "orderferry.dead-letters"
REPLAY = "orderferry.replay"
CALL_DEADLINE_S = 4.0  # far above the sandbox's usual 30 ms; the lie `slow` answers later than this
STALE_MS = 800
_COUNTER = {"name": "Counter", "street1": "1 Market Square", "postal_code": "10000"}


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings(
    *, bootstrap: str, topic: str, erp_port: int, keys: Mapping[str, str], ledger: Path, http_port: int, tier: str
) -> dict[str, Any]:
    """Return the settings of the whole installation."""
    return {
        "kafka": {
            "bootstrap_servers": bootstrap,
            "group_id": GROUP,
            "topics": [topic],
            "replay_topic": REPLAY,
            "dead_letter_topic": DEAD_LETTERS,
            "session_timeout_ms": 6_000,  # the least that brokers accept: a killed member is replaced soon
            "rebalance_timeout_ms": 40_000,
        },
        "ledger": {"url": f"sqlite+aiosqlite:///{ledger}", "lease_seconds": CALL_DEADLINE_S + 6, "sweep_s": 1.0},
        "erp": {
            "base_url": f"http://127.0.0.1:{erp_port}/v1",
            "api_keys": {shop.code: keys[shop.code] for shop in SHOPS},
            "tier": tier,
            "call_deadline_s": CALL_DEADLINE_S,
            "settle_horizon_s": 2.0,  # twice the stated bound of a stale read
            "breaker_pause_s": 1.0,
        },
        "intake": {"drain_s": 15.0},
        "http": {"port": http_port},
        "logging": {"level": "info"},
        "tenants": {f"shopify/{shop.domain}": _tenant(shop) for shop in SHOPS},
    }


def _tenant(shop: Shop) -> dict[str, Any]:
    return {
        "go_live": GO_LIVE.isoformat(),
        "fulfilment": shop.fulfilment,
        "entity_currency": shop.currency,
        "time_zone": shop.zone,
        "api_key": shop.code,
        "targets": dict(shop.targets),
        "tenders": dict(shop.tenders),
        "pick_up": {**_COUNTER, "city": shop.code.title(), "country": shop.country},
        "transactions_grace_s": GRACE_SECONDS,
    }


def write_settings(path: Path, content: Mapping[str, Any]) -> None:
    """Write the file."""
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True), encoding="utf-8")


def seed() -> dict[str, Any]:
    """Return what the ERP must know beforehand."""
    return {"entities": {shop.code: {"products": erp_products(shop)} for shop in SHOPS}}


def entities() -> str:
    """Return the ERP's entities for its command line."""
    return ",".join(f"{shop.code}:{shop.currency}" for shop in SHOPS)
