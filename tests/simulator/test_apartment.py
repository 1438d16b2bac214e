"""The real apartment file: taken as it is, faults included, and turned into an evening."""

from collections import Counter
from datetime import date

import pytest

from simulator.apartment import (
    Cast,
    busiest_day,
    evening_visits,
    parse_evening,
    read_sessions,
)
from simulator.residents import made_up_cards
from simulator.scenario import scenario_from
from simulator.times import DAY, HOUR, local_midnight
from simulator.world import World
from tests.simulator.desk import Desk
from tests.simulator.stage import EVENING

STAYS, BAD = read_sessions()
CARDS = made_up_cards()
MIDNIGHT = local_midnight(EVENING)


def test_every_row_is_taken_or_has_its_sentence():
    zero = [row for row in BAD if "zero length" in row.why]
    open_ended = [row for row in BAD if "no plug-out" in row.why]
    assert len(STAYS) + len(zero) == 6878
    assert len(open_ended) == 34
    assert len(zero) + len(open_ended) == len(BAD)
    assert all(row.line > 1 for row in BAD)


def test_times_are_norwegian_and_energies_have_a_comma():
    first = STAYS[0]
    assert first.plugged_in.isoformat() == "2018-12-21T10:20:00+01:00"
    assert first.energy_wh == 300
    assert STAYS[2].energy_wh == 29_870


def test_a_stay_over_a_change_of_summer_time_is_not_negative():
    assert all(s.plugged_out is None or s.plugged_out > s.plugged_in for s in STAYS)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("9;G;U;31.02.2019 10:00;31.02.2019 11:00;1,0", "does not match|day is out of range"),
        ("9;G;U;01.02.2019 10:00;01.02.2019 10:00;1,0", "zero length"),
        ("9;G;U;01.02.2019 10:00;01.02.2019 09:00;1,0", "negative length"),
        ("9;G;U;01.02.2019 10:00;NA;1,0", "no plug-out"),
        ("9;G;U;01.02.2019 10:00;01.02.2019 11:00;much", "much"),
        ("9;G;U;01.02.2019 10:00;01.02.2019 11:00;-1,0", "negative energy"),
        ("9;G;U", "session 9"),
    ],
)
def test_a_bad_row_gets_a_sentence_with_its_line(tmp_path, row, sentence):
    path = tmp_path / "sessions.csv"
    path.write_text(
        "session_ID;Garage_ID;User_ID;Start_plugin;End_plugout;El_kWh\n"
        "1;G;U;01.02.2019 10:00;01.02.2019 11:00;1,0\n" + row + "\n"
    )
    _, bad = read_sessions(path)
    assert [b.line for b in bad] == [3]
    assert any(part in bad[0].why for part in sentence.split("|"))


def test_another_file_is_refused_by_its_missing_columns(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a;b\n1;2\n")
    with pytest.raises(ValueError, match=r"other\.csv has no column El_kWh"):
        read_sessions(path)


def test_users_become_households_and_garages_entrances_the_same_every_time():
    cast = Cast(STAYS, CARDS)
    assert cast.card == Cast(STAYS, CARDS).card
    assert len(cast.card) == 97
    assert set(cast.entrance.values()) == {1, 2, 3, 4}
    busy = Counter(cast.entrance[s.garage] for s in STAYS)
    assert min(busy.values()) > 500


def test_an_evening_keeps_the_hours_and_scales_the_energy():
    day = busiest_day(STAYS)
    visits = evening_visits(STAYS, day, CARDS, MIDNIGHT)
    assert len(visits) > 25
    assert all(MIDNIGHT + 12 * HOUR <= v.comes_ms < MIDNIGHT + 28 * HOUR for v in visits)
    assert all(20 <= v.needs_wh <= 4000 for v in visits)
    total_kwh = sum(s.energy_wh for s in STAYS if s.plugged_in.date() == day) / 1000
    assert sum(v.needs_wh for v in visits) / 1000 == pytest.approx(total_kwh / 20, rel=0.3)


def test_a_chosen_day_or_a_sentence():
    assert parse_evening("2019-12-20", STAYS) == date(2019, 12, 20)
    assert parse_evening("20.12.2019", STAYS) == date(2019, 12, 20)
    with pytest.raises(ValueError, match="the file goes from 2018-12-2"):
        parse_evening("2024-01-01", STAYS)
    with pytest.raises(ValueError, match="neither a date"):
        parse_evening("tomorrow", STAYS)


def test_the_replayed_evening_is_charged_and_settled_to_the_watt_hour():
    plan = scenario_from("replay", {
        "bikes": 0, "heartbeat_s": 1800, "meter_s": 900, "meter_idle_s": 7200,
        "keeps_own_intervals": True,
    })  # fmt: skip
    start = MIDNIGHT + 12 * HOUR
    world = World.from_scenario(plan, 1, CARDS, start)
    visits = evening_visits(STAYS, busiest_day(STAYS), CARDS, MIDNIGHT)
    world.visits.play(visits, start)
    desk = Desk(world).run(start + DAY)
    truth = world.oracle.sessions
    assert len(desk.settlements) >= 0.8 * len(visits)
    for settled in desk.settlements.values():
        assert settled["energy_wh"] == truth[settled["session_id"]].energy_wh
