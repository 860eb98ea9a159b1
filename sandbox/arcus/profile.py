"""The switches of the documentation's open questions, as two profiles: lenient and strict."""

from dataclasses import dataclass, fields, replace
from typing import Literal, get_args, get_type_hints


@dataclass(frozen=True, slots=True)
class Profile:
    """How this Arcus reads its own documentation. The defaults are the lenient profile."""

    name: str = "lenient"
    id_format: Literal["uuid", "prefixed"] = "uuid"
    wrap_single: bool = False
    """Every single object inside `data`, also where the reference shows it bare."""
    confirmed_word: Literal["confirmed", "open"] = "confirmed"
    hold_word: Literal["draft", "on_hold"] = "draft"
    """The order status while a gate holds an order."""
    provenance_sticks: bool = True
    """Whether create keeps `source_platform`, `external_order_id`, `external_order_number`, `external_customer_id`."""
    metadata_sticks: bool = True
    """Whether a create keeps `metadata`, where a caller leaves its own identity."""
    created_status: Literal[200, 201] = 201
    child_status: Literal[400, 422] = 400
    invoice_only_payments: bool = False
    refund_external: bool = True
    """Whether a payment that no processor holds can be refunded (recorded) through the order's payment."""
    refund_reopens_balance: bool = True
    """Whether a refund lowers the order's `amount_paid`, so that its balance opens again."""
    overpayment_credits: bool = True
    invoice_posts_at_create: bool = False
    check_number_required: bool = False
    account_search_param: str = "search"
    product_sku_filter: bool = False
    newest_first: bool = True
    hydrate_get: bool = True
    """Whether GET of one order carries its children without `expand[]`."""
    webhook_path: Literal["both", "webhook_endpoints", "webhooks"] = "both"
    webhook_scope: Literal["webhooks:manage", "webhooks:write"] = "webhooks:manage"
    webhook_urls: Literal["any", "https"] = "any"
    payment_event: Literal["payment.received", "payment.succeeded"] = "payment.received"


LENIENT = Profile()
STRICT = Profile(
    name="strict",
    wrap_single=True,
    hold_word="on_hold",
    provenance_sticks=False,
    child_status=422,
    invoice_only_payments=True,
    refund_external=False,
    invoice_posts_at_create=True,
    check_number_required=True,
)
PROFILES = {profile.name: profile for profile in (LENIENT, STRICT)}


def switched(profile: Profile, switches: list[str]) -> Profile:
    """Return the profile with `name=value` switches set; an unknown name or value is an error."""
    known = {field.name: getattr(profile, field.name) for field in fields(profile)}
    changes: dict[str, object] = {}
    for switch in switches:
        name, _, value = switch.partition("=")
        if name not in known:
            raise ValueError(f"no switch named {name!r}; there are: {', '.join(sorted(known))}")
        changes[name] = _converted(name, value, like=known[name])
    return replace(profile, **changes)  # type: ignore[arg-type]


def _converted(name: str, value: str, *, like: object) -> object:
    words: dict[str, object] = {"on": True, "off": False}
    if not isinstance(like, bool):
        words = {str(word): word for word in get_args(get_type_hints(Profile)[name])}
    if words and value not in words:
        raise ValueError(f"{name} is one of: {', '.join(words)}; not {value!r}")
    return words.get(value, value)
