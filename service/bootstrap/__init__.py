"""The only builder: what the command line asks for, made of settings and parts."""

from service.bootstrap.checking import check
from service.bootstrap.desk import desk, migrate, send
from service.bootstrap.edge import edge
from service.bootstrap.service import run
from service.bootstrap.topics import create_topics
from service.bootstrap.webhooks import register_webhook, rotate_webhook, webhooks

__all__ = [
    "check",
    "create_topics",
    "desk",
    "edge",
    "migrate",
    "register_webhook",
    "rotate_webhook",
    "run",
    "send",
    "webhooks",
]
