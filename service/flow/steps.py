"""How what a pile says and what a person asks moves a session along its table."""

from service.clock import from_ms
from service.flow import alarms, orders
from service.flow.house import OpenSession, Work
from service.piles.actions import count_boot, take_result
from service.piles.board import BootNow, PileNow
from service.piles.commands import GIVE_UP_MS
from service.piles.messages import Hello, OutletStatus, Result
from service.sessions.actions import advance
from service.sessions.lifecycle import Effect, Event, NoSuchStep, State
from service.sessions.records import Session, session_row

GONE_AFTER_MS = 180_000
"""A pile that says for three heartbeats that it does not know a session has ended it."""

EARLIER_MS = 2_000
"""Clocks differ a little: an event this much before the request still belongs to it."""


def happened(work: Work, session_id: str, event: Event, at_ms: int, why: str | None = None) -> None:
    """Something happened to a session; what must be done about it is done."""
    row = session_row(work.uow, session_id)
    if row is not None:
        move(work, row, event, at_ms, why)


def move(work: Work, row: Session, event: Event, at_ms: int, why: str | None = None) -> bool:
    """Move a session; False if the event makes no sense in its state (counted)."""
    taken = advance(work.uow, row, event, from_ms(at_ms))
    if isinstance(taken, NoSuchStep):
        work.count("refused_steps", f"{taken.state}/{taken.event}")
        return False
    if why is not None:
        row.why = why
    work.remember(row)
    pile = work.house.board.piles[row.pile]
    for effect in taken.effects:
        if effect is Effect.SWITCH_ON:
            orders.switch_on(work, pile, row)
        elif effect is Effect.SWITCH_OFF:
            orders.switch_off(
                work, pile, row.outlet, row.id, "user" if row.stop_asked_by else "operator"
            )
        elif effect is Effect.ALERT_WITHOUT_ORDER:
            alarms.raise_one(work, "charging_without_order", pile, row.outlet)
    return True


def stranger(work: Work, pile: PileNow, outlet: int, session_id: str, at_ms: int) -> None:
    """The pile runs an order that is not open here: settled long ago, cancelled, or never made."""
    if len(work.house.strangers) > 10_000:
        work.house.strangers.clear()
    work.house.strangers.add(session_id)
    row = session_row(work.uow, session_id)
    if row is None:
        alarms.raise_one(work, "charging_without_order", pile, outlet)
        orders.switch_off(work, pile, outlet, session_id, "operator")
    elif row.state == State.CANCELLED:
        move(work, row, Event.STARTED, at_ms)


def compare_with_pile(work: Work, pile: PileNow, status: OutletStatus, heard_ms: int) -> None:
    """A heartbeat repairs what a lost message left wrong."""
    known = work.house.held_by(pile.id, status.outlet)
    runs = status.state in ("charging", "paused")
    said = status.session_id
    if said and runs and said not in work.house.open and said not in work.house.strangers:
        stranger(work, pile, status.outlet, said, heard_ms)
    if known is None:
        return
    if said == known.id:
        known.missing_since_ms = None
        if runs and known.state is State.STARTING:
            happened(work, known.id, Event.STARTED, heard_ms)
        elif runs and known.state is State.STOPPING:
            _stop_again(work, pile, known, heard_ms)
    elif known.state in (State.CHARGING, State.STOPPING):
        _missing(work, known, heard_ms)


def _stop_again(work: Work, pile: PileNow, known: OpenSession, heard_ms: int) -> None:
    """It still charges although it was told to stop: the order was lost on the way, or expired."""
    if known.stopping_ms is not None and heard_ms - known.stopping_ms < GIVE_UP_MS:
        return
    known.stopping_ms = heard_ms
    row = session_row(work.uow, known.id)
    reason = "user" if row is not None and row.stop_asked_by else "operator"
    orders.switch_off(work, pile, known.outlet, known.id, reason)


def _missing(work: Work, known: OpenSession, heard_ms: int) -> None:
    """The pile does not mention a session that should run: it may have been a moment's mistake."""
    if known.missing_since_ms is None:
        known.missing_since_ms = heard_ms
    elif heard_ms - known.missing_since_ms >= GONE_AFTER_MS:
        happened(work, known.id, Event.OVER, heard_ms, "pile_forgot")


def unplugged(work: Work, pile: PileNow, outlet: int, session_id: str | None, at_ms: int) -> None:
    """Unplugging ends the session at once: the next bike's energy must not land on it."""
    known = work.house.held_by(pile.id, outlet)
    if known is None or (session_id is not None and session_id != known.id):
        return
    if at_ms >= known.requested_ms - EARLIER_MS:
        happened(work, known.id, Event.OVER, at_ms)


def number_boot(work: Work, pile: PileNow, boot: BootNow, hello: Hello) -> None:
    """A hello tells which life of the pile this is; the newest one is the present."""
    count_boot(work.uow, boot, hello)
    is_another_board = pile.serial not in (None, hello.serial)
    if is_another_board:
        for outlet in pile.outlets.values():
            outlet.forget_meter()
    if is_another_board or pile.boot is None or boot.rank >= pile.boot.rank:
        pile.boot = boot


def command_answered(work: Work, pile: PileNow, result: Result, at_ms: int) -> None:
    """What became of a command, and what it means for its session."""
    row = take_result(work.uow, result.command_id, result.status, result.code, work.now_ms)
    if row is None or row.pile != pile.id:
        work.count("unknown_commands")
        return
    work.count("results", result.status)
    if row.session_id is None or result.status == "accepted":
        return
    if row.cmd == "start":
        _start_answered(work, pile, row.session_id, result, at_ms)
    elif row.cmd == "stop":
        _stop_answered(work, pile, row.session_id, result, at_ms)


def _start_answered(work: Work, pile: PileNow, session_id: str, result: Result, at_ms: int) -> None:
    if result.status == "done":
        happened(work, session_id, Event.STARTED, at_ms)
    else:
        happened(work, session_id, Event.NOT_STARTED, at_ms, result.code or result.status)
        alarms.start_failed(work, pile, result)


def _stop_answered(work: Work, pile: PileNow, session_id: str, result: Result, at_ms: int) -> None:
    if result.status == "done" or result.code == "already_stopped":
        happened(work, session_id, Event.OVER, at_ms)
    else:
        alarms.stop_failed(work, pile, result)
