"""Addresses of an account: other names in requests than in answers, and one default of each kind."""

from sandbox.arcus.call import Call
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.fields import choice, flag, text

KINDS = ("billing", "shipping")
# what a request calls it -> what an answer calls it
RENAMED = {"street1": "line1", "street2": "line2", "city": "city", "region": "state", "postal_code": "zip"}


def build(call: Call, body: Doc, *, path: str) -> Doc:
    """Return one new address as answers show it."""
    address: Doc = {
        "id": call.ids.new("address"),
        "object": "address",
        "type": choice(body, "type", KINDS, path=path, default="shipping"),
        "label": text(body, "label", path=path),
        "is_default_billing": flag(body, "is_default_billing"),
        "is_default_shipping": flag(body, "is_default_shipping"),
    }
    for sent, shown in RENAMED.items():
        address[shown] = text(body, sent, path=path)
    address["country"] = text(body, "country", path=path) or "US"
    for name in ("name", "company", "phone"):
        address[name] = text(body, name, path=path)
    return address


def with_defaults(addresses: list[Doc]) -> list[Doc]:
    """First of each type becomes its default where none is; two of a kind are refused."""
    for kind in KINDS:
        name = f"is_default_{kind}"
        chosen = [index for index, address in enumerate(addresses) if address[name]]
        if len(chosen) > 1:
            param = f"addresses[{chosen[1]}].{name}"
            raise Refusal(422, "validation_error", f"At most one default {kind} address.", param=param)
        if not chosen:
            first = next((address for address in addresses if address["type"] == kind), None)
            if first is not None:
                first[name] = True
    return addresses


def added(addresses: list[Doc], new: Doc) -> list[Doc]:
    """Return the list with one more; a new default takes the place of the old one."""
    kept = [dict(address) for address in addresses]
    for kind in KINDS:
        if new[f"is_default_{kind}"]:
            for address in kept:
                address[f"is_default_{kind}"] = False
    return with_defaults([*kept, new])


def default_of(account: Doc, kind: str) -> str | None:
    """Id of the account's default address of a kind."""
    for address in account["addresses"]:
        if address[f"is_default_{kind}"]:
            return str(address["id"])
    return None


def of_account(account: Doc, ident: str | None) -> Doc | None:
    """Return the account's address of that id."""
    return next((address for address in account["addresses"] if address["id"] == ident), None)
