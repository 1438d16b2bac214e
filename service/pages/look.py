"""Looks things up for the pages: short reads under the house's lock, plain facts out of them."""

from datetime import datetime, timedelta

from service.alerts.records import open_rows_of_piles
from service.billing.pricing import Priced
from service.billing.records.credits import billed_session
from service.billing.tariff import TariffVersion, borders
from service.clock import from_ms, to_ms
from service.desk.records.questions import question_about
from service.flow import settling
from service.flow.cables import told_to_those_who_wait
from service.flow.house import House, OpenSession, Work
from service.metering.energy import Claim, Point, meter_session
from service.metering.records import Reading, of_session
from service.pages.curve import Sample
from service.pages.fault_words import fault_words, reason_words
from service.pages.glance import Glance, glance
from service.pages.price_view import never_more_fen, usual_wh
from service.pages.session_view import SessionFacts
from service.piles.board import OutletNow, PileNow
from service.piles.records import Pile, boots_by_no
from service.sessions.lifecycle import State
from service.sessions.records import Session, by_key, of_household, session_row, settlements_of
from service.words import N_, Sentence

RECENT = timedelta(hours=12)
STILL_PLUGGED = ("full", "finished_not_removed", "plugged")


def find_pile(house: House, text: str) -> PileNow | None:
    """A pile by what a person or a label calls it: its number ('17') or its name ('LB-017')."""
    found = house.board.piles.get(text)
    if found is not None or not (text.isascii() and text.isdigit() and len(text) < 6):
        return found
    return next((p for p in house.board.piles.values() if p.number == int(text)), None)


def glance_at(work: Work, pile: PileNow, outlet: OutletNow) -> Glance:
    """One outlet now."""
    held = work.house.held_by(pile.id, outlet.number)
    return glance(pile, outlet, _since(held), work.now_ms)


def glances(work: Work) -> list[Glance]:
    """Every outlet now, by pile number."""
    held = {(o.pile, o.outlet): o for o in work.house.open.values() if o.holds_outlet}
    return [
        glance(pile, outlet, _since(held.get((pile.id, outlet.number))), work.now_ms)
        for pile in sorted(work.house.board.piles.values(), key=lambda p: p.number)
        for outlet in pile.outlets.values()
    ]


def _since(held: OpenSession | None) -> int | None:
    return (held.started_ms or held.requested_ms) if held else None


def pile_numbers(house: House) -> dict[str, int]:
    """The number on the label of every pile, by its name."""
    return {pile.id: pile.number for pile in house.board.piles.values()}


def usual_of(work: Work, household_id: int | None) -> int | None:
    """What a charge of this household usually takes, in Wh."""
    if household_id is None:
        return None
    rows = of_household(work.uow, household_id, 9)
    return usual_wh([row.energy_wh for row in rows if row.energy_wh is not None])


def fault_at(work: Work, pile: str, outlet: int) -> Sentence | None:
    """What is wrong with an outlet, if its operator or an incident tells."""
    row_of_pile = work.uow.session.get(Pile, pile)
    if row_of_pile is not None and not row_of_pile.in_service:
        reason = reason_words(row_of_pile.out_of_service_reason)
        return Sentence(N_("Out of service: {reason}"), {"reason": reason})
    for row in open_rows_of_piles(work.uow, [pile]):
        if row.cleared_at is None and row.outlet in (None, outlet) and row.code != "silent":
            return Sentence(
                N_("{what}. Maintenance has been told."), {"what": fault_words(row.code)}
            )
    return None


def last_here(work: Work, household_id: int | None, pile: str, outlet: int) -> Session | None:
    """The household's last session on this outlet, if it is not long over."""
    if household_id is None:
        return None
    for row in of_household(work.uow, household_id, 5):
        if (row.pile, row.outlet) == (pile, outlet):
            over_at = row.ended_at or row.requested_at
            return row if work.now - over_at < RECENT else None
    return None


