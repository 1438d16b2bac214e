"""One session as its household sees it, from the queue to the line on the bill."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from service.billing.pricing import Priced
from service.feeders.queue import Turn
from service.metering.live import Progress
from service.pages import session_words as words
from service.pages.curve import Curve, Sample, curve
from service.pages.minutes_left import NOT_KNOWN_YET, minutes_left, time_to_limit
from service.pages.say_time import clock_seconds, moment, month, span
from service.pages.session_words import Ending, Told
from service.pages.states import STATES
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


OVER_FOR_GOOD = frozenset({Stage.SETTLED, Stage.HELD, Stage.WAIVED, Stage.CANCELLED})
BEFORE_IT_RUNS = frozenset({Stage.QUEUED, Stage.STARTING})


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What was looked up for one session.

    `most_fen`: what it can cost at most. `month`: the statement it is on. `goes_on_id`: the charge
    that continues it after a pause.
    """

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
    most_fen: int | None = None
    month: str = ""
    question_id: int | None = None
    goes_on_id: str | None = None
    still_plugged: bool = False


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
    ending: Ending | None
    next_step: Sentence | None
    since: Sentence | None
    drawn_time: str
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
    never_more: Sentence | None
    ready_by: Sentence | None
    stop_doubt: Sentence | None
    month: str
    month_name: Sentence | None
    is_posted: bool
    question_id: int | None
    goes_on_id: str | None
    came_from_id: str | None
    still_plugged: bool

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
    ending = words.ending_of(row)
    told = Told(
        row, now, facts.longest_s, facts.full_energy_wh, turn=facts.turn, most_fen=facts.most_fen
    )
    running = stage in (Stage.CHARGING, Stage.STOPPING)
    age = (now - facts.read_at).total_seconds() if facts.read_at else None
    begun = row.started_at or row.commanded_at or row.requested_at
    return SessionView(
        id=row.id,
        stage=stage,
        pile=row.pile,
        pile_number=facts.pile_number,
        outlet=row.outlet,
        entrance=facts.entrance,
        headline=Sentence(words.HEADLINES[ending] if ending else HEADLINES[stage]),
        detail=words.detail(told),
        ending=ending,
        next_step=words.next_step(ending),
        since=moment(row.ended_at or begun, now, zone),
        drawn_time=clock_seconds(now, zone),
        energy_wh=_energy(facts),
        start_wh=row.start_wh if row.start_wh is not None else _low(facts),
        end_wh=row.end_wh,
        power_w=round(facts.power_w) if running and facts.power_w is not None else None,
        priced=facts.priced,
        elapsed=_elapsed(row, now),
        left=_left(facts) if stage is Stage.CHARGING else None,
        read_time=clock_seconds(facts.read_at, zone) if facts.read_at and running else None,
        age_seconds=int(age) if age is not None and running else None,
        stale=running and (facts.pile_silent or (age is not None and age > STALE_AFTER_S)),
        waited_seconds=_waited(row, stage, now),
        curve=curve(facts.samples) if running else None,
        place=facts.turn.place if facts.turn else None,
        expected=words.expected(told, zone),
        limits=words.limits(told, zone) if stage not in OVER_FOR_GOOD else (),
        never_more=words.never_more(told) if stage in BEFORE_IT_RUNS else None,
        ready_by=words.ready_by(row, now, zone) if stage not in OVER_FOR_GOOD else None,
        stop_doubt=words.stop_doubt() if stage is Stage.STOPPING else None,
        month=facts.month,
        month_name=month(facts.month) if facts.month else None,
        is_posted=row.posted_at is not None,
        question_id=facts.question_id,
        goes_on_id=facts.goes_on_id,
        came_from_id=row.continues_id,
        still_plugged=facts.still_plugged,
    )


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
    if stage is not Stage.STARTING:
        return 0
    since = row.commanded_at or row.requested_at
    return max(0, int((now - since).total_seconds()))


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


def state_word(state: str) -> Sentence:
    """The word of a session's state, for lists."""
    return Sentence(STATES[State(state)])
