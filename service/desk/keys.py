"""From what people call a document to the one key that it lives under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.ports import Desk


@dataclass
class NotOneKey(Exception):
    """A name that leads to no key, or to several."""

    source: str
    text: str
    keys: Sequence[str]

    def __str__(self) -> str:
        """Say what to do."""
        if not self.keys:
            return (
                f"{self.source} knows no document {self.text!r}. Try its id, order name (#1001), ERP number or "
                "transaction id; if it was just sent, it may still be on its way."
            )
        found = ", ".join(self.keys)
        return f"{self.text!r} names {len(self.keys)} documents: {found}. Add --tenant, or give one of these keys."


def parts(key: str) -> tuple[str, str, str]:
    """Split a key into source, tenant and root."""
    source, _, rest = key.partition("|")
    tenant, _, root = rest.partition("|")
    return source, tenant, root


async def keys_of(desk: Desk, source: str, text: str, tenant: str | None) -> Sequence[str]:
    """Find every key of that name. Raises NotOneKey where there is none."""
    found = [key for key in await desk.find_keys(source, text) if tenant is None or parts(key)[1] == tenant]
    if not found:
        raise NotOneKey(source, text, ())
    return found


async def one_key(desk: Desk, source: str, text: str, tenant: str | None) -> str:
    """Find the one key of that name. Raises NotOneKey."""
    found = await keys_of(desk, source, text, tenant)
    if len(found) > 1:
        raise NotOneKey(source, text, found)
    return found[0]
