"""The run itself: build the town, let everything go wrong, wait until it is quiet, and let the oracle decide."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.progress import Progress, TaskID

from sandbox.demo import screen
from sandbox.demo.children import Children, DemoError, told
from sandbox.demo.installation import DEAD_LETTERS
from sandbox.demo.wire import Place, Wire
from sandbox.shop.generate import TOPIC
from sandbox.torture.feed import Feed
from sandbox.torture.load import Load, load
from sandbox.torture.options import Options
from sandbox.torture.phases import Cells
from sandbox.torture.report import Report, write
from sandbox.torture.saboteur import Saboteur
from sandbox.torture.schedule import FAULTS, Act, heard, schedule
from sandbox.torture.town import GROUP, PARTITIONS, Town, town
from sandbox.torture.verdict import Left, decide
from sandbox.torture.watch import Watch

AHEAD_S = 30.0  # a key that wakes by itself within this is not quiet
QUIET_LOOKS = 3
QUIET_S = 120.0
LOOK_S = 0.5
NO_LIMIT = 1 << 40


@dataclass
class Run:
    """One torture run."""

    options: Options
    town: Town
    load: Load
    acts: list[Act]
    wire: Wire = field(init=False)
    feed: Feed = field(init=False)
    saboteur: Saboteur = field(init=False)
    watch: Watch = field(init=False)
    stuck: str = ""
    """Why it did not become quiet; the oracle looks at it all the same."""

    def __post_init__(self) -> None:
        """Put the parts together."""
        bootstrap = self.town.kafka.bootstrap
        records = self.load.generated.records
        self.wire = Wire(bootstrap, TOPIC, PARTITIONS, GROUP, window_bytes=NO_LIMIT, enough=NO_LIMIT, idempotent=True)
        self.feed = Feed(self.wire, records, self.options.minutes * 60)
        met = Cells([fault for fault in FAULTS if fault not in self.options.left_out])
        self.saboteur = Saboteur(self.town, self.calm, self.feed.go_on, met)
        self.watch = Watch(self.town, self.wire)

    async def carry(self, bars: Progress) -> None:
        """Send everything while everything goes wrong, then wait until nothing is left to do."""
        bar = bars.add_task("settled by the service", total=len(self.load.generated.records), note="")
        watching = asyncio.create_task(self.watch.run())
        telling = asyncio.create_task(self._tell(bar, bars))
        feeding = asyncio.create_task(self.feed.run())
        try:
            self.saboteur.began = self.watch.began = time.monotonic()
            await self.saboteur.run(self.acts)
            if self.options.full:
                await self.saboteur.again(self.acts, lambda: self.wire.lag > 0)
            await feeding
            try:
                await self.quiet()
            except DemoError as error:
                self.stuck = str(error)
            await self.saboteur.settle_accounts()
        finally:
            self.saboteur.tidy()
            for task in (watching, telling, feeding):
                task.cancel()
            await asyncio.gather(watching, telling, feeding, return_exceptions=True)

    async def _tell(self, bar: TaskID, bars: Progress) -> None:
        while True:
            struck = self.saboteur.struck
            last = f", last {struck[-1].act.kind}" if struck else ""
            note = f"{self.wire.produced} produced, {len(struck)} faults{last}"
            bars.update(bar, completed=self.wire.settled, note=note)
            await asyncio.sleep(LOOK_S)

    async def calm(self, seconds: float) -> bool:
        """Hold the log back and wait until no call is open and nothing is left to be read."""
        await self.feed.hold()
        try:
            await self.quiet(seconds)
        except DemoError:
            return False
        return True

    async def quiet(self, seconds: float = QUIET_S) -> None:
        """Wait until nothing is left to do: no lag, no intent open, no key due, and the ERP hears nothing new.

        Raises where for so long no record was settled and it is not quiet yet.
        """
        looks, heard_before, settled, until = 0, -1, -1, 0.0
        while looks < QUIET_LOOKS:
            await asyncio.sleep(LOOK_S)
            if self.wire.settled > settled:
                settled, until = self.wire.settled, time.monotonic() + seconds
            if time.monotonic() > until:
                open_, due = len(await self.town.ledger.open_intents()), await self.town.ledger.due_within(AHEAD_S)
                what = f"lag {self.wire.lag}, {open_} calls open, {due} keys due"
                raise DemoError(f"nothing was settled for {seconds:g} s, and it is not quiet: {what}")
            now = int((await self.town.books.ask("stats"))["committed"])
            busy = self.wire.lag or await self.town.ledger.open_intents() or await self.town.ledger.due_within(AHEAD_S)
            looks = 0 if busy or now != heard_before else looks + 1
            heard_before = now

    async def left(self) -> Left:
        """Stop every pod and collect what they left."""
        stats = await self.town.count()
        codes = {pod.name: await pod.stop() for pod in self.town.pods if pod.alive}
        first = self.town.pods[0]
        lines = await told(
            [*first.command, "explain", "shopify", "--all", "--json"], env={}, log=self.town.folder / "explain.log"
        )
        dump, log = await self.town.books.lines("state"), await self.town.books.lines("log")
        for name, content in (("claims", lines), ("state", dump), ("writes", log)):
            (self.town.folder / f"{name}.ndjson").write_bytes(b"\n".join(content))
        places = [self.wire.places[index] for index in range(len(self.load.generated.records))]
        dead = frozenset(await self._dead_letters())
        return Left(lines, dump, log, places, dead, stats, await self.town.ledger.doubts(), codes, self.stuck)

    async def _dead_letters(self) -> list[Place]:
        found = await self.town.ledger.dead_letters()
        for headers in await self.wire.dead_letters(DEAD_LETTERS):
            named = {name.removeprefix("x-orderferry-"): text for name, text in headers.items()}
            found.append((named["topic"], int(named["partition"]), int(named["offset"])))
        return found


def acts_of(options: Options) -> list[Act]:
    """Return the schedule: of the seed, or of the report that is replayed."""
    if options.replay is None:
        acts = schedule(options.seed, minutes=options.minutes, pods=options.pods)
    else:
        acts = heard(json.loads(options.replay.read_text())["schedule"])
    return [act for act in acts if act.kind not in options.left_out]


async def torture(options: Options, console: Console) -> Report:
    """Run everything; returns the report, which is written too."""
    options.build.mkdir(parents=True, exist_ok=True)
    began, acts = time.monotonic(), acts_of(options)
    made = await asyncio.to_thread(load, options.seed, options.events)
    console.print(f"{len(made.generated.records)} records, {made.keys} keys, {len(acts)} faults by seed {options.seed}")
    logs = Path(options.build / "torture-logs")
    async with Children(logs) as children, aiohttp.ClientSession() as session:
        async with town(options, children, session) as built:
            run = Run(options, built, made, acts)
            with screen.progress(console) as bars:
                await run.carry(bars)
            left = await run.left()
            run.wire.close()
        judged = await asyncio.to_thread(decide, made.generated, left, sticks=options.profile == "tags")
    report = Report(options, acts, made, run.saboteur, run.watch, judged, built, time.monotonic() - began)
    write(report, options.build)
    return report
