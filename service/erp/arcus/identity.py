"""How our documents are recognised in Arcus: metadata tag, notes tag, payment reference, address label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote

from schemas.base import Ref
from schemas.effect import CreateAccount, CreateOrder, ReturnGoods
from schemas.party import Address

IDENTITY = ("external_source", "tenant", "kind", "external_id", "generation")
"""The names that must all be equal before a document counts as ours."""
_SAFE = ":/|#@.+-_~"
_LABEL = re.compile(r"\[([0-9a-f]{16})\]$")
_LABEL_NAME = 60  # characters of the addressee; the length of a label is not documented


def tag(document: Ref, *, source_version: str, generation: int = 1) -> dict[str, str]:
    """Return the metadata tag of a document."""
    return {
        "external_source": document.external_source,
        "tenant": document.tenant,
        "kind": document.kind.value,
        "external_id": document.external_id,
        "generation": str(generation),
        "source_version": source_version,
    }


def tag_of(effect: CreateAccount | CreateOrder | ReturnGoods) -> dict[str, str]:
    """Return the tag of the document that an effect creates."""
    generation = effect.revision if isinstance(effect, CreateOrder) else 1
    return tag(effect.document, source_version=effect.source_version, generation=generation)


def same(found: Mapping[str, object] | None, wanted: Mapping[str, str]) -> bool:
    """Whether a document's metadata names the wanted document."""
    return found is not None and all(str(found.get(name)) == wanted[name] for name in IDENTITY)


def is_tagged(found: Mapping[str, object] | None) -> bool:
    """Whether any document of ours is named at all: proof that metadata sticks."""
    return found is not None and all(name in found for name in IDENTITY)


def notes_tag(document: Ref, *, source_version: str) -> str:
    """Return the tag for things without metadata: `key=value` pairs with spaces between them."""
    pairs = {
        "external_source": document.external_source,
        "tenant": document.tenant,
        "kind": document.kind.value,
        "external_id": document.external_id,
        "source_version": source_version,
    }
    return " ".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in pairs.items())


def noted(notes: str | None, document: Ref) -> bool:
    """Whether notes carry the tag of this document, whatever stands around it."""
    pairs = dict(word.partition("=")[::2] for word in (notes or "").split())
    return (
        unquote(pairs.get("external_source", "")) == document.external_source
        and unquote(pairs.get("tenant", "")) == document.tenant
        and pairs.get("kind") == document.kind.value
        and unquote(pairs.get("external_id", "")) == document.external_id
    )


def reference(document: Ref) -> str:
    """Return the reference of a payment: tenant and transaction id."""
    return f"{document.tenant}:{document.external_id}"


def address_key(address: Address) -> str:
    """Return the digest of an address, blind to case and spacing; the phone is no part of where it is."""
    return _digest(
        address.name,
        address.company,
        address.street1,
        address.street2,
        address.city,
        address.region,
        address.postal_code,
        address.country,
    )


@lru_cache(maxsize=4_096)  # one order asks for the same two addresses four times
def _digest(*parts: str) -> str:
    """Remember the last few thousand addresses, in memory only and read by nobody else: an erasure waits for no cache.

    They go as others come, at the latest with the process (correctness 23).
    """
    text = "\x1f".join([" ".join(part.split()) if part else "" for part in parts]).casefold()
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def address_label(address: Address) -> str:
    """Return what the warehouse reads, the addressee, and what we read, the digest."""
    who = ", ".join(part for part in (address.name.strip(), address.company.strip()) if part)
    return f"{who[:_LABEL_NAME]} [{address_key(address)}]".strip()


def labelled(label: str | None) -> str | None:
    """Return the digest in an address's label, if it is one of ours."""
    found = _LABEL.search(label or "")
    return found.group(1) if found else None


def is_empty(address: Address | None) -> bool:
    """Whether there is nothing to send a parcel or a bill to."""
    return address is None or not (
        address.street1 or address.street2 or address.city or address.postal_code or address.country or address.region
    )
