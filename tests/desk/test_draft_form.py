"""The form of a draft: everything that may be typed, and a sentence beside what may not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.billing.tariff import Band, TariffVersion, check
from service.desk.draft_form import TypedBand, TypedDraft, read_draft, typed
from service.desk.drafts import Proposal
from tests.billing.days import GOVERNMENT_E4, SHANGHAI
from tests.desk.proposals import APRIL, BY_DAY_AND_NIGHT, DEARER, FLAT_FORM, NOW, TWO_ROWS


def read(form: TypedDraft) -> Proposal:
    found = read_draft(form, GOVERNMENT_E4, NOW, SHANGHAI)
    assert found.proposal is not None, errors(form)
    assert found.errors == {}
    return found.proposal


def errors(form: TypedDraft) -> dict[str, str]:
    found = read_draft(form, GOVERNMENT_E4, NOW, SHANGHAI)
    assert (found.proposal is None) == bool(found.errors)
    return {name: sentence.in_language("en") for name, sentence in found.errors.items()}


def flat(**changes: str) -> TypedDraft:
    return replace(FLAT_FORM, bands=(replace(FLAT_FORM.bands[0], **changes),))


def second(**changes: str) -> TypedDraft:
    return replace(TWO_ROWS, bands=(TWO_ROWS.bands[0], replace(TWO_ROWS.bands[1], **changes)))


# --- what may be proposed ------------------------------------------------------------------------


def test_one_price_round_the_clock_needs_two_numbers_and_a_day():
    assert read(FLAT_FORM) == DEARER


def test_two_bands_fill_the_day():
    assert read(TWO_ROWS) == BY_DAY_AND_NIGHT


def test_full_width_digits_and_a_chinese_date_are_understood():
    form = TypedDraft("2026年4月1日", "", (TypedBand("", "", "０．４８７", " 0.3 "),))
    assert read(form).version == DEARER.version


def test_rows_left_blank_do_not_count():
    blank = TypedBand(" ", "", "", "")
    assert read(replace(TWO_ROWS, bands=(*TWO_ROWS.bands, blank))) == BY_DAY_AND_NIGHT
    assert read(replace(FLAT_FORM, bands=(blank, *FLAT_FORM.bands, blank))) == DEARER


@st.composite
def some_proposals(draw: st.DrawFn) -> Proposal:
    count = draw(st.integers(1, 5))
    shares = draw(st.lists(st.integers(0, count - 1), min_size=48, max_size=48))
    used = sorted(set(shares))
    prices = st.tuples(st.integers(0, GOVERNMENT_E4), st.integers(0, 100_000))
    bands = tuple(
        Band(
            "flat" if len(used) == 1 else f"band {share}",
            *draw(prices),
            frozenset(slot for slot, s in enumerate(shares) if s == share),
        )
        for share in used
    )
    return Proposal(TariffVersion(0, APRIL, bands), draw(st.sampled_from(["", "why not"])))


@settings(max_examples=40, deadline=None)
@given(some_proposals())
def test_what_is_shown_for_editing_reads_back_as_the_same_proposal(proposal: Proposal):
    assert read(typed(proposal, SHANGHAI)) == proposal


bits = st.sampled_from(["", "0.487", "0.2", "-1", "8-22", "22-8", "peak", "x", "0.48701", "99"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.builds(TypedBand, bits, bits, bits, bits), max_size=6), bits)
def test_what_the_form_takes_may_be_published_once_consent_is_there(rows, start):
    form = TypedDraft(start if start == "x" else "2026-04-01", "", tuple(rows))
    found = read_draft(form, GOVERNMENT_E4, NOW, SHANGHAI)
    assert (found.proposal is None) == bool(found.errors)
    if found.proposal:
        agreed = replace(found.proposal.version, consent_at=NOW, consent_scope="all")
        assert check(agreed, GOVERNMENT_E4) == []


# --- bad input gets a sentence next to its field -------------------------------------------------


NO_PRICE = "Write a price in yuan per kWh, like 0.487."
TOO_LONG = "Too many digits: a price has at most four after the point, like 0.487."


@pytest.mark.parametrize(
    ("price", "sentence"),
    [
        ("", NO_PRICE),
        ("cheap", NO_PRICE),
        ("1e-1", NO_PRICE),
        ("0.48701", TOO_LONG),
        ("0." + "3" * 4000, TOO_LONG),
        ("9" * 50, TOO_LONG),
        ("-0.1", "Band all day: a price cannot be negative."),
    ],
)  # fmt: skip
def test_a_price_that_is_none_is_said_at_its_field(price: str, sentence: str):
    assert errors(flat(service=price)) == {"service-0": sentence}
    assert errors(flat(electricity=price)) == {"electricity-0": sentence}


def test_electricity_above_the_government_price_is_said_at_its_field():
    (found,) = errors(second(electricity="0.488")).items()
    assert found[0] == "electricity-1"
    assert "above the government price of 0.487" in found[1]


def test_a_service_fee_of_a_hundred_yuan_is_taken_for_a_slip():
    assert "typing mistake" in errors(flat(service="100"))["service-0"]


def test_times_that_overlap_or_leave_a_gap_are_named():
    assert errors(second(times="21:00-08:00")) == {
        "times-1": "21:00-22:00 belongs to another band already."
    }
    assert errors(second(times="23:00-08:00")) == {
        "bands": "22:00-23:00 has no price: the bands must fill the whole day."
    }
    assert set(errors(second(times="21:00-07:00"))) == {"times-1", "bands"}
    assert "cannot be read" in errors(second(times="at night"))["times-1"]
    assert "has no price" in errors(flat(times="08:00-22:00"))["bands"]


def test_bands_need_names_of_their_own():
    assert errors(second(name="peak")) == {"name-1": "Every band needs a name of its own."}
    assert errors(second(name=" ")) == {"name-1": "Every band needs a name of its own."}
    assert "at most 20 letters" in errors(second(name="v" * 21))["name-1"]
    assert "at most 20 letters" in errors(second(name="a\x07b"))["name-1"]


def test_six_bands_are_too_many():
    rows = tuple(TypedBand(str(n), f"{n * 4}-{n * 4 + 4}", "0.1", "0.1") for n in range(6))
    assert errors(replace(TWO_ROWS, bands=rows)) == {
        "bands": "A tariff has 1 to 5 bands a day, not 6."
    }


@pytest.mark.parametrize("start", ["2026-03-02", "2026-03-01", "1999-01-01"])
def test_a_start_today_or_in_the_past_is_refused(start: str):
    assert errors(replace(FLAT_FORM, start=start)) == {
        "start": "A new price starts at the midnight of a day to come, so choose a later day."
    }


@pytest.mark.parametrize("start", ["", "soon", "2026-02-30", "2026-13-01", "99999-01-01", "１"])
def test_a_start_that_is_no_date_is_refused(start: str):
    assert errors(replace(FLAT_FORM, start=start)) == {
        "start": "Write a date that exists, like 2026-04-01."
    }


def test_a_start_that_is_years_away_is_asked_about():
    for start in ("2206-04-01", "0001-01-01", "9999-12-31"):
        assert "is the year right" in errors(replace(FLAT_FORM, start=start))["start"]


def test_every_wrong_field_is_told_at_once():
    form = TypedDraft("yesterday", "w" * 401, (TypedBand("", "", "dear", "-1"),))
    assert set(errors(form)) == {"start", "why", "electricity-0", "service-0"}
    both = second(name="peak", times="21:00-07:30", electricity="0.48701", service="-0.1")
    assert set(errors(both)) == {"name-1", "times-1", "electricity-1", "service-1", "bands"}


def test_a_row_more_or_less_keeps_what_was_typed():
    assert TWO_ROWS.with_bands(3).bands == (*TWO_ROWS.bands, TypedBand())
    assert TWO_ROWS.with_bands(1).bands == TWO_ROWS.bands[:1]
    assert len(TWO_ROWS.with_bands(99).bands) == 5
    assert len(TWO_ROWS.with_bands(-1).bands) == 1
