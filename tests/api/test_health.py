"""Alive, ready, and the figures for Prometheus: the truth with its reasons, for those who may."""

from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from service.jobs import Timetable
from service.wire.health import WireHealth
from tests.api.conftest import SCRAPER, Town, lane


def checks(town: Town) -> dict[str, tuple[bool, str]]:
    body = town.knock().get("/readyz").json()
    return {check["name"]: (check["ok"], check["reason"]) for check in body["checks"]}


def ticked(town: Town) -> Town:
    timetable = Timetable(town.house, town.gauges)
    assert timetable.run(timetable.jobs[0])
    return town


def test_alive_asks_nobody(town: Town):
    assert town.knock().get("/healthz").json() == {"status": "alive"}


def test_ready_when_everything_was_looked_at_and_found_well(town: Town):
    answer = ticked(town).knock().get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    names = {"database", "migrations", "backlog", "clock", "timetable"}
    assert set(checks(town)) == names | {"broker_telemetry", "broker_control"}


def test_not_ready_before_the_timetable_runs(town: Town):
    assert town.knock().get("/readyz").status_code == 503
    assert checks(town)["timetable"] == (False, "The timetable has not begun.")


def test_a_broker_that_is_away_deaf_or_not_stored_from_is_said_by_name(town: Town):
    ticked(town)
    for changes, words in (
        ({"connected": False}, "The broker is not reached."),
        ({"loopback_age_s": 75.0}, "no message of our own came back for 75 s"),
        ({"failing_s": 12.0}, "could not be stored for 12 s"),
        ({"inbox": 19_000}, "19000 messages wait"),
    ):
        town.wire.state = WireHealth(lane("telemetry", **changes), lane("control"))
        assert town.knock().get("/readyz").status_code == 503
        ok, reason = checks(town)["broker_telemetry"]
        assert not ok
        assert words in reason
        assert checks(town)["broker_control"][0]


def test_a_clock_that_was_never_set_or_set_back_is_not_ready(town: Town):
    ticked(town)
    now = town.clock.now()
    town.clock.at = now - timedelta(hours=2)
    assert not checks(town)["clock"][0]
    assert "set back" in checks(town)["clock"][1]
    town.clock.at = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)
    assert "never set" in checks(town)["clock"][1]


def test_without_a_database_it_is_alive_and_not_ready(town: Town, monkeypatch):
    ticked(town)
    from sqlalchemy.exc import OperationalError

    def away(*_args, **_more):
        raise OperationalError("connect", {}, OSError("no route"))

    monkeypatch.setattr(type(town.house.store.engine), "connect", away)
    answer = town.knock().get("/readyz")
    assert answer.status_code == 503
    found = {check["name"]: check["ok"] for check in answer.json()["checks"]}
    assert found["database"] is False
    assert "migrations" not in found
    assert town.knock().get("/healthz").status_code == 200


def test_metrics_are_for_the_scraper_and_for_staff_not_for_whoever_finds_the_port(town: Town):
    assert town.knock({"accept": "application/json"}).get("/metrics").status_code == 401
    assert town.resident().get("/metrics").status_code == 403
    assert town.staff("maintenance").get("/metrics").status_code == 200
    scraper = town.knock({"authorization": f"Bearer {SCRAPER}"})
    answer = scraper.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answer.text.endswith("\n")


def test_no_figure_is_labelled_with_a_household_a_session_or_a_card(town: Town, charge):
    session = charge()
    text = town.gauges.text().decode()
    labels = {
        name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name in sample.labels
    }
    assert not labels & {"household", "session", "card", "door", "resident", "order"}
    assert session not in text
    assert len(text.splitlines()) < 1500
