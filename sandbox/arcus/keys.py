"""API keys: one per entity, with scopes and an optional list of addresses."""

import ipaddress
import random
from dataclasses import dataclass, field

from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.limits import Tier, Window
from sandbox.arcus.store import Entity

SCOPES = frozenset(
    f"{resource}:{permission}"
    for resource in ("accounts", "orders", "products", "inventory", "returns", "payments", "accounting", "purchasing")
    for permission in ("read", "write")
) | {"accounts:delete", "migration:write", "webhooks:manage", "webhooks:write"}


@dataclass(slots=True)
class Key:
    """One key and what it may do."""

    secret: str
    entity: Entity
    window: Window
    scopes: frozenset[str] = SCOPES
    allowed: list[str] = field(default_factory=list)
    expired: bool = False

    def check_address(self, remote: str | None) -> None:
        """Refuse an address that is not on the allowlist."""
        if not any(_inside(remote, network) for network in self.allowed):
            raise Refusal(403, "ip_not_allowlisted", "This address is not on the key's allowlist.")

    def restrict(self, doc: Doc) -> None:
        """Take scopes, addresses and expiry from the control plane."""
        self.scopes = frozenset(doc.get("scopes", self.scopes))
        self.allowed = list(doc.get("allowed_ips", self.allowed))
        self.expired = bool(doc.get("expired", self.expired))


def secret_of(code: str, seed: int) -> str:
    """Return the entity's key, the same after every restart."""
    return f"ark_test_ent_{code}_{random.Random(f'key:{seed}:{code}').getrandbits(128):032x}"


class Ring:
    """All keys."""

    def __init__(self, entities: list[Entity], *, seed: int, tier: Tier | None) -> None:
        keys = (Key(secret_of(entity.code, seed), entity, Window(tier)) for entity in entities)
        self._keys = {f"Bearer {key.secret}": key for key in keys}
        self.by_code = {key.entity.code: key for key in self._keys.values()}

    def admit(self, authorization: str | None) -> Key:
        """Return the key of a request, or say why it may not pass."""
        key = self._keys.get(authorization or "")
        if key is None or key.expired:
            if not authorization:
                raise Refusal(401, "missing_api_key", "Send the API key as a Bearer token.")
            raise Refusal(401, "invalid_api_key", "The API key is unknown, expired or deleted.")
        return key


def _inside(remote: str | None, network: str) -> bool:
    return remote is not None and ipaddress.ip_address(remote) in ipaddress.ip_network(network, strict=False)