def session_facts(work: Work, session_id: str) -> SessionFacts | None:
    """One session with all that its page shows."""
    row = session_row(work.uow, session_id)
    if row is None:
        return None
    house, pile = work.house, work.house.board.piles.get(row.pile)
    outlet = pile.outlets.get(row.outlet) if pile else None
    is_running = row.state in (State.CHARGING, State.STOPPING)
    readings = of_session(work.uow, row.id) if row.state != State.QUEUED else []
    points, samples = _measured(work, list(readings))
    billed = billed_session(work.uow, row.id) if row.posted_at else None
    question = question_about(work.uow, row.id) if billed else None
    goes_on = by_key(work.uow, f"continue:{row.id}") if row.why == "shed" else None
    tariff = house.tariff(work.uow, row.tariff_id, row.requested_at)
    read_at = from_ms(outlet.sample_ms) if outlet and outlet.sample_ms and is_running else None
    return SessionFacts(
        row=row,
        pile_number=pile.number if pile else 0,
        entrance=pile.entrance if pile else 0,
        now=work.now,
        pile_silent=pile is None or pile.is_silent(work.now_ms),
        heard_at=from_ms(pile.heard_ms) if pile and pile.heard_ms else None,
        progress=house.progress.get(row.id),
        power_w=outlet.power_w if outlet and is_running else None,
        read_at=read_at,
        priced=_priced(work, row, points, list(readings)),
        turn=told_to_those_who_wait(work).get(row.id) if row.state == State.QUEUED else None,
        samples=samples,
        longest_s=house.settings.longest_session_s,
        full_energy_wh=house.settings.session_energy_wh,
        most_fen=never_more_fen(tariff, row.max_energy_wh) if tariff else None,
        month=billed.month if billed else "",
        question_id=question.id if question else None,
        goes_on_id=goes_on.id if goes_on else None,
        still_plugged=outlet is not None and outlet.state in STILL_PLUGGED,
    )


def sessions_now(work: Work, household_id: int) -> list[SessionFacts]:
    """What holds an outlet for a household now, as its pages show it."""
    held = [one for one in work.house.open.values() if one.holds_outlet]
    found = (session_facts(work, one.id) for one in held if one.household_id == household_id)
    return [facts for facts in found if facts is not None]


def _measured(work: Work, readings: list[Reading]) -> tuple[list[Point], list[Sample]]:
    boots = boots_by_no(work.uow, {reading.boot_no for reading in readings})
    points, samples = [], []
    for reading in readings:
        offset_ms = boots[reading.boot_no].offset_ms
        at_ms = offset_ms + reading.uptime_ms if offset_ms is not None else reading.received_ms
        if reading.energy_total_wh is not None:
            points.append(Point(at_ms, reading.energy_total_wh, reading.register_id))
        if reading.power_w is not None:
            samples.append((at_ms, reading.power_w))
    return points, samples


def _priced(
    work: Work, row: Session, points: list[Point], readings: list[Reading]
) -> Priced | None:
    """What it costs, by the one pricing function: the final record's energy, else what was read."""
    tariff = work.house.tariff(work.uow, row.tariff_id, row.requested_at)
    if tariff is None or row.state in (State.QUEUED, State.CANCELLED):
        return None
    if row.settled_at is not None and settlements_of(work.uow, row.id):
        metered = settling.meter_again(work, row, readings, tariff)
    else:
        progress = work.house.progress.get(row.id)
        if progress is None or row.started_at is None:
            return None
        metered = meter_session(
            Claim(
                register_id=points[0].register_id if points else "",
                start_ms=to_ms(row.started_at),
                end_ms=to_ms(row.ended_at or work.now),
                start_wh=progress.low_wh,
                end_wh=progress.high_wh,
                energy_wh=None,
                limit_w=row.max_power_w,
            ),
            points,
            _cuts(work, tariff, row.started_at, row.ended_at or work.now),
        )
    return settling.priced(work, tariff, metered) if metered.slices else None


def _cuts(work: Work, tariff: TariffVersion, start: datetime, end: datetime) -> list[int]:
    return [to_ms(cut) for cut in borders(tariff, start, end, work.house.settings.zone)]
