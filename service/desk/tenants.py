"""Tenants as people name them, and whether somebody set them up. Pure."""

from __future__ import annotations

from collections.abc import Collection


def unknown_tenant(source: str, tenant: str, known: Collection[str]) -> str:
    """Say that nobody set a tenant up; empty where somebody did."""
    if f"{source}/{tenant}" in known:
        return ""
    return f"no tenant {source}/{tenant} is set up; known: {', '.join(sorted(known)) or 'none'}"
