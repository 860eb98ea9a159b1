"""Settings that are each allowed and together lose, double or misprice something; each finding carries its fix."""

from service.settings.dangers.digest import digest
from service.settings.dangers.edge import edge, replication, secrets
from service.settings.dangers.erp import erp, keys, ledger, terms
from service.settings.dangers.tenants import authority, shops, tenants
from service.settings.dangers.times import kafka_times, times, window
from service.settings.dangers.topics import login, topics
from service.settings.finding import Finding
from service.settings.root import Settings

PARTS = (
    times,
    kafka_times,
    topics,
    login,
    window,
    erp,
    terms,
    keys,
    ledger,
    tenants,
    shops,
    authority,
    edge,
    secrets,
    replication,
    digest,
)


def dangers(settings: Settings) -> list[Finding]:
    """Everything that `run` refuses, or warns of, in settings that could be read. Pure."""
    return [finding for part in PARTS for finding in part(settings)]
