"""The committee's figures: a month, this month against last, money, meters against bills."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from starlette.requests import Request

from service.api.context import a_router, house_of
from service.api.usage_shapes import (
    BalanceOut,
    BooksCheckOut,
    ComparisonOut,
    DayOut,
    DifferingOut,
    FiguresOut,
    HourOut,
    MoneyOut,
    OutletUseOut,
    PartOut,
    PeakOut,
    RepairsOut,
    VisitsOut,
)
from service.billing.months import month_of
from service.door import Visitor, guard
from service.usage.actions import (
    Figures,
    PartOfMonth,
    check_books,
    compare_months,
    figures,
    money_by_month,
)
from service.usage.balance import Balance
from service.usage.spans import month_span, months_before
from service.usage.visits import VisitFigures

router = a_router("usage")

See = Annotated[Visitor, Depends(guard("usage.see"))]
MONTH = r"^2\d{3}-(0[1-9]|1[0-2])$"
Month = Annotated[str, Path(pattern=MONTH, examples=["2026-10"])]
MonthQuery = Annotated[str | None, Query(pattern=MONTH, examples=["2026-10"])]


@router.get("/usage/months/{month}")
def month_figures(request: Request, visitor: See, month: Month) -> FiguresOut:
    """Energy, sessions, utilisation, availability, repairs and peaks of a month."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    with house.store.reading() as uow:
        return _figures_out(figures(uow, month_span(month, zone), now, zone))


@router.get("/usage/months/{month}/books-check")
def books_check(request: Request, visitor: See, month: Month) -> BooksCheckOut:
    """Do meters and bills agree to the watt-hour? Reads every reading of the month: ask for it
    now and then, not every second."""
    house = house_of(request)
    span = month_span(month, house.settings.zone)
    with house.store.reading() as uow:
        check = check_books(uow, span, house.clock.now())
    return BooksCheckOut(
        since=check.span.since,
        until=check.span.until,
        agrees=check.agrees,
        total=BalanceOut(**_balance(check.total)),
        differing=[
            DifferingOut(pile=pile, outlet=outlet, register_id=register, **_balance(one))
            for (pile, outlet, register), one in check.differing.items()
        ],
    )


@router.get("/usage/comparison")
def comparison(request: Request, visitor: See) -> ComparisonOut:
    """This month so far against last month at the same day."""
    house = house_of(request)
    with house.store.reading() as uow:
        found = compare_months(uow, house.clock.now(), house.settings.zone)
    return ComparisonOut(this=_part_out(found.this), last=_part_out(found.last))


@router.get("/usage/money")
def money(
    request: Request, visitor: See, first: MonthQuery = None, last: MonthQuery = None
) -> list[MoneyOut]:
    """Electricity, service fee, payments and costs month by month, from the ledger; the last
    twelve months unless others are named."""
    house = house_of(request)
    last = last or month_of(house.clock.now(), house.settings.zone)
    with house.store.reading() as uow:
        found = money_by_month(uow, first or months_before(last, 11), last)
    return [
        MoneyOut(**asdict(one), billed_fen=one.billed_fen, net_fen=one.net_fen) for one in found
    ]


def _figures_out(found: Figures) -> FiguresOut:
    able = {(one.pile, one.outlet): one.share for one in found.availability}
    return FiguresOut(
        since=found.span.since,
        until=found.span.until,
        visits=_visits_out(found.visits),
        by_entrance={e: _visits_out(one) for e, one in found.by_entrance.items()},
        by_day=[DayOut(**asdict(day)) for day in found.by_day],
        by_outlet=[
            OutletUseOut(
                pile=use.pile,
                outlet=use.outlet,
                sessions=use.sessions,
                energy_wh=use.energy_wh,
                taken_seconds=use.taken_seconds,
                taken_share=use.share,
                usable_share=able[use.pile, use.outlet],
            )
            for use in found.by_outlet
        ],
        by_hour=[HourOut(**asdict(hour)) for hour in found.by_hour],
        utilisation=found.utilisation,
        availability=found.mean_availability,
        repairs=RepairsOut(**asdict(found.repairs)),
        peaks=[PeakOut(**asdict(peak)) for peak in found.peaks.values()],
    )


def _visits_out(found: VisitFigures) -> VisitsOut:
    return VisitsOut(**asdict(found), success_share=found.success_share)


def _part_out(part: PartOfMonth) -> PartOut:
    return PartOut(
        since=part.span.since,
        until=part.span.until,
        sessions=part.sessions,
        energy_wh=part.energy_wh,
        billed_wh=part.billed_wh,
        billed_fen=part.billed_fen,
    )


def _balance(balance: Balance) -> dict[str, Any]:
    return {**asdict(balance), "difference_wh": balance.difference_wh}
