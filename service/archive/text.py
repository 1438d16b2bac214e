"""ledger.beancount: every entry with its household's number, or, for everyone, sums by cause.

What an account must stand at in the end is what was published; beancount adds up the entries.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from service.archive import beans
from service.archive.container import Container
from service.archive.source import Source
from service.billing.ledger import Account, Cause, Posting

SUMS = {
    Cause.SESSION: "Charges",
    Cause.PAYMENT: "Payments",
    Cause.VOUCHER: "Written by hand and approved by a second person",
    Cause.COUNTER: "Corrections",
    Cause.CREDIT: "Credit notes",
}


def ledger(box: Container, source: Source, title: str) -> None:
    """Every entry of the month, and what every account and household must stand at."""
    opening = source.opening()
    known = {household for _, household in opening if household is not None}
    with box.member("ledger.beancount") as out:
        for part in beans.head(title, source.month, sorted({*known, *source.households})):
            out.write(part)
        for part in beans.opening(source.month, opening):
            out.write(part)
        for entry, block in source.sessions():
            energy = None
            if block is not None:
                energy = (beans.energy_name(block.bill.household_id), block.priced.energy_wh)
            for part in beans.transaction(entry, source.zone, energy):
                out.write(part)
        for part in (*_household_balances(source), *_balances(source, _together(opening))):
            out.write(part)


def public_ledger(box: Container, source: Source, title: str) -> None:
    """The month in sums: nothing in it says what one household used, paid or owes."""
    opening = _together(source.opening())
    with box.member("ledger.beancount") as out:
        for part in beans.head(title, source.month, ()):
            out.write(part)
        for part in beans.opening(source.month, opening):
            out.write(part)
        for part in _sums(source):
            out.write(part)
        for part in _balances(source, opening):
            out.write(part)


def _together(totals: Mapping[beans.Key, int]) -> dict[beans.Key, int]:
    sums: dict[beans.Key, int] = defaultdict(int)
    for (account, _), fen in totals.items():
        sums[account, None] += fen
    return dict(sums)


def _sums(source: Source) -> Iterator[str]:
    day = beans.first_day(source.month)
    by_cause: dict[Cause, list[Posting]] = defaultdict(list)
    for (cause, account), fen in sorted(source.moved().items()):
        by_cause[cause].append(Posting(account, fen))
    for cause, words in SUMS.items():
        if by_cause[cause]:
            yield from beans.summed(day, cause, words, by_cause[cause])
    yield from beans.summed(day, "energy", "Delivered by the meters", ())
    yield from beans.delivered(beans.ENERGY, source.tree.energy_wh)


def _household_balances(source: Source) -> Iterator[str]:
    yield "\n"
    for one in source.figures:
        owed = beans.name_of(Account.RECEIVABLE, one.household_id)
        yield beans.balance(source.month, owed, one.closing_fen)
        used = beans.energy_name(one.household_id)
        yield beans.balance_energy(source.month, used, one.energy_wh)


def _balances(source: Source, opening: Mapping[beans.Key, int]) -> Iterator[str]:
    """What all households owe and used is what was published; the rest is what the books say."""
    yield "\n"
    stands: dict[Account, int] = defaultdict(int)
    for (account, _), fen in opening.items():
        if account in beans.CARRIED_OVER:
            stands[account] += fen
    for (_, account), fen in source.moved().items():
        stands[account] += fen
    stands[Account.RECEIVABLE] = sum(one.closing_fen for one in source.figures)
    for account in Account:
        yield beans.balance(source.month, beans.name_of(account), stands[account])
    yield beans.balance_energy(source.month, beans.ENERGY, source.tree.energy_wh)
