"""Sends orders by the clock, whatever becomes of them, and says when it began: `load BOOTSTRAP TOPIC RATE COUNT FIRST`.

Each order is meant to leave at its own moment; one that leaves late was still meant to leave then.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Final

from confluent_kafka import Producer

from benchmarks.orders import records

NS: Final = 1_000_000_000
FLUSH_S: Final = 60.0


def main(bootstrap: str, topic: str, *, rate: float, count: int, first: int) -> None:
    """Send them all; they are written before the clock runs."""
    waiting = list(records(count, first=first))
    producer = Producer(
        {"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 0, "partitioner": "murmur2_random"}
    )
    producer.list_topics(topic, timeout=FLUSH_S)  # connected before the first order is due
    began = time.monotonic_ns()
    sys.stdout.write(json.dumps({"began_ns": began}) + "\n")
    sys.stdout.flush()
    for number, record in enumerate(waiting):
        due = began + round(number * NS / rate)
        while (now := time.monotonic_ns()) < due:
            time.sleep((due - now) / NS)
        producer.produce(topic, record.value, record.key, headers=list(record.headers))
        producer.poll(0)
    if left := producer.flush(FLUSH_S):
        raise SystemExit(f"{left} orders were not acknowledged")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], rate=float(sys.argv[3]), count=int(sys.argv[4]), first=int(sys.argv[5]))
