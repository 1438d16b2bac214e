"""The rules that play part 2's game: ours, and those it is compared with.

First come first served and round robin; earliest deadline first and least laxity first, as
published with the simulator `acnportal` (Z. Lee et al., "ACN-Sim", 2020). They know what nobody
knows in life: when each bike leaves, and the last one how much it still needs.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from service.feeders.habits import Habits, left_s, probably_leaves_in_s
from service.feeders.place import Place
from service.feeders.sharing import Claim, share
from service.feeders.tree import Cable, Tree, build_tree
from tests.bench_overload.evenings import BEGAN
from tests.bench_overload.game import BEGIN_H, QUARTER_S, Player, Result, Rule

RISES = 1.015
"""A constant part may rise so much until the next quarter."""

Key = Callable[[Player], object]


def in_order(rating_ma: int, there: Sequence[Player], result: Result, key: Key) -> set[str]:
    """Switch on in an order whoever still fits."""
    on, load = set(), 0
    for one in sorted(there, key=lambda one: (key(one), one.name)):
        current_ma = one.currents_ma[result.quarters[one.name]]
        if load + current_ma <= rating_ma:
            load += current_ma
            on.add(one.name)
    return on


def first_come(rating_ma: int) -> Rule:
    """In order of arrival, whoever is on stays on until full; nobody is overtaken."""

    def rule(slot: int, there: Sequence[Player], result: Result, was_on: set[str]) -> set[str]:
        on, load = set(), 0
        for one in sorted(there, key=lambda one: (one.name not in was_on, one.comes, one.name)):
            current_ma = one.currents_ma[result.quarters[one.name]]
            if load + current_ma > rating_ma:
                break
            load += current_ma
            on.add(one.name)
        return on

    return rule


def round_robin(rating_ma: int) -> Rule:
    """Every quarter of an hour those who have had least."""

    def rule(slot: int, there: Sequence[Player], result: Result, was_on: set[str]) -> set[str]:
        return in_order(rating_ma, there, result, lambda one: result.quarters[one.name])

    return rule


def earliest_deadline(rating_ma: int) -> Rule:
    """Who leaves first."""

    def rule(slot: int, there: Sequence[Player], result: Result, was_on: set[str]) -> set[str]:
        return in_order(rating_ma, there, result, lambda one: one.leaves)

    return rule


def least_laxity(rating_ma: int) -> Rule:
    """Who has least time to spare; what is still needed is known."""

    def rule(slot: int, there: Sequence[Player], result: Result, was_on: set[str]) -> set[str]:
        def laxity(one: Player) -> int:
            return one.leaves - slot - (len(one.currents_ma) - result.quarters[one.name])

        return in_order(rating_ma, there, result, laxity)

    return rule


def ours(rating_ma: int, habits: Habits, says_when: bool = True) -> Rule:
    """The service's own rule, told only what the service knows: no need, no curve; when to be ready
    only if the resident says so."""
    tree = _one_cable(rating_ma)
    places: dict[str, Place] = {}
    switched: dict[str, int] = {}

    def claim(one: Player, slot: int, had: int, is_on: bool) -> Claim:
        place = places.get(one.name)
        if place is None:
            place = places[one.name] = Place()
            place.take(0, 0.0)
        if is_on:
            place.take(one.currents_ma[had - 1], had * QUARTER_S)
        draws = place.current_ma or one.usual_ma
        ready_at = _at(one.leaves)
        if not says_when:
            here_s = (slot - one.comes) * QUARTER_S
            ready_at = _at(slot) + timedelta(
                seconds=probably_leaves_in_s(habits, _at(slot), here_s)
            )
        return Claim(
            one.name, hash(one.household), "e1", _at(one.comes),
            draws if place.in_tail else round(draws * RISES),
            left_s(habits, place, one.name), ready_at, is_on, had * QUARTER_S,
            _at(switched.get(one.name, -9)), says_when=says_when,
        )  # fmt: skip

    def rule(slot: int, there: Sequence[Player], result: Result, was_on: set[str]) -> set[str]:
        claims = [claim(one, slot, result.quarters[one.name], one.name in was_on) for one in there]
        decided = share(tree, {}, claims, _at(slot))
        for one in decided:
            if one.is_switched:
                switched[one.claim.session_id] = slot
        return {one.claim.session_id for one in decided if one.is_on}

    return rule


def _at(slot: int):
    return BEGAN + timedelta(hours=BEGIN_H, seconds=slot * QUARTER_S)


def _one_cable(rating_ma: int) -> Tree:
    return build_tree([Cable("e1", None, "Entrance 1", 1, "L1", rating_ma)])
