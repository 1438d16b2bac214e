"""The tree of feeders: what cannot be is refused with a sentence that says what to mend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeders.tree import BadTreeError, Cable, build_tree, check_piles
from tests.feeders.compound import LAW, site


def cable(
    name: str, parent: str | None = None, phase: str = "3P", rating_ma: int = 63_000
) -> Cable:
    return Cable(name, parent, name.title(), None, phase, rating_ma)


def test_the_path_of_an_entrance_goes_up_to_the_site():
    tree = site()
    assert tree.path("e2") == ("e2", "site")
    assert tree.ancestors("e2") == ("site",)
    assert tree.ancestors("site") == ()
    assert tree.children["site"] == ("e1", "e2", "e3", "e4")
    assert tree.leaves_first[-1] == "site"


@pytest.mark.parametrize(
    ("cables", "says"),
    [
        ([cable("a", "a")], "Feeders a -> a hang on each other in a circle."),
        ([cable("a", "b"), cable("b", "a")], "circle"),
        ([cable("x", "a"), cable("a", "b"), cable("b", "c"), cable("c", "a")], "a -> b -> c -> a"),
        ([cable("a", "b")], "Feeder a hangs on b, which does not exist."),
        ([cable("a", rating_ma=0)], "needs a rating"),
        ([cable("a", rating_ma=-5)], "needs a rating"),
        ([cable("a"), cable("a")], "Feeder a is there twice."),
        ([cable("a", phase="L4")], "must be L1, L2, L3 or 3P"),
        ([cable("a", phase="L1"), cable("b", "a", "L2")], "b is on L2, but a above it has only L1"),
        ([cable("a", phase="L1"), cable("b", "a", "3P")], "b is on 3P, but a above it has only L1"),
        ([Cable("a", None, "A", None, "L1", 10, 0)], "time constant above zero"),
    ],
)
def test_a_tree_that_cannot_be_is_refused(cables: list[Cable], says: str):
    with pytest.raises(BadTreeError) as refused:
        build_tree(cables)
    assert says in str(refused.value)
    assert says in refused.value.sentence.in_language("en")


def test_a_pile_that_hangs_on_nothing_is_named():
    check_piles(site(), {"BM-001": "e1"})
    with pytest.raises(BadTreeError, match="Pile BM-002 hangs on feeder e9"):
        check_piles(site(), {"BM-001": "e1", "BM-002": "e9"})


def test_no_feeders_at_all_is_a_tree_too():
    assert build_tree([]).leaves_first == ()


@LAW
@given(st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_any_forest_is_ordered_leaves_first_and_every_path_ends_at_a_root(choices: list[int]):
    cables = []
    for number, choice in enumerate(choices):
        parent = f"f{choice % number}" if number and choice % 3 else None
        cables.append(cable(f"f{number}", parent))
    tree = build_tree(reversed(cables))
    place = {name: spot for spot, name in enumerate(tree.leaves_first)}
    for name, spot in place.items():
        assert all(place[above] > spot for above in tree.ancestors(name))
        assert tree.cables[tree.path(name)[-1]].parent_id is None
