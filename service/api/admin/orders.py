"""What a person sends to order something. Every order says who and why; both are kept in the audit."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.base import Kind
from schemas.outcome import Reason
from service.desk.tables import Table

Text = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""One line: no control character, which no ledger could keep."""


class Order(BaseModel):
    """An order of a person."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    who: Text = Field(examples=["ann"])
    """Who decides this."""
    why: Text = Field(examples=["asked the bank"])
    """Why."""


class Release(Order):
    """Which parked documents may try again: one, or all of a reason or a tenant."""

    source: Text = Field(examples=["shopify"])
    """The shop system."""
    id: Text | None = Field(default=None, examples=["#1001"])
    """Document id, order name, ERP number, transaction id, or key; without it a reason or a tenant is needed."""
    tenant: Text | None = Field(default=None, examples=["acme.myshopify.com"])
    """The shop's domain."""
    reason: Reason | None = None
    """Only what is parked for this reason; not beside an id."""


class Discard(Order):
    """Which parked document is ended for good."""

    source: Text = Field(examples=["shopify"])
    """The shop system."""
    kind: Kind = Field(examples=["payment"])
    """order, payment, refund or order_edit."""
    external_id: Text = Field(examples=["77"])
    """The shop's id of the document."""
    tenant: Text | None = Field(default=None, examples=["acme.myshopify.com"])
    """The shop's domain, where several shops have a document of that id."""


class SetMapping(Order):
    """One line of a tenant's tables."""

    source: Text = Field(examples=["shopify"])
    """The shop system."""
    tenant: Text = Field(examples=["acme.myshopify.com"])
    """The shop's domain."""
    table: Table = Field(examples=["tender"])
    """Which table."""
    name: Text = Field(examples=["paypal"])
    """The shop's word: a SKU, a gateway, a location id."""
    target: Text = Field(examples=["external"])
    """The ERP's."""


class Pause(Order):
    """Which tenant stops or goes on."""

    source: Text = Field(examples=["shopify"])
    """The shop system."""
    tenant: Text = Field(examples=["acme.myshopify.com"])
    """The shop's domain."""
