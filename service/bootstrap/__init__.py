"""The only builder: what the command line asks for, made of settings and parts."""

from service.bootstrap.checking import check
from service.bootstrap.desk import desk, migrate, send
from service.bootstrap.service import run

__all__ = ["check", "desk", "migrate", "run", "send"]
