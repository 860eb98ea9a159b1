"""`webhooks`: listed, registered, given a new secret."""

from __future__ import annotations

import pytest

from service.ports import Endpoint
from tests.cli.conftest import Ferry

URL = "https://shop.example/webhooks/arcus"


@pytest.fixture
def reachable(ferry: Ferry) -> Ferry:
    ferry.environ = {"ORDERFERRY_ERP__WEBHOOK_URL": URL}
    return ferry


def test_endpoints_are_listed_with_their_status(reachable: Ferry) -> None:
    paused = Endpoint(id="we-9", url=URL, status="paused", events=("order.*",), failures_in_a_row=5)
    reachable.house.endpoints = [("a", paused)]
    (row,) = reachable("webhooks", "list", "arcus", "--json").rows
    assert (row["key"], row["id"], row["status"], row["failures_in_a_row"]) == ("a", "we-9", "paused", 5)
    assert "1 endpoints" in reachable("webhooks", "list", "arcus").out


def test_the_secret_is_shown_with_the_place_where_it_belongs(reachable: Ferry) -> None:
    called = reachable("webhooks", "register", "arcus")
    assert "whsec_1" in called.out
    assert "ORDERFERRY_ERP__WEBHOOK_SECRETS__A" in called.out
    (row,) = reachable("webhooks", "rotate", "arcus", "--json").rows
    assert (row["secret"], row["variable"]) == ("whsec_2", "ORDERFERRY_ERP__WEBHOOK_SECRETS__A")


def test_what_is_missing_is_said(ferry: Ferry, reachable: Ferry) -> None:
    assert ferry("webhooks", "list", "arkan").code == 2
    assert ferry("webhooks", "register", "arcus", "--key", "b").code == 2
    reachable.environ = {}
    called = reachable("webhooks", "register", "arcus")
    assert (called.code, "erp.webhook_url" in called.err) == (3, True)
