"""Who charges now, when a cable cannot carry all: fair by need and by deadline.

Whoever has least time to spare (time until it must be ready, less the time it still needs) comes
first; whoever can wait, waits for somebody's tail or for the night. Nobody is switched twice within
five minutes, and who charges is only asked to wait when another one is much more pressed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.feeders.risk import percent
from service.feeders.shedding import REST_S
from service.feeders.tree import PHASES, Tree
from service.words import N_, Sentence

KEEPS_S = 45 * 60
"""Who charges gives way only to one who has so much less time to spare: relays and patience."""

BOUND_S = 3600
"""Longer than this nobody waits while another household's second bike charges."""

PRESSED_S = 30 * 60
LOST_COUNTS = 0.3
EASY_S = 3600
"""Who waits for the cheap hours has an hour to spare when they begin."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A bike that charges or wants to. `current_ma`: what it draws when on (at most, where not
    measured). `left_s`: how long it is expected to need still; `had_s`: how long it has charged.
    `ready_at`: when it must be ready or will probably be taken away. `is_heard`: its pile can be
    told anything."""

    session_id: str
    household_id: int | None
    feeder_id: str
    asked_at: datetime
    current_ma: int
    left_s: float
    ready_at: datetime
    is_on: bool
    had_s: float = 0.0
    switched_at: datetime | None = None
    is_heard: bool = True
    says_when: bool = False
    cheap_at: datetime | None = None
    """It would rather begin when electricity is cheap, from then on."""

    def waits_for_cheap(self, now: datetime) -> bool:
        """Can it wait for the cheap hours and have time to spare even then?"""
        if self.is_on or not self.says_when or self.cheap_at is None or self.cheap_at <= now:
            return False
        return self.spare_s(now) - (self.cheap_at - now).total_seconds() >= EASY_S

    def spare_s(self, now: datetime) -> float:
        """Seconds it could still wait and be ready in time; negative when it cannot be any more."""
        return (self.ready_at - now).total_seconds() - self.left_s


WAITS_FOR_CHEAP = Sentence(
    N_("Waiting for the cheaper hours: there is time enough until this bike has to be ready.")
)


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of one claim now, and the sentence for its resident."""

    claim: Claim
    is_on: bool
    sentence: Sentence

    @property
    def is_switched(self) -> bool:
        """Does its relay move?"""
        return self.is_on is not self.claim.is_on


def share(
    tree: Tree, other_ma: Mapping[str, Sequence[int]], claims: Sequence[Claim], now: datetime
) -> list[Decided]:
    """Who is on, in the order in which they were looked at. `other_ma`: by feeder what L1, L2, L3
    carry besides these claims, levels below included (silent outlets at their limit).

    Nobody is switched on above any rating. Those who are on and may not be switched stay on even
    above it: that is for shedding and for the breaker's own time.
    """
    taken = {feeder_id: list(other_ma.get(feeder_id, (0, 0, 0))) for feeder_id in tree.cables}
    crowd = Counter(one.household_id for one in claims)
    fixed = [one for one in claims if not _may_be_switched(one, now)]
    free = [one for one in claims if _may_be_switched(one, now)]
    decided = []
    for one in fixed:
        if one.is_on:
            _take(tree, taken, one)
        decided.append(Decided(one, one.is_on, _why(tree, one, one.is_on, None, now)))
    seconds = _second_bikes(claims, crowd, now)
    for one in sorted(free, key=lambda one: _order(one, seconds, now)):
        if one.waits_for_cheap(now):
            decided.append(Decided(one, False, WAITS_FOR_CHEAP))
            continue
        full = _full_level(tree, taken, one)
        if full is None:
            _take(tree, taken, one)
        level = None if full is None else (full, percent(max(taken[full]), _rating(tree, full)))
        decided.append(Decided(one, full is None, _why(tree, one, full is None, level, now)))
    return decided


def _may_be_switched(one: Claim, now: datetime) -> bool:
    rested = one.switched_at is None or now - one.switched_at >= timedelta(seconds=REST_S)
    return rested and one.is_heard


def _second_bikes(
    claims: Sequence[Claim], crowd: Mapping[int | None, int], now: datetime
) -> set[str]:
    """Second bikes of a household, if somebody else has waited longer than the bound."""
    patience = now - timedelta(seconds=BOUND_S)
    if not any(not one.is_on and one.had_s == 0 and one.asked_at <= patience for one in claims):
        return set()
    seen: set[int | None] = set()
    seconds = set()
    for one in sorted(claims, key=lambda one: (one.asked_at, one.session_id)):
        if one.household_id is not None and crowd[one.household_id] > 1:
            if one.household_id in seen:
                seconds.add(one.session_id)
            seen.add(one.household_id)
    return seconds


def _order(one: Claim, seconds: set[str], now: datetime) -> tuple[bool, float, float, str]:
    """Second bikes last, then the least time to spare; time that is lost already counts a third,
    so that who cannot be ready any more does not take it from all who still can."""
    spare = one.spare_s(now)
    pressed = spare if spare > 0 else spare * LOST_COUNTS
    kept = KEEPS_S if one.is_on else 0.0
    return (one.session_id in seconds, pressed - kept, one.had_s, one.session_id)


def _full_level(tree: Tree, taken: Mapping[str, Sequence[int]], one: Claim) -> str | None:
    phases = PHASES[tree.cables[one.feeder_id].phase]
    for level_id in tree.path(one.feeder_id):
        fullest = max(taken[level_id][phase] for phase in phases)
        if fullest + one.current_ma > tree.cables[level_id].rating_ma:
            return level_id
    return None


def _take(tree: Tree, taken: Mapping[str, list[int]], one: Claim) -> None:
    for level_id in tree.path(one.feeder_id):
        for phase in PHASES[tree.cables[one.feeder_id].phase]:
            taken[level_id][phase] += one.current_ma


def _rating(tree: Tree, feeder_id: str) -> int:
    return tree.cables[feeder_id].rating_ma


def _why(
    tree: Tree, one: Claim, is_on: bool, full: tuple[str, int] | None, now: datetime
) -> Sentence:
    """What set it, and what will change it."""
    if is_on:
        if one.says_when and one.spare_s(now) <= PRESSED_S:
            return Sentence(N_("Charging first: it has to be ready soon."))
        return Sentence(N_("Charging: there is room."))
    if full is None:
        return Sentence(
            N_("Waiting: this outlet was switched a moment ago and rests for five minutes.")
        )
    values = {"name": tree.cables[full[0]].name, "percent": full[1]}
    if one.is_on:
        return Sentence(
            N_(
                "Paused: {name} is at {percent} % of its limit, and another bike has less time "
                "left. Charging goes on by itself."
            ),
            values,
        )
    if one.says_when and one.spare_s(now) > PRESSED_S:
        return Sentence(
            N_(
                "Waiting: {name} is at {percent} % of its limit, and there is time enough until "
                "this bike has to be ready."
            ),
            values,
        )
    return Sentence(
        N_("Waiting: {name} is at {percent} % of its limit. It starts as soon as there is room."),
        values,
    )
