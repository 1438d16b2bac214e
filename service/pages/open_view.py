"""The open books as pages write them: a list of months, one month, and a month that is to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.actions.closing import State
from service.billing.records import MonthClose
from service.pages.account_view import AccountView, PayBack, account_view, pay_back
from service.pages.grid_view import LossText, loss_text
from service.pages.say_time import clock_time, full_day
from service.pages.say_time import month as month_words
from service.usage.account import AccountFigures
from service.usage.grid import GridLoss
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class Soon:
    """A month that is not published yet: what is known of it, and when it will be here."""

    month: str
    name: Sentence
    says: Sentence


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One published month in the list."""

    month: str
    name: Sentence
    energy_wh: int
    charged_fen: int
    net_fen: int | None
    loss: str | None
    loss_is_high: bool


@dataclass(frozen=True, slots=True)
class OpenPage:
    """The list, newest month first; `net_fen` of the total is None while a month's is not known."""

    rows: tuple[MonthRow, ...]
    energy_wh: int
    charged_fen: int
    net_fen: int | None
    pay_back: PayBack | None
    pay_back_of: Sentence | None
    lacking: tuple[Sentence, ...]
    soon: Soon | None


@dataclass(frozen=True, slots=True)
class Check:
    """Three figures that must be the same: the bills, the ledger, and what was published."""

    bills_fen: int
    ledger_fen: int
    published_fen: int

    @property
    def fits(self) -> bool:
        """Whether they are, to the fen."""
        return self.bills_fen == self.ledger_fen == self.published_fen


@dataclass(frozen=True, slots=True)
class Later:
    """A bill of the grid that came after the month was published; `where` it is accounted for."""

    loss: LossText
    where: Sentence


@dataclass(frozen=True, slots=True)
class MonthPage:
    """One published month."""

    account: AccountView
    published: Sentence
    seal: str
    check: Check
    lacking: tuple[Sentence, ...]
    later: tuple[Later, ...]
    months: tuple[tuple[str, Sentence], ...]


def open_page(accounts: Sequence[AccountFigures], soon: Soon | None, zone: tzinfo) -> OpenPage:
    """The list from all published accounts, oldest first."""
    rows = tuple(_row(one, zone) for one in reversed(accounts))
    nets = [row.net_fen for row in rows if row.net_fen is not None]
    last = accounts[-1] if accounts else None
    return OpenPage(
        rows=rows,
        energy_wh=sum(row.energy_wh for row in rows),
        charged_fen=sum(row.charged_fen for row in rows),
        net_fen=sum(nets) if len(nets) == len(rows) else None,
        pay_back=pay_back(last) if last else None,
        pay_back_of=month_words(last.month) if last else None,
        lacking=lacking(last) if last else (),
        soon=soon,
    )


def _row(account: AccountFigures, zone: tzinfo) -> MonthRow:
    losses = [loss_text(one, zone) for one in account.grid_bills]
    return MonthRow(
        month=account.month,
        name=month_words(account.month),
        energy_wh=account.energy_wh,
        charged_fen=account.lines_fen + account.corrections_fen,
        net_fen=account.net_fen,
        loss=losses[-1].percent if losses else None,
        loss_is_high=any(one.is_high for one in losses),
    )


def month_page(
    account: AccountFigures,
    close: MonthClose | None,
    check: Check,
    later: Sequence[Later],
    months: Sequence[str],
    zone: tzinfo,
) -> MonthPage:
    """One published month with what was looked up beside it."""
    at = close.published_at if close and close.published_at else None
    return MonthPage(
        account=account_view(account, zone),
        published=full_day(at, zone) if at else Sentence(N_("not published")),
        seal=(close.seal or "") if close else "",
        check=check,
        lacking=lacking(account),
        later=tuple(later),
        months=tuple((one, month_words(one)) for one in sorted(months, reverse=True)),
    )


def lacking(account: AccountFigures) -> tuple[Sentence, ...]:
    """The months whose grid bills the pay-back of an account still lacks."""
    return tuple(month_words(one) for one in account.grid_unknown)


def check_of(account: AccountFigures, bills_fen: int, ledger_fen: int) -> Check:
    """The visible check of a month."""
    return Check(bills_fen, ledger_fen, account.lines_fen)


def later_text(where: str, loss: GridLoss, zone: tzinfo) -> Later:
    """What came later, and in which account it is."""
    if not where:
        words = Sentence(N_("It will be in the next account that is published."))
    else:
        words = Sentence(N_("It is in the account of {month}."), {"month": month_words(where)})
    return Later(loss_text(loss, zone), words)


def soon_words(
    month: str, this: str, close: MonthClose | None, by_itself_at: datetime, zone: tzinfo
) -> Soon:
    """When a month will be published at the latest: that day it publishes itself."""
    day, name = full_day(by_itself_at, zone), month_words(month)
    values = {"month": name, "day": day, "time": clock_time(by_itself_at, zone)}
    if close is not None and close.state != State.PUBLISHED:
        message = N_("{month} is closed and will be published by {day}, {time}.")
    elif month == this:
        message = N_("{month} is still running. Its account is published by {day}, {time}.")
    else:
        message = N_("{month} is over. Its account is published by {day}, {time}.")
    return Soon(month, name, Sentence(message, values))
