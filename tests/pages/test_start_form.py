"""Limits as people choose them: each with its other side, and 'ready by' as the next such time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.billing.pricing import Piece, price
from service.billing.tariff import TariffVersion
from service.flow.requests import StartRequest
from service.pages.start_form import Choice, limited, next_time, offers
from service.quantities import BadQuantityError

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
FLAT = TariffVersion.flat(NOW, 4870, 2000)
WISH = StartRequest("LB-001", 1, 1, "qr", "resident:1", "a key")


def test_every_amount_names_its_energy_and_every_energy_its_amount():
    found = offers(FLAT, 3000)
    assert [(one.fen, one.energy_wh) for one in found.amounts] == [
        (50, 728), (100, 1468), (200, 2924)
    ]  # fmt: skip
    assert [(one.energy_wh, one.fen) for one in found.energies] == [
        (500, 34), (1000, 69), (1500, 103), (2000, 137)
    ]  # fmt: skip


def test_what_the_pile_would_stop_before_is_not_offered():
    found = offers(FLAT, 1200)
    assert [one.fen for one in found.amounts] == [50]
    assert [one.energy_wh for one in found.energies] == [500, 1000]
    assert offers(None, 3000).amounts == ()


@given(st.integers(1000, 20_000), st.integers(0, 10_000), st.integers(500, 6000))
def test_no_offer_costs_more_than_it_says(electricity_e4: int, service_e4: int, most_wh: int):
    version = TariffVersion.flat(NOW, electricity_e4, service_e4)
    found = offers(version, most_wh)
    for one in (*found.amounts, *found.energies):
        assert price(version, [Piece(0, one.energy_wh)]).total_fen <= one.fen
        assert one.energy_wh < most_wh


def test_until_full_asks_for_no_limit():
    assert limited(WISH, Choice(), NOW, ZONE) == WISH
    assert Choice().is_usual
    assert not Choice(ready="07:00").is_usual


def test_each_limit_lands_where_the_pile_keeps_it():
    assert limited(WISH, Choice("amount", "0.50"), NOW, ZONE).cap_fen == 50
    assert limited(WISH, Choice("energy", wh=1500), NOW, ZONE).max_energy_wh == 1500
    assert limited(WISH, Choice("time", hours=3), NOW, ZONE).max_duration_s == 10_800


def test_ready_by_is_the_next_time_the_clock_shows_it():
    ready = limited(WISH, Choice(ready="07:00"), NOW, ZONE).ready_by_at
    assert ready == datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    assert next_time("21:30", NOW, ZONE) == datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
    assert next_time("21:00", NOW, ZONE) == datetime(2026, 3, 3, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "chosen",
    [Choice("amount", "much"), Choice("energy", wh=0), Choice(ready="25:00"), Choice(ready="7 am")],
)
def test_what_no_form_of_ours_sends_is_refused(chosen: Choice):
    with pytest.raises(BadQuantityError):
        limited(WISH, chosen, NOW, ZONE)
