"""The compound: one seed gives one evening, and the ledger agrees with every settlement."""

import json
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.mishaps import KINDS, plan_day
from simulator.residents import made_up_cards, settle_in, visit_of
from simulator.scenario import (
    BadScenarioError,
    Scenario,
    load_scenario,
    scenario_from,
    scenario_names,
)
from simulator.times import DAY, HOUR, MINUTE, local_midnight, parse_iso
from simulator.world import World, entrance_of
from tests.simulator.desk import Desk
from tests.simulator.stage import EVENING


def evening(scenario: Scenario | str, seed: int = 1, hours: float = 4) -> Desk:
    world = World.from_scenario(scenario, seed, made_up_cards(), EVENING)
    return Desk(world).run(EVENING + round(hours * HOUR))


def transcript(desk: Desk) -> list[tuple]:
    return [(u.at, u.pile, u.publish) for u, _ in desk.heard]


def small(**more) -> Scenario:
    return scenario_from("small", {"piles": 8, "bikes": 25} | more)


# --- one seed ---


def test_the_same_seed_gives_the_same_evening_to_the_byte():
    assert transcript(evening(small())) == transcript(evening(small()))


def test_another_seed_gives_another_evening():
    assert transcript(evening(small(), 1, 1)) != transcript(evening(small(), 2, 1))


def test_mishaps_too_come_from_the_seed():
    plan = small(rates=dict.fromkeys(KINDS, 0.5), double_chance=0.1, delay_chance=0.1)
    assert transcript(evening(plan, 5)) == transcript(evening(plan, 5))


def test_the_size_of_the_steps_changes_nothing():
    def stepped(step_ms: int) -> list[tuple]:
        world = World.from_scenario(small(), 3, made_up_cards(), EVENING)
        desk = Desk(world)
        while world.now < EVENING + HOUR:
            said = world.advance(min(world.now + step_ms, EVENING + HOUR), until_question=True)
            desk.take(said)
        return [t for t in transcript(desk) if not t[2].topic.endswith("/heartbeat")]

    desk_free = [t[:2] for t in stepped(MINUTE)]
    assert desk_free == [t[:2] for t in stepped(HOUR)]


def test_messages_come_in_the_order_of_time():
    at = [u.at for u, _ in evening(small(), 2).heard]
    assert at == sorted(at)


# --- the law of the ledger ---


