"""The wall view of the gatehouse: every pile by entrance, how full each cable is, what runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby

from service.feeders.load import Load
from service.feeders.risk import FeederState, Level, amps, explain, percent
from service.feeders.tree import Cable, Tree
from service.pages.glance import Glance
from service.pages.say_time import clock_seconds, moment
from service.pages.session_view import state_word
from service.pages.states import FACES
from service.piles.board import Face
from service.sessions.lifecycle import State
from service.words import N_, Sentence

LEVEL_WORDS = {
    Level.CALM: N_("calm"),
    Level.NEAR: N_("near the limit"),
    Level.OVER: N_("above the limit"),
}


WRITTEN_OUT = frozenset({Face.FULL, Face.SILENT, Face.OUT_OF_ORDER})

Counts = tuple[tuple[Face, Sentence, int], ...]


@dataclass(frozen=True, slots=True)
class FeederBar:
    """One cable: how full, in percent of its rating, and in a sentence."""

    name: str
    percent: int
    level: Level
    word: Sentence
    sentence: Sentence
    headroom: Sentence


@dataclass(frozen=True, slots=True)
class PileCell:
    """One pile with its outlets."""

    number: int
    outlets: tuple[Glance, ...]

    @property
    def words(self) -> tuple[Glance, ...]:
        """One outlet of each state that somebody should do something about: these are written
        out, since a shape is a reminder and not an explanation."""
        found = {one.face: one for one in self.outlets if one.face in WRITTEN_OUT}
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class EntranceCard:
    """One entrance. `counts` holds the states that occur; `is_cut`: nobody may start there."""

    number: int
    bar: FeederBar | None
    piles: tuple[PileCell, ...]
    free: int
    counts: Counts
    is_cut: bool


@dataclass(frozen=True, slots=True)
class WallView:
    """The whole wall. `counts` is every state with how many outlets are in it."""

    entrances: tuple[EntranceCard, ...]
    site: FeederBar | None
    counts: Counts
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
    entrance: int = 0


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
    outlets: Sequence[Glance],
    bars: Mapping[int | None, FeederBar],
    now: datetime,
    zone: tzinfo,
    cut: frozenset[int] = frozenset(),
) -> WallView:
    """The wall at this moment; `bars` by entrance, None for the whole site; `cut` entrances."""
    ordered = sorted(outlets, key=lambda o: (o.entrance, o.pile_number, o.outlet))
    cards = []
    for entrance, group in groupby(ordered, key=lambda o: o.entrance):
        here = list(group)
        counts = count_faces(here)
        free = next(n for face, _, n in counts if face is Face.FREE)
        occurring = tuple(one for one in counts if one[2])
        cells = pile_cells(here)
        cards.append(
            EntranceCard(entrance, bars.get(entrance), cells, free, occurring, entrance in cut)
        )
    return WallView(
        entrances=tuple(cards),
        site=bars.get(None),
        counts=count_faces(ordered),
        piles=len({o.pile for o in outlets}),
        updated=clock_seconds(now, zone),
    )


def count_faces(outlets: Sequence[Glance]) -> Counts:
    """Every state with its word and how many outlets are in it."""
    return tuple(
        (face, Sentence(FACES[face]), sum(o.face is face for o in outlets)) for face in Face
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
        headroom=Sentence(
            N_("{amps} of {rating} A, {left} A left"),
            {
                "amps": amps(load.current_ma),
                "rating": amps(cable.rating_ma),
                "left": amps(max(0, cable.rating_ma - load.current_ma)),
            },
        ),
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


@dataclass(frozen=True, slots=True)
class CutView:
    """What cutting an entrance does, or has done. `unreachable`: piles without a connection."""

    entrance: int
    outlets: int
    charging: int
    waiting: int
    still_on: tuple[RunningFacts, ...]
    piles: tuple[int, ...]
    unreachable: tuple[int, ...]
    cables: tuple[tuple[str, str], ...]
    is_cut: bool


def cut_view(
    entrance: int,
    outlets: Sequence[Glance],
    running: Sequence[RunningFacts],
    cables: Sequence[Cable],
    unreachable: Sequence[int],
    is_cut: bool,
) -> CutView:
    """An entrance before it is cut, and while it is. `running`: its sessions."""
    waiting = sum(one.state == State.QUEUED for one in running)
    return CutView(
        entrance=entrance,
        outlets=len(outlets),
        charging=len(running) - waiting,
        waiting=waiting,
        still_on=tuple(one for one in running if one.state != State.QUEUED),
        piles=tuple(sorted({one.pile_number for one in outlets})),
        unreachable=tuple(sorted(unreachable)),
        cables=tuple((one.name, amps(one.rating_ma)) for one in cables),
        is_cut=is_cut,
    )
