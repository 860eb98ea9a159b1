from __future__ import annotations

from tests.fixtures_postgres import own_postgres

__all__ = ["own_postgres"]
