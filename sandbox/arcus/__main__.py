"""Run the sandbox: `python -m sandbox.arcus --port 0 --data DIR --profile lenient --tier test --entities a:USD`."""

import argparse
import asyncio
import gc
import signal
import sys
from pathlib import Path

import uvloop

from sandbox.arcus.faults import Plan
from sandbox.arcus.journal import parse
from sandbox.arcus.limits import TIERS
from sandbox.arcus.money import encode, quantum
from sandbox.arcus.profile import PROFILES, switched
from sandbox.arcus.server import Sandbox
from sandbox.arcus.world import Config


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.arcus", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data", type=Path, required=True, help="folder of the journal; kept over restarts")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="lenient")
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="one switch of the profile")
    parser.add_argument("--tier", choices=sorted(TIERS), default="test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--entities", required=True, metavar="CODE:CURRENCY,...")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--faults", type=Path, metavar="FILE.json")
    return parser


def _entities(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in text.split(","):
        code, _, currency = part.partition(":")
        quantum(currency)  # an unknown currency is an error now, not at the first order
        pairs.append((code, currency.upper()))
    return tuple(pairs)


def configured(argv: list[str]) -> tuple[Config, int]:
    """Return the configuration and the port; what cannot be meant ends with a line that says so."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        return _config(options), options.port
    except (ValueError, OSError) as error:
        parser.error(str(error))


def _config(options: argparse.Namespace) -> Config:
    plan = Plan(seed=options.seed)
    if options.faults is not None:
        plan = Plan.load(parse(options.faults.read_bytes()), base=plan)
    return Config(
        data=options.data,
        entities=_entities(options.entities),
        profile=switched(PROFILES[options.profile], options.switch),
        tier=options.tier,
        seed=options.seed,
        latency_ms=options.latency_ms,
        faults=plan,
    )


async def serve(config: Config, port: int) -> None:
    """Serve until a signal asks to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    sandbox = Sandbox(config)
    await sandbox.start(port)
    # Documents hold no cycles; walking hundreds of thousands of them again and again would cost more than serving.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    sys.stdout.write(encode(sandbox.announcement()).decode() + "\n")
    sys.stdout.flush()
    await stopped.wait()
    await sandbox.stop()


def main() -> None:
    """Entry point."""
    config, port = configured(sys.argv[1:])
    uvloop.run(serve(config, port))


if __name__ == "__main__":
    main()
