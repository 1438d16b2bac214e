"""Smoke, heat, welded relays and full cables: switched off from here too, told once, and in turn.

Two piles hang at each entrance; an entrance's cable bears 25 A.
"""

import pytest

from service.flow import House, cables, ticks
from service.flow.requests import Started, start, stop
from service.seed import Plan
from service.sessions.may_start import Reason
from service.sessions.records import session_row, shed_since
from tests.flow.looking import (
    charging,
    incident_rows,
    incidents,
    post_now,
    session_of,
    settle,
    state_of,
)
from tests.support.compound import seeded_house
from tests.support.small import PaperPile


@pytest.fixture
def house(store, clock) -> House:
    """Eight piles, two at each entrance."""
    return seeded_house(store, clock, Plan(piles=8, households=16))


@pytest.fixture
def neighbour(house, clock) -> PaperPile:
    """LB-002, beside LB-001."""
    return born(house, clock, 2)


def born(house: House, clock, number: int) -> PaperPile:
    one = PaperPile(house, clock, id=f"LB-{number:03d}", serial=f"KX2P-2309-{number:05d}")
    one.boot_id, one.conn_id = f"b00700{number:02d}", f"c0117e{number:02d}"
    one.hello()
    one.heartbeat()
    return one


def told_within_seconds(pile: PaperPile, seconds: int = 3) -> list[tuple[str, int, str]]:
    """What a pile is told in the next seconds: (command, outlet, session)."""
    told = []
    for _ in range(2 * seconds):
        told += [(one["cmd"], one["outlet"], one["session_id"]) for one in pile.commands()]
        pile.clock.advance(0.5)
    return told


BOTH_OFF = [("stop", 1, "any"), ("stop", 2, "any")]


# --- fire -----------------------------------------------------------------------------------------


def test_smoke_switches_off_the_pile_and_its_neighbours_and_is_an_incident_at_once_rule_25(
    house, pile, neighbour, clock
):
    far = born(house, clock, 3)
    pile.fault("smoke", outlet=None)
    (row,) = incident_rows(house)
    assert (row.code, row.severity, row.show_at) == ("smoke", "critical", clock.now())
    assert sorted(told_within_seconds(pile)) == BOTH_OFF
    assert sorted(told_within_seconds(neighbour)) == BOTH_OFF
    assert told_within_seconds(far) == []


def test_nobody_starts_beside_smoke_until_it_is_over(house, pile, neighbour, wish, clock):
    pile.fault("smoke", outlet=None)
    assert start(house, wish()).reason is Reason.OUTLET_FAULT
    assert start(house, wish(pile="LB-002")).reason is Reason.OUTLET_FAULT
    clock.advance(60)
    pile.fault("smoke", outlet=None, active=False)
    neighbour.heartbeat()
    assert isinstance(start(house, wish(pile="LB-002", key="again")), Started)


@pytest.mark.parametrize("code", ["water", "leakage", "over_temp_ambient"])
def test_water_and_leakage_switch_off_the_whole_pile_and_no_other(
    house, pile, neighbour, code, wish
):
    pile.fault(code, outlet=None)
    assert sorted(told_within_seconds(pile)) == BOTH_OFF
    assert told_within_seconds(neighbour) == []
    assert start(house, wish(outlet=2)).reason is Reason.OUTLET_FAULT


def test_a_danger_that_only_a_heartbeat_tells_is_answered_the_same(house, pile, neighbour):
    pile.heartbeat(faults=[{"code": "smoke", "severity": "critical"}])
    assert incidents(house) == ["smoke"]
    assert sorted(told_within_seconds(neighbour)) == BOTH_OFF


def test_a_code_nobody_knows_is_obeyed_when_the_pile_calls_it_critical(house, pile):
    pile.fault("plasma", outlet=2, severity="critical")
    assert told_within_seconds(pile) == [("stop", 2, "any")]
    assert incidents(house) == ["plasma"]


# --- heat -----------------------------------------------------------------------------------------


