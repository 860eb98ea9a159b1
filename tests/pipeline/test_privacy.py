"""Persons who are erased stay erased, whatever is replayed, and the books stay what they are (correctness 23)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from io import StringIO
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog

from connectors.envelopes import Limits
from schemas.base import Kind
from schemas.outcome import Reason
from service.bootstrap.observing import PrivacyLog, StoryObserver
from service.duties.erasing import erasing
from service.ledger.ledger import LedgerDeadLetters
from service.ledger.privacy import SqlPrivacy
from service.ledger.tables import metadata
from service.ledger.trouble import Rejected
from service.pipeline.reception import Reception
from service.pipeline.storm import Storm
from service.ports import CaseState, IntentState, PrivacyCase, Record
from service.telemetry import logs
from service.telemetry.metrics import Metrics
from tests.acceptance.bodies import SHOP, Doc, dump, item, order, refund, returned, transaction
from tests.pipeline.conftest import Start
from tests.pipeline.rig import TENANT, Pod, Rig, key_of, policy

OFFSETS = count()
TENDERS = {"shopify_payments": "external"}
BUYER: Doc = {
    "id": 191,
    "first_name": "Zoltan",
    "last_name": "Quux",
    "email": "Zoltan@Quux.example",
    "phone": "+15550199",
}
HOUSE: Doc = {
    "name": "Zoltan Quux",
    "address1": "77 Marker Lane",
    "address2": "Flat Zebra",
    "city": "Quuxville",
    "province_code": "CA",
    "zip": "93777",
    "country_code": "US",
    "phone": "+15550199",
}
MARKERS = ("zoltan", "quux", "5550199", "marker lane", "zebra", "93777", "ring softly", "engraved", "wrapped", "sorry")
THEIRS: Doc = {
    "email": "zoltan@quux.example",
    "phone": "+15550199",
    "customer": BUYER,
    "shipping_address": HOUSE,
    "billing_address": HOUSE,
    "note": "ring softly",
    "note_attributes": [{"name": "gift", "value": "wrapped in red"}],
}
REDACT: Doc = {
    "shop_id": 1,
    "shop_domain": SHOP,
    "customer": {"id": 191, "email": "ZOLTAN@quux.example ", "phone": "+15550199"},
    "orders_to_redact": [1],
}


def theirs(number: int = 1, **changes: Any) -> Doc:
    return order(number, item(properties=[{"name": "Text", "value": "engraved Z"}]), **{**THEIRS, **changes})


GIVEN_BACK = refund(
    81,
    1,
    returned(11, 1, "10.00"),
    transactions=[transaction(95, 1, "10.00", kind="refund", parent_id=91)],
    note="sorry",
)
LIFE: Sequence[tuple[Doc, str]] = (
    (theirs(), "orders/create"),
    (transaction(91, 1, "20.00"), "order_transactions/create"),
    (
        {**theirs(minute=9, financial_status="partially_refunded", current_total_price="10.00", refunds=[GIVEN_BACK]),
         "line_items": [item(current_quantity=1, properties=[{"name": "Text", "value": "engraved Z"}])]},
        "orders/updated",
    ),
    (GIVEN_BACK, "refunds/create"),
)  # fmt: skip
CUT = dump(theirs())[:-40]  # it names the person, and nobody can read it


class House:
    """The door of one process, with its dead letters in the ledger and its log in view."""

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        self.log = StringIO()
        logs.configure(level="debug", stream=self.log)
        self._reception = Reception(
            story=pod.story,
            dead_letters=LedgerDeadLetters(pod.ledger),
            observer=StoryObserver(Metrics(version="", processes=False)),
            zones=lambda _source, _tenant: ZoneInfo("America/New_York"),
            default_tenant=None,
            limits=Limits(),
            replay_topic="replay",
            storm=Storm(),
        )
        self.privacy = SqlPrivacy(pod.ledger.database, settle_s=0.0)
        self.told: list[PrivacyCase] = []

    async def take(self, body: Doc | bytes, topic: str, *, kafka: str = "shop", event: str = "") -> None:
        """Let a record arrive and bring every lane of it forward."""
        value = body if isinstance(body, bytes) else dump(body)
        headers = [("x-shopify-topic", topic), ("x-shopify-shop-domain", SHOP), ("x-shopify-event-id", event)]
        said = [(name, text.encode()) for name, text in headers if text]
        record = Record(kafka, 0, next(OFFSETS), None, value, said, 1.8e9)
        for piece in self._reception.route(record):
            await self._reception.handle(piece.key, [piece.payload])

    async def live(self) -> None:
        """Everything that the shop says of the order, and a record that nobody can read."""
        for body, topic in LIFE:
            await self.take(body, topic)
        await self.take(CUT, "orders/updated")

    async def replay(self) -> None:
        """The same again, from the replay topic, backwards and forwards."""
        for body, topic in (*reversed(LIFE), *LIFE):
            await self.take(body, topic, kafka="replay")
        await self.take(CUT, "orders/updated", kafka="replay")

    async def carry_out(self) -> PrivacyCase:
        """Do the duty once, for every request; returns the last one as it is then."""

        def tell(case: PrivacyCase) -> None:
            PrivacyLog()(case)
            self.told.append(case)

        await self.pod.ledger.database.write(
            lambda connection: connection.exec_driver_sql("UPDATE privacy_requests SET due_at = 0").close()
        )
        await erasing(requests=self.privacy, tell=tell)()
        return self.told[-1]

    async def tables(self) -> str:
        """Every value of every table, as text."""

        def work(connection: Any) -> str:
            return "\n".join(
                f"{table.name}: {' | '.join(map(_text, row))}"
                for table in metadata.sorted_tables
                for row in connection.execute(table.select())
            )

        return await self.pod.ledger.database.read(work)

    async def persons(self) -> dict[str, str]:
        """Which marker stands in which row of the ledger."""
        return _marked((await self.tables()).splitlines())


def _text(value: object) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)


def _marked(lines: Sequence[str]) -> dict[str, str]:
    return {marker: line for line in lines for marker in MARKERS if marker in line.lower()}


@pytest.fixture(params=["sqlite_file_url", pytest.param("postgres_url", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database: every test runs on both."""
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def house(url: str, start: Start) -> AsyncIterator[tuple[Rig, House]]:
    """One ERP and one process."""
    rig = await start(url)
    pod = await rig.pod(policies=[policy(tenders=TENDERS)])
    yield rig, House(pod)
    logs.configure(level="warning")
    structlog.reset_defaults()


