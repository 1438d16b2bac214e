"""The committee's money page: where the month stands, and a card for each part of the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.pages.close_view import Stand, Step, steps_of
from service.pages.money_look import Counts
from service.pages.say_time import clock_time, full_day
from service.pages.say_time import month as month_words
from service.quantities import show_yuan
from service.usage.still_open import OpenItem, words_of
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class Card:
    """One part of the desk: what it is, how many wait, and a sentence. `waits`: look at it."""

    href: str
    title: Sentence
    count: int | None
    says: Sentence
    waits: bool = False


@dataclass(frozen=True, slots=True)
class MoneyView:
    """Everything the template writes."""

    month: str
    name: Sentence
    stand: str
    steps: tuple[Step, ...]
    says: Sentence
    button: Sentence
    open_things: tuple[Sentence, ...]
    cards: tuple[Card, ...]
    more_waiting: tuple[tuple[str, Sentence], ...]
    published: tuple[tuple[str, Sentence], ...]


def money_view(
    month: str,
    stand: Stand,
    items: Sequence[OpenItem],
    counts: Counts,
    closes_at: datetime,
    published: Sequence[str],
    waiting: Sequence[str],
    zone: tzinfo,
) -> MoneyView:
    """The page at this moment; `published` oldest month first."""
    return MoneyView(
        month=month,
        name=month_words(month),
        stand=stand,
        steps=steps_of(stand, len(items)),
        says=_says(month, stand, closes_at, zone),
        button=_button(month, stand),
        open_things=tuple(words_of(item) for item in items),
        cards=_cards(counts),
        more_waiting=tuple((one, month_words(one)) for one in waiting if one != month),
        published=tuple((one, month_words(one)) for one in reversed(published[-3:])),
    )


def _says(month: str, stand: Stand, closes_at: datetime, zone: tzinfo) -> Sentence:
    values = {
        "month": month_words(month),
        "day": full_day(closes_at, zone),
        "time": clock_time(closes_at, zone),
    }
    if stand is Stand.RUNNING:
        return Sentence(N_("{month} is still running. It can be closed when it is over."), values)
    if stand is Stand.CLOSED:
        message = N_("{month} is closed. Publish it, or it publishes itself on {day} at {time}.")
        return Sentence(message, values)
    message = N_("{month} is over. Close it, or it closes itself on {day} at {time}.")
    return Sentence(message, values)


def _button(month: str, stand: Stand) -> Sentence:
    values = {"month": month_words(month)}
    if stand is Stand.RUNNING:
        return Sentence(N_("See how {month} stands"), values)
    if stand is Stand.CLOSED:
        return Sentence(N_("Publish {month}"), values)
    return Sentence(N_("Close {month}"), values)


def _cards(counts: Counts) -> tuple[Card, ...]:
    return (
        _waiting("/committee/held", N_("Held charges"), counts.held,
                 N_("do not add up; decide about each")),
        _waiting("/committee/questions", N_("Questions"), counts.questions,
                 N_("of households about a line wait for an answer")),
        _waiting("/committee/entries", N_("Entries by hand"), counts.waiting,
                 N_("wait for a second signature")),
        _waiting("/committee/payments", N_("Payments"), counts.unmatched,
                 N_("belong to no household yet")),
        Card(
            "/committee/arrears",
            Sentence(N_("Arrears")),
            counts.late,
            Sentence(
                N_("households are late with {late} yuan; {owed} yuan are open in all"),
                {"late": show_yuan(counts.late_fen), "owed": show_yuan(counts.owed_fen)},
            ),
            counts.late > 0,
        ),
        Card("/committee/prices", Sentence(N_("Prices")), counts.drafts,
             Sentence(N_("proposals wait for a decision"))),
        _waiting("/committee/boards", N_("Price boards"), counts.boards,
                 N_("are older than the price")),
        Card("/committee/statements", Sentence(N_("Statements")), None,
             Sentence(N_("of every household, to read, print and save as files"))),
        Card("/committee/doors", Sentence(N_("Doors")), counts.doors,
             Sentence(N_("households live here; moving in and out"))),
        Card("/open", Sentence(N_("Open books")), None,
             Sentence(N_("what everybody can read"))),
    )  # fmt: skip


def _waiting(href: str, title: str, count: int, says: str) -> Card:
    return Card(href, Sentence(title), count, Sentence(says), count > 0)
