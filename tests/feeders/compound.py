"""The compound's cables for the tests: one site cable, four entrances on three phases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st

from service.feeders.load import Draw, Load, measure
from service.feeders.tree import Cable, Tree, build_tree

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LAW = settings(max_examples=60, deadline=None)
"""How hard a law is tried; no deadline, because machines differ."""

LIMIT_MA = 7576
"""1,000 W at 220 V and power factor 0.6."""


def site(entrance_ma: int = 40_000, site_ma: int = 100_000) -> Tree:
    cables = [Cable("site", None, "The site", None, "3P", site_ma)]
    for number, phase in enumerate(("L1", "L2", "L3", "L1"), start=1):
        cables.append(Cable(f"e{number}", "site", f"Entrance {number}", number, phase, entrance_ma))
    return build_tree(cables)


def bike(
    number: int,
    feeder_id: str = "e3",
    current_ma: int | None = 1000,
    age_s: float = 10,
    may_be_on: bool = True,
    expected_ma: int = 0,
) -> Draw:
    """One outlet, heard `age_s` seconds ago."""
    at = NOW - timedelta(seconds=age_s)
    pile = f"BM-{number:03d}"
    return Draw(pile, 1, feeder_id, current_ma, None, at, may_be_on, LIMIT_MA, expected_ma)


def loads_of(tree: Tree, draws: Sequence[Draw]) -> dict[str, Load]:
    return measure(tree, draws, {}, NOW)


FEEDER_IDS = ("site", "e1", "e2", "e3", "e4")

draws = st.builds(
    Draw,
    pile=st.sampled_from([f"BM-{n:03d}" for n in range(1, 39)]),
    outlet=st.integers(1, 2),
    feeder_id=st.sampled_from(FEEDER_IDS),
    current_ma=st.none() | st.integers(0, 12_000),
    power_w=st.none() | st.floats(0, 2000),
    measured_at=st.none()
    | st.integers(-60, 1000).map(lambda seconds: NOW - timedelta(seconds=seconds)),
    may_be_on=st.booleans(),
    limit_ma=st.just(LIMIT_MA),
    expected_ma=st.sampled_from([0, 2652]),
)
