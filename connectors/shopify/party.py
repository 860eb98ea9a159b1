"""Who buys, and where goods and bills go, as far as the shop tells."""

from __future__ import annotations

from connectors.shopify.fields import exact
from connectors.shopify.payloads import Order, PostalAddress
from schemas.party import Address, Party


def buyer(order: Order) -> Party:
    """The buyer; empty for a guest at the till."""
    customer, company = order.customer, order.company
    billing = order.billing_address
    return Party.trusted(
        customer_id=None if customer is None else exact(customer.id, customer.admin_graphql_api_id),
        company_id=None if company is None else company.id,
        company_name=(company and company.name) or (billing and billing.company) or "",
        name=_name(order),
        email=order.email or order.contact_email or (customer and customer.email) or "",
        phone=order.phone or (customer and customer.phone) or "",
        tax_exempt=bool(order.tax_exempt),
        email_key="",
    )


def _name(order: Order) -> str:
    for person in (order.customer, order.billing_address):
        if person is not None:
            name = _joined(person.first_name, person.last_name)
            if name:
                return name
    return ""


def _joined(first: str | None, last: str | None) -> str:
    return f"{first or ''} {last or ''}".strip()


def address(postal: PostalAddress | None) -> Address | None:
    """A postal address. Region and country by their codes where the shop gives them."""
    if postal is None:
        return None
    return Address.trusted(
        name=postal.name or _joined(postal.first_name, postal.last_name),
        company=postal.company or "",
        street1=postal.address1 or "",
        street2=postal.address2 or "",
        city=postal.city or "",
        region=postal.province_code or postal.province or "",
        postal_code=postal.zip or "",
        country=postal.country_code or postal.country or "",
        phone=postal.phone or "",
    )