async def erp_log(rig: Rig) -> list[str]:
    return [json.dumps(line, default=str) for line in await rig.driver.lines("log")]


async def test_who_is_erased_stays_erased_after_a_replay_of_everything(house: tuple[Rig, House]) -> None:
    rig, ours = house
    await ours.live()
    assert set((await ours.pod.said()).values()) == {"posted"}
    assert set(await ours.persons()) == set(MARKERS), "before, the search finds all of it"
    books, writes = await rig.books(), await erp_log(rig)

    await ours.take(REDACT, "customers/redact", event="e-1")
    case = await ours.carry_out()
    assert (case.state, case.found.waiting) == (CaseState.DONE, ())
    assert (case.found.keys, case.found.facts, case.found.letters) == (2, 2, 1)
    assert await ours.persons() == {}

    await ours.replay()
    await ours.pod.wake()
    assert await ours.pod.release() == []
    assert await ours.persons() == {}
    assert _marked(ours.log.getvalue().splitlines()) == {}
    assert set((await ours.pod.said()).values()) == {"posted"}
    after = await rig.books()
    assert after.sound().tables == books.tables
    assert await erp_log(rig) == writes, "nothing is posted again"


async def test_the_merchant_is_told_what_remains_in_the_erp_and_on_kafka(house: tuple[Rig, House]) -> None:
    rig, ours = house
    await ours.live()
    await ours.take(REDACT, "customers/redact", event="e-1")
    found = (await ours.carry_out()).found
    books = await rig.books()
    account, sale, back = books.tables["accounts"][0], books.sale(), books.documents("refund")[0]
    assert {(one.kind, one.document_type, one.erp_id) for one in found.erp} == {
        ("account", "account", account["id"]),
        ("order", "sales_order", sale["id"]),
        ("refund", "return", back["id"]),
    }
    (there,) = found.kafka
    assert (there.topic, there.partition, there.records) == ("shop", 0, len(LIFE))
    assert there.last - there.first == len(LIFE) - 1
    lines = [json.loads(line) for line in ours.log.getvalue().splitlines()]
    (line,) = (one for one in lines if one["event"] == "privacy request")
    assert (line["action"], line["outcome"], line["in_the_erp"]) == ("erase_customer", "done", 3)
    story = await ours.pod.desk.story(f"shopify|{TENANT}|~privacy")
    assert [(end.outcome, end.reason) for end in story.events] == [("skipped", Reason.PRIVACY_REQUEST)]


