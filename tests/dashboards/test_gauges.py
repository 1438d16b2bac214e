"""Figures from outcomes and from a look at the house: bounded, and true without a database."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from service.flow import ticks
from service.flow.house import Outcomes
from service.gauges import MOST_LABELS, Gauges
from service.store import Store
from service.wire.health import WireHealth
from tests.api.conftest import Town, lane, make_town


@pytest.fixture
def town(store: Store, clock) -> Town:
    return make_town(store, clock)


def value(town: Town, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(town.gauges.text().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    return None


def test_messages_are_counted_by_kind_after_they_are_committed(town: Town):
    before = value(town, "beimen_messages_total", kind="heartbeat")
    town.pile.heartbeat()
    assert value(town, "beimen_messages_total", kind="heartbeat") == before + 1


def test_what_was_undone_is_not_counted(town: Town):
    before = value(town, "beimen_messages_total", kind="heartbeat")
    with pytest.raises(RuntimeError), town.house.work() as work:
        work.count("messages", "heartbeat")
        raise RuntimeError("the power went")
    assert value(town, "beimen_messages_total", kind="heartbeat") == before


def test_a_message_that_came_again_and_one_that_cannot_be_read_have_their_own_counters(town: Town):
    again = town.pile.heard("meter", town.pile.numbered(readings=[town.pile.reading()]))
    town.pile.deliver(again, again)
    town.pile.say("meter", {"boot_id": "no hex", "seq": -1})
    assert value(town, "beimen_duplicates_total", kind="meter") == 1
    assert value(town, "beimen_dead_letters_total", reason="payload") == 1


def test_outlets_are_counted_by_what_a_person_sees(town: Town):
    assert value(town, "beimen_outlets", face="free") == 2
    assert value(town, "beimen_outlets", face="silent") == 6
    assert value(town, "beimen_pile_silent", pile="LB-001") == 0
    assert value(town, "beimen_pile_silent", pile="LB-002") == 1
    town.clock.advance(600)
    assert value(town, "beimen_outlets", face="silent") == 8


def test_a_feeder_has_current_rating_level_and_power(town: Town):
    town.pile.meter(town.pile.reading(1, 1000))
    ticks.tick(town.house)
    assert value(town, "beimen_feeder_rating_amperes", feeder="entrance-1") == 25
    assert value(town, "beimen_feeder_current_amperes", feeder="entrance-1") >= 0.88
    assert value(town, "beimen_feeder_power_watts", feeder="entrance-1") == 120
    assert value(town, "beimen_feeder_power_watts", feeder="site") == 120
    assert value(town, "beimen_feeder_level", feeder="entrance-1") == 0


def test_an_old_sample_is_no_power(town: Town):
    town.pile.meter(town.pile.reading(1, 1000))
    town.clock.advance(181)
    assert value(town, "beimen_pile_power_watts", pile="LB-001") == 0


def test_open_incidents_are_counted_by_severity_and_the_unanswered_one_by_its_age(town: Town):
    town.pile.fault("smoke")
    town.clock.advance(120)
    assert value(town, "beimen_open_incidents", severity="critical") == 1
    assert value(town, "beimen_critical_unanswered_seconds") == 120


def test_the_wire_is_shown_lane_by_lane_with_everything_that_happened(town: Town):
    hurt = lane("telemetry", connected=False, inbox=77)
    hurt.counts.full = 3
    town.wire.state = WireHealth(hurt, lane("control"))
    assert value(town, "beimen_wire_connected", lane="telemetry") == 0
    assert value(town, "beimen_wire_inbox_messages", lane="telemetry") == 77
    assert value(town, "beimen_wire_events_total", lane="telemetry", event="full") == 3
    assert value(town, "beimen_wire_connected", lane="control") == 1


def test_without_a_database_the_rest_is_still_told(town: Town, monkeypatch):
    def away(*_args, **_more):
        raise OperationalError("connect", {}, OSError("no route"))

    monkeypatch.setattr(Store, "reading", away)
    assert value(town, "beimen_database_up") == 0
    assert value(town, "beimen_held_sessions") is None
    assert value(town, "beimen_outlets", face="free") == 2
    monkeypatch.undo()
    assert value(town, "beimen_database_up") == 1


def test_a_pile_cannot_fill_the_memory_with_words_of_its_own(town: Town):
    outcomes = Outcomes(town.clock.now())
    for number in range(500):
        outcomes.counts["refused_steps", f"odd/{number}"] += 1
        outcomes.counts["incidents", f"made up {number}"] += 1
    town.gauges.take(outcomes)
    assert value(town, "beimen_refused_steps_total", step="other") == 500 - MOST_LABELS
    assert value(town, "beimen_incidents_total", code="other") == 500


def test_what_is_counted_and_has_no_name_yet_is_not_lost(town: Town):
    outcomes = Outcomes(town.clock.now())
    outcomes.counts["novelties", "x"] += 2
    town.gauges.take(outcomes)
    assert value(town, "beimen_other_events_total", what="novelties") == 2


def test_sessions_that_were_posted_are_counted_one_by_one(town: Town):
    outcomes = Outcomes(town.clock.now())
    outcomes.counts["posted", "12"] += 1
    town.gauges.take(outcomes)
    assert value(town, "beimen_posted_sessions_total") == 12


def test_two_apps_in_one_process_share_nothing(town: Town):
    other = Gauges(town.house)
    town.pile.heartbeat()
    assert b'beimen_messages_total{kind="heartbeat"} 0.0' in other.text()


def test_commits_are_measured(town: Town):
    town.gauges.observe_batch(40, 0.012)
    assert value(town, "beimen_commit_seconds_bucket", le="0.02") == 1
    assert value(town, "beimen_batch_messages_sum") == 40
