"""Shorthands for the findings of this folder."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from service.settings.finding import Finding, Level


def refuse(subject: str, says: str, fix: str) -> Finding:
    """Say what `run` will not start with."""
    return Finding(Level.REFUSE, subject, says, fix)


def warn(subject: str, says: str, fix: str) -> Finding:
    """Say what somebody should know."""
    return Finding(Level.WARN, subject, says, fix)


def local(url: str) -> bool:
    """Whether this URL leads to this machine only."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
