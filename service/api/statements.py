"""One's own statements, with the arithmetic of every line."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path
from pydantic import BaseModel, Field
from starlette.requests import Request

from service.api.context import a_router, house_of
from service.billing.actions import statement_of
from service.billing.months import month_of
from service.billing.pricing import PricedLine
from service.billing.records.queries import statement_months
from service.billing.statement import Movement, SessionBlock, StatementView, arithmetic
from service.door import Reason, Visitor, guard, no_entry

router = a_router("statements")

SeeOwn = Annotated[Visitor, Depends(guard("statement.see_own"))]
Month = Annotated[str, Path(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2026-10"])]


class LineOut(BaseModel):
    """One priced amount: energy_wh x price_e4 = amount_e7; amount_fen is that, rounded once."""

    band: str
    component: Annotated[str, Field(description="electricity or service")]
    energy_wh: int
    price_e4: Annotated[int, Field(description="In 0.0001 yuan per kWh.")]
    amount_e7: Annotated[int, Field(description="Exact, in 0.0000001 yuan.")]
    amount_fen: int
    remainder_e7: Annotated[int, Field(description="What rounding left over.")]
    interpolated: Annotated[bool, Field(description="A price border fell between two readings.")]
    arithmetic: Annotated[str, Field(description="The line to follow with a pencil.")]


class BlockOut(BaseModel):
    """One session on a statement."""

    session_id: str
    pile: str
    outlet: int
    started_at: datetime
    ended_at: datetime
    start_wh: Annotated[int, Field(description="The meter's register at the start.")]
    end_wh: Annotated[int, Field(description="The meter's register at the end.")]
    energy_wh: int
    stop_reason: str
    late: Annotated[bool, Field(description="It ended in a month that was closed before.")]
    total_fen: int
    lines: list[LineOut]


class MovementOut(BaseModel):
    """A payment, or a correction (negative: in the household's favour)."""

    happened_at: datetime
    amount_fen: int
    words: str
    memo: str


class StatementOut(BaseModel):
    """A household's month in fen. opening + lines + corrections - payments = closing."""

    month: str
    published_at: Annotated[datetime | None, Field(description="Null while the month runs.")]
    opening_fen: Annotated[int, Field(description="Owed at the beginning; negative: in credit.")]
    lines_fen: int
    corrections_fen: int
    payments_fen: int
    closing_fen: int
    energy_wh: int
    sessions: list[BlockOut]
    payments: list[MovementOut]
    corrections: list[MovementOut]


@router.get("/me/statements")
def months(request: Request, visitor: SeeOwn) -> list[str]:
    """The months there is a statement for, newest first; the running one is a preview."""
    house = house_of(request)
    with house.look() as work:
        running = month_of(work.now, house.settings.zone)
        published = statement_months(work.uow, visitor.household_id or 0)
    return [running, *(month for month in published if month != running)]


@router.get("/me/statements/{month}")
def statement(request: Request, visitor: SeeOwn, month: Month) -> StatementOut:
    """One's own statement of a month, or how it stands so far."""
    with house_of(request).look() as work:
        view = statement_of(work.uow, visitor.household_id or 0, month)
    if view is None:
        raise no_entry(Reason.NOT_FOUND)
    return _statement_out(view, visitor.language)


def _statement_out(view: StatementView, language: str) -> StatementOut:
    return StatementOut(
        month=view.month,
        published_at=view.published_at,
        opening_fen=view.opening_fen,
        lines_fen=view.lines_fen,
        corrections_fen=view.corrections_fen,
        payments_fen=view.payments_fen,
        closing_fen=view.closing_fen,
        energy_wh=view.energy_wh,
        sessions=[_block_out(block) for block in view.sessions],
        payments=_movements_out(view.payments, language),
        corrections=_movements_out(view.corrections, language),
    )


def _block_out(block: SessionBlock) -> BlockOut:
    bill = block.bill
    return BlockOut(
        session_id=bill.session_id,
        pile=bill.pile,
        outlet=bill.outlet,
        started_at=bill.started_at,
        ended_at=bill.ended_at,
        start_wh=bill.start_wh,
        end_wh=bill.end_wh,
        energy_wh=block.priced.energy_wh,
        stop_reason=bill.stop_reason,
        late=block.late,
        total_fen=block.total_fen,
        lines=[_line_out(line) for line in block.priced.lines],
    )


def _line_out(line: PricedLine) -> LineOut:
    return LineOut(
        band=line.band_name,
        component=line.component,
        energy_wh=line.energy_wh,
        price_e4=line.price_e4,
        amount_e7=line.amount_e7,
        amount_fen=line.amount_fen,
        remainder_e7=line.remainder_e7,
        interpolated=line.interpolated,
        arithmetic=arithmetic(line).in_language("en"),
    )


def _movements_out(movements: Iterable[Movement], language: str) -> list[MovementOut]:
    return [
        MovementOut(
            happened_at=one.happened_at,
            amount_fen=one.amount_fen,
            words=one.words.in_language(language),
            memo=one.memo,
        )
        for one in movements
    ]
