"""Which build this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def orderferry_version() -> str:
    """Return the version of the installed distribution; a checkout that nobody installed says so."""
    try:
        return version("orderferry")
    except PackageNotFoundError:
        return "checkout"
