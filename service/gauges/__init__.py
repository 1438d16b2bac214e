"""Prometheus names, help texts and units: counters from outcomes, gauges looked up at the scrape.

One registry per app, so that tests and processes share nothing. No label names a household, a
session or a card; labels are words of the code, or one of a few feeders and piles.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from service.clock import monotonic
from service.flow.house import House, Outcomes
from service.gauges.counted import COUNTED, Counted
from service.gauges.looks import JOULES_PER_WH, Look
from service.gauges.wire import Lane, WireState
from service.piles.faults import catalogue

__all__ = ["Gauges", "JobGauges", "Lane", "WireState"]

MOST_LABELS = 60
"""Distinct values of one label; a pile may send any word as a fault code."""

COMMIT_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Gauges:
    """All figures of one app. `take` is a listener of the house; the rest is looked up."""

    def __init__(self, house: House, wire: Callable[[], WireState] | None = None):
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._seen: dict[str, set[str]] = defaultdict(set)
        self._counters = {what: self._counter(counted) for what, counted in COUNTED.items()}
        self.posted = self._plain("posted_sessions", "Sessions posted to the ledger.")
        self._other = self._labelled("other_events", "Anything else that was counted.", "what")
        self._commit = self._histogram("commit_seconds", "From batch to commit.", COMMIT_BUCKETS)
        self._batch = self._histogram("batch_messages", "Messages in a batch.", BATCH_BUCKETS)
        self.jobs = JobGauges(self.registry)
        self.registry.register(Look(house, wire))

    def _plain(self, name: str, words: str) -> Counter:
        return Counter(name, words, namespace="beimen", registry=self.registry)

    def _labelled(self, name: str, words: str, label: str) -> Counter:
        return Counter(name, words, [label], namespace="beimen", registry=self.registry)

    def _histogram(self, name: str, words: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(name, words, namespace="beimen", buckets=buckets, registry=self.registry)

    def _counter(self, counted: Counted) -> Counter:
        if counted.label is None:
            return self._plain(counted.name, counted.help)
        counter = self._labelled(counted.name, counted.help, counted.label)
        for value in counted.known:
            counter.labels(self._bounded(counted.name, value))
        return counter

    def take(self, outcomes: Outcomes) -> None:
        """Count what a committed unit of work did. Any thread."""
        for (what, label), times in outcomes.counts.items():
            counted = COUNTED.get(what)
            if what == "posted":
                self.posted.inc(int(label or 0) * times)
            elif counted is None:
                self._other.labels(self._bounded("other", what)).inc(times)
            elif counted.label is None:
                self._counters[what].inc(times)
            else:
                value = self._bounded(counted.name, label)
                self._counters[what].labels(value).inc(times)

    def observe_batch(self, messages: int, seconds: float) -> None:
        """A batch of so many messages was committed in so many seconds."""
        self._batch.observe(messages)
        self._commit.observe(seconds)

    def text(self) -> bytes:
        """Everything in Prometheus' plain text format."""
        return generate_latest(self.registry)

    def _bounded(self, name: str, value: str) -> str:
        seen = self._seen[name]
        if name == "incidents" and value not in catalogue():
            return "other"
        if value not in seen:
            if len(seen) >= MOST_LABELS:
                return "other"
            seen.add(value)
        return value[:60] or "none"


class JobGauges:
    """How the timetable does, and what its jobs found.

    The label is `task`: Prometheus itself calls what it scrapes `job`.
    """

    def __init__(self, registry: CollectorRegistry):
        def gauge(name: str, words: str, *labels: str) -> Gauge:
            return Gauge(name, words, labels, namespace="beimen", registry=registry)

        self._runs = Counter(
            "job_runs", "Jobs run.", ["task", "result"], namespace="beimen", registry=registry
        )
        self._seconds = gauge("job_duration_seconds", "How long a job last took.", "task")
        self._last = gauge("job_last_success_timestamp_seconds", "When a job last worked.", "task")
        self.leads = gauge("timetable_leads", "1 if this process keeps the timetable.")
        self.addresses = gauge("notification_addresses", "Where notifications are sent to.")
        self._difference = gauge("books_difference_joules", "Meters minus bills (1 Wh is 3600 J).")
        self._unattributed = gauge("books_unattributed_joules", "Drawn outside of any session.")
        self._compared = gauge("books_compared_timestamp_seconds", "When they were last compared.")
        self._ticked: float | None = None

    def expect(self, job: str) -> None:
        """This job will run; its counters begin at 0."""
        for result in ("done", "failed"):
            self._runs.labels(job, result)

    def ran(self, job: str, seconds: float, at: float, *, failed: bool) -> None:
        """A job ran for so many seconds and ended `at` (seconds since 1970)."""
        self._runs.labels(job, "failed" if failed else "done").inc()
        self._seconds.labels(job).set(seconds)
        if not failed:
            self._last.labels(job).set(at)
            if job == "tick":
                self._ticked = monotonic()

    def compared_books(self, difference_wh: int, unattributed_wh: int, at: float) -> None:
        """Meters and bills were compared `at` (seconds since 1970)."""
        self._difference.set(difference_wh * JOULES_PER_WH)
        self._unattributed.set(unattributed_wh * JOULES_PER_WH)
        self._compared.set(at)

    @property
    def seconds_since_tick(self) -> float | None:
        """How long ago the every-second job last worked; None if it never did."""
        return None if self._ticked is None else monotonic() - self._ticked
