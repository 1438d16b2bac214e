"""Which version holds when, and which board on the wall is right about it."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.billing.tariff import TariffVersion, in_force
from service.billing.timeline import coming, is_right, reigns
from tests.billing.days import FLAT, LONG_AGO, local

MAY, JUNE = local("2026-05-01"), local("2026-06-01")
NOW = local("2026-03-02 19:00")
IN_MAY, IN_JUNE = replace(FLAT, id=2, starts_at=MAY), replace(FLAT, id=3, starts_at=JUNE)
THREE = [FLAT, IN_MAY, IN_JUNE]


def test_versions_follow_one_another_and_the_last_one_stays():
    assert [(r.version.id, r.since, r.until) for r in reigns(THREE)] == [
        (1, LONG_AGO, MAY),
        (2, MAY, JUNE),
        (3, JUNE, None),
    ]
    assert [v.id for v in coming(THREE, NOW)] == [2, 3]
    assert coming(THREE, JUNE) == []


def test_a_version_that_was_replaced_before_its_start_never_holds():
    instead = replace(IN_MAY, id=4)
    assert [r.version.id for r in reigns([*THREE, instead])] == [1, 4, 3]


def test_a_board_of_the_version_in_force_is_right_until_the_next_one_starts():
    assert is_right(THREE, 1, NOW, NOW)
    assert is_right(THREE, 1, NOW, MAY - timedelta(seconds=1))
    assert not is_right(THREE, 1, NOW, MAY)


def test_a_board_printed_ahead_is_right_before_and_after_its_version_starts():
    assert is_right(THREE, 2, NOW, NOW)
    assert is_right(THREE, 2, NOW, MAY)
    assert not is_right(THREE, 2, NOW, JUNE)


def test_a_board_for_the_version_after_the_next_says_nothing_of_the_next():
    assert not is_right(THREE, 3, NOW, NOW)
    assert is_right(THREE, 3, MAY, MAY + timedelta(days=1)), "printed after the next one started"


def test_a_pile_without_a_board_and_a_board_of_no_version_are_not_right():
    assert not is_right(THREE, None, None, NOW)
    assert not is_right(THREE, 9, NOW, NOW)
    assert not is_right([], 1, NOW, NOW)


def test_a_board_printed_ahead_is_wrong_when_its_version_is_replaced_before_its_start():
    assert not is_right([*THREE, replace(IN_MAY, id=4)], 2, NOW, NOW)


def test_a_board_printed_ahead_is_wrong_when_another_price_comes_in_between():
    in_april = replace(FLAT, id=4, starts_at=local("2026-04-01"))
    four = [*THREE, in_april]
    assert not is_right(four, 2, NOW, NOW), "April comes first"
    assert not is_right(four, 2, NOW, in_april.starts_at), "it tells the price of March until May"
    assert is_right(four, 2, NOW, MAY), "from May on it is right again"


days = st.integers(0, 12).map(lambda n: LONG_AGO + timedelta(days=n))


def told(versions: list[TariffVersion], board: TariffVersion, printed: datetime, at: datetime):
    """What the paper says of a moment: read as a passer-by reads it."""
    before = in_force(versions, printed)
    return board if at >= board.starts_at else before


@given(st.lists(days, min_size=1, max_size=6), st.integers(0, 5), days, st.integers(0, 12))
def test_a_right_board_tells_the_price_of_now_and_a_wrong_one_does_not(starts, which, printed, on):
    versions = [replace(FLAT, id=i, starts_at=s) for i, s in enumerate(sorted(starts), start=1)]
    board = versions[which % len(versions)]
    now = printed + timedelta(days=on)
    tells_now = told(versions, board, printed, now) == in_force(versions, now)
    following = coming(versions, now)
    tells_next = board.starts_at <= now or (bool(following) and following[0] == board)
    if in_force(versions, now) is None and board.starts_at > now:
        return
    assert is_right(versions, board.id, printed, now) == (tells_now and tells_next)
