"""The grid's meter against the charges, in words: which days, how much was lost, what to think."""

from dataclasses import dataclass
from datetime import tzinfo

from service.clock import from_ms
from service.pages.say_time import full_day, on_day
from service.usage.account import AccountFigures
from service.usage.grid import GridLoss
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class LossText:
    """One bill of the grid against the charges of its own days."""

    number: str
    period: Sentence
    meter_wh: int
    billed_wh: int
    unbilled_wh: int
    loss_wh: int
    percent: str | None
    is_high: bool
    says: Sentence


def loss_text(loss: GridLoss, zone: tzinfo) -> LossText:
    """One comparison with the grid's meter; which days it is about is said with it."""
    permille = loss.loss_permille
    percent = None if permille is None else _tenths(permille)
    if loss.loss_wh < 0 and loss.is_high:
        message = N_("The charges sum to more than the grid's meter: one of the meters is wrong.")
    elif loss.loss_wh < 0:
        message = N_("The charges sum to a little more than the grid's meter; meters differ.")
    elif loss.is_high:
        message = N_("More than 5 %: somebody must look for the reason.")
    else:
        message = N_("Lost in cables and in the piles themselves. Up to 5 % is usual.")
    return LossText(
        number=loss.ref,
        period=period_words(loss, zone),
        meter_wh=loss.meter_wh,
        billed_wh=loss.billed_wh,
        unbilled_wh=loss.unbilled_wh,
        loss_wh=loss.loss_wh,
        percent=percent,
        is_high=loss.is_high,
        says=Sentence(message),
    )


def period_words(loss: GridLoss, zone: tzinfo) -> Sentence:
    """The days of a bill of the grid, both included: '25 February to 24 March 2026'."""
    since, until = from_ms(loss.since_ms), from_ms(loss.until_ms - 1)
    year = until.astimezone(zone).year
    if since.astimezone(zone).year != year:
        values = {"since": full_day(since, zone), "until": full_day(until, zone)}
        return Sentence(N_("{since} to {until}"), values)
    within = {"since": on_day(since, zone), "until": on_day(until, zone), "year": year}
    return Sentence(N_("{since} to {until} {year}"), within)


def no_loss(account: AccountFigures) -> Sentence:
    """Why an account compares nothing with the grid's meter."""
    if account.month in account.grid_unknown:
        return Sentence(
            N_("Not known yet: the grid's bill with its meter readings has not come. It will be in "
               "a later account, with its date.")
        )  # fmt: skip
    return Sentence(N_("The bill of the grid that covers this month is in another account."))


def _tenths(permille: int) -> str:
    sign = "-" if permille < 0 else ""
    return f"{sign}{abs(permille) // 10}.{abs(permille) % 10}"