@given(st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_what_is_settled_is_what_was_metered(seed):
    """L2, the simulator's side: sessions + unattributed = what the registers moved."""
    plan = small(
        rates={
            "lost_link": 3, "reboot": 1, "power_cut": 1, "over_temperature": 0.5, "smoke": 0.2,
            "relay_welded": 0.5, "register_reset": 0.5, "clock_wrong": 1,
        },
        double_chance=0.1,
    )  # fmt: skip
    desk = evening(plan, seed, 6)
    truth = desk.world.oracle
    for settled in desk.settlements.values():
        session = truth.sessions[settled["session_id"]]
        assert settled["energy_wh"] == session.energy_wh
        assert settled["stop_reason"] == session.stop_reason
    attributed = sum(session.energy_wh for session in truth.sessions.values())
    assert truth.metered_wh() == attributed + truth.unattributed_wh()


def test_no_two_sessions_share_a_watt_hour():
    desk = evening(small(busier=1.6), 4, 12)
    spans = Counter()
    for settled in desk.settlements.values():
        key = (settled["register_id"], settled["outlet"])
        for wh in range(settled["energy_start_wh"], settled["energy_end_wh"]):
            spans[(*key, wh)] += 1
    assert len(desk.settlements) > 5
    per_pile = {(p, b["register_id"]) for (p, _), b in desk.settlements.items()}
    assert max(spans.values()) <= len(per_pile)


def test_doubled_and_delayed_messages_carry_no_new_content():
    plain = evening(small(), 6, 2)
    noisy = evening(small(double_chance=0.3), 6, 2)
    assert len(noisy.heard) > len(plain.heard) * 1.2
    numbered = {(u.pile, b["boot_id"], b["seq"]): u.publish.payload
                for u, b in noisy.heard if "seq" in b}  # fmt: skip
    for uplink, body in noisy.heard:
        if "seq" in body:
            assert numbered[uplink.pile, body["boot_id"], body["seq"]] == uplink.publish.payload


def test_delayed_messages_come_out_of_order_but_all_come():
    desk = evening(small(delay_chance=0.2, delay_s=30), 6, 3)
    by_boot: dict[tuple, list[int]] = {}
    for uplink, body in desk.heard:
        if "seq" in body:
            by_boot.setdefault((uplink.pile, body["boot_id"]), []).append(body["seq"])
    assert any(numbers != sorted(numbers) for numbers in by_boot.values())
    for numbers in by_boot.values():
        assert set(range(1, max(numbers) - 5)) <= set(numbers)


def test_a_lost_settlement_is_written_down_by_the_ledger():
    """The end-of-charge report is lost: real firmware gives up after five tries."""
    plan = small(rates={"settlement_lost": 6})
    world = World.from_scenario(plan, 3, made_up_cards(), EVENING)
    desk = Desk(world)
    desk.deaf = False
    desk.run(EVENING + 6 * HOUR)
    settled = {b["session_id"] for b in desk.settlements.values()}
    ended = {s.session_id for s in world.oracle.sessions.values() if s.ended_ms is not None}
    assert set(world.oracle.lost_settlements) >= ended - settled


# --- people ---


def test_38_piles_stand_at_four_entrances():
    assert Counter(entrance_of(n) for n in range(1, 39)) == {1: 10, 2: 10, 3: 9, 4: 9}
    assert [entrance_of(n) for n in (1, 10, 11, 20, 21, 29, 30, 38)] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_an_evening_at_the_compound_looks_like_one():
    desk = evening(small(), 2, 6)
    assert 5 <= len(desk.said("card")) <= 40
    assert {b["start_source"] for b in desk.settlements.values()} == {"card"}
    assert all(session.household for session in desk.world.oracle.sessions.values())
    assert {r["status"] for r in desk.said("result")} <= {"accepted", "done"}


def test_residents_come_to_their_own_entrance_first():
    plan = scenario_from("calm", {"piles": 20, "bikes": 30})
    world = World.from_scenario(plan, 2, made_up_cards(), EVENING)
    Desk(world).run(EVENING + 2 * HOUR)
    own = [world.entrance_of[pile] == stay.visit.resident.entrance
           for (pile, _), stay in world.visits.parked.items()]  # fmt: skip
    assert all(own)
    assert len(own) > 4


def test_a_full_compound_turns_bikes_away_instead_of_breaking():
    plan = scenario_from("tight", {"piles": 4, "bikes": 60, "busier": 1.6})
    desk = evening(plan, 1, 5)
    assert desk.world.visits.turned_away > 5


def test_habits_come_from_one_seed_and_come_in_the_evening():
    residents = settle_in(made_up_cards(), 110, 9)
    assert residents == settle_in(made_up_cards(), 110, 9)
    monday = parse_iso("2026-03-02T00:00:00+08:00")
    visits = [v for day in range(20) for r in residents
              if (v := visit_of(r, monday + day * DAY, 9))]  # fmt: skip
    per_day = len(visits) / 20
    assert 57 <= per_day <= 73
    hours = [((v.comes_ms - monday) % DAY) / HOUR for v in visits]
    mean = sum(hours) / len(hours)
    spread = (sum((h - mean) ** 2 for h in hours) / len(hours)) ** 0.5
    assert 18.1 <= mean <= 18.9
    assert 1.5 <= spread <= 1.95
    assert all(v.leaves_ms > v.comes_ms for v in visits)


def test_one_bike_charges_at_most_once_a_day():
    residents = settle_in(made_up_cards(), 110, 9)
    assert len({(r.household, r.card_uid, r.kind.name, r.comes_h) for r in residents}) == 110


def test_a_world_that_begins_in_the_evening_is_not_empty():
    world = World.from_scenario("normal_week", 1, made_up_cards(), EVENING + 2 * HOUR)
    world.visits.came_before(local_midnight(world.now), world.now)
    Desk(world).run(world.now + 5 * MINUTE)
    assert len(world.visits.parked) > 20


# --- mishaps ---


def test_rates_are_per_pile_and_day():
    piles = [f"LB-{n:03d}" for n in range(1, 39)]
    days = [plan_day({"reboot": 0.5, "smoke": 0.0}, piles, 2, d * DAY, 1) for d in range(30)]
    assert 0.42 <= sum(map(len, days)) / 38 / 30 <= 0.58
    assert all(m.kind == "reboot" for day in days for m in day)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_mishap_leaves_a_compound_that_goes_on(kind):
    plan = small(mishap=[{"kind": kind, "at": "19:30", "pile": "LB-003", "for_s": 900}])
    desk = evening(plan, 2, 5)
    assert [e["kind"] for e in desk.world.oracle.events] == [kind]
    late = [u for u, b in desk.heard if u.pile == "LB-003" and u.at > EVENING + 4 * HOUR]
    assert any(u.publish.topic.endswith("/heartbeat") for u in late)


# --- scenarios ---


@pytest.mark.parametrize("name", scenario_names())
def test_the_scenarios_that_come_with_it_can_be_played(name):
    scenario = load_scenario(name)
    assert scenario.title
    world = World.from_scenario(scenario, 1, made_up_cards(), EVENING)
    assert Desk(world).run(EVENING + 5 * MINUTE).heard


def test_there_is_one_scenario_for_each_need():
    assert set(scenario_names()) >= {
        "quiet_evening", "normal_week", "full_evening", "faults_night", "history",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"bike": 3}, "'bike' that means nothing"),
        ({"bikes": "many"}, "bikes cannot be 'many'"),
        ({"bikes": True}, "bikes cannot be True"),
        ({"piles": 0}, "piles 1-999"),
        ({"rates": {"earthquake": 1}}, "no mishap is called 'earthquake'"),
        ({"rates": {"smoke": "often"}}, "rates cannot be"),
        ({"mishap": [{"kind": "smoke"}]}, "a mishap needs kind, at (HH:MM) and pile"),
        ({"mishap": [{"kind": "smoke", "at": "soon", "pile": "LB-001"}]}, "a mishap needs"),
        ({"mishap": [{"kind": "flood", "at": "20:00", "pile": "LB-001"}]}, "called 'flood'"),
        ({"mishap": [{"kind": "smoke", "at": "20:00", "pile": "LB-001", "x": 1}]}, "needs"),
    ],
)
def test_a_bad_scenario_gets_a_sentence(table, sentence):
    with pytest.raises(BadScenarioError) as caught:
        scenario_from("mine", table)
    assert sentence in str(caught.value)
    assert "'mine'" in str(caught.value)


def test_a_scenario_that_is_not_there_names_those_that_are():
    with pytest.raises(BadScenarioError, match="quiet_evening"):
        load_scenario("nowhere")


def test_a_scenario_may_be_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('title = "Mine"\npiles = 3\n')
    assert load_scenario(str(path)).piles == 3
    path.write_text("title = ")
    with pytest.raises(BadScenarioError, match="not TOML"):
        load_scenario(str(path))


# --- speed ---


def test_an_hour_of_the_whole_compound_costs_little():
    """Measured about 0.15 s; the limit only catches a return to stepping through the seconds."""
    world = World.from_scenario("normal_week", 1, made_up_cards(), EVENING)
    desk = Desk(world).run(EVENING + HOUR)
    began = time.process_time()
    desk.run(EVENING + 2 * HOUR)
    assert time.process_time() - began < 6
    assert json.dumps(world.oracle.as_json())
