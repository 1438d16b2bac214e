"""What time brings: resends and timeouts, the queue, shedding, silence, and posting to the books.

`tick` is called about once a second; everything in it may be called again at any time.
"""

from collections.abc import Sequence
from datetime import timedelta

from service.alerts.actions import close_what_is_over
from service.clock import to_ms
from service.feeders.actions import record_peaks
from service.flow import alarms, cables, outlook, requests, settling, steps, wishes
from service.flow.house import House, Work
from service.piles.actions import (
    close_command,
    command_was_sent,
    commands_due,
    save_status,
)
from service.piles.commands import GIVE_UP_MS, PAUSE_MS
from service.piles.messages import Outgoing
from service.piles.records import commands_unanswered, next_sending_ms
from service.sessions.lifecycle import Event, State
from service.sessions.records import ended_before, shed_since, to_post

POST_AFTER = timedelta(minutes=10)
"""A settlement travels before the readings that place its energy in time; let those arrive."""

STRANDED_AFTER = timedelta(hours=24)
"""A session that is over and whose settlement never came: a person must look."""

STALLED_MS = 120_000
"""A session that is on for two minutes without its register rising does not draw."""

RESUME_WITHIN = timedelta(hours=12)
"""A shed session that could not continue for this long is left alone: it is another day."""

OVERRUN_MS = 300_000
POST_AT_ONCE = 500
FOREVER_MS = 2**62


def tick(house: House) -> None:
    """Everything that is due now, in one unit of work."""
    with house.work() as work:
        _give_up(work)
        cables.follow_feeders(work)
        cables.shed(work)
        cables.admit(work)
        outlook.look_ahead(work)
        _notice_silence(work)
        _notice_overrun(work)
        alarms.mark_faults(work)
        wishes.follow_wishes(work)


def tick_slowly(house: House) -> None:
    """What is enough once a minute: posting, stranded sessions, peaks, statuses, old incidents."""
    while post_settled(house, POST_AFTER) == POST_AT_ONCE:
        pass
    outlook.learn_daily(house)
    with house.work() as work:
        for row in ended_before(work.uow, work.now - STRANDED_AFTER):
            settling.hold(work, row, settling.NEVER_CAME)
            alarms.raise_one(work, "session_held", house.board.piles[row.pile], row.outlet)
        _resume_shed(work)
        record_peaks(work.uow, house.tally.drain())
        for incident in close_what_is_over(work.uow, work.now):
            if incident.id is not None:
                work.outcomes.incidents.add(incident.id)
        save_status(work.uow, house.board.piles.values())


def post_settled(house: House, wait: timedelta) -> int:
    """Post sessions that were settled at least `wait` ago, in the order in which they ended; how
    many were looked at."""
    with house.work() as work:
        return post_some(work, wait)


def post_some(work: Work, wait: timedelta) -> int:
    """The same inside a unit of work that does more."""
    rows = list(to_post(work.uow, work.now - wait, POST_AT_ONCE))
    if rows:
        work.count("posted", str(settling.post(work, rows)))
    return len(rows)


# --- the outbox ----------------------------------------------------------------------------------


def due(house: House) -> Sequence[Outgoing]:
    """Commands that should leave now; one pile is told at most one thing per half second."""
    if to_ms(house.clock.now()) < house.next_sending_ms:
        return []
    with house.look() as work:
        ready, soon = [], set()
        for outgoing in commands_due(work.uow, work.now_ms):
            pile = house.board.piles.get(outgoing.topic.split("/")[2])
            if pile is None or pile.id in soon or work.now_ms - pile.last_command_ms < PAUSE_MS:
                continue
            soon.add(pile.id)
            pile.last_command_ms = work.now_ms
            ready.append(outgoing)
        if not ready:
            next_ms = next_sending_ms(work.uow)
            house.next_sending_ms = FOREVER_MS if next_ms is None else max(next_ms, work.now_ms)
    return ready


def sent(house: House, command_ids: Sequence[str]) -> None:
    """The wire has handed these to the broker."""
    with house.work() as work:
        for command_id in command_ids:
            command_was_sent(work.uow, command_id, work.now_ms)
        house.next_sending_ms = 0


def _give_up(work: Work) -> None:
    """No result and no evidence for 90 s: a start is cancelled, a stop is a matter for people."""
    for row in commands_unanswered(work.uow, work.now_ms - GIVE_UP_MS):
        close_command(work.uow, row.id, "unanswered", work.now_ms)
        work.count("unanswered", row.cmd)
        pile = work.house.board.piles.get(row.pile)
        if row.cmd == "start" and row.session_id:
            known = work.house.open.get(row.session_id)
            if known is not None and known.state is State.STARTING:
                steps.happened(work, known.id, Event.GAVE_UP, work.now_ms, "unanswered")
        elif row.cmd == "stop" and pile is not None:
            alarms.raise_one(work, "stop_failed", pile, row.outlet)


# --- what is noticed -----------------------------------------------------------------------------


def _resume_shed(work: Work) -> None:
    """A shed session comes back by itself: it queues again, unless the bike has left."""
    for row in shed_since(work.uow, work.now - RESUME_WITHIN):
        outlet = work.house.board.outlet(row.pile, row.outlet)
        if outlet is None or outlet.state == "empty" or row.household_id is None:
            continue
        request = requests.StartRequest(
            pile=row.pile,
            outlet=row.outlet,
            household_id=row.household_id,
            source=row.source,
            asked_by="service",
            key=f"continue:{row.id}",
            max_energy_wh=max(1, row.max_energy_wh - (row.energy_wh or 0)),
            continues_id=row.id,
            ready_by_at=row.ready_by_at,
            pass_id=row.pass_id,
        )
        requests.start_in(work, request)


def _notice_silence(work: Work) -> None:
    for pile in work.house.board.piles.values():
        ever = pile.heard_ms > 0
        if ever and pile.is_silent(work.now_ms) and not pile.silence_told:
            pile.silence_told = True
            alarms.raise_one(work, "silent", pile)
            work.outcomes.piles.add(pile.id)
            work.outcomes.outlets |= {(pile.id, number) for number in pile.outlets}


def _notice_overrun(work: Work) -> None:
    """The pile should have stopped by itself, or should be drawing by now."""
    for one in list(work.house.open.values()):
        if one.state is not State.CHARGING or one.started_ms is None:
            continue
        pile = work.house.board.piles[one.pile]
        if pile.is_silent(work.now_ms):
            continue
        longest_ms = work.house.settings.longest_session_s * 1000 + OVERRUN_MS
        if work.now_ms - one.started_ms > longest_ms:
            requests.stop_in(work, one.id, "service", None, "max_time")
        elif not one.stall_told:
            progress = work.house.progress.get(one.id)
            watched_ms = progress.at_ms - one.started_ms if progress else 0
            if progress and progress.energy_wh == 0 and watched_ms > STALLED_MS:
                one.stall_told = True
                alarms.raise_one(work, "not_drawing", pile, one.outlet)
