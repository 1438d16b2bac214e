"""Price boards as they are printed, and which pile carries which."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from service.billing.pricing import Piece, price
from service.billing.tariff import TariffVersion, in_force
from service.billing.timeline import coming, is_right
from service.pages.price_view import USUAL_CHARGE_WH
from service.pages.prices_view import BandText, bands_of
from service.pages.say_time import full_day
from service.quantities import show_kwh
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """What is known of a pile and its board."""

    pile: str
    number: int
    entrance: int
    version_id: int | None
    printed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PileBoard:
    """One pile's board: right, for the price to come, old, or none."""

    number: int
    is_right: bool
    words: Sentence


@dataclass(frozen=True, slots=True)
class EntranceBoards:
    """The boards of one entrance."""

    entrance: int
    piles: tuple[PileBoard, ...]

    @property
    def wrong(self) -> int:
        """How many piles need a new board."""
        return sum(not pile.is_right for pile in self.piles)


@dataclass(frozen=True, slots=True)
class Choice:
    """A version for which boards can be printed: the one in force, or one to come."""

    id: int
    words: Sentence
    is_coming: bool


@dataclass(frozen=True, slots=True)
class BoardsView:
    """The page of the boards. Nothing can be printed without a choice."""

    choices: tuple[Choice, ...]
    chosen: Choice | None
    entrances: tuple[EntranceBoards, ...]
    wrong: int
    total: int


@dataclass(frozen=True, slots=True)
class PriceBlock:
    """One price on a board, with the days for which it holds."""

    heading: Sentence
    bands: tuple[BandText, ...]
    least_fen: int
    most_fen: int

    @property
    def is_flat(self) -> bool:
        """One price round the clock."""
        return len(self.bands) == 1


@dataclass(frozen=True, slots=True)
class BoardText:
    """What every board of a version says: one price, or that of today and that to come."""

    version_id: int
    blocks: tuple[PriceBlock, ...]
    usual_kwh: str
    printed: Sentence

    @property
    def is_full(self) -> bool:
        """So much to say that smaller letters are needed for it to fit on one sheet."""
        return sum(len(block.bands) for block in self.blocks) > 3


@dataclass(frozen=True, slots=True)
class Sheet:
    """One board: for a pile, or for all piles of an entrance."""

    entrance: int
    pile: int | None = None


def printable(versions: Sequence[TariffVersion], now: datetime, zone: tzinfo) -> tuple[Choice, ...]:
    """The versions for which a board may be printed now, the one in force first.

    Of those to come only the next: a board for a later one would not tell the price in between.
    """
    holds, following = in_force(versions, now), coming(versions, now)
    choices = []
    if holds is not None:
        message = N_("the price in force since {day}")
        words = Sentence(message, {"day": full_day(holds.starts_at, zone)})
        choices.append(Choice(holds.id, words, False))
    if following:
        message = N_("the price from {day} on")
        words = Sentence(message, {"day": full_day(following[0].starts_at, zone)})
        choices.append(Choice(following[0].id, words, True))
    return tuple(choices)


def boards_view(
    facts: Iterable[BoardFacts],
    versions: Sequence[TariffVersion],
    chosen_id: int | None,
    now: datetime,
    zone: tzinfo,
) -> BoardsView:
    """Which pile carries which board. `chosen_id`: the version to print; else the first one."""
    choices = printable(versions, now, zone)
    chosen = next((c for c in choices if c.id == chosen_id), choices[0] if choices else None)
    entrances: dict[int, list[PileBoard]] = {}
    for fact in sorted(facts, key=lambda fact: fact.number):
        board = _pile_board(fact, versions, now, zone)
        entrances.setdefault(fact.entrance, []).append(board)
    found = tuple(EntranceBoards(e, tuple(entrances[e])) for e in sorted(entrances))
    return BoardsView(
        choices,
        chosen,
        found,
        sum(entrance.wrong for entrance in found),
        sum(len(entrance.piles) for entrance in found),
    )


def _pile_board(
    fact: BoardFacts, versions: Sequence[TariffVersion], now: datetime, zone: tzinfo
) -> PileBoard:
    right = is_right(versions, fact.version_id, fact.printed_at, now)
    if fact.printed_at is None:
        return PileBoard(fact.number, False, Sentence(N_("no board yet")))
    day = {"day": full_day(fact.printed_at, zone)}
    if not right:
        return PileBoard(fact.number, False, Sentence(N_("old, hung {day}"), day))
    starts = {version.id: version.starts_at for version in versions}
    if fact.version_id is not None and starts[fact.version_id] > now:
        return PileBoard(
            fact.number, True, Sentence(N_("shows the new price too, hung {day}"), day)
        )
    return PileBoard(fact.number, True, Sentence(N_("right, hung {day}"), day))


def board_text(
    version: TariffVersion, versions: Sequence[TariffVersion], now: datetime, zone: tzinfo
) -> BoardText:
    """What a board of this version says when it is printed now."""
    holds = in_force(versions, now)
    blocks = []
    if version.starts_at > now and holds is not None:
        last = version.starts_at - timedelta(minutes=1)
        message = N_("Until the end of {day}")
        blocks.append(_block(holds, Sentence(message, {"day": full_day(last, zone)})))
    message = N_("From {day} on") if version.starts_at > now else N_("Since {day}")
    blocks.append(_block(version, Sentence(message, {"day": full_day(version.starts_at, zone)})))
    return BoardText(
        version.id, tuple(blocks), show_kwh(USUAL_CHARGE_WH).rstrip("0"), full_day(now, zone)
    )


def _block(version: TariffVersion, heading: Sentence) -> PriceBlock:
    usual = [
        price(version, [Piece(place, USUAL_CHARGE_WH)]).total_fen
        for place in range(len(version.bands))
    ]
    return PriceBlock(heading, bands_of(version), min(usual), max(usual))
