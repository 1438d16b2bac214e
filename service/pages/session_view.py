"""One session as its household sees it, from the queue to the line on the bill."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from service.billing.pricing import Priced
from service.feeders.queue import Turn
from service.metering.live import Progress
from service.pages.curve import Curve, Sample, curve
from service.pages.minutes_left import NOT_KNOWN_YET, minutes_left, time_to_limit
from service.pages.say_time import clock_seconds, clock_time, moment, span
from service.pages.states import STATES, held_sentence, not_started_sentence, stop_sentence
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.words import N_, Sentence

STALE_AFTER_S = 180
"""Three reports of 60 s missed: the figures are shown as old."""


class Stage(StrEnum):
    """What the page of a session looks like."""

    QUEUED = "queued"
    STARTING = "starting"
    CHARGING = "charging"
    STOPPING = "stopping"
    ENDED = "ended"
    SETTLED = "settled"
    HELD = "held"
    WAIVED = "waived"
    CANCELLED = "cancelled"


NO_LIMITS = frozenset({Stage.SETTLED, Stage.WAIVED, Stage.CANCELLED})
OVER_FOR_GOOD = frozenset({Stage.SETTLED, Stage.HELD, Stage.WAIVED, Stage.CANCELLED})


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What was looked up for one session."""

    row: Session
    pile_number: int
    entrance: int
    now: datetime
    pile_silent: bool
    heard_at: datetime | None = None
    progress: Progress | None = None
    power_w: float | None = None
    read_at: datetime | None = None
    priced: Priced | None = None
    turn: Turn | None = None
    samples: Sequence[Sample] = ()
    longest_s: int = 36_000
    full_energy_wh: int = 3_000
    ahead_name: str = ""


@dataclass(frozen=True, slots=True)
class SessionView:
    """Everything the template writes."""

    id: str
    stage: Stage
    pile: str
    pile_number: int
    outlet: int
    entrance: int
    headline: Sentence
    detail: Sentence | None
    since: Sentence | None
    energy_wh: int | None
    start_wh: int | None
    end_wh: int | None
    power_w: int | None
    priced: Priced | None
    elapsed: Sentence | None
    left: Sentence | None
    read_time: str | None
    age_seconds: int | None
    stale: bool
    waited_seconds: int
    curve: Curve | None
    place: int | None
    expected: Sentence | None
    limits: tuple[Sentence, ...]
    stop_doubt: Sentence | None

    @property
    def may_stop(self) -> bool:
        """Is there something to end?"""
        return self.stage in (Stage.QUEUED, Stage.STARTING, Stage.CHARGING)

    @property
    def is_live(self) -> bool:
        """Will it change by itself?"""
        return self.stage not in OVER_FOR_GOOD


HEADLINES = {
    Stage.QUEUED: N_("In the queue"),
    Stage.STARTING: N_("Starting"),
    Stage.CHARGING: N_("Charging"),
    Stage.STOPPING: N_("Stopping"),
    Stage.ENDED: N_("Over"),
    Stage.SETTLED: N_("Finished"),
    Stage.HELD: N_("Over, the bill is being checked"),
    Stage.WAIVED: N_("Over, nothing is billed"),
    Stage.CANCELLED: N_("It did not start"),
}


def session_view(facts: SessionFacts, zone: tzinfo) -> SessionView:
    """The page of a session at this moment."""
    row, now = facts.row, facts.now
    stage = Stage(row.state)
    running = stage in (Stage.CHARGING, Stage.STOPPING)
    age = (now - facts.read_at).total_seconds() if facts.read_at else None
    stale = running and (facts.pile_silent or (age is not None and age > STALE_AFTER_S))
    begun = row.started_at or row.commanded_at or row.requested_at
    return SessionView(
        id=row.id,
        stage=stage,
        pile=row.pile,
        pile_number=facts.pile_number,
        outlet=row.outlet,
        entrance=facts.entrance,
        headline=Sentence(HEADLINES[stage]),
        detail=_detail(facts, stage, zone),
        since=moment(row.ended_at or begun, now, zone),
        energy_wh=_energy(facts),
        start_wh=row.start_wh if row.start_wh is not None else _low(facts),
        end_wh=row.end_wh,
        power_w=round(facts.power_w) if running and facts.power_w is not None else None,
        priced=facts.priced,
        elapsed=_elapsed(row, now),
        left=_left(facts) if stage is Stage.CHARGING else None,
        read_time=clock_seconds(facts.read_at, zone) if facts.read_at and running else None,
        age_seconds=int(age) if age is not None and running else None,
        stale=stale,
        waited_seconds=_waited(row, stage, now),
        curve=curve(facts.samples) if running else None,
        place=facts.turn.place if facts.turn else None,
        expected=_expected(facts, zone),
        limits=_limits(facts, zone) if stage not in NO_LIMITS else (),
        stop_doubt=_stop_doubt(row, stage, now),
    )


