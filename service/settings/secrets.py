"""Lists of secrets, any of which counts, so that they can be rotated."""

from __future__ import annotations

from pydantic import SecretStr


def plain(held: tuple[SecretStr, ...]) -> tuple[str, ...]:
    """The secrets that are any: an empty one opens nothing."""
    return tuple(text for one in held if (text := one.get_secret_value().strip()))
