"""The run itself: start everything, let it go wrong, wait until it is quiet, and judge."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.progress import Progress, TaskID

from sandbox.demo import ledger, screen
from sandbox.demo.books import Books, Doc
from sandbox.demo.children import Child, Children, DemoError, told
from sandbox.demo.installation import (
    DEAD_LETTERS,
    GROUP,
    REPLAY,
    entities,
    free_port,
    seed,
    settings,
    write_settings,
)
from sandbox.demo.options import KINDS, Options
from sandbox.demo.saboteur import Saboteur
from sandbox.demo.wire import Place, Wire
from sandbox.oracle.claims import Claims
from sandbox.oracle.erp import Erp, parsed
from sandbox.oracle.judge import Evidence, Judgement, judge
from sandbox.oracle.proof import Faults, Proof, proof
from sandbox.shop.generate import TOPIC, Generated, generate

PARTITIONS = 12
LATENCY_MS = 25
QUIET_LOOKS = 3
BURST = 500  # records into which a kill falls
AHEAD_S = 30.0  # a key that wakes by itself within this is not quiet
READY_S = 90.0


@dataclass
class Run:
    """One demo."""

    options: Options
    console: Console
    children: Children
    books: Books = field(init=False)
    wire: Wire = field(init=False)
    saboteur: Saboteur = field(init=False)
    service: Child = field(init=False)
    folder: Path = field(init=False)
    http_port: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def env(self) -> dict[str, str]:
        """Where the service finds its settings."""
        return {"ORDERFERRY_CONFIG": str(self.folder / "orderferry.yaml")}

    @property
    def ledger(self) -> Path:
        """The service's ledger."""
        return self.folder / "ledger.sqlite3"

    # --- start --------------------------------------------------------------------------------------------------

    async def set_up(self, session: aiohttp.ClientSession) -> None:
        """Start broker and ERP, and tell the service about them."""
        options = self.options
        self.folder = (options.build / "demo").resolve()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        topics = f"{TOPIC}:{PARTITIONS},{DEAD_LETTERS}:1,{REPLAY}:1"
        module = "sandbox.broker" if options.kafka == "mock" else "sandbox.kafka_server"
        _, broker = await self.children.announced("broker", module, "--topics", topics)
        erp = await self._start_erp()
        self.books = Books(session, erp["port"])
        await self.books.ask("seed", seed())
        bootstrap = broker["bootstrap_servers"]
        self.wire = Wire(bootstrap, TOPIC, PARTITIONS, GROUP)
        self.saboteur = Saboteur(self.books, self.ledger, options.faults, options.least_open, options.least_met)
        self.http_port = free_port()
        content = settings(
            bootstrap=bootstrap,
            topic=TOPIC,
            erp_port=erp["port"],
            keys=erp["keys"],
            ledger=self.ledger,
            http_port=self.http_port,
            tier=options.tier,
        )
        write_settings(self.folder / "orderferry.yaml", content)
        await told([*_orderferry(), "migrate"], env=self.env, log=self.folder / "migrate.log")
        self.service = await self.start_service()

    async def _start_erp(self) -> Doc:
        options = self.options
        arguments = ("--profile", options.profile, "--tier", options.tier, "--seed", str(options.seed))
        place = ("--data", str(self.folder / "erp"), "--port", "0", "--latency-ms", str(LATENCY_MS))
        (self.folder / "erp").mkdir()
        _, ready = await self.children.announced("erp", "sandbox.arcus", *place, *arguments, "--entities", entities())
        return ready

    async def start_service(self) -> Child:
        """Start the service and wait until it says that it is ready."""
        service = await self.children.start("orderferry", [*_orderferry(), "run"], env=self.env)
        until = time.monotonic() + READY_S
        while not await self._is_ready():
            service.must_run()
            if time.monotonic() > until:
                raise DemoError(f"the service was not ready within {READY_S:g} s; see {service.log}")
            await asyncio.sleep(0.2)
        return service

    async def _is_ready(self) -> bool:
        url = f"http://127.0.0.1:{self.http_port}/readyz"
        try:
            async with self.books.session.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    # --- the middle ---------------------------------------------------------------------------------------------

    async def carry(self, generated: Generated, bars: Progress) -> None:
        """Produce everything in stretches; between them the service is killed, and once the ERP forgets its keys."""
        records = generated.records
        settled = bars.add_task("settled by the service", total=len(records), note="")
        kills = self.options.kills if self.options.faults else 0
        watching = asyncio.create_task(self._watch(settled, bars))
        try:
            await self.saboteur.lie()
            stretch = len(records) // (kills + 1)
            for number in range(kills):
                await self._produce(generated, stretch * (number + 1) - min(BURST, stretch // 2))
                if number == kills // 2:
                    await self.quiet()
                    await self.saboteur.forget()
                await self._kill(generated, stretch * (number + 1))
            await self._produce(generated, len(records))
            await self.quiet()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        bars.update(settled, completed=self.wire.settled, note=self._note())

    async def _produce(self, generated: Generated, until: int) -> None:
        first = self.wire.produced
        producing = asyncio.create_task(self.wire.produce(generated.records[first:until], first=first))
        try:
            while not producing.done():
                self.service.must_run()
                await asyncio.wait([producing], timeout=1)
            await producing
        finally:
            producing.cancel()
            await asyncio.gather(producing, return_exceptions=True)

    async def _kill(self, generated: Generated, until: int) -> None:
        """Kill in the middle of a burst. It counts with enough intents open; else it is repeated with what is left."""
        wanted = self.saboteur.counted + 1
        await self.saboteur.hold()
        await self._produce(generated, until)
        for _ in range(3):
            self.service = await self.saboteur.kill(self.service, self.start_service)
            if self.saboteur.counted >= wanted:
                break
        await self.saboteur.lie()

    async def _watch(self, settled: TaskID, bars: Progress) -> None:
        while True:
            await self.wire.look()
            bars.update(settled, completed=self.wire.settled, note=self._note())
            await asyncio.sleep(0.5)

    def _note(self) -> str:
        return f"{self.wire.produced} produced, {len(self.saboteur.kills)} kills"

    async def quiet(self) -> None:
        """Wait until nothing is left to do: no lag, no intent open, no key due, and the ERP hears nothing new."""
        looks, heard = 0, -1
        while looks < QUIET_LOOKS:
            self.service.must_run()
            await asyncio.sleep(0.5)
            await self.wire.look()
            now = int((await self.books.ask("stats"))["committed"])
            busy = self.wire.lag or await asyncio.to_thread(self._unfinished)
            looks = 0 if busy or now != heard else looks + 1
            heard = now

    def _unfinished(self) -> bool:
        return bool(ledger.open_intents(self.ledger)) or ledger.due_within(self.ledger, time.time(), AHEAD_S) > 0

    # --- the end ------------------------------------------------------------------------------------------------

    async def verdict(self, generated: Generated) -> tuple[Judgement, Proof, Faults, Claims]:
        """Stop the service and judge what it left."""
        stats = await self.books.ask("stats")
        code = await self.service.stop()
        if code:
            raise DemoError(f"the service ended with exit code {code} on SIGTERM; see {self.service.log}")
        lines = await told(
            [*_orderferry(), "explain", "shopify", "--all", "--json"], env=self.env, log=self.folder / "explain.log"
        )
        (self.folder / "claims.ndjson").write_bytes(b"\n".join(lines))
        dump, log = await self.books.lines("state"), await self.books.lines("log")
        (self.folder / "state.ndjson").write_bytes(b"\n".join(dump))
        (self.folder / "writes.ndjson").write_bytes(b"\n".join(log))
        claims = Claims.of(lines)
        evidence = Evidence(
            records=generated.records,
            predictions=generated.predictions(self.options.profile),
            erp=Erp.of(parsed(dump), parsed(log)),
            claims=claims,
            dead_letters=frozenset(await self._dead_letters()),
            places=[self.wire.places[index] for index in range(len(generated.records))],
        )
        judgement = await asyncio.to_thread(judge, evidence, self.options.profile)
        required = KINDS if self.options.faults else ()
        faults = Faults(stats["faults_injected"], stats["faults_met"], required, self.options.least_met)
        moved = sum(
            int(stats[name]) for name in ("processor_charges", "processor_refunds", "emails", "marketplace_pushes")
        )
        done = proof(judgement, money_moved=moved, kills=self.saboteur.counted, faults=faults)
        self._tell(judgement, claims, faults, stats)
        return judgement, done, faults, claims

    async def _dead_letters(self) -> list[Place]:
        found = []
        for headers in await self.wire.dead_letters(DEAD_LETTERS):
            named = {name.removeprefix("x-orderferry-"): text for name, text in headers.items()}
            found.append((named["topic"], int(named["partition"]), int(named["offset"])))
        return found

    def _tell(self, judgement: Judgement, claims: Claims, faults: Faults, stats: Doc) -> None:
        orders = judgement.findings.found["orders"] or 1
        peak = max(int(key["peak_minute"]) for key in stats["keys"].values())
        rows = [
            ("profile, ERP tier", f"{self.options.profile}, {self.options.tier}; limiter on, busiest key {peak}/min"),
            ("wall time", f"{time.monotonic() - self.started:.0f} s"),
            ("ERP requests", str(stats["requests_total"])),
            ("calls per order", f"{stats['requests_total'] / orders:.2f}"),
            ("429 beyond the lies", str(_beyond(stats))),
            (
                "unknowns resolved",
                ", ".join(f"{how} {count}" for how, count in sorted(claims.resolved.items())) or "none",
            ),
            ("resolved by a person", str(claims.resolved.get("person", 0))),
            ("kills with SIGKILL", screen.told(self.saboteur.kills)),
            ("keys forgotten by the ERP", str(self.saboteur.forgotten)),
        ]
        screen.outcomes(self.console, judgement, claims)
        screen.faults(self.console, faults.injected, faults.met)
        screen.figures(self.console, rows)
        screen.violations(self.console, judgement)


def _beyond(stats: Doc) -> int:
    throttled = sum(int(counts.get("429", 0)) for counts in stats["requests"].values())
    return throttled - int(stats["faults_injected"]["throttle"])


def _orderferry() -> list[str]:
    return [str(Path(sys.executable).with_name("orderferry"))]


async def demo(options: Options, console: Console, *, say: Callable[[str], None]) -> int:
    """Run the demo; returns the exit code."""
    options.build.mkdir(parents=True, exist_ok=True)
    generated = generate(options.seed, options.orders)
    generated.write_predictions(options.build / f"predictions-{options.profile}.ndjson", options.profile)
    say(f"{len(generated.histories)} histories, {len(generated.records)} records, {generated.size / 1e6:.0f} MB")
    async with Children(options.build / "demo-logs") as children, aiohttp.ClientSession() as session:
        run = Run(options, console, children)
        await run.set_up(session)
        with screen.progress(console) as bars:
            await run.carry(generated, bars)
        judgement, done, faults, _ = await run.verdict(generated)
        run.wire.close()
        between, counted = run.saboteur.between, run.saboteur.counted
    (options.build / "violations.txt").write_text("\n".join(map(str, judgement.findings.violations)))
    missing = faults.short() if options.faults else []
    for kind in missing:
        say(
            f"the lie {kind} was not met {faults.least} times: {faults.injected[kind]} injected, {faults.met[kind]} met"
        )
    killed = not options.faults or (counted >= options.kills and (between or not options.kills))
    if not killed:
        say(f"{counted} kills with {options.least_open} intents open, {between} of them after a commit in the ERP")
    line = json.dumps(done.figures())
    (options.build / "proof.json").write_text(line + "\n")
    sys.stdout.write(f"proof: {line}\n")
    sys.stdout.flush()
    return 0 if done.holds(judgement) and not missing and killed else 1
