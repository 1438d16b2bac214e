"""What the cables will carry: fed by every reading, learned anew each day, each second ahead.

The memory of places on curves is rebuilt from stored readings after a restart; habits are learned
from the last four weeks. Neither is stored: both follow from what is.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import log

from service.clock import to_ms
from service.feeders.forecast import Charging, forecast
from service.feeders.habits import Habits, PastCharge, learn
from service.feeders.load import Load, current_of
from service.feeders.place import STEP_S, Place
from service.flow.house import House, Work
from service.metering.records import currents_of
from service.sessions.lifecycle import State
from service.sessions.records import Session, started_between

LEARNED_DAYS = 28
LEARN_AFTER = timedelta(hours=4)
"""The day of habits begins at four in the morning, when fewest bikes charge."""

LOOK_EVERY_MS = 1000
UNPLUGGED = "unplugged"
ALIKE = 1.25
"""Two chargers of one household are told apart when their full currents differ by a quarter."""


def take_place(work: Work, session_id: str, current_ma: int | None, power_w: float | None,
                  at_ms: int) -> None:  # fmt: skip
    """A reading of a running session: where it is on its curve now."""
    current = current_of(current_ma, power_w)
    if current is not None:
        work.house.places.setdefault(session_id, Place()).take(current, at_ms / 1000)


def look_ahead(work: Work) -> None:
    """The outlook of every feeder, at most once a second."""
    house = work.house
    if house.habits is None or work.now_ms - house.looked_ahead_ms < LOOK_EVERY_MS:
        return
    house.looked_ahead_ms = work.now_ms
    charging = _charging(work)
    house.outlooks = forecast(
        house.tree,
        house.habits,
        charging,
        work.now.astimezone(house.settings.zone),
        certain_ma=_certain(house, house.loads, charging),
    )


def learn_daily(house: House) -> bool:
    """Learn from the last four weeks, once a day and once after a start; False if that is done.

    Reads beside the house's turn: it takes a second or two of a full compound's month.
    """
    now = house.clock.now().astimezone(house.settings.zone)
    day = (now - LEARN_AFTER).date()
    if house.habits_of_day == day or not house.loaded:
        return False
    first_day = (now - timedelta(days=LEARNED_DAYS)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    house.habits = _learned(house, first_day, now)
    house.habits_of_day = day
    return True


def _learned(house: House, first_day: datetime, now: datetime) -> Habits:
    with house.store.reading() as uow:
        rows = [row for row in started_between(uow, first_day, now) if row.ended_at is not None]
        samples: dict[str, list[tuple[int, int]]] = {}
        for session_id, received_ms, current_ma, power_w in currents_of(
            uow, [row.id for row in rows]
        ):
            current = current_of(current_ma, power_w)
            if current is not None:
                samples.setdefault(session_id, []).append((received_ms, current))
    charges = [
        charge for row in rows if (charge := _past(house, row, samples.get(row.id, ()))) is not None
    ]
    oldest = min((one.began_at for one in charges), default=now)
    days = max(1, (now - oldest).days)
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    return learn(charges, begin, days, house.tree.cables)


def _past(house: House, row: Session, samples: Iterable[tuple[int, int]]) -> PastCharge | None:
    """A stored session on steps of five minutes; a step without a reading repeats the last one."""
    pile = house.board.piles.get(row.pile)
    if pile is None or row.started_at is None or row.ended_at is None:
        return None
    began_ms = to_ms(row.started_at)
    by_step = {(at_ms - began_ms) // (STEP_S * 1000): ma for at_ms, ma in sorted(samples)}
    if not by_step:
        return None
    steps = min(288, int((row.ended_at - row.started_at).total_seconds()) // STEP_S)
    currents, last = [], next(iter(by_step.values()))
    for step in range(steps):
        last = by_step.get(step, last)
        currents.append(last)
    return PastCharge(
        pile.feeder_id, bike_of(row.household_id, max(currents, default=0)),
        row.started_at.astimezone(house.settings.zone), currents, row.stop_reason == UNPLUGGED,
    )  # fmt: skip


def bike_of(household_id: int | None, full_ma: int) -> str | None:
    """What a bike is known by: whose charger it is, and how much that draws at full current."""
    if household_id is None or full_ma <= 0:
        return None
    return f"{household_id}:{round(log(full_ma) / log(ALIKE))}"


def _charging(work: Work) -> list[Charging]:
    house, sessions = work.house, []
    for one in house.open.values():
        place = house.places.get(one.id)
        if one.state is not State.CHARGING or place is None:
            continue
        here_s = (work.now_ms - (one.started_ms or one.requested_ms)) / 1000
        ends_in_s = max(0.0, house.settings.longest_session_s - here_s)
        bike = bike_of(one.household_id, place.peak_ma)
        feeder_id = house.board.piles[one.pile].feeder_id
        sessions.append(Charging(feeder_id, place, bike, here_s, ends_in_s))
    return sessions


def _certain(
    house: House, loads: dict[str, Load], charging: Iterable[Charging]
) -> dict[str, tuple[int, int, int]]:
    """What a feeder carries by itself besides these sessions: silent outlets at their limit, starts
    on their way, and what only its own meter sees."""
    sessions_ma: dict[str, int] = {}
    for one in charging:
        sessions_ma[one.feeder_id] = sessions_ma.get(one.feeder_id, 0) + one.place.current_ma
    certain = {}
    for feeder_id, load in loads.items():
        own = list(load.phases_ma)
        for child in house.tree.children[feeder_id]:
            own = [mine - below for mine, below in zip(own, loads[child].phases_ma, strict=True)]
        seen = sessions_ma.get(feeder_id, 0)
        first, second, third = (max(0, ma - seen) for ma in own)
        certain[feeder_id] = (first, second, third)
    return certain
