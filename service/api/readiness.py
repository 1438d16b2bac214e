"""Is the service fit to serve? Each answer with its reason; nothing is said that was not looked at.

What only people must attend to (bills that wait) is told as well, but does not make the service
unready: taking it off the net would mend nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy.exc import SQLAlchemyError

from service.clock import from_ms
from service.flow.house import House
from service.gauges import Gauges, Lane, WireState
from service.store.revision import newest_revision, revision_of
from service.usage.actions import backlog
from service.words import N_, Sentence

OLDEST_NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""This program was not there before: an earlier clock was never set."""

CLOCK_LEEWAY = timedelta(seconds=60)
LOOPBACK_SECONDS = 60.0
TICK_SECONDS = 15.0
FULL_SHARE = 0.8
POST_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; only a `needed` one that is not ok makes it unready."""

    name: str
    ok: bool
    reason: Sentence
    needed: bool = True


def readiness(house: House, gauges: Gauges, wire: Callable[[], WireState] | None) -> list[Check]:
    """Every check; what cannot be looked at because the database is away is left out."""
    database = _database(house)
    checks = [database]
    if database.ok:
        checks += [_migrations(house), _backlog(house), _clock(house)]
    checks += _broker(wire().lanes if wire else (), house.settings.inbox_limit)
    checks.append(_timetable(gauges))
    return checks


def is_ready(checks: Sequence[Check]) -> bool:
    """Whether nothing that is needed fails."""
    return all(check.ok for check in checks if check.needed)


def _database(house: House) -> Check:
    try:
        with house.store.engine.connect() as connection:
            connection.exec_driver_sql("select 1")
    except (SQLAlchemyError, OSError):
        return Check("database", False, Sentence(N_("The database does not answer.")))
    return Check("database", True, Sentence(N_("The database answers.")))


def _migrations(house: House) -> Check:
    there, wanted = revision_of(house.store.engine), _wanted_revision()
    values = {"there": there or "-", "wanted": wanted or "-"}
    message = N_("Its tables are those of revision {there}; this program needs {wanted}.")
    return Check("migrations", there == wanted, Sentence(message, values))


@cache
def _wanted_revision() -> str | None:
    return newest_revision()


def _backlog(house: House) -> Check:
    with house.store.reading() as uow:
        waiting = backlog(uow)
    late = (
        waiting.unposted_since is not None
        and house.clock.now() - waiting.unposted_since > POST_WITHIN
    )
    values = {"unposted": waiting.unposted, "held": waiting.held}
    message = N_("{unposted} sessions wait to be posted, {held} are held for a person to look.")
    return Check("backlog", not late, Sentence(message, values), needed=False)


def _clock(house: House) -> Check:
    """A clock that was set back would price by the wrong band and close the wrong month."""
    now = house.clock.now()
    if now < OLDEST_NOW:
        message = N_("The clock says {now}: it was never set.")
        return Check("clock", False, Sentence(message, {"now": _text(now)}))
    heard_ms = max((pile.heard_ms for pile in list(house.board.piles.values())), default=0)
    if from_ms(heard_ms) > now + CLOCK_LEEWAY:
        message = N_("The clock says {now}, but a pile was heard at {heard}: it was set back.")
        values = {"now": _text(now), "heard": _text(from_ms(heard_ms))}
        return Check("clock", False, Sentence(message, values))
    return Check("clock", True, Sentence(N_("The clock says {now}."), {"now": _text(now)}))


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _broker(lanes: Sequence[Lane], inbox_limit: int) -> Iterator[Check]:
    if not lanes:
        message = N_("This process has no connection to the broker.")
        yield Check("broker", False, Sentence(message))
    for lane in lanes:
        yield Check(f"broker_{lane.name}", *_why_not(lane, inbox_limit))


def _why_not(lane: Lane, inbox_limit: int) -> tuple[bool, Sentence]:
    if not lane.connected:
        return False, Sentence(N_("The broker is not reached."))
    if lane.loopback_age_s > LOOPBACK_SECONDS:
        message = N_("Connected, but no message of our own came back for {seconds} s.")
        return False, Sentence(message, {"seconds": round(lane.loopback_age_s)})
    if lane.failing_s > 0:
        message = N_("Messages are heard, but could not be stored for {seconds} s.")
        return False, Sentence(message, {"seconds": round(lane.failing_s)})
    if lane.inbox > FULL_SHARE * inbox_limit:
        message = N_("{inbox} messages wait to be stored; the inbox is nearly full.")
        return False, Sentence(message, {"inbox": lane.inbox})
    return True, Sentence(N_("The broker is connected and answers."))


def _timetable(gauges: Gauges) -> Check:
    age = gauges.jobs.seconds_since_tick
    if age is None:
        return Check("timetable", False, Sentence(N_("The timetable has not begun.")))
    message = N_("The timetable last ran {seconds} s ago.")
    return Check("timetable", age <= TICK_SECONDS, Sentence(message, {"seconds": round(age)}))
