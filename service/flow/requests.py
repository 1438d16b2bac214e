"""What a person asks: start, stop, cut an entrance, operate a pile. A no has its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.billing.pricing import energy_for
from service.feeders.admission import Wait
from service.flow import cables, guests, orders, steps
from service.flow.house import House, Work
from service.households.actions import household_of, household_of_card
from service.households.outcomes import Refused as NoHousehold
from service.piles.actions import set_in_service
from service.piles.board import PileNow
from service.piles.commands import Order
from service.piles.messages import Card
from service.sessions.actions import open_session
from service.sessions.lifecycle import Event, State
from service.sessions.may_start import Circumstances, Reason, Refused, may_start, refuse
from service.sessions.records import Session, by_key, session_row
from service.words import Sentence


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A wish to charge. `key` makes it idempotent: the same key is the same session."""

    pile: str
    outlet: int
    household_id: int
    source: str
    asked_by: str
    key: str
    cap_fen: int | None = None
    max_duration_s: int | None = None
    max_energy_wh: int | None = None
    continues_id: str | None = None
    ready_by_at: datetime | None = None
    pass_id: int | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The session that the request made or had made before (`again`)."""

    session_id: str
    state: State
    waits: Sentence | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """The session is being stopped, or was over already."""

    session_id: str
    state: State


@dataclass(frozen=True, slots=True)
class Sent:
    """A command is on its way to a pile."""

    command_id: str


def start(house: House, request: StartRequest) -> Started | Refused:
    """Start charging, or queue for it, or say why not. The command leaves after the commit."""
    with house.work() as work:
        return start_in(work, request)


def start_in(work: Work, request: StartRequest) -> Started | Refused:
    """The same inside an open unit of work (a card was swiped, a shed session comes back)."""
    before = by_key(work.uow, request.key)
    if before is not None:
        return Started(before.id, State(before.state), again=True)
    house, pile = work.house, work.house.board.piles.get(request.pile)
    tariff = house.tariff(work.uow, None, work.now)
    cap_wh = None
    if tariff is not None and request.cap_fen is not None:
        cap_wh = energy_for(tariff, request.cap_fen)
    no = may_start(_circumstances(work, request, pile, tariff is not None, cap_wh))
    if no is not None or pile is None or tariff is None:
        no = no or refuse(Reason.NO_TARIFF)
        work.count("refusals", no.reason)
        return no
    rest = guests.allowance(work, request.pass_id, tariff, is_new=request.continues_id is None)
    if isinstance(rest, Refused):
        work.count("refusals", rest.reason)
        return rest
    energies = [house.settings.session_energy_wh, request.max_energy_wh, cap_wh, rest.energy_wh]
    row = Session(
        id=house.new_id(work.now_ms),
        pile=pile.id,
        outlet=request.outlet,
        household_id=request.household_id,
        source=request.source,
        pass_id=request.pass_id,
        asked_by=request.asked_by,
        idempotency_key=request.key,
        state=State.QUEUED,
        tariff_id=tariff.id,
        continues_id=request.continues_id,
        max_duration_s=min(
            request.max_duration_s or house.settings.longest_session_s,
            house.settings.longest_session_s,
        ),
        max_energy_wh=min(wh for wh in energies if wh is not None),
        max_power_w=min(pile.outlet_limit_w, house.settings.outlet_limit_w),
        cap_fen=min((fen for fen in (request.cap_fen, rest.fen) if fen is not None), default=None),
        ready_by_at=request.ready_by_at,
        requested_at=work.now,
    )
    return _admit_or_queue(work, pile, row)


def _circumstances(
    work: Work,
    request: StartRequest,
    pile: PileNow | None,
    tariff_in_force: bool,
    cap_wh: int | None,
) -> Circumstances:
    outlet = pile.outlets.get(request.outlet) if pile else None
    household = household_of(work.uow, request.household_id)
    return Circumstances(
        pile=request.pile,
        outlet=request.outlet,
        outlet_exists=outlet is not None,
        in_service=pile is not None and pile.in_service,
        pile_silent=pile is None or not pile.can_be_told(work.now_ms),
        pile_blocked=pile is not None and pile.is_blocked(work.now_ms),
        outlet_fault=outlet is not None and (outlet.fault or outlet.state in ("fault", "blocked")),
        outlet_busy=work.house.held_by(request.pile, request.outlet) is not None,
        household_may=household is not None and household.moved_out_at is None,
        tariff_in_force=tariff_in_force,
        cap_wh=cap_wh,
    )


def _admit_or_queue(work: Work, pile: PileNow, row: Session) -> Started:
    room = cables.room_for(work, pile, row)
    state = State.QUEUED if isinstance(room, Wait) else State.STARTING
    open_session(work.uow, row, state, work.now)
    work.remember(row)
    work.count("starts", row.source)
    if isinstance(room, Wait):
        row.why = f"feeder:{room.feeder_id}"
        work.count("queued", room.feeder_id)
        return Started(row.id, state, waits=room.sentence)
    orders.switch_on(work, pile, row)
    return Started(row.id, state)


def stop(
    house: House,
    session_id: str,
    asked_by: str,
    household_id: int | None = None,
    reason: str = "user",
) -> Stopped | Refused:
    """Stop a session. With `household_id` only that household's own; stopping twice is no error."""
    with house.work() as work:
        return stop_in(work, session_id, asked_by, household_id, reason)


