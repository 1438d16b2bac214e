"""A month's account in words: each figure with one plain sentence about how it came to be."""

from dataclasses import dataclass
from datetime import tzinfo

from service.billing.check_proof import code_of
from service.billing.outcomes import LeftOpen
from service.pages.grid_view import LossText, loss_text, no_loss
from service.pages.say_time import month as month_words
from service.pages.say_time import span
from service.quantities import show_kwh, show_yuan
from service.usage.account import AccountFigures
from service.usage.still_open import words_of
from service.words import N_, Sentence

UNKNOWN = N_("not known yet")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it is, its value with its unit, and how it is worked out."""

    name: Sentence
    value: str | Sentence
    unit: Sentence | None
    how: Sentence
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that belong together."""

    title: Sentence
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class PayBack:
    """How far the piles are paid back; `percent` of the way, for a bar."""

    invested_fen: int
    earned_fen: int
    left_fen: int
    percent: int
    says: Sentence


@dataclass(frozen=True, slots=True)
class AccountView:
    """Everything that page, notice and preview write."""

    month: str
    name: Sentence
    groups: tuple[Group, ...]
    losses: tuple[LossText, ...]
    no_loss: Sentence | None
    pay_back: PayBack
    left_open: tuple[tuple[Sentence, Sentence | str], ...]
    code: tuple[str, ...]
    energy_wh: int
    electricity_fen: int
    service_fen: int
    corrections_fen: int
    charged_fen: int
    lines_fen: int
    grid_fen: int | None
    repairs_fen: int
    other_fen: int
    net_fen: int | None


def account_view(account: AccountFigures, zone: tzinfo) -> AccountView:
    """The account as it is shown; every figure of it is in the account's own text."""
    losses = tuple(loss_text(one, zone) for one in account.grid_bills)
    charged = account.lines_fen + account.corrections_fen
    return AccountView(
        month=account.month,
        name=month_words(account.month),
        groups=(
            Group(Sentence(N_("What was charged")), _charged(account, charged)),
            Group(Sentence(N_("What was paid, and what is left")), _paid(account)),
            Group(Sentence(N_("What nobody is billed for")), _unbilled(account)),
            Group(Sentence(N_("What households paid")), _received(account)),
            Group(Sentence(N_("How well the piles served")), _service(account)),
        ),
        losses=losses,
        no_loss=None if losses else no_loss(account),
        pay_back=pay_back(account),
        left_open=tuple((words_of(one), _reason(one)) for one in account.left_open),
        code=tuple(code_of(account.root).split("-")) if account.root else (),
        energy_wh=account.energy_wh,
        electricity_fen=account.electricity_fen,
        service_fen=account.service_fen,
        corrections_fen=account.corrections_fen,
        charged_fen=charged,
        lines_fen=account.lines_fen,
        grid_fen=account.grid_fen,
        repairs_fen=account.repairs_fen,
        other_fen=account.other_fen,
        net_fen=account.net_fen,
    )


def _charged(account: AccountFigures, charged_fen: int) -> tuple[Figure, ...]:
    sold = Sentence(
        N_(
            "{sessions} charges of {households} households. The energy of a charge is its meter's "
            "end minus its start."
        ),
        {"sessions": account.sessions, "households": account.households},
    )
    return (
        Figure(Sentence(N_("Energy sold")), show_kwh(account.energy_wh), KWH, sold),
        _yuan(
            N_("Electricity billed"),
            account.electricity_fen,
            N_("These kWh by the government's price, rounded once per line. It is passed on only."),
        ),
        _yuan(
            N_("Service fee billed"),
            account.service_fen,
            N_("The same kWh by the fee that the owners decided. It pays for repairs and piles."),
        ),
        _yuan(
            N_("Corrections"),
            account.corrections_fen,
            N_("Credit notes and corrections of bills; with a minus it went back to households."),
        ),
        _yuan(
            N_("Charged together"),
            charged_fen,
            N_("Electricity, service fee and corrections added up."),
            is_sum=True,
        ),
    )