def test_eighty_degrees_for_30_s_switch_the_outlet_off_rule_25(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    for seconds, temp_c in ((0, 80.0), (10, 82.5), (19, 81.0)):
        clock.advance(seconds)
        pile.meter(pile.reading(session_id=session_id, temp_c=temp_c))
    assert incidents(house) == []
    clock.advance(1)
    pile.meter(pile.reading(session_id=session_id, temp_c=81.0))
    assert incidents(house) == ["over_temp_outlet"]
    assert ("stop", 1, "any") in told_within_seconds(pile)
    assert start(house, wish("1-102")).reason in (Reason.OUTLET_BUSY, Reason.OUTLET_FAULT)


def test_one_hot_sample_between_cool_ones_switches_nothing_off(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    for temp_c in (85.0, 60.0, 85.0, 60.0):
        clock.advance(20)
        pile.meter(pile.reading(session_id=session_id, temp_c=temp_c))
    assert incidents(house) == []
    assert told_within_seconds(pile) == []


# --- a relay that does not open -------------------------------------------------------------------


@pytest.fixture
def welded(house, pile, wish, clock):
    """A session that is over while its outlet goes on drawing."""
    session_id = charging(house, pile, wish())
    pile.meter(pile.reading(wh=1000, session_id=session_id))
    clock.advance(3600)
    pile.meter(pile.reading(wh=1120, session_id=session_id, reason="stop"))
    assert settle(pile, session_id, 1000, 1120) == "stored"
    for wh in (1121, 1123):
        clock.advance(31)
        pile.meter(pile.reading(wh=wh))
    return session_id


def test_an_outlet_that_draws_after_its_session_is_welded_rule_27(house, pile, welded, wish):
    assert incidents(house) == ["relay_welded"]
    assert told_within_seconds(pile) == [("stop", 1, "any")]
    assert start(house, wish(key="again")).reason is Reason.OUTLET_FAULT


def test_a_welded_outlet_stays_out_of_order_whatever_else_comes_and_goes_rule_27(
    house, pile, welded, wish, store, clock
):
    pile.fault("fan", outlet=1, severity="warning")
    pile.heartbeat(faults=[{"code": "fan", "outlet": 1}])
    pile.fault("fan", outlet=1, severity="warning", active=False)
    pile.heartbeat()
    assert start(house, wish(key="again")).reason is Reason.OUTLET_FAULT
    reborn = House(store, clock, house.settings, house.random_bytes, house.key)
    ticks.tick(reborn)
    assert start(reborn, wish(key="once more")).reason is Reason.OUTLET_FAULT


def test_energy_through_a_welded_relay_is_on_nobodys_bill_rule_27(house, pile, welded):
    post_now(house)
    assert session_of(house, welded).energy_wh == 120


def test_the_rest_current_of_a_full_battery_is_no_welded_relay(house, pile, wish, clock):
    for wh in (1000, 1001, 1002):
        clock.advance(60)
        pile.meter(pile.reading(wh=wh, power_w=9.9, current_ma=70))
    assert incidents(house) == []


# --- cables ---------------------------------------------------------------------------------------


@pytest.fixture
def entrance(house, pile, neighbour, wish, clock):
    """Four outlets at entrance 1; `draw` lets those of `running` draw so much each."""

    class Entrance:
        running: dict[tuple[str, int], str] = {}  # noqa: RUF012
        wh = 1000

        def start(self, one: PaperPile, outlet: int, door: str) -> str:
            asked = wish(door, pile=one.id, outlet=outlet)
            session_id = charging(house, one, asked)
            self.running[one.id, outlet] = session_id
            return session_id

        def draw(self, current_ma: int) -> None:
            self.wh += 1
            for one in (pile, neighbour):
                one.heartbeat(
                    [
                        {"outlet": n, "state": "charging", "session_id": who, "power_w": 500}
                        if (who := self.running.get((one.id, n)))
                        else {"outlet": n, "state": "plugged"}
                        for n in (1, 2)
                    ]
                )
                for n in (1, 2):
                    who = self.running.get((one.id, n))
                    if who:
                        one.meter(
                            one.reading(
                                n, self.wh, session_id=who, current_ma=current_ma, power_w=500.0
                            )
                        )
            ticks.tick(house)

    Entrance.running = {}
    return Entrance()


DOORS = ("1-101", "1-102", "1-103", "1-201")


@pytest.fixture
def four(entrance, pile, neighbour):
    """Four bikes charge at entrance 1."""
    places = ((pile, 1), (pile, 2), (neighbour, 1), (neighbour, 2))
    ids = [entrance.start(one, n, door) for (one, n), door in zip(places, DOORS, strict=True)]
    entrance.draw(2000)
    return ids


def feeder_incidents(house: House) -> list[tuple[str, str | None]]:
    return [(row.code, row.feeder_id) for row in incident_rows(house) if row.cleared_at is None]


def test_a_feeder_near_its_rating_and_over_it_are_told_and_taken_back_rule_23(
    house, entrance, four, clock
):
    entrance.draw(5000)  # 20 A of 25
    assert feeder_incidents(house) == [("feeder_near", "entrance-1")]
    clock.advance(10)
    entrance.draw(6500)  # 26 A
    assert feeder_incidents(house) == [("feeder_over", "entrance-1")]
    (row,) = [row for row in incident_rows(house) if row.code == "feeder_over"]
    assert row.severity == "critical"
    for _ in range(10):
        clock.advance(15)
        entrance.draw(2000)
    assert feeder_incidents(house) == []


def test_a_silent_outlet_counts_as_its_limit_and_not_as_its_last_value(house, four, clock):
    with house.look() as work:
        assert cables.loads_now(work)["entrance-1"].current_ma == 4 * 2000
    clock.advance(181)
    with house.look() as work:
        load = cables.loads_now(work)["entrance-1"]
    assert load.current_ma == 4 * 7576  # 1,000 W at 220 V and power factor 0.6
    assert load.silent == 4


@pytest.fixture
def full(entrance, pile, neighbour, wish, house):
    """Three bikes draw 8 A each; the fourth waits."""
    for (one, n), door in zip(((pile, 1), (pile, 2), (neighbour, 1)), DOORS[:3], strict=True):
        entrance.start(one, n, door)
    entrance.draw(7900)
    return start(house, wish(DOORS[3], pile=neighbour.id, outlet=2))


def test_a_start_for_which_there_is_no_room_waits_and_is_told_why_rule_23(house, neighbour, full):
    assert full.state == "queued"
    assert full.waits.in_language("en") == (
        "1 单元 is at 95 % of its limit; 3 bikes share what is left."
    )
    assert told_within_seconds(neighbour, 1) == []
    with house.look() as work:
        (turn,) = cables.told_to_those_who_wait(work).values()
        assert turn.place == 1


def test_who_waits_is_admitted_when_there_is_room(house, entrance, full, neighbour, clock):
    clock.advance(60)
    entrance.draw(7900)
    assert state_of(house, full.session_id) == "queued"
    clock.advance(60)
    entrance.draw(5000)
    ticks.tick(house)
    assert state_of(house, full.session_id) == "starting"
    assert told_within_seconds(neighbour, 1) == [("start", 2, full.session_id)]


def test_those_who_wait_start_in_turn_rule_23(house, entrance, pile, neighbour, wish, clock):
    entrance.start(pile, 1, DOORS[0])
    entrance.draw(23_000)
    first = start(house, wish(DOORS[1], pile=pile.id, outlet=2))
    clock.advance(10)
    second = start(house, wish(DOORS[2], pile=neighbour.id, outlet=1))
    assert (first.state, second.state) == ("queued", "queued")
    clock.advance(10)
    entrance.draw(20_000)
    ticks.tick(house)
    assert state_of(house, first.session_id) == "starting"
    assert state_of(house, second.session_id) == "queued"


def test_who_waits_may_leave_the_queue_and_nothing_was_started(house, full, neighbour):
    stop(house, full.session_id, "resident")
    assert state_of(house, full.session_id) == "cancelled"
    assert told_within_seconds(neighbour, 1) == []


def test_above_1_13_times_the_rating_the_newest_is_paused_and_comes_back_by_itself_rule_23(
    house, entrance, four, pile, neighbour, clock
):
    for _ in range(6):
        clock.advance(60)
        entrance.draw(6000)
    entrance.draw(7300)  # 29.2 A: 1.17 times the rating
    assert told_within_seconds(neighbour, 1) == []
    clock.advance(20)
    entrance.draw(7300)
    newest = four[3]
    assert told_within_seconds(neighbour, 1) == [("stop", 2, newest)]
    assert session_of(house, newest).why == "shed"

    entrance.running.pop((neighbour.id, 2))
    settle(neighbour, newest, 1000, 1010, outlet=2, duration_s=400, stop_reason="operator")
    entrance.draw(2000)
    clock.advance(60)
    entrance.draw(2000)
    ticks.tick_slowly(house)
    told = [one for one in told_within_seconds(neighbour) if one[0] == "start"]
    ((_, _, continued),) = told
    again = session_of(house, continued)
    assert (again.continues_id, again.asked_by) == (newest, "service")
    assert again.max_energy_wh == 3000 - 10
    with house.store.reading() as uow:
        assert session_row(uow, newest).household_id == again.household_id
        assert list(shed_since(uow, again.requested_at.replace(year=2025))) == []


def test_a_shed_bike_that_has_left_is_not_started_again(
    house, entrance, four, pile, neighbour, clock
):
    for _ in range(6):
        clock.advance(60)
        entrance.draw(6000)
    for _ in range(2):
        clock.advance(20)
        entrance.draw(7300)
    newest = four[3]
    told_within_seconds(neighbour, 1)
    settle(neighbour, newest, 1000, 1010, outlet=2, duration_s=400, stop_reason="operator")
    neighbour.event("unplugged", 2)
    entrance.running.pop((neighbour.id, 2))
    clock.advance(60)
    pile.heartbeat([])
    neighbour.heartbeat([{"outlet": 2, "state": "empty"}])
    ticks.tick_slowly(house)
    assert "start" not in [cmd for cmd, _, _ in told_within_seconds(neighbour)]
