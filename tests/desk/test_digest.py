"""What people are told of parked work: sums, ages, reasons and fixes, and when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from schemas.base import Kind, Ref
from schemas.outcome import Reason
from service.desk.digest import as_data, as_text, digest, headline, last_slot
from service.ports import Parked

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC).timestamp()
HOUR = 3_600.0


def parked(
    number: int,
    reason: Reason = Reason.TENDER_UNMAPPED,
    *,
    hours: float = 1.0,
    amount: str = "10.00 USD",
    shop: str = "a",
) -> Parked:
    document = Ref(external_source="shopify", tenant=shop, kind=Kind.ORDER, external_id=str(number))
    return Parked(
        document, f"shopify|{shop}|{number}", reason, "Ada Buyer owes", "tender:x", amount, NOW - hours * HOUR
    )


MANY = [
    parked(1, hours=50),
    parked(2, hours=2, amount="5.50 USD"),
    parked(3, amount="900 JPY"),
    parked(4, Reason.SKU_UNKNOWN, amount="", hours=0.5),
    parked(5, Reason.HELD, amount="a lot", hours=0.01, shop="b"),
]


def test_it_sums_up_by_tenant_and_reason_the_largest_first() -> None:
    told = digest(MANY, since=NOW - 3 * HOUR, now=NOW)
    assert (told.count, told.new) == (5, 4)
    (one, piles), (other, _) = told.tenants
    assert (one, other) == ("shopify a", "shopify b")
    assert [(pile.reason, pile.count, pile.new) for pile in piles] == [
        (Reason.TENDER_UNMAPPED, 3, 2),
        (Reason.SKU_UNKNOWN, 1, 1),
    ]
    assert piles[0].amounts == (("JPY", Decimal(900)), ("USD", Decimal("15.50")))
    assert piles[0].oldest == NOW - 50 * HOUR


def test_the_text_says_how_much_since_when_why_and_what_to_do() -> None:
    text = as_text(digest(MANY, since=NOW - 3 * HOUR, now=NOW))
    assert text.startswith("5 parked, 4 new since 2026-05-04 09:00 UTC\n\nshopify a: 4 parked, 3 new\n")
    assert "- tender_unmapped: 3 (2 new), 900 JPY, 15.50 USD, oldest 2 d 2 h" in text
    assert "Fix: `orderferry map set SOURCE TENANT tender GATEWAY METHOD`" in text
    assert "- sku_unknown: 1 (1 new), oldest 30 min" in text
    assert "- held: 1 (1 new), oldest 0 min" in text
    assert "oldest 5 h 0 min" in as_text(digest([parked(1, hours=5)], since=0, now=NOW))
    assert text.endswith("`orderferry parked list` shows each document.")


def test_no_document_and_no_person_is_in_it() -> None:
    told = digest(MANY, since=0, now=NOW)
    for said in (as_text(told), str(as_data(told))):
        assert "Ada" not in said
        assert "tender:x" not in said


def test_a_reason_without_a_fix_says_what_it_means() -> None:
    text = as_text(digest([parked(1, Reason.FILTERED)], since=0, now=NOW))
    assert text.startswith("1 parked, 1 new\n")
    assert "leaves it out." in as_text(
        digest([parked(1, Reason.DELETED), parked(2, Reason.FILTERED)], since=0, now=NOW)
    )
    assert "Fix" not in as_text(digest([parked(1, Reason.DELETED)], since=0, now=NOW))


def test_nothing_is_parked_in_one_line() -> None:
    told = digest([], since=NOW, now=NOW)
    assert headline(told) == as_text(told) == "Nothing is parked."
    assert as_data(told)["tenants"] == []


def test_the_data_are_the_same_for_machines() -> None:
    told = as_data(digest(MANY[:1], since=0, now=NOW))
    assert (told["kind"], told["at"], told["since"]) == ("orderferry.parked_digest", "2026-05-04T12:00:00+00:00", None)
    (tenant,) = json.loads(json.dumps(told["tenants"]))
    (reason,) = tenant["reasons"]
    assert (reason["reason"], reason["parked"], reason["new"], reason["amounts"], reason["oldest_seconds"]) == (
        "tender_unmapped", 1, 1, {"USD": "10.00"}, 180_000,
    )  # fmt: skip
    assert as_data(digest([], since=NOW, now=NOW))["since"] == "2026-05-04T12:00:00+00:00"


@pytest.mark.parametrize(
    ("every_h", "at", "zone", "expected"),
    [
        (0.0, (), "UTC", None),
        (4.0, (), "UTC", "2026-05-04T12:00"),
        (5.0, (), "UTC", "2026-05-04T12:00"),
        (0.0, (time(8), time(11, 30)), "UTC", "2026-05-04T11:30"),
        (0.0, (time(13),), "UTC", "2026-05-03T13:00"),
        (0.0, (time(8),), "America/New_York", "2026-05-04T12:00"),
        (0.0, (time(9),), "America/New_York", "2026-05-03T13:00"),
    ],
)
def test_the_last_time_to_tell(every_h: float, at: tuple[time, ...], zone: str, expected: str | None) -> None:
    found = last_slot(NOW, every_h=every_h, at=at, zone=ZoneInfo(zone))
    if every_h == 5.0:  # counted from the epoch
        assert found is not None
        assert 0 <= NOW - found < 5 * HOUR
        assert found % (5 * HOUR) == 0
    else:
        assert (found and datetime.fromtimestamp(found, UTC).isoformat(timespec="minutes")[:16]) == expected
