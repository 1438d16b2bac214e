"""Gathers the account of a month from the rooms. Reads only; nothing here publishes anything.

While a month is open this is a preview of it; once it is closed, what the ledger and the statements
say can no longer change, and the rest is as it was known at this moment.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from service.billing.actions.closing import State as CloseState
from service.billing.actions.closing import left_open_of
from service.billing.facts import StatementFigures
from service.billing.ledger import Cause
from service.billing.months import span as months_between
from service.billing.records import MonthClose
from service.billing.records.closing import (
    account_texts,
    close_of,
    figures_anew,
    month_closed_before,
    root_figures,
    written_figures,
)
from service.billing.records.queries import first_month
from service.clock import from_ms, to_ms
from service.desk.actions.written import grid_bills
from service.sessions.lifecycle import State
from service.store import UnitOfWork
from service.usage import account, outages, records, utilisation
from service.usage.account import AccountFigures, MonthFacts, Running, Service, Unbilled
from service.usage.actions import check_books, closings
from service.usage.grid import Bill, GridLoss, is_known, loss_of
from service.usage.records.account import ended_in, moved_before, moved_in, used_between
from service.usage.spans import Span, before, month_span


def account_of(uow: UnitOfWork, month: str, now: datetime, zone: tzinfo) -> AccountFigures:
    """The account of a month as it would be published at this moment."""
    close = close_of(uow, month)
    span = month_span(month, zone).up_to(now)
    earlier = published_accounts(uow, before_month=month)
    root = root_figures(uow, month)
    facts = MonthFacts(
        month=month,
        closed_ms=to_ms(close.closed_at if close else now),
        statements=statement_figures(uow, month, close),
        moved=moved_in(uow, month),
        before=_running(uow, month, earlier),
        bills=_bills(uow, month, earlier, zone),
        grid_unknown=grid_unknown(uow, month, zone),
        unbilled=_unbilled(uow, span, now),
        service=_service(uow, span),
        left_open=left_open_of(close) if close else (),
        root=root.root if root else None,
    )
    return account.account_of(facts)


def published_accounts(
    uow: UnitOfWork, before_month: str | None = None
) -> dict[str, AccountFigures]:
    """Every published account (of months before one), oldest first."""
    found = {}
    for month, text in account_texts(uow).items():
        figures = AccountFigures.from_text(text)
        if figures is not None and (before_month is None or month < before_month):
            found[month] = figures
    return found


def statement_figures(
    uow: UnitOfWork, month: str, close: MonthClose | None
) -> list[StatementFigures]:
    """What the statements of a month say, or would say if it were closed now."""
    if close is not None and close.state != CloseState.CLOSING:
        return written_figures(uow, month)
    return figures_anew(uow, month, month_closed_before(uow, month) or "")


def grid_unknown(uow: UnitOfWork, month: str, zone: tzinfo) -> list[str]:
    """The months of the books, up to one, for which no bill of the grid is in the books."""
    known, first = _known_bills(uow), first_month(uow) or month
    missing = []
    for one in months_between(min(first, month), month):
        span = month_span(one, zone)
        if not is_known(known, span.since_ms, span.until_ms):
            missing.append(one)
    return missing


def ledger_of_bills(uow: UnitOfWork, month: str) -> tuple[int, int]:
    """What a month's bills sum to, added up anew: by the statements, and by the ledger, in fen."""
    close = close_of(uow, month)
    bills = sum(one.lines_fen for one in statement_figures(uow, month, close))
    ledger = -sum(
        one.amount_fen
        for one in moved_in(uow, month)
        if one.cause == Cause.SESSION and one.account in account.INCOME
    )
    return bills, ledger


def came_later(uow: UnitOfWork, month: str, zone: tzinfo) -> list[tuple[str, GridLoss]]:
    """Bills of the grid that are about a published month and came after it: the month in whose
    account each is ('' if that is not published yet), and its loss."""
    span, accounts = month_span(month, zone), published_accounts(uow)
    if month not in accounts:
        return []
    own = {
        loss.ref for one, figures in accounts.items() if one <= month for loss in figures.grid_bills
    }
    in_account = {loss.ref: one for one, figures in accounts.items() for loss in figures.grid_bills}
    return [
        (in_account.get(bill.ref, ""), _loss(uow, bill))
        for bill in _known_bills(uow)
        if bill.ref not in own and span.since_ms <= bill.middle_ms < span.until_ms
    ]


def _running(uow: UnitOfWork, month: str, earlier: Mapping[str, AccountFigures]) -> Running:
    """The pay-back goes on from the last account; without one the ledger is walked through."""
    last = earlier.get(before(month))
    return last.running if last is not None else account.running_of(moved_before(uow, month))


def _known_bills(uow: UnitOfWork) -> list[Bill]:
    return [
        Bill(
            hand.number,
            to_ms(hand.wish.grid.since_at),
            to_ms(hand.wish.grid.until_at),
            hand.wish.grid.start_wh,
            hand.wish.grid.end_wh,
            hand.wish.amount_fen,
        )
        for hand in grid_bills(uow)
        if hand.wish.grid is not None
    ]


def _bills(
    uow: UnitOfWork, month: str, earlier: Mapping[str, AccountFigures], zone: tzinfo
) -> list[GridLoss]:
    """Bills about this month or an earlier one that no account has shown yet."""
    shown = {loss.ref for figures in earlier.values() for loss in figures.grid_bills}
    until_ms = month_span(month, zone).until_ms
    return [
        _loss(uow, bill)
        for bill in _known_bills(uow)
        if bill.ref not in shown and bill.middle_ms < until_ms
    ]


def _loss(uow: UnitOfWork, bill: Bill) -> GridLoss:
    span = Span(from_ms(bill.since_ms), from_ms(bill.until_ms))
    return loss_of(bill, used_between(uow, span))


def _unbilled(uow: UnitOfWork, span: Span, now: datetime) -> Unbilled:
    total = check_books(uow, span, now).total
    return Unbilled(
        held=len(ended_in(uow, span, State.HELD)),
        held_wh=total.held_wh,
        waived=len(ended_in(uow, span, State.WAIVED)),
        waived_wh=total.waived_wh,
        unattributed_wh=total.unattributed_wh,
    )


def _service(uow: UnitOfWork, span: Span) -> Service:
    piles = records.piles(uow)
    broken = records.outages_touching(uow, span)
    places = utilisation.outlets_of({pile: count for pile, _, count, _ in piles})
    there_since = {pile: since for pile, _, _, since in piles}
    able = outages.availability(broken, places, span, there_since, closings(uow, span))
    share = outages.mean_availability(able)
    repairs = outages.repairs(broken, span)
    return Service(
        faults=repairs.raised,
        mended=repairs.mended,
        repair_seconds=repairs.mean_seconds,
        availability_e4=None if share is None else int(share * 10_000),
    )
