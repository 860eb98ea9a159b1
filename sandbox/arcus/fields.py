"""Reading request bodies: each function returns one field checked, or refuses it by its path."""

from collections.abc import Collection
from datetime import date

from sandbox.arcus.errors import Doc, Refusal, invalid, missing
from sandbox.arcus.money import MAX_QUANTITY

METADATA_KEYS = 50


def text(body: Doc, name: str, *, path: str = "", longest: int = 5000, status: int = 400) -> str | None:
    """Return an optional string; null counts as absent."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise invalid(path + name, f"must be a string of at most {longest} characters.", status=status)
    return value


def required_text(body: Doc, name: str, *, path: str = "") -> str:
    """Return a string that must be there and not be empty."""
    value = text(body, name, path=path)
    if not value:
        raise missing(path + name)
    return value


def flag(body: Doc, name: str, *, default: bool = False) -> bool:
    """Return a boolean."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise invalid(name, "must be true or false.")
    return value


def choice(body: Doc, name: str, allowed: Collection[str], *, path: str = "", default: str | None = None) -> str:
    """Return one of the allowed words."""
    value = body.get(name, default)
    if value is None:
        raise missing(path + name)
    if value not in allowed:
        raise invalid(path + name, f"must be one of: {', '.join(sorted(allowed))}.")
    return str(value)


def quantity(value: object, *, param: str, status: int = 400) -> int:
    """Return an integer of at least 1."""
    if type(value) is not int or not 1 <= value <= MAX_QUANTITY:
        raise invalid(param, "must be an integer of at least 1.", status=status)
    return value


def children(body: Doc, name: str, *, at_most: int, status: int = 400) -> list[Doc]:
    """Return a list of objects, empty where the field is absent."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > at_most:
        raise invalid(name, f"must be a list of at most {at_most}.", status=status)
    for index, child in enumerate(value):
        if not isinstance(child, dict):
            raise invalid(f"{name}[{index}]", "must be an object.", status=status)
    return value


def metadata(body: Doc) -> Doc:
    """Return the free object of at most 50 keys."""
    value = body.get("metadata")
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > METADATA_KEYS:
        raise invalid("metadata", f"must be an object of at most {METADATA_KEYS} keys.")
    return value


def kept_metadata(body: Doc, *, sticks: bool) -> Doc:
    """Return what a create keeps of it; it is checked in any case."""
    found = metadata(body)
    return found if sticks else {}


def day(body: Doc, name: str) -> str | None:
    """Return a YYYY-MM-DD date."""
    value = text(body, name)
    if value is None:
        return None
    try:
        parsed = date.fromisoformat(value)
    except ValueError as error:
        raise invalid(name, "must be a date, YYYY-MM-DD.") from error
    return parsed.isoformat()


def must_be_object(body: object) -> Doc:
    """Return the body of a write, which is a JSON object."""
    if not isinstance(body, dict):
        raise Refusal(400, "validation_failed", "The request body must be a JSON object.")
    return body
