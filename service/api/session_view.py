"""Looks one session up for the API: its row, what it has drawn so far, and what it costs."""

from typing import Any

from service.api.session_shapes import QueueOut, SessionOut
from service.billing.pricing import Component, Piece, price
from service.billing.records import BillLine
from service.billing.records.queries import lines_of
from service.clock import from_ms
from service.feeders.queue import Turn
from service.flow.cables import told_to_those_who_wait
from service.flow.house import Work
from service.sessions.lifecycle import State
from service.sessions.records import Session

DRAWING = (State.CHARGING, State.STOPPING)


def session_out(work: Work, row: Session, language: str) -> SessionOut:
    """One session."""
    return SessionOut(**session_fields(work, [row], language)[0])


def session_fields(work: Work, rows: list[Session], language: str) -> list[dict[str, Any]]:
    """Many sessions in a handful of queries, as the fields of SessionOut."""
    posted = [row.id for row in rows if row.posted_at is not None]
    lines = lines_of(work.uow, posted)
    waits = any(row.state == State.QUEUED for row in rows)
    turns = told_to_those_who_wait(work) if waits else {}
    return [_fields(work, row, lines.get(row.id), turns.get(row.id), language) for row in rows]


def _fields(
    work: Work, row: Session, lines: list[BillLine] | None, turn: Turn | None, language: str
) -> dict[str, Any]:
    energy_wh = _energy_wh(work, row)
    amounts = _so_far(work, row, energy_wh) if lines is None else _printed(lines)
    outlet = work.house.board.outlet(row.pile, row.outlet) if row.state in DRAWING else None
    return {
        **row.model_dump(include=set(SessionOut.model_fields)),
        "energy_wh": energy_wh,
        "power_w": outlet.power_w if outlet else None,
        "sampled_at": from_ms(outlet.sample_ms) if outlet and outlet.sample_ms else None,
        "electricity_fen": amounts[0] if amounts else None,
        "service_fen": amounts[1] if amounts else None,
        "total_fen": sum(amounts) if amounts else None,
        "is_final": lines is not None,
        "queue": _queue(turn, language) if turn else None,
    }


def _energy_wh(work: Work, row: Session) -> int | None:
    if row.energy_wh is not None:
        return row.energy_wh
    progress = work.house.progress.get(row.id)
    return progress.energy_wh if progress else None


Amounts = tuple[int, int]
"""Electricity and service fee, in fen."""


def _printed(lines: list[BillLine]) -> Amounts:
    """The sums of the printed lines."""
    parts = dict.fromkeys(Component, 0)
    for line in lines:
        parts[Component(line.component)] += line.amount_fen
    return parts[Component.ELECTRICITY], parts[Component.SERVICE]


def _so_far(work: Work, row: Session, energy_wh: int | None) -> Amounts | None:
    """By the one pricing function. With several bands the split is known at the settlement only."""
    tariff = work.house.tariff(work.uow, row.tariff_id, row.requested_at)
    if energy_wh is None or tariff is None or not tariff.is_flat:
        return None
    priced = price(tariff, [Piece(0, energy_wh)])
    return priced.electricity_fen, priced.service_fen


def _queue(turn: Turn, language: str) -> QueueOut:
    expected = turn.expected
    return QueueOut(
        place=turn.place,
        sentence=turn.sentence.in_language(language),
        earliest_at=expected.earliest if expected else None,
        latest_at=expected.latest if expected else None,
    )
