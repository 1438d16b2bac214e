"""The cables: what every feeder carries, who may start, who waits, who is switched off for a while.

Current loads a cable, and a silent outlet that may be on counts as its limit.
"""

from datetime import timedelta

from service.clock import from_ms
from service.feeders.admission import EXPECTED_START_MA, Admitted, Wait
from service.feeders.load import Draw, Load, MeterReading, current_of_power_ma, measure
from service.feeders.queue import Turn, Waiting, ask, in_turn, may_go, turns
from service.feeders.risk import FeederState, Level, amps, follow, must_shed
from service.feeders.shedding import Running, is_in_tail, plan_shedding
from service.flow import alarms, steps
from service.flow.house import OpenSession, Work
from service.piles.board import OutletNow, PileNow
from service.piles.messages import Said
from service.sessions.lifecycle import Event, State
from service.sessions.records import Session, session_row
from service.words import N_, Sentence


def loads_now(work: Work) -> dict[str, Load]:
    """What every feeder carries at this moment."""
    house = work.house
    house.loads = measure(house.tree, _draws(work), house.meters, work.now)
    return house.loads


def _draws(work: Work) -> list[Draw]:
    held = {(one.pile, one.outlet): one.state for one in work.house.open.values()}
    draws = []
    for pile in work.house.board.piles.values():
        silent = pile.is_silent(work.now_ms)
        limit_ma = current_of_power_ma(pile.outlet_limit_w)
        for number, outlet in pile.outlets.items():
            state = held.get((pile.id, number))
            on = state in (State.STARTING, State.CHARGING, State.STOPPING)
            if not (on or silent or outlet.may_be_on):
                continue
            sample_ms = max(outlet.sample_ms, pile.listening_since_ms) if outlet.sample_ms else 0
            sampled_at = from_ms(sample_ms) if sample_ms else None
            current_ma, expected_ma = outlet.current_ma, 0
            if state is State.STARTING and not silent:
                # a heard pile whose outlet is only about to go on draws what it is expected to
                current_ma, sampled_at, expected_ma = 0, work.now, EXPECTED_START_MA
            draws.append(
                Draw(
                    pile.id,
                    number,
                    pile.feeder_id,
                    current_ma,
                    outlet.power_w,
                    sampled_at,
                    on or outlet.may_be_on,
                    limit_ma,
                    expected_ma,
                )
            )
    return draws


def follow_feeders(work: Work) -> None:
    """After a batch: how close is every feeder to its rating, and did its level change?"""
    house = work.house
    house.followed_ms = work.now_ms
    loads = loads_now(work)
    house.tally.note({key: load.current_ma for key, load in loads.items()}, work.now)
    for feeder_id, cable in house.tree.cables.items():
        before = house.risk.get(feeder_id, FeederState())
        house.risk[feeder_id], changed = follow(before, cable, loads[feeder_id], work.now)
        if changed is None:
            continue
        work.outcomes.feeders.append(changed)
        for level, code in ((Level.NEAR, "feeder_near"), (Level.OVER, "feeder_over")):
            if changed.after is level:
                alarms.raise_one(work, code, detail=changed.sentence, feeder_id=feeder_id)
            elif changed.before is level:
                alarms.clear_one(work, code, feeder_id=feeder_id)


def take_feeder_reading(work: Work, said: Said) -> None:
    """A feeder's own meter, whose login is the feeder's id: it sees what is no outlet too."""
    phases = {"l1": 0, "l2": 0, "l3": 0}
    for reading in said.message.readings:
        if reading.phase in phases:
            phases[reading.phase] = reading.current_ma
    if said.pile not in work.house.tree.cables:
        work.count("unknown_feeder_meters")
        return
    current = (phases["l1"], phases["l2"], phases["l3"])
    work.house.meters[said.pile] = MeterReading(current, from_ms(said.heard.received_ms))


# --- who may start -------------------------------------------------------------------------------


