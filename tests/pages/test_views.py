"""What the pages say, as stories about plain facts; no database, no HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.billing.pricing import Piece, price
from service.billing.tariff import Band, TariffVersion
from service.clock import to_ms
from service.feeders.queue import StartRange, Turn
from service.metering.live import Progress
from service.pages.curve import HEIGHT, WIDTH, curve, thin
from service.pages.glance import Glance, glance
from service.pages.minutes_left import minutes_left, time_to_limit
from service.pages.outlet_view import OutletFacts, outlet_view
from service.pages.price_view import PriceView, never_more_fen, price_view, usual_wh
from service.pages.session_view import SessionFacts, Stage, session_view
from service.piles.board import Face, OutletNow, PileNow
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.words import Sentence

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 13, 3, 10, tzinfo=UTC)
FLAT = TariffVersion.flat(NOW - timedelta(days=9), 4870, 2000)
DAY = frozenset(range(16, 44))
BANDS = TariffVersion(
    1,
    NOW - timedelta(days=9),
    (Band("day", 4870, 3000, DAY), Band("night", 4000, 1000, frozenset(range(48)) - DAY)),
    NOW,
    "all",
)


def flat_price() -> PriceView:
    found = price_view(FLAT, NOW, ZONE, 3000)
    assert found is not None
    return found


def seen(face: Face = Face.FREE, pile: int = 17, outlet: int = 2, entrance: int = 3) -> Glance:
    return Glance(f"LB-{pile:03d}", pile, outlet, entrance, face, NOW - timedelta(hours=1), NOW)


def english(sentence: Sentence | None) -> str:
    return "" if sentence is None else sentence.in_language("en")


# --- an outlet at a glance -----------------------------------------------------------------------


def a_pile(**more: Any) -> PileNow:
    outlet = OutletNow("LB-017", 2, state="empty", state_ms=to_ms(NOW) - 5000)
    pile = PileNow("LB-017", 17, 3, "entrance-3", {2: outlet}, said="online", heard_ms=to_ms(NOW))
    for name, value in more.items():
        setattr(pile, name, value)
    return pile


def test_an_outlet_is_free_in_use_full_silent_or_out_of_order():
    pile = a_pile()
    outlet = pile.outlets[2]
    now_ms = to_ms(NOW)
    assert glance(pile, outlet, None, now_ms).face is Face.FREE
    assert glance(pile, outlet, now_ms - 60_000, now_ms).face is Face.IN_USE
    outlet.state = "full"
    assert glance(pile, outlet, None, now_ms).face is Face.FULL
    assert glance(pile, outlet, None, now_ms + 181_000).face is Face.SILENT
    pile.in_service = False
    assert glance(pile, outlet, None, now_ms).face is Face.OUT_OF_ORDER


def test_a_pile_that_never_spoke_says_so():
    pile = a_pile(said="unknown", heard_ms=0)
    never = glance(pile, pile.outlets[2], None, to_ms(NOW))
    assert english(never.since_sentence(NOW, ZONE)) == "never heard from"


# --- the page of an outlet -----------------------------------------------------------------------


def test_a_stranger_sees_the_price_and_the_way_to_sign_in():
    view = outlet_view(OutletFacts(seen(), (), NOW, flat_price()), ZONE)
    assert view.needs_sign_in
    assert not view.may_start


def test_a_resident_may_start_on_a_free_outlet_and_not_on_a_busy_one():
    facts = OutletFacts(seen(), (), NOW, flat_price(), is_resident=True, door="3-201")
    assert outlet_view(facts, ZONE).may_start
    busy = OutletFacts(seen(Face.IN_USE), (), NOW, flat_price(), is_resident=True)
    view = outlet_view(busy, ZONE)
    assert not view.may_start
    assert english(view.why_not) == "Somebody is charging here. Please take a free outlet."


def test_without_a_price_nothing_may_be_started():
    view = outlet_view(OutletFacts(seen(), (), NOW, None, is_resident=True), ZONE)
    assert not view.may_start


def test_a_busy_outlet_names_its_neighbour_and_then_the_nearest_free_ones():
    others = [
        seen(Face.IN_USE, 17, 1),
        seen(Face.FREE, 30, 1, entrance=4),
        seen(Face.FREE, 20, 1),
        seen(Face.FREE, 16, 1),
        seen(Face.SILENT, 18, 1),
    ]
    view = outlet_view(OutletFacts(seen(Face.IN_USE), others, NOW, flat_price()), ZONE)
    assert [(o.pile_number, o.outlet) for o in view.others] == [(17, 1), (16, 1), (20, 1), (30, 1)]


# --- the price -----------------------------------------------------------------------------------


def test_a_flat_price_has_no_next_change():
    view = flat_price()
    assert (view.electricity_e4, view.service_e4, view.change) == (4870, 2000, None)
    assert view.about_fen == 41
    assert view.most_fen == 206


def test_with_bands_the_next_change_is_said_with_its_two_prices():
    view = price_view(BANDS, NOW, ZONE, 3000)
    assert view is not None
    assert english(view.change) == "tonight 22:00"
    assert (view.change_electricity_e4, view.change_service_e4) == (4000, 1000)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_never_more_is_never_exceeded_however_the_energy_falls_on_the_bands(a: int, b: int):
    cost = price(BANDS, [Piece(0, a), Piece(1, b)]).total_fen
    assert cost <= never_more_fen(BANDS, a + b)


def test_a_habit_is_the_middle_of_at_least_three_charges():
    assert usual_wh([600, 0, 10]) is None
    assert usual_wh([300, 500, 900, 2]) == 500


# --- how long it will take -----------------------------------------------------------------------


def test_at_full_current_nobody_knows_how_long_it_takes():
    assert minutes_left(165, 168) is None


def test_in_the_tail_there_is_a_range():
    left = minutes_left(90, 168)
    assert left is not None
    assert (left.earliest_min, left.latest_min) == (35, 70)


def test_a_limit_is_known_at_any_time_and_ends_the_range():
    left = minutes_left(165, 168, timedelta(minutes=40))
    assert left is not None
    assert english(left.sentence) == "at most 40 min more, then your limit is reached"
    tail = minutes_left(90, 168, timedelta(minutes=50))
    assert tail is not None
    assert (tail.earliest_min, tail.latest_min) == (35, 50)


@given(st.floats(0, 1000), st.floats(0, 1000), st.integers(0, 40_000))
def test_a_range_is_never_turned_round(power: float, peak: float, limit_s: int):
    left = minutes_left(power, peak, timedelta(seconds=limit_s))
    assert left is not None
    assert 0 <= left.earliest_min <= left.latest_min


def test_the_nearer_of_two_limits_counts():
    at = time_to_limit(NOW, NOW + timedelta(hours=2), 100, 100.0)
    assert at == timedelta(hours=1)
    assert time_to_limit(NOW, None, None, 100.0) is None


# --- the curve -----------------------------------------------------------------------------------


def test_two_readings_are_no_curve():
    assert curve([(0, 100.0), (60_000, 100.0)]) is None


@given(st.lists(st.tuples(st.integers(0, 10**9), st.floats(0, 1000)), min_size=3, max_size=400))
def test_a_curve_stays_inside_its_frame(samples: list[tuple[int, float]]):
    drawn = curve(samples)
    if drawn is not None:
        for point in drawn.line.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
    assert len(thin(sorted(samples))) <= 120


# --- one session ---------------------------------------------------------------------------------


def a_session(state: State, **more: Any) -> Session:
    known: dict[str, Any] = {
        "id": "01JNAX7CZV5Q9T3M7H1K2D4F6S",
        "pile": "LB-017",
        "outlet": 2,
        "household_id": 1,
        "source": "qr",
        "state": state,
        "max_duration_s": 36_000,
        "max_energy_wh": 3000,
        "max_power_w": 1000,
        "requested_at": NOW - timedelta(hours=1),
        "commanded_at": NOW - timedelta(hours=1),
    }
    return Session(**{**known, **more})


def shown(state: State, row: dict[str, Any] | None = None, **facts: Any) -> Any:
    session = a_session(state, **(row or {}))
    return session_view(SessionFacts(session, 17, 3, NOW, False, **facts), ZONE)


def test_starting_says_how_long_it_waits_and_never_that_it_charges():
    view = shown(State.STARTING, {"commanded_at": NOW - timedelta(seconds=3)})
    assert view.stage is Stage.STARTING
    assert view.waited_seconds == 3
    assert english(view.headline) == "Starting"
    assert view.may_stop


def test_charging_shows_power_energy_cost_and_the_age_of_the_reading():
    view = shown(
        State.CHARGING,
        {"started_at": NOW - timedelta(minutes=136)},
        progress=Progress(402_118, 402_538, to_ms(NOW), 168.0, 165.0),
        power_w=165.2,
        read_at=NOW - timedelta(seconds=40),
        priced=price(FLAT, [Piece(0, 420)]),
    )
    assert (view.energy_wh, view.power_w, view.age_seconds) == (420, 165, 40)
    assert view.read_time == "21:02:30"
    assert english(view.elapsed) == "2 h 16 min"
    assert english(view.left).startswith("Not known yet")
    assert not view.stale


@pytest.mark.parametrize(("silent", "age_s"), [(True, 20), (False, 200)])
def test_old_figures_are_shown_as_old(silent: bool, age_s: int):
    session = a_session(State.CHARGING, started_at=NOW - timedelta(minutes=30))
    facts = SessionFacts(
        session, 17, 3, NOW, silent, power_w=100.0, read_at=NOW - timedelta(seconds=age_s)
    )
    assert session_view(facts, ZONE).stale


def test_who_waits_is_told_the_place_the_reason_and_a_range():
    turn = Turn(
        "x", 2, "entrance-3", Sentence("Entrance 3 is full."),
        StartRange(NOW + timedelta(minutes=20), NOW + timedelta(minutes=50)),
    )  # fmt: skip
    view = shown(State.QUEUED, turn=turn)
    assert view.place == 2
    assert english(view.detail) == "Entrance 3 is full."
    assert english(view.expected) == "It starts by itself, between tonight 21:23 and 21:53."
    unknown = shown(State.QUEUED)
    assert "Nobody can tell yet" in english(unknown.expected)


def test_a_start_that_failed_says_why_and_that_nothing_is_charged():
    view = shown(State.CANCELLED, {"why": "unanswered"})
    assert "The pile did not answer. Nothing was started" in english(view.detail)
    left = shown(State.CANCELLED, {"stop_asked_by": "resident:1", "why": None})
    assert english(left.detail) == "You left before it started. Nothing is charged."
    broken = shown(State.CANCELLED, {"why": "relay_open"})
    assert "maintenance knows" in english(broken.detail)


def test_what_was_asked_for_stays_in_sight():
    view = shown(
        State.CHARGING,
        {"started_at": NOW, "cap_fen": 100, "max_duration_s": 7200, "max_energy_wh": 1455},
        progress=Progress(0, 100, 0),
        power_w=165.0,
    )
    assert [english(limit) for limit in view.limits] == [
        "never more than 1.00 yuan; the pile itself stops at 1.455 kWh",
        "until tonight 23:03 at the latest",
    ]
    assert english(view.left) == "at most 2 h more, then your limit is reached"


def test_a_held_session_says_what_does_not_fit():
    view = shown(State.HELD, {"held_reason": "register_fell", "energy_wh": 5})
    assert "the meter went backwards" in english(view.detail)
    assert not view.is_live


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_page_in_both_languages(state: State):
    view = shown(state)
    for language in ("zh_CN", "en"):
        assert view.headline.in_language(language)
