"""One body on its way to facts: its envelope, its zone, and how a refusal names the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.errors import Invalid
from connectors.shopify.fields import exact, identity
from connectors.shopify.payloads import Payload
from schemas.base import Kind
from schemas.event import Envelope
from schemas.outcome import Reason

P = TypeVar("P", bound=Payload)
T = TypeVar("T")

_ARE_THE_ORDER = frozenset({Kind.ORDER, Kind.ORDER_DELETION})

# What pydantic found, in a clerk's words. The value itself is never repeated: it may be personal.
_WORDS = {
    "missing": "is missing",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "string_type": "is not a text",
    "list_type": "is not a list",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "int_parsing_size": "is too large",
    "int_from_float": "is not a whole number",
    "greater_than_equal": "is negative",
    "less_than_equal": "is too large",
    "model_type": "is not an object",
    "model_attributes_type": "is not an object",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What the builders of facts share about one body."""

    envelope: Envelope
    zone: tzinfo | None
    received_at: datetime | None
    kind: Kind
    body: dict[str, object]

    @property
    def external_id(self) -> str | None:
        """The document's id, as far as it can be read."""
        return body_id(self._naming, "id")

    @property
    def root(self) -> str | None:
        """The id of the order that the document is about."""
        return body_id(self._naming, "id" if self.kind in _ARE_THE_ORDER else "order_id")

    @property
    def _naming(self) -> dict[str, object]:
        if self.kind is not Kind.ORDER_EDIT:
            return self.body
        edit = self.body.get("order_edit")
        return edit if isinstance(edit, dict) else {}

    def business_date(self, at: datetime) -> date:
        """The calendar day in the tenant's zone, or in the shop's own offset where no zone is set (books 14)."""
        return (at if self.zone is None else at.astimezone(self.zone)).date()

    def invalid(self, field: str, problem: str, *, reason: Reason = Reason.INVALID) -> Invalid:
        """The refusal of this document because of one field."""
        return Invalid(
            envelope=self.envelope,
            kind=self.kind,
            external_id=self.external_id,
            root=self.root,
            field=field,
            reason=reason,
            detail=f"{self._document}: {field} {problem}",
        )

    def needs_read(self, field: str) -> Invalid:
        """The refusal of a body that leaves out what cannot be guessed: the whole one must be read from the shop."""
        return self.invalid(
            field, "is missing or empty; the document must be read from the shop", reason=Reason.NEEDS_READ
        )

    def needed(self, value: T | None, field: str) -> T:
        """A value without which nothing can be posted."""
        if value is None:
            raise self.needs_read(field)
        return value

    def named(self, value: T | None, field: str) -> T:
        """An id without which nobody can tell what the body is about, so that not even reading it helps."""
        if value is None:
            raise self.invalid(field, "is missing, so nobody can tell which document it is")
        return value

    @property
    def _document(self) -> str:
        number = "without a readable id" if self.external_id is None else self.external_id
        return f"{self.kind.replace('_', ' ')} {number}"

    def read(self, model: type[P], body: object, *, at: str = "") -> P:
        """The body, or its part `at` a field, in Shopify's words. Raises Invalid with the first wrong field."""
        try:
            return model.model_validate(body)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            more = "" if len(found) == 1 else f" ({len(found) - 1} more of its fields are wrong, too)"
            raise self.invalid(path(at, found[0]["loc"]), f"{_problem(found[0])}{more}") from None


def body_id(body: dict[str, object], name: str) -> str | None:
    """An id of a body that was not read yet, or that cannot be; `id` itself from the gid where it was rounded."""
    gid = body.get("admin_graphql_api_id") if name == "id" else None
    try:
        number = identity(body.get(name))
    except ValueError:
        number = None
    return exact(number, gid if isinstance(gid, str) else None)


def path(at: str, location: Sequence[int | str]) -> str:
    """The name of a field: `line_items[0].price`."""
    text = at + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".") or "the body"


def _problem(found: ErrorDetails) -> str:
    if found["type"] == "value_error":
        return str(found["ctx"]["error"])
    return _WORDS.get(found["type"], "cannot be read")
