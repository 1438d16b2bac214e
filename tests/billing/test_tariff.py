"""Which prices may be published, and which of them holds at which moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.billing.tariff import (
    Band,
    TariffVersion,
    band_at,
    borders,
    check,
    in_force,
    next_change,
    show_slots,
)
from tests.billing.days import (
    BERLIN,
    FLAT,
    GOVERNMENT_E4,
    LONG_AGO,
    PEAK,
    PEAK_SLOTS,
    SHANGHAI,
    TWO_BANDS,
    VALLEY,
    VALLEY_SLOTS,
    clocks,
    local,
)


def refusals(version: TariffVersion, government_price_e4: int = GOVERNMENT_E4) -> list[str]:
    return [s.in_language("en") for s in check(version, government_price_e4)]


def bands_of(*slots: frozenset[int]) -> tuple[Band, ...]:
    return tuple(Band(f"band {i}", 4870, 2000, part) for i, part in enumerate(slots))


# --- what may be published ------------------------------------------------------------------------


def test_electricity_at_the_government_price_may_be_published():
    assert check(FLAT, GOVERNMENT_E4) == []


def test_rule_2_electricity_at_0_488_is_refused():
    (refusal,) = refusals(TariffVersion.flat(LONG_AGO, 4880, 2000))
    assert "0.488" in refusal
    assert "0.487" in refusal


def test_at_another_supply_voltage_the_ceiling_is_0_477_and_0_487_is_refused():
    assert refusals(FLAT, 4770)
    assert not refusals(TariffVersion.flat(LONG_AGO, 4770, 2000), 4770)


def test_every_band_is_held_against_the_government_price():
    dear = replace(TWO_BANDS, bands=(*TWO_BANDS.bands[:1], Band("valley", 4871, 0, VALLEY_SLOTS)))
    assert refusals(dear) == [
        "Band valley: electricity at 0.4871 yuan/kWh is above the government price of 0.487; "
        "it is passed through, never marked up."
    ]


def test_the_service_fee_is_the_committees_decision_and_may_be_nothing():
    assert not refusals(TariffVersion.flat(LONG_AGO, 4870, 0))
    assert not refusals(TariffVersion.flat(LONG_AGO, 4870, 10_000))


def test_a_service_fee_of_a_hundred_yuan_is_taken_for_a_typing_mistake():
    assert "typing mistake" in refusals(TariffVersion.flat(LONG_AGO, 4870, 1_000_000))[0]


@pytest.mark.parametrize(("electricity", "service"), [(-1, 0), (4870, -1)])
def test_a_negative_price_is_refused(electricity, service):
    assert "negative" in refusals(TariffVersion.flat(LONG_AGO, electricity, service))[0]


def test_rule_7_bands_without_the_owners_recorded_consent_are_refused():
    assert not refusals(TWO_BANDS)
    assert "consent" in refusals(replace(TWO_BANDS, consent_at=None))[0]
    assert "consent" in refusals(replace(TWO_BANDS, consent_scope=" "))[0]


def test_rule_8_five_bands_in_half_hours_may_be_published_and_six_may_not():
    def of(count: int) -> TariffVersion:
        slots = (frozenset(range(i, 48, count)) for i in range(count))
        return replace(TWO_BANDS, bands=bands_of(*slots))

    assert not refusals(of(5))
    assert refusals(of(6)) == ["A tariff has 1 to 5 bands a day, not 6."]


def test_a_tariff_without_any_band_is_refused():
    assert refusals(replace(FLAT, bands=()))[0] == "A tariff has 1 to 5 bands a day, not 0."


def test_a_half_hour_without_a_price_is_named():
    gap = replace(TWO_BANDS, bands=bands_of(PEAK_SLOTS - {16}, VALLEY_SLOTS))
    assert refusals(gap) == ["No band covers the half-hour from 08:00."]


def test_a_half_hour_with_two_prices_is_named():
    double = replace(TWO_BANDS, bands=bands_of(PEAK_SLOTS, VALLEY_SLOTS | {20}))
    assert refusals(double) == ["More than one band covers the half-hour from 10:00."]


def test_a_half_hour_that_no_day_has_is_refused():
    assert "number 48" in refusals(replace(FLAT, bands=bands_of(frozenset(range(49)))))[0]


def test_two_bands_of_the_same_name_could_not_be_told_apart_on_paper():
    same = replace(
        TWO_BANDS, bands=(Band("day", 1, 1, PEAK_SLOTS), Band("day", 2, 2, VALLEY_SLOTS))
    )
    assert refusals(same) == ["Every band needs a name of its own."]


def test_all_reasons_are_told_at_once():
    bad = replace(FLAT, bands=(Band("", 9999, -1, frozenset({0})),))
    assert len(refusals(bad)) == 3 + 47


@given(st.lists(st.integers(0, 4), min_size=48, max_size=48))
def test_any_way_to_share_out_the_48_half_hours_is_a_tariff(shares):
    used = sorted(set(shares))
    slots = [frozenset(i for i, share in enumerate(shares) if share == band) for band in used]
    version = replace(TWO_BANDS, bands=bands_of(*slots))
    assert not refusals(version)
    for slot, share in enumerate(shares):
        at = local("2026-03-02") + timedelta(minutes=30 * slot, seconds=1)
        assert band_at(version, at, SHANGHAI) == used.index(share)


def test_times_of_a_band_are_written_as_people_say_them():
    assert show_slots(PEAK_SLOTS) == "08:00-22:00"
    assert show_slots(VALLEY_SLOTS) == "22:00-08:00"
    assert show_slots(range(48)) == "00:00-24:00"
    assert show_slots({0, 1, 30, 31, 40}) == "00:00-01:00, 15:00-16:00, 20:00-20:30"
    assert show_slots({0}) == "00:00-00:30"
    assert show_slots({47}) == "23:30-24:00"
    assert show_slots(()) == ""


# --- which version, which band --------------------------------------------------------------------


def test_the_version_in_force_is_the_last_one_that_has_begun():
    spring = replace(FLAT, id=7, starts_at=local("2026-04-01"))
    assert in_force([FLAT, spring], local("2026-03-31 23:59")) == FLAT
    assert in_force([spring, FLAT], local("2026-04-01 00:00")) == spring
    assert in_force([FLAT, spring], LONG_AGO - timedelta(seconds=1)) is None
    assert in_force([], LONG_AGO) is None


def test_a_version_replaced_before_it_began_never_holds():
    first = replace(FLAT, id=7, starts_at=local("2026-04-01"))
    second = replace(FLAT, id=8, starts_at=local("2026-04-01"))
    assert in_force([second, first, FLAT], local("2026-04-02")) == second


def test_a_version_published_later_for_an_earlier_start_holds_until_the_next_one_begins():
    summer = replace(FLAT, id=7, starts_at=local("2026-06-01"))
    spring = replace(FLAT, id=8, starts_at=local("2026-04-01"))
    assert in_force([FLAT, summer, spring], local("2026-05-31")) == spring
    assert in_force([FLAT, summer, spring], local("2026-06-01")) == summer


@pytest.mark.parametrize(
    ("clock", "band"),
    [
        ("2026-03-02 07:59", VALLEY),
        ("2026-03-02 08:00", PEAK),
        ("2026-03-02 21:59:59", PEAK),
        ("2026-03-02 22:00", VALLEY),
        ("2026-03-03 00:00", VALLEY),
    ],
)
def test_bands_follow_the_clock_of_the_compound(clock, band):
    assert band_at(TWO_BANDS, local(clock), SHANGHAI) == band


def test_a_session_over_night_crosses_the_borders_at_22_and_at_8():
    start, end = local("2026-03-02 21:30"), local("2026-03-03 09:00")
    assert clocks(borders(TWO_BANDS, start, end, SHANGHAI)) == ["03-02 22:00", "03-03 08:00"]


def test_a_session_inside_one_band_crosses_nothing_even_across_midnight():
    start, end = local("2026-03-02 22:00"), local("2026-03-03 08:00")
    assert borders(TWO_BANDS, start, end, SHANGHAI) == []


def test_a_flat_tariff_has_no_borders_at_all():
    assert borders(FLAT, LONG_AGO, LONG_AGO + timedelta(days=400), SHANGHAI) == []
    assert next_change(FLAT, LONG_AGO, SHANGHAI) is None


@pytest.mark.parametrize("day", ["2026-01-31", "2028-02-28", "2028-02-29", "2026-12-31"])
def test_borders_stand_at_month_end_leap_day_and_new_year_as_on_any_day(day):
    start = local(f"{day} 12:00")
    midnight_bands = replace(
        TWO_BANDS, bands=bands_of(frozenset(range(24)), frozenset(range(24, 48)))
    )
    found = borders(midnight_bands, start, start + timedelta(hours=24), SHANGHAI)
    assert [moment - start for moment in found] == [timedelta(hours=12)]
    assert clocks(found)[0].endswith("00:00")


def test_the_next_change_of_price_is_known_beforehand():
    assert next_change(TWO_BANDS, local("2026-03-02 19:00"), SHANGHAI) == local("2026-03-02 22:00")
    assert next_change(TWO_BANDS, local("2026-03-02 22:00"), SHANGHAI) == local("2026-03-03 08:00")


# --- where the clock is put forward and back ------------------------------------------------------

NIGHT = replace(TWO_BANDS, bands=bands_of(frozenset(range(48)) - {4}, frozenset({4})))
"""The half-hour from 02:00 has its own price: in Berlin it is skipped once and passes twice."""


def test_a_band_in_the_skipped_hour_does_not_happen_that_night():
    start, end = local("2026-03-29 00:00", BERLIN), local("2026-03-29 12:00", BERLIN)
    assert borders(NIGHT, start, end, BERLIN) == []


def test_a_band_in_the_repeated_hour_happens_twice_that_night():
    start, end = local("2026-10-25 00:00", BERLIN), local("2026-10-25 12:00", BERLIN)
    found = borders(NIGHT, start, end, BERLIN)
    assert found == [
        datetime(2026, 10, 25, hour, m, tzinfo=UTC) for hour in (0, 1) for m in (0, 30)
    ]
    assert clocks(found, BERLIN) == ["10-25 02:00", "10-25 02:30", "10-25 02:00", "10-25 02:30"]


def test_the_longest_day_still_finds_its_next_change():
    at = local("2026-10-25 00:10", BERLIN)
    one_slot = replace(NIGHT, bands=bands_of(frozenset(range(48)) - {0}, frozenset({0})))
    assert next_change(one_slot, at + timedelta(minutes=30), BERLIN) == local("2026-10-26", BERLIN)


some_zones = st.sampled_from(
    ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
).map(ZoneInfo)


@given(
    st.integers(0, 3 * 366 * 24 * 60),
    st.integers(0, 36 * 3600),
    st.lists(st.integers(0, 4), min_size=48, max_size=48),
    some_zones,
)
def test_between_two_borders_the_band_never_changes_and_at_each_it_does(
    minutes, seconds, shares, zone
):
    used = sorted(set(shares))
    version = replace(
        TWO_BANDS,
        bands=bands_of(*(frozenset(i for i, s in enumerate(shares) if s == band) for band in used)),
    )
    start = LONG_AGO + timedelta(minutes=minutes)
    end = start + timedelta(seconds=seconds)
    found = borders(version, start, end, zone)
    assert all(start < border < end for border in found)
    for border in found:
        before = band_at(version, border - timedelta(milliseconds=1), zone)
        assert before != band_at(version, border, zone)
    for left, right in zip([start, *found], [*found, end], strict=True):
        probes = [left + (right - left) * i / 7 for i in range(7)]
        assert len({band_at(version, probe, zone) for probe in probes}) <= 1
