"""What may be written by hand, which accounts it moves, and every slip of the finger."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.billing.ledger import Account, check
from service.billing.outcomes import PaidBy
from service.desk.typed import MOST_FEN
from service.desk.written import (
    COSTS,
    GridPeriod,
    Hand,
    Kind,
    Wish,
    figures_of,
    people_of,
    postings_of,
    problems,
    voucher_of,
    why_grid_does_not_fit,
)
from tests.billing.days import SHANGHAI, local
from tests.desk.hands import LI, NOW, ZHAO, a_grid_bill, a_wish

THE_LIS, THE_WANGS = 12, 25


def moved(wish: Wish) -> list[tuple[str, int, int | None]]:
    return [(p.account.value, p.amount_fen, p.household_id) for p in postings_of(wish)]


def said(wish: Wish, *, paper: bool = True) -> str:
    return " ".join(one.in_language("en") for one in problems(wish, paper, NOW))


@pytest.mark.parametrize(
    ("wish", "postings"),
    [
        (
            a_wish(Kind.PAYMENT, 1260, household_id=THE_LIS, paid_by=PaidBy.CASH),
            [("cash", 1260, None), ("receivable", -1260, THE_LIS)],
        ),
        (a_grid_bill(), [("grid_cost", 58_440, None), ("bank", -58_440, None)]),
        (a_wish(Kind.REPAIR), [("repairs", 12_000, None), ("bank", -12_000, None)]),
        (
            a_wish(Kind.OTHER_COST, paid_by=PaidBy.CASH),
            [("other_cost", 12_000, None), ("cash", -12_000, None)],
        ),
        (
            a_wish(Kind.INVESTMENT, 6_000_000),
            [("investment", 6_000_000, None), ("bank", -6_000_000, None)],
        ),
        (
            a_wish(Kind.TRANSFER, 500, household_id=THE_LIS, other_household_id=THE_WANGS),
            [("receivable", 500, THE_WANGS), ("receivable", -500, THE_LIS)],
        ),
    ],
)
def test_every_kind_moves_its_two_accounts(wish: Wish, postings: list[object]):
    assert problems(wish, True, NOW) == ()
    assert moved(wish) == postings


KINDS = st.sampled_from([kind for kind in Kind if kind is not Kind.COUNTER])


@settings(max_examples=200)
@given(KINDS, st.integers(1, MOST_FEN), st.sampled_from(PaidBy), st.integers(1, 5))
def test_whatever_is_written_balances_to_zero(kind: Kind, fen: int, paid_by: PaidBy, home: int):
    wish = a_wish(kind, fen, paid_by=paid_by, household_id=home, other_household_id=home + 1)
    postings = postings_of(wish)
    check(postings)
    assert sum(p.amount_fen for p in postings if p.amount_fen > 0) == fen
    assert (Account.RECEIVABLE in {p.account for p in postings}) == (kind not in COSTS)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (a_wish(fen=0), "more than 0"),
        (a_wish(fen=-1), "more than 0"),
        (a_wish(fen=MOST_FEN + 1), "more than one entry may have"),
        (a_wish(happened_at=NOW + timedelta(seconds=1)), "has not come yet"),
        (a_wish(happened_at=NOW - timedelta(days=732)), "more than two years ago"),
        (a_wish(memo=""), "Say in a few words"),
        (a_wish(paid_by=None), "cash or a bank transfer"),
        (a_wish(Kind.PAYMENT), "Which household?"),
        (a_wish(Kind.TRANSFER, household_id=THE_LIS), "Which household takes it over?"),
        (
            a_wish(Kind.TRANSFER, household_id=THE_LIS, other_household_id=THE_LIS),
            "the same household",
        ),
        (a_wish(Kind.GRID_BILL), "needs its period"),
        (a_grid_bill(start_kwh=2200, end_kwh=1000), "cannot fall: 2200.000 kWh"),
        (a_grid_bill("2026-03-01", "2026-02-01"), "ends before it begins"),
        (a_grid_bill("2026-02-01", "2026-02-01"), "ends before it begins"),
        (a_grid_bill("2025-01-01", "2026-03-01"), "longer than a year"),
        (a_grid_bill("2026-03-01", "2026-04-01"), "not over yet"),
    ],
)
def test_a_slip_is_said_in_a_sentence(wish: Wish, words: str):
    assert words in said(wish)


def test_a_cost_needs_its_paper_and_money_received_does_not():
    for kind in COSTS:
        assert "needs its paper" in said(a_wish(kind), paper=False)
    payment = a_wish(Kind.PAYMENT, household_id=THE_LIS)
    assert problems(payment, False, NOW) == ()


def test_everything_wrong_is_said_at_once():
    wish = a_wish(Kind.REPAIR, 0, memo="", paid_by=None, happened_at=NOW + timedelta(days=1))
    assert len(problems(wish, False, NOW)) == 5


# --- the grid's bills follow one another ---------------------------------------------------------

FEBRUARY = ("H-1", a_grid_bill().grid)
APRIL = ("H-2", a_grid_bill("2026-04-01", "2026-05-01", 3000, 3500).grid)


def fit(*known: object, **bill: object) -> str | None:
    grid = a_grid_bill(**bill).grid
    assert grid is not None
    reason = why_grid_does_not_fit(grid, known, SHANGHAI)  # type: ignore[arg-type]
    return reason and reason.in_language("en")


def test_the_first_bill_fits_wherever_it_begins():
    assert fit() is None


def test_the_next_bill_goes_on_from_midnight_and_register_of_the_last():
    march = {"since": "2026-03-01", "until": "2026-04-01"}
    assert fit(FEBRUARY, **march, start_kwh=2200, end_kwh=2900) is None
    assert "H-1 says 2200.000 kWh for that midnight, this bill says 2201.000 kWh" in str(
        fit(FEBRUARY, **march, start_kwh=2201, end_kwh=2900)
    )
    assert fit(FEBRUARY, **march, start_kwh=0, end_kwh=700, changed=True) is None


def test_an_overlap_names_the_bill_and_its_days():
    for since, until in (
        ("2026-02-28", "2026-03-31"),
        ("2026-01-01", "2026-02-02"),
        ("2026-02-10", "2026-02-11"),
        ("2026-01-01", "2026-04-01"),
    ):
        words = fit(FEBRUARY, since=since, until=until, changed=True)
        assert words == "H-1 already covers the days from 2026-02-01 to 2026-02-28."


def test_a_gap_names_the_days_that_are_missing():
    words = fit(FEBRUARY, since="2026-03-05", until="2026-04-01", start_kwh=2200, end_kwh=2900)
    assert "and H-1 the days from 2026-03-01 to 2026-03-04 are missing" in str(words)
    words = fit(FEBRUARY, since="2025-12-01", until="2026-01-01", start_kwh=0, end_kwh=100)
    assert "and H-1 the days from 2026-01-01 to 2026-01-31 are missing" in str(words)


def test_a_bill_found_later_may_come_before_the_first_one():
    january = {"since": "2026-01-01", "until": "2026-02-01"}
    assert fit(FEBRUARY, **january, start_kwh=400, end_kwh=1000) is None
    assert "H-1 says 1000.000 kWh" in str(fit(FEBRUARY, **january, start_kwh=400, end_kwh=999))


def test_a_hole_is_filled_from_either_side():
    assert fit(FEBRUARY, APRIL, since="2026-03-01", until="2026-03-16", start_kwh=2200) is None
    assert (
        fit(FEBRUARY, APRIL, since="2026-03-16", until="2026-04-01", start_kwh=2500, end_kwh=3000)
        is None
    )


@settings(max_examples=150)
@given(st.integers(0, 60), st.integers(1, 40), st.integers(0, 60), st.integers(1, 40))
def test_two_bills_that_fit_never_share_a_day_and_never_leave_one_out(a, days_a, b, days_b):
    zero = local("2026-01-01")
    first, second = (
        GridPeriod(zero + timedelta(days=x), zero + timedelta(days=x + n), 0, 0)
        for x, n in ((a, days_a), (b, days_b))
    )
    fits = why_grid_does_not_fit(second, [("H-1", first)], SHANGHAI) is None
    assert fits == (a + days_a == b or b + days_b == a)


# --- what is sealed ------------------------------------------------------------------------------


def test_the_ledger_names_two_roles_and_numbers_and_nobody():
    hand = Hand(7, a_wish(), "ab" * 32, NOW, LI)
    draft = voucher_of(hand, ZHAO)
    assert (draft.cause_ref, draft.written_by) == ("H-7", "committee:3 and committee:5")
    assert people_of(hand, ZHAO) == draft.written_by
    assert len(draft.facts) == 64


def test_every_figure_that_was_signed_changes_the_seal():
    hand = Hand(7, a_grid_bill(), "ab" * 32, NOW, LI)
    plain = figures_of(hand, ZHAO)
    assert plain.grid == (
        1769875200000, 1772294400000, 1_000_000, 2_200_000, False,
    )  # fmt: skip
    others = [
        figures_of(hand, ZHAO + 1),
        *(
            figures_of(Hand(7, wish, "ab" * 32, NOW, LI), ZHAO)
            for wish in (a_grid_bill(end_kwh=2300), a_grid_bill(changed=True), a_wish())
        ),
        figures_of(Hand(7, a_grid_bill(), "cd" * 32, NOW, LI), ZHAO),
        figures_of(Hand(8, a_grid_bill(), "ab" * 32, NOW, LI), ZHAO),
    ]
    assert len({plain, *others}) == 1 + len(others)