def _paid(account: AccountFigures) -> tuple[Figure, ...]:
    if account.grid_fen is not None:
        grid = N_("The bills of the grid that were booked in this month, each with its paper.")
    elif account.grid_bills:
        grid = N_("The bill has come; it is booked in a later month, in which it was paid.")
    else:
        grid = N_("The grid's bill has not come yet. It will be in a later account, with its date.")
    return (
        _yuan(N_("Paid to the grid"), account.grid_fen, grid),
        _yuan(
            N_("Repairs"),
            account.repairs_fen,
            N_("Bills for mending piles and cables, each with its paper and two signatures."),
        ),
        _yuan(
            N_("Other costs"),
            account.other_fen,
            N_("Everything else that was paid, each with its paper and two signatures."),
        ),
        _yuan(
            N_("Left over"),
            account.net_fen,
            N_("Charged together, minus grid, repairs and other costs. It pays the piles back.")
            if account.net_fen is not None
            else N_("It is not known before the grid's cost is."),
            is_sum=True,
        ),
    )


def _unbilled(account: AccountFigures) -> tuple[Figure, ...]:
    found = account.unbilled
    return (
        Figure(
            Sentence(N_("Held back")),
            show_kwh(found.held_wh),
            KWH,
            Sentence(
                N_("{count} charges that do not add up. Nothing is ever billed by guess."),
                {"count": found.held},
            ),
        ),
        Figure(
            Sentence(N_("Let go")),
            show_kwh(found.waived_wh),
            KWH,
            Sentence(
                N_("{count} charges that the committee looked at and decided not to bill."),
                {"count": found.waived},
            ),
        ),
        Figure(
            Sentence(N_("Of no charge")),
            show_kwh(found.unattributed_wh),
            KWH,
            Sentence(N_("What the piles' own meters counted while nobody charged.")),
        ),
    )


def _received(account: AccountFigures) -> tuple[Figure, ...]:
    return (
        _yuan(
            N_("Payments received"), account.payments_fen, N_("Cash and transfers of this month.")
        ),
        _yuan(
            N_("Still owed"),
            account.owed_fen,
            N_("By all households together at the end of the month, with the bills of this month."),
        ),
        _yuan(
            N_("Paid ahead"),
            account.paid_ahead_fen,
            N_("What households have paid too much; it is taken off their next bills."),
        ),
    )


def _service(account: AccountFigures) -> tuple[Figure, ...]:
    service = account.service
    faults = Figure(
        Sentence(N_("Faults")),
        str(service.faults),
        None,
        Sentence(
            N_("Troubles at piles that began in this month; {mended} were mended in it."),
            {"mended": service.mended},
        ),
    )
    repair = Figure(
        Sentence(N_("Time to repair")),
        Sentence(N_("none")) if service.repair_seconds is None else span(service.repair_seconds),
        None,
        Sentence(N_("From the first sign until it was over, on average of those mended.")),
    )
    usable = Figure(
        Sentence(N_("Usable")),
        "–" if service.availability_e4 is None else f"{_hundredths(service.availability_e4)} %",
        None,
        Sentence(N_("The part of the month in which an outlet could be used, on average.")),
    )
    return faults, repair, usable


def pay_back(account: AccountFigures) -> PayBack:
    """How far the piles are paid back, and what that figure lacks."""
    invested, earned = account.invested_fen, account.earned_fen
    permille = max(0, min(1000, 1000 * earned // invested)) if invested else 0
    if invested == 0:
        says = Sentence(N_("What the piles cost is not in the books yet."))
    elif account.left_fen == 0:
        says = Sentence(N_("The piles are paid back."))
    elif earned < 0:
        says = Sentence(N_("Up to now the piles cost more than they brought in."))
    else:
        message = (
            N_("About {percent} % of the way; it is known exactly when the grid's cost is.")
            if account.grid_unknown
            else N_("{percent} % of the way. Each month adds what is left over.")
        )
        says = Sentence(message, {"percent": f"{permille // 10}.{permille % 10}"})
    return PayBack(invested, earned, account.left_fen, permille // 10, says)


def _reason(one: LeftOpen) -> Sentence | str:
    if one.reason:
        return one.reason
    return Sentence(N_("the month closed by itself, because nobody had closed it in time"))


KWH = Sentence(N_("kWh"))
YUAN = Sentence(N_("yuan"))


def _yuan(name: str, fen: int | None, how: str, *, is_sum: bool = False) -> Figure:
    if fen is None:
        return Figure(Sentence(name), Sentence(UNKNOWN), None, Sentence(how), is_sum)
    return Figure(Sentence(name), show_yuan(fen), YUAN, Sentence(how), is_sum)


def _hundredths(share_e4: int) -> str:
    return f"{share_e4 // 100}.{share_e4 % 100:02d}"
