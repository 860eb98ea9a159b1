import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.rate_headers import DEFAULT_PAUSE_S, MAX_PAUSE_S, NOTHING, RateSignal, read_signal

DATE = (b"Date", b"Mon, 01 Jun 2026 12:00:00 GMT")
NOON = 1780315200.0


def test_limit_remaining_and_reset_are_read_by_the_servers_clock() -> None:
    headers = [
        DATE,
        (b"X-RateLimit-Limit", b"1200"),
        (b"x-ratelimit-remaining", b"0"),
        (b"X-RateLimit-Reset", b"1780315230"),
    ]
    assert read_signal(200, headers, wall=5.0) == RateSignal(limit=1200, remaining=0, reset_in=30.0)


def test_while_something_remains_nobody_asks_for_the_reset() -> None:
    headers = [
        DATE,
        (b"X-RateLimit-Limit", b"9"),
        (b"X-RateLimit-Remaining", b"7"),
        (b"X-RateLimit-Reset", b"1780315230"),
    ]
    assert read_signal(200, headers, wall=5.0) == RateSignal(limit=9, remaining=7)


def test_without_a_date_our_own_clock_stands_in() -> None:
    headers = [(b"X-RateLimit-Limit", b"1200"), (b"X-RateLimit-Reset", b"1780315230")]
    assert read_signal(200, headers, wall=NOON).reset_in == 30.0


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        (b"3", 3.0),
        (b"0", 0.0),
        (b"Mon, 01 Jun 2026 12:00:05 GMT", 5.0),
        (b"Mon, 01 Jun 2026 11:00:00 GMT", 0.0),
        (b"999999999999", MAX_PAUSE_S),
        (b"-3", DEFAULT_PAUSE_S),
        (b"1.5", DEFAULT_PAUSE_S),
        (b"soon", DEFAULT_PAUSE_S),
        ("٣".encode(), DEFAULT_PAUSE_S),
        (b"1" * 5000, DEFAULT_PAUSE_S),
    ],
)
def test_retry_after_pauses_by_seconds_or_by_date(text: bytes, pause: float) -> None:
    assert read_signal(429, [DATE, (b"Retry-After", text)], wall=5.0).pause == pause


def test_a_429_without_retry_after_pauses_for_the_shortest_window() -> None:
    assert read_signal(429, [], wall=0.0).pause == DEFAULT_PAUSE_S


def test_a_503_pauses_only_where_it_says_for_how_long() -> None:
    assert read_signal(503, [(b"Retry-After", b"2")], wall=0.0).pause == 2.0
    assert read_signal(503, [], wall=0.0).pause is None


@pytest.mark.parametrize("status", [200, 202, 301, 409, 423])
def test_retry_after_on_another_status_is_about_that_resource_alone(status: int) -> None:
    assert read_signal(status, [(b"Retry-After", b"60")], wall=0.0) is NOTHING


def test_a_limit_of_zero_is_no_limit_that_one_can_keep() -> None:
    assert read_signal(200, [(b"X-RateLimit-Limit", b"0")], wall=0.0).limit is None


HEADER = st.tuples(
    st.sampled_from([b"x-ratelimit-limit", b"X-RateLimit-Remaining", b"x-ratelimit-reset", b"Retry-After", b"Date"]),
    st.binary(max_size=40) | st.integers(-(10**15), 10**15).map(lambda n: str(n).encode()),
)


@given(status=st.integers(100, 599), headers=st.lists(HEADER, max_size=8), wall=st.floats(0, 2e9))
def test_whatever_is_sent_the_pause_is_bounded_and_nothing_is_raised(
    status: int, headers: list[tuple[bytes, bytes]], wall: float
) -> None:
    signal = read_signal(status, headers, wall=wall)
    assert signal.pause is None or 0 <= signal.pause <= MAX_PAUSE_S
    assert signal.reset_in is None or signal.reset_in >= 0
