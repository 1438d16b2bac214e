"""The wall view of the gatehouse: every pile by entrance, how full each cable is, what runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby

from service.feeders.load import Load
from service.feeders.risk import FeederState, Level, explain, percent
from service.feeders.tree import Cable, Tree
from service.pages.glance import Glance
from service.pages.say_time import clock_seconds, moment
from service.pages.session_view import state_word
from service.pages.states import FACES
from service.piles.board import Face
from service.words import N_, Sentence

LEVEL_WORDS = {
    Level.CALM: N_("calm"),
    Level.NEAR: N_("near the limit"),
    Level.OVER: N_("above the limit"),
}


@dataclass(frozen=True, slots=True)
class FeederBar:
    """One cable: how full, in percent of its rating, and in a sentence."""

    name: str
    percent: int
    level: Level
    word: Sentence
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class PileCell:
    """One pile with its outlets."""

    number: int
    outlets: tuple[Glance, ...]


@dataclass(frozen=True, slots=True)
class EntranceCard:
    """One entrance."""

    number: int
    bar: FeederBar | None
    piles: tuple[PileCell, ...]
    free: int


@dataclass(frozen=True, slots=True)
class WallView:
    """The whole wall. `counts` is every state with how many outlets are in it."""

    entrances: tuple[EntranceCard, ...]
    site: FeederBar | None
    counts: tuple[tuple[Face, Sentence, int], ...]
    piles: int
    updated: str


@dataclass(frozen=True, slots=True)
class RunningFacts:
    """One session that holds an outlet."""

    id: str
    door: str
    pile_number: int
    outlet: int
    state: str
    since: datetime
    energy_wh: int | None


@dataclass(frozen=True, slots=True)
class RunningRow:
    """The same as a line of the table."""

    id: str
    door: str
    pile_number: int
    outlet: int
    word: Sentence
    since: Sentence
    energy_wh: int | None


def wall_view(
    outlets: Sequence[Glance], bars: Mapping[int | None, FeederBar], now: datetime, zone: tzinfo
) -> WallView:
    """The wall at this moment; `bars` by entrance, None for the whole site."""
    ordered = sorted(outlets, key=lambda o: (o.entrance, o.pile_number, o.outlet))
    cards = []
    for entrance, group in groupby(ordered, key=lambda o: o.entrance):
        here = list(group)
        free = sum(o.face is Face.FREE for o in here)
        cards.append(EntranceCard(entrance, bars.get(entrance), pile_cells(here), free))
    return WallView(
        entrances=tuple(cards),
        site=bars.get(None),
        counts=tuple(
            (face, Sentence(FACES[face]), sum(o.face is face for o in outlets)) for face in Face
        ),
        piles=len({o.pile for o in outlets}),
        updated=clock_seconds(now, zone),
    )


def pile_cells(outlets: Sequence[Glance]) -> tuple[PileCell, ...]:
    """The piles of these outlets, which are in the order of their numbers."""
    return tuple(
        PileCell(number, tuple(of_pile))
        for number, of_pile in groupby(outlets, key=lambda o: o.pile_number)
    )


def feeder_bar(cable: Cable, state: FeederState, load: Load) -> FeederBar:
    """One cable as a bar."""
    return FeederBar(
        name=cable.name,
        percent=percent(load.current_ma, cable.rating_ma),
        level=state.level,
        word=Sentence(LEVEL_WORDS[state.level]),
        sentence=explain(state, cable, load),
    )


def feeder_bars(
    tree: Tree, risk: Mapping[str, FeederState], loads: Mapping[str, Load]
) -> dict[str, FeederBar]:
    """Every cable as a bar, by its id."""
    return {
        feeder_id: feeder_bar(cable, risk.get(feeder_id, FeederState()), loads[feeder_id])
        for feeder_id, cable in tree.cables.items()
        if feeder_id in loads
    }


def bars_of_entrances(tree: Tree, bars: Mapping[str, FeederBar]) -> dict[int | None, FeederBar]:
    """The fullest cable of each entrance; under None the one that everything hangs on."""
    found: dict[int | None, FeederBar] = {}
    for feeder_id, bar in bars.items():
        cable = tree.cables[feeder_id]
        if cable.entrance is None and cable.parent_id is not None:
            continue
        known = found.get(cable.entrance)
        if known is None or bar.percent > known.percent:
            found[cable.entrance] = bar
    return found


def running_rows(
    running: Sequence[RunningFacts], now: datetime, zone: tzinfo
) -> tuple[RunningRow, ...]:
    """What runs or waits, by the number of the pile."""
    return tuple(
        RunningRow(
            one.id,
            one.door,
            one.pile_number,
            one.outlet,
            state_word(one.state),
            moment(one.since, now, zone),
            one.energy_wh,
        )
        for one in sorted(running, key=lambda r: (r.pile_number, r.outlet))
    )
