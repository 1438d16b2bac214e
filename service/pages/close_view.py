"""The guided close of a month as its page writes it: four steps, and where the month stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum

from service.billing.actions.closing import State, left_open_of
from service.billing.facts import StatementFigures
from service.billing.months import after
from service.billing.records import MonthClose
from service.flow.books import BY_ITSELF
from service.pages.account_view import AccountView, account_view
from service.pages.open_view import Check, lacking
from service.pages.say_time import clock_time, full_day
from service.pages.say_time import month as month_words
from service.pages.states import held_sentence
from service.usage.account import AccountFigures
from service.usage.changes import Change, biggest_changes, far_out
from service.usage.still_open import OpenItem, What, meaning_of, words_of
from service.words import N_, Sentence


class Stand(StrEnum):
    """How far a month has come."""

    RUNNING = "running"
    WAITING = "waiting"  # an earlier month comes first
    OPEN = "open"
    CLOSED = "closed"
    PUBLISHED = "published"


STEPS = (N_("What is open"), N_("Preview"), N_("Close"), N_("Publish"))
_DONE = {Stand.CLOSED: 3, Stand.PUBLISHED: 4}

MEND = {
    What.HELD: ("/committee/held", N_("Look and decide")),
    What.UNSETTLED: ("/fix", N_("See what the piles say")),
    What.WAITING: ("/committee/entries", N_("Look and sign")),
    What.UNMATCHED: ("/committee/payments#open", N_("Say whose they are")),
    What.GRID_BILL: ("/committee/entries/new/grid_bill", N_("Write in the bill")),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One of the four; `mark` is done, now or later."""

    number: int
    word: Sentence
    mark: str


@dataclass(frozen=True, slots=True)
class OpenThing:
    """One kind of open thing with what mends it; what was typed stays on a page that says no."""

    what: str
    words: Sentence
    means: Sentence
    details: tuple[tuple[Sentence, int], ...]
    mend: tuple[str, Sentence]
    is_ticked: bool
    reason: str
    error: Sentence | None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A household whose bill changed much, or stands far above the others."""

    door: str
    household_id: int
    before_fen: int
    now_fen: int
    by_fen: int


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody sent, and what is wrong with it."""

    ticked: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Sentence] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CloseFacts:
    """What was looked up."""

    month: str
    stand: Stand
    first: str
    close: MonthClose | None
    items: Sequence[OpenItem]
    unposted: int
    account: AccountFigures
    check: Check
    statements: Sequence[StatementFigures]
    before: Mapping[int, StatementFigures]
    doors: Mapping[int, str]
    closes_at: datetime
    months: Sequence[str]


@dataclass(frozen=True, slots=True)
class CloseView:
    """Everything the template writes."""

    month: str
    name: Sentence
    next_name: Sentence
    stand: str
    steps: tuple[Step, ...]
    first: tuple[str, Sentence]
    things: tuple[OpenThing, ...]
    unposted: int
    account: AccountView
    lacking: tuple[Sentence, ...]
    check: Check
    bills: int
    more: tuple[ChangeRow, ...]
    less: tuple[ChangeRow, ...]
    middle_fen: int
    far_out: tuple[ChangeRow, ...]
    closed: Sentence | None
    published: Sentence | None
    left_open: tuple[tuple[Sentence, str], ...]
    by_itself: Sentence
    months: tuple[tuple[str, Sentence], ...]


def stand_of(month: str, this: str, waiting: Sequence[str], close: MonthClose | None) -> Stand:
    """How far a month has come. `waiting`: the months that are over and not published."""
    if close is not None:
        return Stand.PUBLISHED if close.state == State.PUBLISHED else Stand.CLOSED
    if month >= this:
        return Stand.RUNNING
    return Stand.OPEN if waiting[:1] == [month] else Stand.WAITING


def steps_of(stand: Stand, things: int) -> tuple[Step, ...]:
    """The four steps: those done, the one to take now, those to come. Nothing to mend is done."""
    done = _DONE.get(stand, int(stand is Stand.OPEN and things == 0))
    return tuple(
        Step(number, Sentence(word), _mark(number, done, stand))
        for number, word in enumerate(STEPS, start=1)
    )


def _mark(number: int, done: int, stand: Stand) -> str:
    if number <= done:
        return "done"
    if stand in (Stand.RUNNING, Stand.WAITING):
        return "later"
    return "now" if number == done + 1 else "later"


def close_view(facts: CloseFacts, typed: Typed, zone: tzinfo) -> CloseView:
    """The page at this moment."""
    more, less = biggest_changes(facts.statements, facts.before)
    middle, high = far_out(facts.statements)
    left = left_open_of(facts.close) if facts.close else []
    return CloseView(
        month=facts.month,
        name=month_words(facts.month),
        next_name=month_words(after(facts.month)),
        stand=facts.stand,
        steps=steps_of(facts.stand, len(facts.items)),
        first=(facts.first, month_words(facts.first)),
        things=tuple(_thing(item, typed) for item in facts.items),
        unposted=facts.unposted,
        account=account_view(facts.account, zone),
        lacking=lacking(facts.account),
        check=facts.check,
        bills=len(facts.statements),
        more=tuple(_change(one, facts.doors) for one in more),
        less=tuple(_change(one, facts.doors) for one in less),
        middle_fen=middle,
        far_out=tuple(
            _change(Change(one.household_id, middle, one.lines_fen), facts.doors) for one in high
        ),
        closed=_when(facts.close.closed_at, facts.close.closed_by, zone) if facts.close else None,
        published=_published(facts.close, zone),
        left_open=tuple((words_of(one), one.reason) for one in left),
        by_itself=Sentence(
            N_("{day}, {time}"),
            {"day": full_day(facts.closes_at, zone), "time": clock_time(facts.closes_at, zone)},
        ),
        months=tuple((one, month_words(one)) for one in facts.months),
    )


def _thing(item: OpenItem, typed: Typed) -> OpenThing:
    reasons: dict[str, int] = {}
    by_words = {}
    for code, count in item.held_for:
        words = held_sentence(code)
        by_words[words.message] = words
        reasons[words.message] = reasons.get(words.message, 0) + count
    href, word = MEND[item.what]
    return OpenThing(
        what=item.what,
        words=words_of(item),
        means=meaning_of(item.what),
        details=tuple((by_words[message], count) for message, count in reasons.items()),
        mend=(href, Sentence(word)),
        is_ticked=item.what in typed.ticked,
        reason=typed.reasons.get(item.what, ""),
        error=typed.errors.get(item.what),
    )


def _change(one: Change, doors: Mapping[int, str]) -> ChangeRow:
    door = doors.get(one.household_id, "–")
    return ChangeRow(door, one.household_id, one.before_fen, one.now_fen, one.by_fen)


def _published(close: MonthClose | None, zone: tzinfo) -> Sentence | None:
    if close is None or close.published_at is None:
        return None
    return _when(close.published_at, close.published_by, zone)


def _when(at: datetime, by: str, zone: tzinfo) -> Sentence:
    """When, and who: a member of the committee by number, or the service by itself."""
    role, _, number = by.partition(":")
    values = {"day": full_day(at, zone), "time": clock_time(at, zone), "number": number}
    if number:
        return Sentence(N_("{day}, {time}, by member no. {number}"), values)
    if role == BY_ITSELF:
        return Sentence(N_("{day}, {time}, by itself"), values)
    return Sentence(N_("{day}, {time}, at the command line"), values)
