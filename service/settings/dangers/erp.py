"""An ERP or a ledger that would be asked wrongly. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.settings.dangers.verdict import local, refuse, warn
from service.settings.finding import Finding
from service.settings.root import Settings


def erp(settings: Settings) -> Iterator[Finding]:
    """An ERP on the network is asked encrypted and at its own rate."""
    erp = settings.erp
    if not erp.base_url.startswith("https://") and not local(erp.base_url):
        yield refuse("erp.base_url", "API keys would cross the network unencrypted.", "use https://.")
    if erp.tier == "unlimited" and not local(erp.base_url):
        yield refuse(
            "erp.tier",
            "`unlimited` is for a sandbox on this machine; the ERP would answer 429 to most calls.",
            "set the tier of your contract: test, standard or elevated.",
        )
    if erp.path_style == "entity" and set(erp.entity_ids) != set(erp.api_keys):
        yield refuse(
            "erp.entity_ids",
            "path_style `entity` needs the entity of every API key.",
            "name one for each of " + (", ".join(sorted(erp.api_keys)) or "erp.api_keys") + ".",
        )


def terms(settings: Settings) -> Iterator[Finding]:
    """A paid web order is on no terms (books 16)."""
    if not settings.erp.payment_term_id:
        yield warn(
            "erp.payment_term_id",
            "no payment term is sent: an account's own (Net 30) would fall on a paid web order.",
            "set it to the ERP's id of the term that is due at once.",
        )


def keys(settings: Settings) -> Iterator[Finding]:
    """Test and live are never mixed."""
    erp = settings.erp
    modes = {
        name: "test" if "_test_" in key.get_secret_value() else "live" if "_live_" in key.get_secret_value() else "?"
        for name, key in erp.api_keys.items()
    }
    if {"test", "live"} <= set(modes.values()):
        listed = ", ".join(f"{name} is {mode}" for name, mode in sorted(modes.items()))
        yield refuse("erp.api_keys", f"test and live keys are mixed ({listed}).", "use keys of one mode.")
    if "test" in modes.values() and erp.tier != "test" and not local(erp.base_url):
        yield refuse("erp.tier", f"test keys have the tier `test`, not `{erp.tier}`.", "set erp.tier: test.")
    if "live" in modes.values() and erp.tier == "test":
        yield refuse(
            "erp.tier", "a live key with the tier `test` would fall behind.", "set erp.tier: standard or elevated."
        )
    if "live" in modes.values() and any(tenant.admit_test for tenant in settings.tenants.values()):
        yield warn("tenants", "test orders would be posted into live books (admit_test).", "set admit_test: false.")


def ledger(settings: Settings) -> Iterator[Finding]:
    """The ledger has to be one that survives."""
    url = settings.ledger.url.get_secret_value()
    if not re.match(r"^(sqlite|postgres(ql)?)(\+[a-z0-9]+)?://", url):
        yield refuse(
            "ledger.url",
            "this database is not supported.",
            "write sqlite:///file.sqlite3 or postgresql://user:password@host/database.",
        )
    if ":memory:" in url or re.fullmatch(r"sqlite(\+[a-z0-9]+)?:/*", url):
        yield refuse("ledger.url", "a ledger in memory forgets what was sent when the process ends.", "name a file.")
