import asyncio
from pathlib import Path

import aiohttp
import pytest

from sandbox.arcus.__main__ import configured
from sandbox.arcus.driver import Driver, process
from sandbox.arcus.trial import Books, seeded

OPTIONS = ("--entities", "usd:USD,jpy:JPY", "--tier", "unlimited", "--seed", "5", "--profile", "strict")
SEED_COUNT = 20


async def _orders_in_parallel(books: Books) -> list[str]:
    async def one(number: int) -> str:
        answer = await books.call("POST", "/orders", books.order(notes=str(number)), key=f"k{number}")
        return str(answer.doc["id"])

    return list(await asyncio.gather(*(one(number) for number in range(SEED_COUNT))))


async def test_a_killed_process_comes_back_with_its_port_keys_writes_and_idempotency_records(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        async with process(tmp_path, *OPTIONS) as (child, ready):
            books = await seeded(Driver(session, port=ready["port"], keys=ready["keys"]), "usd")
            ids = await _orders_in_parallel(books)
            await books.driver.control("clock", {"advance_seconds": 3600})
            card = (await books.get(f"/accounts/{books.buyer}/payment-methods"))["data"][0]
            await books.created(payments=[{"payment_method_id": card["id"], "amount": 1}])
            before = await books.driver.lines("state")
            log = await books.driver.lines("log")
            child.kill()
            await child.wait()
        options = (*OPTIONS, "--port", str(ready["port"]))
        async with process(tmp_path, *options) as (_, again):
            assert again == ready
            assert await books.driver.lines("state") == before
            assert await books.driver.lines("log") == log
            assert await _orders_in_parallel(books) == ids, "the keys are remembered"
            assert len(await books.driver.lines("log")) == len(log), "and nothing was written twice"
            assert (await books.driver.control("clock"))["offset"] == 3600
            assert (await books.driver.control("stats"))["processor_charges"] == 1, "moved money is not forgotten"
            fresh = await books.created()
            assert fresh["order_number"] == f"SO-{SEED_COUNT + 2:06}"
            assert fresh["id"] not in ids
            mismatch = await books.call("POST", "/orders", books.order(notes="other"), key="k0")
            assert mismatch.code == "idempotency_key_mismatch"


async def test_a_kill_in_the_middle_of_writes_loses_no_answered_one(tmp_path: Path) -> None:
    answered: list[str] = []
    async with aiohttp.ClientSession() as session:
        async with process(tmp_path, *OPTIONS) as (child, ready):
            books = await seeded(Driver(session, port=ready["port"], keys=ready["keys"]), "usd")

            async def write(name: int) -> None:
                for number in range(1000):
                    answer = await books.call("POST", "/orders", books.order(), key=f"{name}-{number}")
                    answered.append(answer.doc["id"])

            writers = [asyncio.create_task(write(name)) for name in range(8)]
            await books.driver.until(lambda _: len(answered) >= 40)
            child.kill()
            lost = await asyncio.gather(*writers, return_exceptions=True)
            assert all(isinstance(end, aiohttp.ClientError) for end in lost)
        async with process(tmp_path, *OPTIONS, "--port", str(ready["port"])) as _:
            rows = await books.driver.lines("state?entity=usd")
            kept = {row["doc"]["id"] for row in rows if row["resource"] == "orders"}
            assert set(answered) <= kept
            assert len(kept) - len(answered) <= len(writers)


def test_the_command_line_becomes_a_configuration(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('{"kinds": {"slow": 0.25}, "slow_ms": 5}')
    options = ["--data", str(tmp_path), "--entities", "a:usd,b:JPY", "--switch", "wrap_single=on", "--seed", "4"]
    config, port = configured([*options, "--latency-ms", "2.5", "--port", "81", "--faults", str(faults)])
    assert (config.entities, port, config.latency_ms) == ((("a", "USD"), ("b", "JPY")), 81, 2.5)
    assert config.profile.wrap_single is True
    assert config.faults is not None
    assert (config.faults.kinds, config.faults.slow_ms, config.faults.seed) == ({"slow": 0.25}, 5, 4)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--entities", "usd:XXQ"], "XXQ"),
        (["--entities", "usd:USD", "--switch", "colour=red"], "no switch named"),
        (["--entities", "usd:USD", "--faults", "nowhere.json"], "nowhere.json"),
        (["--entities", "usd:USD", "--tier", "gold"], "gold"),
    ],
)
def test_a_wrong_command_line_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], complaint: str
) -> None:
    with pytest.raises(SystemExit):
        configured(["--data", str(tmp_path), *options])
    assert complaint in capsys.readouterr().err