def _detail(facts: SessionFacts, stage: Stage, zone: tzinfo) -> Sentence | None:
    row = facts.row
    if stage is Stage.CANCELLED:
        if row.stop_asked_by or row.why is None or row.why.startswith(("feeder:", "queue")):
            return Sentence(N_("You left before it started. Nothing is charged."))
        return not_started_sentence(row.why)
    if stage is Stage.WAIVED:
        return Sentence(N_("The committee has looked at this charge: you pay nothing for it."))
    if stage is Stage.HELD:
        message = N_("Nothing is billed until somebody has looked: {reason}.")
        if row.posted_at is not None:
            message = N_("The bill stands, and somebody looks at it again: {reason}.")
        return Sentence(message, {"reason": held_sentence(row.held_reason)})
    if stage is Stage.SETTLED:
        return stop_sentence(row.stop_reason, row.why)
    if stage is Stage.ENDED:
        return Sentence(N_("The pile's final record is on its way; then the exact bill is here."))
    if stage is Stage.QUEUED and facts.turn is not None:
        return facts.turn.sentence
    return None


def _energy(facts: SessionFacts) -> int | None:
    if facts.row.energy_wh is not None:
        return facts.row.energy_wh
    return facts.progress.energy_wh if facts.progress else None


def _low(facts: SessionFacts) -> int | None:
    return facts.progress.low_wh if facts.progress else None


def _elapsed(row: Session, now: datetime) -> Sentence | None:
    if row.started_at is None:
        return None
    return span(((row.ended_at or now) - row.started_at).total_seconds())


def _waited(row: Session, stage: Stage, now: datetime) -> int:
    if stage not in (Stage.STARTING, Stage.STOPPING):
        return 0
    since = row.commanded_at or row.requested_at
    return max(0, int((now - since).total_seconds())) if stage is Stage.STARTING else 0


def _left(facts: SessionFacts) -> Sentence:
    row, progress = facts.row, facts.progress
    energy_wh = progress.energy_wh if progress else 0
    ends_at = None
    if row.started_at is not None and row.max_duration_s < facts.longest_s:
        ends_at = row.started_at + timedelta(seconds=row.max_duration_s)
    has_energy_limit = row.max_energy_wh < facts.full_energy_wh
    limit_in = time_to_limit(
        facts.now,
        ends_at,
        row.max_energy_wh - energy_wh if has_energy_limit else None,
        facts.power_w or 0.0,
    )
    left = minutes_left(facts.power_w or 0.0, progress.peak_w if progress else 0.0, limit_in)
    return left.sentence if left else NOT_KNOWN_YET


def _expected(facts: SessionFacts, zone: tzinfo) -> Sentence | None:
    if facts.row.state != State.QUEUED:
        return None
    if facts.turn is None or facts.turn.expected is None:
        return Sentence(N_("Nobody can tell yet when it will start. It starts by itself."))
    expected = facts.turn.expected
    earliest = moment(expected.earliest, facts.now, zone)
    if expected.latest is None:
        return Sentence(
            N_("It starts by itself, {earliest} at the earliest."), {"earliest": earliest}
        )
    if expected.latest - expected.earliest < timedelta(minutes=10):
        return Sentence(
            N_("It starts by itself by {time} at the latest; sooner if somebody finishes."),
            {"time": earliest},
        )
    return Sentence(
        N_("It starts by itself, between {earliest} and {latest}."),
        {"earliest": earliest, "latest": clock_time(expected.latest, zone)},
    )


def _limits(facts: SessionFacts, zone: tzinfo) -> tuple[Sentence, ...]:
    row = facts.row
    said = []
    if row.cap_fen is not None:
        amount = f"{row.cap_fen // 100}.{row.cap_fen % 100:02d}"
        said.append(Sentence(N_("never more than {amount} yuan"), {"amount": amount}))
    if row.max_duration_s < facts.longest_s:
        if row.started_at is not None:
            end = moment(row.started_at + timedelta(seconds=row.max_duration_s), facts.now, zone)
            said.append(Sentence(N_("until {time} at the latest"), {"time": end}))
        else:
            said.append(Sentence(N_("for {span}"), {"span": span(row.max_duration_s)}))
    return tuple(said)


def _stop_doubt(row: Session, stage: Stage, now: datetime) -> Sentence | None:
    """A stop that the pile has not confirmed: say what a person can do."""
    if stage is not Stage.STOPPING:
        return None
    return Sentence(
        N_(
            "The pile has been told. If the lamp is still on in two minutes, "
            "pull the plug or call the gatehouse."
        )
    )


def state_word(state: str) -> Sentence:
    """The word of a session's state, for lists."""
    return Sentence(STATES[State(state)])