async def test_an_erasure_waits_for_an_open_intent_and_for_a_key_in_hand(house: tuple[Rig, House]) -> None:
    rig, ours = house
    await ours.live()
    (first, *_) = (await ours.pod.told()).intents

    async def state(value: IntentState) -> None:
        await ours.pod.ledger.database.write(
            lambda connection: connection.exec_driver_sql(
                f"UPDATE intents SET state = '{value.value}' WHERE id = '{first.id}'"  # noqa: S608
            ).close()
        )

    await state(IntentState.IN_DOUBT)
    await ours.take(REDACT, "customers/redact", event="e-1")
    case = await ours.carry_out()
    assert case.state is CaseState.OPEN
    assert [key for key, _ in case.found.waiting] == [key_of()]
    assert "no outcome yet" in case.found.waiting[0][1]
    intents = (await ours.pod.told()).intents
    assert next(one for one in intents if one.id == first.id).step.body == first.step.body
    assert "zoltan" in await ours.persons()
    await state(IntentState.DONE)

    opened = await ours.pod.ledger.open(key_of(), ())
    case = await ours.carry_out()
    assert (case.state, case.found.waiting) == (CaseState.OPEN, ((key_of(), "a process works on it"),))
    known = {one.fact.entity: one.fact for one in opened.known.values()}  # type: ignore[union-attr]
    assert _marked([known[Kind.ORDER].model_dump_json(), known[Kind.REFUND].model_dump_json()]) == {}
    await ours.pod.ledger.database.write(
        lambda connection: connection.exec_driver_sql("UPDATE keys SET lease_until = 0").close()
    )

    case = await ours.carry_out()
    assert (case.state, case.found.waiting) == (CaseState.DONE, ())
    assert {one.kind for one in case.found.erp} == {"account", "order", "refund"}
    assert await ours.persons() == {}
    await ours.replay()
    assert await ours.persons() == {}
    (await rig.books()).sound()


async def test_an_order_that_comes_after_the_erasure_is_posted_without_its_person(house: tuple[Rig, House]) -> None:
    rig, ours = house
    by_mail_only = {**REDACT, "customer": {"email": "zoltan@quux.example"}, "orders_to_redact": []}
    await ours.take(by_mail_only, "customers/redact", event="e-1")
    assert (await ours.carry_out()).state is CaseState.DONE
    for body, topic in LIFE:
        await ours.take(body, topic)
    await ours.take(CUT, "orders/updated")
    assert set((await ours.pod.said()).values()) == {"posted"}
    assert await ours.persons() == {}
    books = (await rig.books()).sound()
    seen = [*await erp_log(rig), json.dumps(books.tables, default=str)]
    assert _marked(seen) == {}, "no call to the ERP held the person"
    assert books.payments()["91"][:2] == ("external", Decimal(20))
    assert books.tables["accounts"][0]["metadata"]["external_id"] == "customer:191"


async def test_a_later_body_that_withholds_the_person_and_its_refund_are_erased_with_the_order(
    house: tuple[Rig, House],
) -> None:
    _, ours = house
    await ours.take({**REDACT, "orders_to_redact": []}, "customers/redact", event="e-1")
    await ours.take(theirs(), "orders/create")
    anonymous = theirs(minute=5, email=None, customer=None)
    await ours.take(anonymous, "orders/updated")
    await ours.take(GIVEN_BACK, "refunds/create")
    assert await ours.persons() == {}


async def test_an_order_of_somebody_known_by_mail_keeps_its_account(house: tuple[Rig, House]) -> None:
    rig, ours = house
    nameless = {key: value for key, value in BUYER.items() if key != "id"}
    await ours.take(theirs(customer=nameless), "orders/create")
    await ours.take(transaction(91, 1, "20.00"), "order_transactions/create")
    await ours.take({**REDACT, "orders_to_redact": []}, "customers/redact", event="e-1")
    assert (await ours.carry_out()).found.keys == 2
    assert await ours.persons() == {}
    await ours.take(theirs(2, customer=nameless), "orders/create")
    await ours.take(transaction(92, 2, "20.00"), "order_transactions/create")
    books = (await rig.books()).sound()
    assert books.sale("1")["account_id"] == books.sale("2")["account_id"]
    assert len(books.tables["accounts"]) == 1


async def test_others_keep_their_persons(house: tuple[Rig, House]) -> None:
    _, ours = house
    await ours.take(order(2), "orders/create")
    await ours.live()
    await ours.take(REDACT, "customers/redact", event="e-1")
    await ours.carry_out()
    assert "ada@example.com" in await ours.tables()
    await ours.take(order(3), "orders/create")
    assert (await ours.tables()).count('"email":"ada@example.com"') >= 2


