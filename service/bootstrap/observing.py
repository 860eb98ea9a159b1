"""What the parts report, made into metrics and log lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cache

import structlog

from connectors.shopify.topics import DELETED, EDITED, ORDER_TOPICS, REFUND_TOPICS, TRANSACTION_TOPICS, known
from schemas.event import Position
from schemas.outcome import OutcomeName, Reason
from service.errors import FerryError, Retryable
from service.http.breaker import State
from service.http.courier import Silent as Quiet
from service.http.limiter import RateLimiter
from service.intake.observer import Silent, Slot
from service.ports import DeadLetter, DeadLetters, EventEnd, Intent, Priority, PrivacyCase
from service.telemetry.metrics import Metrics

_BREAKER = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}
_TOLD = frozenset({OutcomeName.PARKED, OutcomeName.DEAD_LETTERED})
_TOPICS = frozenset({*ORDER_TOPICS, *TRANSACTION_TOPICS, *REFUND_TOPICS, EDITED, DELETED})


class StoryObserver:
    """The pipeline's view."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        # Looked up once: to find a child by its labels costs 5 us, and an order has four of them.
        self._outcomes = cache(metrics.outcomes.labels)
        self._events = cache(metrics.events.labels)
        self._attempts = cache(metrics.erp_attempts.labels)
        self._source_to_ack = cache(metrics.source_to_ack.labels)
        self._log = structlog.get_logger("orderferry.story")

    def event_ended(self, end: EventEnd) -> None:
        """Count the outcome; tell what a person should know of."""
        envelope = end.arrival.event.envelope
        source = envelope.external_source
        reason = "" if end.reason is None else end.reason.value
        self._outcomes(source, end.outcome.value, reason).inc()
        self._events(source, topic_label(envelope.topic)).inc()
        if end.outcome in _TOLD:
            self._log.info("event ended", outcome=end.outcome.value, reason=reason, key=str(end.arrival.event.key))

    def effect_done(self, intent: Intent, *, seconds: float, source_seconds: float) -> None:
        """Measure how long it took us, and since the shop said so."""
        self._attempts(intent.effect.effect).observe(intent.attempts)
        self._source_to_ack(intent.document.external_source).observe(source_seconds)
        self._log.debug("effect done", effect=intent.effect.name, seconds=seconds, how=intent.how)

    def unknown(self, intent: Intent, why: str) -> None:
        """Tell that a call ended without a clear answer."""
        self._log.warning("effect unknown", effect=intent.effect.name, key=intent.key, intent=intent.id, why=why)

    def resolved(self, intent: Intent, how: str) -> None:
        """Count how an unknown was resolved."""
        self._metrics.unknowns.labels(how).inc()
        self._log.info("unknown resolved", effect=intent.effect.name, key=intent.key, intent=intent.id, how=how)

    def blocked(self, effect: str, reason: Reason) -> None:
        """Tell that an effect has to wait for something."""
        self._log.info("effect blocked", effect=effect, reason=reason.value)


def topic_label(topic: str) -> str:
    """Name a topic with one of few values: a header can hold anything."""
    if not topic or topic in _TOPICS:
        return topic
    return f"{topic.partition('/')[0]}/other" if known(topic) else "other"


class DigestLog:
    """How deliveries of the digest ended."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = structlog.get_logger("orderferry.digest")

    def digest_told(self, channel: str, outcome: str, why: str = "") -> None:
        """Count it; tell of one that failed."""
        self._metrics.digests.labels(channel, outcome).inc()
        if why:
            self._log.warning("digest not delivered", kind=channel, outcome=outcome, why=why)


class PrivacyLog:
    """Tells how far requests about persons are: ids of requests, and numbers."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("orderferry.privacy")

    def __call__(self, case: PrivacyCase) -> None:
        """Tell of one."""
        found = case.found
        self._log.info(
            "privacy request",
            what=case.id,
            action=case.request.asks.value,
            tenant=case.tenant,
            outcome=case.state.value,
            keys=found.keys,
            facts=found.facts,
            requests=found.requests,
            letters=found.letters,
            in_the_erp=len(found.erp) + found.erp_more,
            waiting=len(found.waiting),
        )


