import heapq
import math
import random
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http.rate_headers import RateSignal
from service.http.window import Tier, Window, Windows

SMALL = Tier(per_window=5, per_burst=3, window_s=10.0, burst_s=1.0, margin_s=0.5, burst_margin_s=0.1)


class Server:
    """Counts by arrival in two sliding windows, as Arcus documents it."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier
        self._arrived: deque[float] = deque()
        self.refused = 0
        self.taken = 0

    def arrive(self, at: float) -> None:
        while self._arrived and self._arrived[0] <= at - self._tier.window_s:
            self._arrived.popleft()
        burst = sum(1 for when in self._arrived if when > at - self._tier.burst_s)
        full = self._tier.per_window is not None and len(self._arrived) >= self._tier.per_window
        if full or (self._tier.per_burst is not None and burst >= self._tier.per_burst):
            self.refused += 1
        else:
            self.taken += 1
        self._arrived.append(at)


def drive(windows: Windows, server: Server, *, until: float, seed: int, slowest_s: float, paced: bool) -> None:
    """Send as fast as is permitted; each call arrives somewhere between its permit and its end."""
    way = random.Random(seed)  # noqa: S311 - reproducible on purpose
    now = 0.0
    ends: list[float] = []
    arrivals: list[float] = []
    while now < until:
        while windows.next_at(now, paced=paced) <= now:
            windows.take(now)
            seconds = way.uniform(0.001, slowest_s)
            heapq.heappush(ends, now + seconds)
            heapq.heappush(arrivals, now + way.uniform(0, seconds))
        now = min(windows.next_at(now, paced=paced), ends[0] if ends else math.inf)
        while arrivals and arrivals[0] <= now:
            server.arrive(heapq.heappop(arrivals))
        while ends and ends[0] <= now:
            heapq.heappop(ends)
            windows.end(now)


@pytest.mark.parametrize("paced", [True, False])
@pytest.mark.parametrize(
    "tier", [Tier(), Tier(per_window=300, per_burst=50), Tier(per_window=60, per_burst=10)], ids=str
)
def test_at_least_95_percent_of_the_budget_is_used_and_nothing_is_refused(tier: Tier, *, paced: bool) -> None:
    windows, server = Windows(tier=tier), Server(tier)
    drive(windows, server, until=600.0, seed=7, slowest_s=0.8, paced=paced)
    assert tier.per_window is not None
    assert server.refused == 0
    assert server.taken >= 0.95 * tier.per_window * 10


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), slowest=st.floats(0.01, 30), limit=st.integers(1, 40), burst=st.integers(1, 10))
def test_no_latency_makes_the_server_refuse(seed: int, slowest: float, limit: int, burst: int) -> None:
    tier = Tier(per_window=limit, per_burst=burst, window_s=10.0)
    windows, server = Windows(tier=tier), Server(tier)
    drive(windows, server, until=100.0, seed=seed, slowest_s=slowest, paced=seed % 2 == 0)
    assert server.refused == 0


def test_a_call_holds_its_place_for_one_window_after_its_end() -> None:
    window = Window(limit=1, length=10.0)
    assert window.next_at(100.0, 0) == 100.0
    assert window.next_at(100.0, 1) == math.inf
    window.end(103.0)
    assert window.next_at(104.0, 0) == 113.0
    assert window.next_at(113.0, 0) == 113.0


def test_no_limit_permits_at_once() -> None:
    windows = Windows(tier=Tier(per_window=None, per_burst=None))
    for _ in range(1000):
        assert windows.next_at(5.0, paced=True) == 5.0
        windows.take(5.0)
        windows.end(5.0)


def test_paced_calls_spread_evenly_and_a_live_one_does_not_wait_for_them() -> None:
    windows = Windows(tier=SMALL)
    windows.take(100.0)
    windows.take(100.0)
    assert windows.next_at(100.0) == 100.0
    assert 102.0 < windows.next_at(100.0, paced=True) < 104.3


def test_a_permit_that_is_given_back_was_never_counted() -> None:
    windows = Windows(tier=SMALL)
    for _ in range(50):
        windows.take(100.0)
        windows.give_back()
    assert windows.next_at(100.0) == 100.0
    assert windows.in_flight == 0


def test_a_pause_holds_everybody_and_is_never_shortened() -> None:
    windows = Windows(tier=SMALL)
    windows.observe(RateSignal(pause=5.0), 100.0)
    windows.observe(RateSignal(pause=1.0), 100.0)
    assert windows.next_at(100.0) == 105.0
    assert windows.next_at(105.0) == 105.0


def test_calls_of_others_are_counted_once_for_one_window() -> None:
    windows = Windows(tier=SMALL)
    for _ in range(3):
        windows.observe(RateSignal(limit=5, remaining=0), 100.0)
    assert windows.next_at(100.0) == 110.5
    assert windows.next_at(110.5) == 110.5


def test_what_our_own_calls_explain_is_not_counted_twice() -> None:
    windows = Windows(tier=Tier(per_window=3, per_burst=None))
    windows.take(100.0)
    windows.take(100.0)
    windows.observe(RateSignal(limit=3, remaining=1), 100.2)
    windows.end(100.2)
    assert windows.next_at(100.3) == 100.3


def test_a_process_that_shares_its_budget_takes_the_others_for_its_own() -> None:
    windows = Windows(tier=SMALL, alone=False)
    windows.observe(RateSignal(limit=5, remaining=0), 100.0)
    assert windows.next_at(100.0) == 100.0


def test_headers_lower_the_limit_of_the_settings_and_never_raise_it() -> None:
    windows = Windows(tier=SMALL)
    windows.observe(RateSignal(limit=2), 100.0)
    assert windows.limit == 2
    windows.observe(RateSignal(limit=1000), 100.0)
    assert windows.limit == 5


def test_without_a_limit_in_the_settings_the_headers_rule() -> None:
    windows = Windows(tier=Tier(per_window=None, per_burst=None))
    windows.observe(RateSignal(limit=7, remaining=7), 100.0)
    assert windows.limit == 7


def test_an_empty_budget_that_resets_later_than_we_think_is_believed() -> None:
    windows = Windows(tier=SMALL)
    windows.observe(RateSignal(limit=5, remaining=0, reset_in=600.0), 100.0)
    assert windows.next_at(200.0) == 700.0