async def test_a_shop_that_leaves_is_erased_whole(house: tuple[Rig, House]) -> None:
    _, ours = house
    await ours.live()
    await ours.take(order(2), "orders/create")
    await ours.take({"shop_id": 1, "shop_domain": SHOP}, "shop/redact", event="e-1")
    case = await ours.carry_out()
    assert case.state is CaseState.DONE
    await ours.replay()
    await ours.take(order(3), "orders/create")
    assert await ours.persons() == {}
    assert "ada@example.com" not in await ours.tables()


async def test_an_app_that_is_taken_out_pauses_its_tenant_once(house: tuple[Rig, House]) -> None:
    _, ours = house
    body = {"id": 1, "name": "Super Toys", "email": "super@toys.example", "domain": None}
    await ours.take(body, "app/uninstalled", event="e-1")
    await ours.pod.book.refresh()
    await ours.live()
    assert set((await ours.pod.said()).values()) == {"waiting/tenant_paused"}
    audits = [line for line in (await ours.tables()).splitlines() if line.startswith("audits")]
    assert len(audits) == 1
    assert "pause" in audits[0]
    assert "super@toys" not in await ours.tables()
    await ours.pod.desk.pause("shopify", TENANT, paused=False, who="Ann", why="they came back")
    await ours.take(body, "app/uninstalled", kafka="replay", event="e-1")
    assert await ours.pod.desk.paused() == frozenset()


async def test_a_request_is_explained_like_any_other_event(house: tuple[Rig, House]) -> None:
    """`explain --all` walks over keys: each event needs one (I8)."""
    _, ours = house
    await ours.take({"id": 1, "domain": None}, "app/uninstalled", event="e-1")
    keys = await ours.pod.desk.all_keys("shopify", after="", limit=100)
    ends = [end for key in keys for end in (await ours.pod.desk.story(key)).events]
    assert [(end.outcome.value, end.reason) for end in ends] == [("skipped", Reason.APP_UNINSTALLED)]


async def test_who_wants_to_know_is_told_by_a_person(house: tuple[Rig, House]) -> None:
    _, ours = house
    await ours.live()
    body = {"customer": REDACT["customer"], "orders_requested": [1], "data_request": {"id": 9999}}
    await ours.take(body, "customers/data_request", event="e-1")
    case = await ours.carry_out()
    assert (case.state, case.request.number) == (CaseState.TO_ANSWER, "9999")
    assert (case.found.keys, case.found.facts) == (2, 2)
    assert case.found.requests > 0
    held = await ours.privacy.held(case.id)
    assert [(one["kind"], one["external_id"]) for one in held] == [("order", "1"), ("refund", "81")]
    assert held[0]["data"]["ship_to"]["street1"] == "77 Marker Lane"  # type: ignore[index]
    assert held[1]["data"] == {"note": "sorry"}
    await ours.privacy.answered(case.id, who="Ann", why="sent by mail")
    with pytest.raises(Rejected, match="waits for none"):
        await ours.privacy.answered(case.id, who="Ann", why="again")
    (after,) = await ours.privacy.cases()
    assert after.state is CaseState.DONE
    assert await ours.privacy.unfinished() == 0
    assert "zoltan" in await ours.persons(), "nothing was asked to be erased"


async def test_who_buys_again_after_it_was_lifted_is_a_person_again(house: tuple[Rig, House]) -> None:
    _, ours = house
    await ours.live()
    await ours.take(REDACT, "customers/redact", event="e-1")
    case = await ours.carry_out()
    assert await ours.privacy.lift(case.id, who="Ann", why="the buyer came back") == 3
    with pytest.raises(Rejected, match="erases nobody"):
        await ours.privacy.lift(case.id, who="Ann", why="again")
    await ours.take(REDACT, "customers/redact", kafka="replay", event="e-1")
    await ours.replay()
    assert await ours.persons() == {}, "what is older stays erased"
    later = "2036-01-01T08:00:00-04:00"
    await ours.take(theirs(5, created_at=later, processed_at=later, updated_at=later), "orders/create")
    assert "zoltan" in await ours.persons()


async def test_a_request_of_nobody_is_a_dead_letter_and_an_unknown_one_is_refused(house: tuple[Rig, House]) -> None:
    _, ours = house
    await ours.take({"shop_domain": SHOP, "customer": {}, "orders_to_redact": []}, "customers/redact")
    assert "does not name the person" in await ours.tables()
    with pytest.raises(Rejected, match="none of this id"):
        await ours.privacy.carry_out("nothing")
    assert await ours.privacy.case("nothing") is None