def room_for(work: Work, pile: PileNow, row: Session) -> Admitted | Wait:
    """May this new session start at once? Room that is there belongs to those in front first."""
    charging = _households_that_charge(work)
    newcomer = _waiting(work, pile, row.id, row.household_id, work.now_ms, charging)
    return ask(work.house.tree, loads_now(work), _queue(work), newcomer, work.now)


def admit(work: Work) -> None:
    """Let those who wait start, in a fair order, as far as there is room."""
    waiting = _queue(work)
    if waiting:
        order = in_turn(waiting, work.now)
        for one in may_go(work.house.tree, loads_now(work), order, work.now):
            steps.happened(work, one.session_id, Event.ADMITTED, work.now_ms)


def told_to_those_who_wait(work: Work) -> dict[str, Turn]:
    """Place, sentence and expected start of everyone who waits, by order number."""
    order = in_turn(_queue(work), work.now)
    if not order:
        return {}
    return turns(work.house.tree, loads_now(work), order, _running(work), work.now)


def _queue(work: Work) -> list[Waiting]:
    charging = _households_that_charge(work)
    queue = []
    for one in work.house.open.values():
        if one.state is State.QUEUED:
            pile = work.house.board.piles[one.pile]
            if pile.in_service and pile.can_be_told(work.now_ms):
                queue.append(
                    _waiting(work, pile, one.id, one.household_id, one.requested_ms, charging)
                )
    return queue


def _households_that_charge(work: Work) -> set[int | None]:
    return {
        one.household_id
        for one in work.house.open.values()
        if one.holds_outlet and one.state is not State.QUEUED
    } - {None}


def _waiting(
    work: Work,
    pile: PileNow,
    session_id: str,
    household_id: int | None,
    requested_ms: int,
    charging: set[int | None],
) -> Waiting:
    is_second = household_id in charging
    return Waiting(session_id, household_id, work.at(requested_ms), is_second, pile.feeder_id)


# --- who is switched off for a while -------------------------------------------------------------


def shed(work: Work) -> None:
    """Above 1.13 x the rating the breaker may trip: switch off the least need, resume later."""
    house = work.house
    full = {feeder for feeder, state in house.risk.items() if must_shed(state, work.now)}
    if not full:
        return
    plan = plan_shedding(house.tree, house.loads, _running(work), work.now, full)
    for feeder_id, short_ma in plan.still_over_ma.items():
        detail = Sentence(
            N_("{amps} A above the rating, and nothing left that could be switched off."),
            {"amps": amps(short_ma)},
        )
        alarms.raise_one(work, "feeder_cannot_shed", detail=detail, feeder_id=feeder_id)
    for one in plan.sheds:
        row = session_row(work.uow, one.session.session_id)
        if row is not None:
            row.stop_asked_by = row.stop_asked_by or "service"
            steps.move(work, row, Event.STOP_ASKED, work.now_ms, "shed")
            work.count("shed", one.feeder_id)


def _running(work: Work) -> list[Running]:
    return [
        _as_running(work, one)
        for one in work.house.open.values()
        if one.state in (State.CHARGING, State.STOPPING)
    ]


def _as_running(work: Work, one: OpenSession) -> Running:
    pile = work.house.board.piles[one.pile]
    outlet = pile.outlets.get(one.outlet)
    progress = work.house.progress.get(one.id)
    started_at = work.at(one.started_ms or one.requested_ms)
    return Running(
        session_id=one.id,
        feeder_id=pile.feeder_id,
        current_ma=_current_of(outlet),
        started_at=started_at,
        in_tail=progress is not None and is_in_tail(progress.power_w, progress.peak_w),
        ends_at=started_at + timedelta(seconds=work.house.settings.longest_session_s),
        switched_at=started_at,
        pausing_since=work.at(one.stopping_ms) if one.stopping_ms else None,
        is_heard=not pile.is_silent(work.now_ms),
    )


def _current_of(outlet: OutletNow | None) -> int:
    """What an outlet draws, from its power where it does not measure current."""
    if outlet is None:
        return 0
    if outlet.current_ma is None and outlet.power_w is not None:
        return current_of_power_ma(outlet.power_w)
    return outlet.current_ma or 0
