"""Counts that a proof or a bench reads: requests, what moved money, CPU."""

import time
from collections import Counter

from sandbox.arcus.errors import Doc

# What a sync must never cause; a proof adds them up as money_moved.
EFFECTS = ("processor_charges", "processor_refunds", "emails", "marketplace_pushes")


class Stats:
    """Counters since the start of the process, except effects, which the journal restores."""

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter(dict.fromkeys(EFFECTS, 0))
        self.requests: Counter[tuple[str, int | str]] = Counter()
        self.codes: Counter[str] = Counter()
        self.in_flight = 0
        self.peak = 0
        self.held = 0
        """Writes that are committed and whose answer has not left yet: kill now to lose an outcome."""
        self._cpu_start = time.process_time()
        self._started = time.monotonic()

    def begin(self) -> None:
        """A request has arrived."""
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def end(self) -> None:
        """It has been answered or dropped."""
        self.in_flight -= 1

    def report(self) -> Doc:
        """Everything as one JSON object."""
        routes: dict[str, dict[str, int]] = {}
        for (route, status), count in sorted(self.requests.items(), key=lambda item: (item[0][0], str(item[0][1]))):
            routes.setdefault(route, {})[str(status)] = count
        return {
            **self.effects,
            "requests": routes,
            "requests_total": sum(self.requests.values()),
            "error_codes": dict(sorted(self.codes.items())),
            "in_flight": self.in_flight,
            "held": self.held,
            "max_concurrent": self.peak,
            "cpu_seconds": round(time.process_time() - self._cpu_start, 6),
            "wall_seconds": round(time.monotonic() - self._started, 6),
        }
