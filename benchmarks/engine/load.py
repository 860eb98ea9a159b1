"""Sends records by the clock, each with the moment at which it was meant to leave: `load BOOTSTRAP TOPIC ...`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.engine.keys import Pattern
from benchmarks.engine.topics import FLUSH_S, Filling, producer_to, put

_NS = 1_000_000_000


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("topic")
    parser.add_argument("--pattern", type=Pattern, required=True)
    parser.add_argument("--keys", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--count", type=int, required=True)
    return parser.parse_args(argv)


def main() -> None:
    """Send them all."""
    options = arguments()
    producer = producer_to(options.bootstrap, linger_ms=0)
    began = time.monotonic_ns()
    for number, mark in enumerate(Filling(options.pattern, options.keys, options.count).marks()):
        due = began + round(number * _NS / options.rate)
        while (now := time.monotonic_ns()) < due:
            time.sleep((due - now) / _NS)
        put(producer, options.topic, replace(mark, intended_ns=due))
        producer.poll(0)
    if left := producer.flush(FLUSH_S):
        raise SystemExit(f"{left} records were not acknowledged")


if __name__ == "__main__":
    main()
