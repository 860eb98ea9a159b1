from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Take the Kafka fixtures in, once, whichever tests are chosen."""
    if not config.pluginmanager.has_plugin("tests.fixtures_kafka"):
        config.pluginmanager.import_plugin("tests.fixtures_kafka")