class DeadLetterCount:
    """Counts dead letters by where they are kept: `topic` wraps the whole keeper, `ledger` the one behind it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._behind: set[Position] = set()
        self._log = structlog.get_logger("orderferry.dead_letters")

    def ledger(self, keeper: DeadLetters) -> DeadLetters:
        """Wrap the fallback: what it keeps is not on the topic."""
        return _Kept(keeper, lambda letter: self._behind.add(letter.position))

    def topic(self, keeper: DeadLetters) -> DeadLetters:
        """Wrap the keeper that the fallback stands behind."""
        return _Kept(keeper, self._count)

    def _count(self, letter: DeadLetter) -> None:
        kept_in = "ledger" if letter.position in self._behind else "topic"
        self._behind.discard(letter.position)
        self._metrics.dead_letters.labels(letter.reason.value, kept_in).inc()
        at = letter.position
        self._log.warning(
            "dead letter",
            reason=letter.reason.value,
            topic=at.topic,
            partition=at.partition,
            offset=at.offset,
            kept_in=kept_in,
        )


class _Kept:
    """A keeper that tells what it kept."""

    def __init__(self, keeper: DeadLetters, tell: Callable[[DeadLetter], None]) -> None:
        self._keeper = keeper
        self._tell = tell

    async def put(self, letter: DeadLetter) -> None:
        """Keep it, then tell."""
        await self._keeper.put(letter)
        self._tell(letter)


def show_limiters(metrics: Metrics, limiters: Mapping[str, RateLimiter], *, now: float) -> None:
    """Show each budget, and who waits for any of them. `now` is on the limiters' clock."""
    waiting: Counter[Priority] = Counter(dict.fromkeys(Priority, 0))
    for name, limiter in limiters.items():
        until = limiter.paused_until
        metrics.limiter_paused.labels(name).set(0 if until is None else max(0.0, until - now))
        metrics.limiter_used.labels(name).set(limiter.mark().ours)
        waiting.update(limiter.waiting)
    for lane, count in waiting.items():
        metrics.limiter_waiting.labels(lane.name.lower()).set(count)


def _answer_class(status: int) -> str:
    return "429" if status == 429 else f"{status // 100}xx"


def _failure_class(error: FerryError) -> str:
    return "no_connection" if isinstance(error, Retryable) else "no_answer"


class CourierMeter:
    """The transport's view."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._requests = cache(metrics.erp_requests.labels)
        self._seconds = cache(metrics.erp_request_seconds.labels)
        self._log = structlog.get_logger("orderferry.erp")

    def waited(self, lane: Priority, seconds: float) -> None:
        """Waiting shows in the limiter's gauges."""

    def answered(self, *, status: int, seconds: float, resend: bool) -> None:
        """Count an answer by its class."""
        name = _answer_class(status)
        self._requests("resend" if resend else "first", name).inc()
        self._seconds("resend" if resend else "first").observe(seconds)

    def failed(self, error: FerryError, *, seconds: float, resend: bool) -> None:
        """Count a call without an answer."""
        name = _failure_class(error)
        self._requests("resend" if resend else "first", name).inc()
        self._log.info("call without an answer", why=str(error), seconds=round(seconds, 3))

    def breaker_moved(self, state: State) -> None:
        """Show the breaker."""
        self._metrics.breaker.set(_BREAKER[state])
        self._log.warning("breaker", state=state.value)


class ShopMeter(Quiet):
    """The transport's view of the shops."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def answered(self, *, status: int, seconds: float, resend: bool) -> None:  # noqa: ARG002 - as a Meter is called
        """Count an answer by its class."""
        self._metrics.shop_requests.labels(_answer_class(status)).inc()

    def failed(self, error: FerryError, *, seconds: float, resend: bool) -> None:  # noqa: ARG002 - the same
        """Count a call without an answer."""
        self._metrics.shop_requests.labels(_failure_class(error)).inc()


class ReadObserver:
    """What becomes of reads from the shops."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = structlog.get_logger("orderferry.shop")

    def read(self, key: str, result: str, why: str = "") -> None:
        """Count a read, and tell of it."""
        self._metrics.shop_reads.labels(result).inc()
        tell = self._log.warning if why else self._log.info
        tell("order read from the shop", key=key, outcome=result, why=why)


class IntakeObserver(Silent):
    """Kafka's view."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = structlog.get_logger("orderferry.intake")

    def delayed(self, key: str, why: str, seconds: float) -> None:
        """Tell why a lane waits."""
        self._log.info("lane waits", key=key, why=why, seconds=round(seconds, 3))

    def commit_failed(self, why: str) -> None:
        """Tell; it is repeated."""
        self._log.info("commit failed", why=why)

    def assigned(self, slots: Collection[Slot], *, kept: int, lost: int) -> None:
        """Count the rebalance."""
        self._metrics.rebalances.inc()
        self._metrics.assigned.set(len(slots))
        self._log.info("partitions assigned", count=len(slots), kept=kept, lost=lost)

    def rebuilt(self, why: str) -> None:
        """Count what the watchdog did."""
        self._metrics.stalls.labels("rebuilt").inc()
        self._log.error("kafka client rebuilt", why=why)

    def loop_lag(self, seconds: float) -> None:
        """Show how late the loop is."""
        self._metrics.loop_lag.set(seconds)


class RoundFailures:
    """Duties that failed and come again."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("orderferry.duties")

    def round_failed(self, name: str, error: Exception) -> None:
        """Tell."""
        self._log.warning("duty failed", duty=name, why=str(error))
