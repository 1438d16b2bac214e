"""The grid's meter against the sessions, over periods that are nobody's months."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.clock import to_ms
from service.usage.grid import Bill, GridLoss, Used, is_known, loss_of
from tests.billing.days import local

HOUR = 3_600_000


def a_bill(since: str, until: str, meter_wh: int = 100_000, ref: str = "H-1") -> Bill:
    return Bill(ref, to_ms(local(since)), to_ms(local(until)), 5_000, 5_000 + meter_wh, 4_870)


def a_charge(start: str, hours: float, wh: int, is_billed: bool = True) -> Used:
    began = local(start)
    return Used(to_ms(began), to_ms(began + timedelta(hours=hours)), wh, is_billed)


def test_what_went_through_the_meter_and_into_no_session_is_the_loss():
    bill = a_bill("2026-03-01", "2026-04-01")
    loss = loss_of(
        bill, [a_charge("2026-03-02 19:00", 3, 60_000), a_charge("2026-03-09", 2, 36_500)]
    )
    assert (loss.meter_wh, loss.billed_wh, loss.loss_wh) == (100_000, 96_500, 3_500)
    assert (loss.loss_permille, loss.is_high) == (35, False)


def test_a_charge_that_is_held_is_no_loss_and_no_bill_either():
    bill = a_bill("2026-03-01", "2026-04-01")
    held = a_charge("2026-03-05", 2, 10_000, is_billed=False)
    loss = loss_of(bill, [a_charge("2026-03-02", 3, 88_000), held])
    assert (loss.billed_wh, loss.unbilled_wh, loss.loss_wh) == (88_000, 10_000, 2_000)


def test_a_charge_over_the_border_of_the_period_counts_by_its_time_inside():
    """The grid reads its meter on the 25th at nine in the morning, in the middle of a charge."""
    february = a_bill("2026-01-25 09:00", "2026-02-25 09:00")
    march = a_bill("2026-02-25 09:00", "2026-03-25 09:00")
    over = a_charge("2026-02-25 08:00", 4, 1_001)
    assert loss_of(february, [over]).billed_wh == 250
    assert loss_of(march, [over]).billed_wh == 751
    assert loss_of(march, [a_charge("2026-03-25 09:00", 4, 900)]).billed_wh == 0
    assert loss_of(march, [a_charge("2026-02-25 05:00", 4, 900)]).billed_wh == 0


def test_more_than_five_percent_is_flagged_in_either_direction():
    def loss(meter_wh: int, billed_wh: int) -> GridLoss:
        return GridLoss("H-1", 0, 1, meter_wh, billed_wh, 0, 0)

    assert not loss(100_000, 95_000).is_high
    assert loss(100_000, 94_999).is_high
    assert loss(100_000, 105_001).is_high, "the sessions say more than the grid's meter"
    assert loss(100_000, 105_001).loss_permille == -50
    assert loss(0, 0).loss_permille is None
    assert not loss(0, 0).is_high
    assert loss(0, 10).is_high


@given(
    st.integers(1, 200 * HOUR),
    st.integers(0, 30 * HOUR),
    st.integers(0, 5_000),
    st.lists(st.integers(1, 400 * HOUR), min_size=2, max_size=6, unique=True),
)
def test_bills_that_follow_one_another_share_every_watt_hour_without_a_rest(
    start, length, wh, borders
):
    """However the grid cuts its periods: the parts of a charge sum to the whole."""
    charge = Used(start, start + length, wh, True)
    cuts = [0, *sorted(borders), 1_000 * HOUR]
    parts = [
        loss_of(Bill("H-1", since, until, 0, 0, 0), [charge]).billed_wh
        for since, until in pairwise(cuts)
    ]
    assert sum(parts) == wh
    assert all(part >= 0 for part in parts)


# --- which month a bill is about -----------------------------------------------------------------

MARCH = (to_ms(local("2026-03-01")), to_ms(local("2026-04-01")))


def knows_march(*bills: Bill) -> bool:
    return is_known(bills, *MARCH)


def test_a_bill_is_about_the_month_in_which_the_middle_of_its_period_lies():
    assert knows_march(a_bill("2026-02-25", "2026-03-25"))
    assert knows_march(a_bill("2026-03-10", "2026-04-10"))
    assert not knows_march(a_bill("2026-01-25", "2026-02-25"))
    assert not knows_march(a_bill("2026-03-25", "2026-04-25"))
    assert not knows_march()


def test_a_bill_of_two_months_makes_both_of_them_known():
    two_months = a_bill("2026-02-27", "2026-04-27")
    assert knows_march(two_months)
    assert is_known([two_months], to_ms(local("2026-04-01")), to_ms(local("2026-05-01")))


def test_two_bills_that_cover_half_of_a_month_between_them_make_it_known():
    assert knows_march(a_bill("2026-01-10", "2026-03-10"), a_bill("2026-03-20", "2026-05-20"))
    assert not knows_march(a_bill("2026-01-10", "2026-03-05"), a_bill("2026-03-27", "2026-05-20"))