def stop_in(
    work: Work, session_id: str, asked_by: str, household_id: int | None, reason: str = "user"
) -> Stopped | Refused:
    """The same inside an open unit of work."""
    row = session_row(work.uow, session_id)
    if row is None:
        return refuse(Reason.NO_SUCH_SESSION)
    if household_id is not None and row.household_id != household_id:
        return refuse(Reason.NOT_YOURS)
    row.stop_asked_by = row.stop_asked_by or asked_by
    event = Event.LEFT_QUEUE if row.state == State.QUEUED else Event.STOP_ASKED
    steps.move(work, row, event, work.now_ms, None if reason == "user" else reason)
    work.count("stops", reason)
    return Stopped(row.id, State(row.state))


def cut_entrance(house: House, entrance: int, asked_by: str) -> int:
    """Emergency: switch off every outlet of an entrance, with or without a session; how many
    commands were sent."""
    with house.work() as work:
        return cut_in(work, entrance, asked_by)


def cut_in(work: Work, entrance: int, asked_by: str) -> int:
    """The same inside an open unit of work."""
    return sum(
        _cut_outlet(work, pile, number, asked_by)
        for pile in work.house.board.piles.values()
        if pile.entrance == entrance
        for number in pile.outlets
    )


def _cut_outlet(work: Work, pile: PileNow, number: int, asked_by: str) -> int:
    known = work.house.held_by(pile.id, number)
    if known is not None:
        stop_in(work, known.id, asked_by, None, "operator")
    orders.switch_off(work, pile, number, "any", "operator", asked_by)
    return 1


OPERATIONS = ("locate", "reboot", "report_now", "watch", "config_get")
"""What maintenance may ask of a pile without touching a session."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something maintenance asks of a pile."""

    pile: str
    cmd: str
    outlet: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


def operate(house: House, operation: Operation, asked_by: str) -> Sent | Refused:
    """Send a harmless command to a pile: locate, reboot, report_now, watch, config_get."""
    with house.work() as work:
        pile = house.board.piles.get(operation.pile)
        if pile is None or operation.cmd not in OPERATIONS:
            return refuse(Reason.OUTLET_UNKNOWN, pile=operation.pile, outlet=operation.outlet or 0)
        order = Order(operation.cmd, operation.outlet, None, operation.fields)
        command_id = orders.send(work, pile, order, asked_by)
        return Sent(command_id) if command_id else refuse(Reason.PILE_SILENT)


def put_in_service(
    house: House, pile_id: str, in_service: bool, reason: str | None
) -> bool | Refused:
    """The operator's wish: take a pile out of service or put it back."""
    with house.work() as work:
        pile = house.board.piles.get(pile_id)
        if pile is None:
            return refuse(Reason.OUTLET_UNKNOWN, pile=pile_id, outlet=0)
        set_in_service(work.uow, pile, in_service, reason, work.now)
        work.outcomes.piles.add(pile_id)
        return in_service


def swiped(work: Work, pile: PileNow, boot_id: str, card: Card) -> str:
    """A card was swiped: start, or stop the household's own session; the word for the pile."""
    household = household_of_card(work.uow, card.card_uid, work.house.key)
    if isinstance(household, NoHousehold):
        work.count("refusals", household.reason)
        return "blocked" if household.reason == "blocked_card" else "unknown_card"
    running = work.house.held_by(pile.id, card.outlet)
    if card.intent == "stop" and running is not None:
        done = stop_in(work, running.id, "card", household.id)
        return "ok" if isinstance(done, Stopped) else "blocked"
    request = StartRequest(
        pile=pile.id,
        outlet=card.outlet,
        household_id=household.id or 0,
        source="card",
        asked_by="card",
        key=f"card:{pile.id}:{boot_id}:{card.swipe_id}",
    )
    answer = start_in(work, request)
    return "ok" if isinstance(answer, Started) else "try_app"
