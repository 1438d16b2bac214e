"""The first-run guide: what a compound needs before the first charge, and how far it has come."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.households.csv_import import HouseholdRow, RowError
from service.words import N_, Sentence

SHOWN_ROWS = 8


@dataclass(frozen=True, slots=True)
class BeginFacts:
    """What was counted."""

    households: int
    with_phone: int
    with_code: int
    piles: int
    placed: int
    heard: int
    has_price: bool
    boards: int
    committee: int
    sessions: int
    local: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: its words, whether it is done, and where it is done."""

    key: str
    title: Sentence
    told: Sentence
    is_done: bool
    address: str
    button: Sentence


def steps(facts: BeginFacts) -> tuple[Step, ...]:
    """All of them in the order in which they are easiest."""
    return (
        _step(
            "people", N_("Let in the households"), facts.households > 0, "/committee/begin/import",
            N_("{count} households live here."), N_("Nobody lives here yet. A list from a "
            "spreadsheet is taken in at once."), N_("Take in a list"), count=facts.households,
        ),
        _step(
            "piles", N_("Say where the piles hang"), 0 < facts.piles == facts.placed,
            "/committee/begin/piles",
            N_("All {count} piles have a place."),
            N_("{placed} of {count} piles have a place that people would find."),
            N_("Arrange the piles"), placed=facts.placed, count=facts.piles,
        ),
        _step(
            "price", N_("Decide on a price"), facts.has_price, "/committee/prices",
            N_("A price is in force."), N_("No price is in force, so nothing may be sold."),
            N_("To the prices"),
        ),
        _step(
            "staff", N_("A second member of the committee"), facts.committee > 1,
            "/committee/staff",
            N_("{count} members can sign in."),
            N_("Money needs two signatures, so two members of the committee must be able to sign "
            "in."),
            N_("To the staff"), count=facts.committee,
        ),
        _step(
            "labels", N_("Print labels and price boards"), 0 < facts.piles == facts.boards,
            "/labels",
            N_("Price boards hang on all {count} piles."),
            N_("Set BEIMEN_PUBLIC_URL first: the labels of now would open only on this computer.")
            if facts.local else N_("Boards hang on {boards} of {count} piles. Labels go beside "
            "them."),
            N_("To the labels"), boards=facts.boards, count=facts.piles,
        ),
        _step(
            "codes", N_("Hand out the household codes"),
            0 < facts.households <= facts.with_phone + facts.with_code, "/committee/begin/codes",
            N_("{phones} households have a phone, {codes} more have a code on paper."),
            N_("{phones} households have a phone, {codes} more have a code on paper, of {count}."),
            N_("Print codes"), phones=facts.with_phone, codes=facts.with_code,
            count=facts.households,
        ),
        _step(
            "start", N_("Try one charge"), facts.sessions > 0, "/",
            N_("It has been charged here: the first charge has run."),
            N_("{heard} of {count} piles are heard. Scan a label, sign in with a code, start and "
            "stop."),
            N_("To the front page"), heard=facts.heard, count=facts.piles,
        ),
    )  # fmt: skip


def _step(
    key: str,
    title: str,
    is_done: bool,
    address: str,
    done: str,
    todo: str,
    button: str,
    **values: object,
) -> Step:
    told = Sentence(done if is_done else todo, values)
    return Step(key, Sentence(title), told, is_done, address, Sentence(button))


@dataclass(frozen=True, slots=True)
class ImportView:
    """What a list says before it is taken in."""

    good: int
    by_entrance: tuple[tuple[int, int], ...]
    people: int
    cards: int
    first: tuple[HouseholdRow, ...]
    errors: tuple[RowError, ...]
    strange_entrances: tuple[int, ...]
    encoding: str


def import_view(
    rows: Sequence[HouseholdRow],
    errors: Sequence[RowError],
    encoding: str,
    known_entrances: set[int],
) -> ImportView:
    """The dry run. An entrance without piles is told of, and is no error: piles may come later."""
    counts: dict[int, int] = {}
    for row in rows:
        counts[row.entrance] = counts.get(row.entrance, 0) + 1
    return ImportView(
        len(rows),
        tuple(sorted(counts.items())),
        sum(row.residents for row in rows),
        sum(row.card_uid is not None for row in rows),
        tuple(rows[:SHOWN_ROWS]),
        tuple(errors),
        tuple(sorted(set(counts) - known_entrances)) if known_entrances else (),
        {"utf-8-sig": "UTF-8", "gb18030": "GBK"}.get(encoding, ""),
    )
