"""The runner of jobs: what breaks is counted and told, and only one process keeps the timetable."""

import threading

import pytest

from service.alerts.records import open_rows
from service.jobs import Job, MonthNotClosedError, Timetable
from service.store import Store
from service.store.engine import open_engine
from service.store.leader import Leader
from tests.jobs.conftest import PaperMessenger


@pytest.fixture
def timetable(house, gauges, messenger):
    found = Timetable(house, gauges, messenger)
    yield found
    found.stop()


def broken(error: Exception) -> Job:
    def call() -> None:
        raise error

    return Job("tick", 1, call)


def incidents(house) -> dict[str, bool]:
    """Open incidents by code: does the cause last?"""
    with house.store.reading() as uow:
        return {row.code: row.cleared_at is None for row in open_rows(uow)}


def test_every_job_works_on_a_quiet_evening(timetable, pile):
    assert [job.name for job in timetable.jobs if not timetable.run(job)] == []


def test_what_breaks_is_counted_and_becomes_one_incident(timetable, house, gauges):
    for _ in range(5):
        assert not timetable.run(broken(ZeroDivisionError("inside")))
    text = gauges.text().decode()
    assert 'beimen_job_runs_total{result="failed",task="tick"} 5.0' in text
    assert incidents(house) == {"job_failed": True}
    with house.store.reading() as uow:
        (row,) = open_rows(uow)
    assert row.count == 1
    assert row.subject["values"] == {"job": "tick", "error": "ZeroDivisionError"}


def test_it_is_over_when_every_job_has_worked_again(timetable, house, pile):
    timetable.run(broken(OSError("disk full")))
    for job in timetable.jobs:
        assert incidents(house) == {"job_failed": True}
        timetable.run(job)
    assert incidents(house) == {"job_failed": False}


def test_an_incident_from_before_a_restart_is_cleared_too(timetable, house, gauges, pile):
    timetable.run(broken(OSError("disk full")))
    timetable.stop()
    reborn = Timetable(house, gauges, PaperMessenger())
    for job in reborn.jobs:
        reborn.run(job)
    reborn.stop()
    assert incidents(house) == {"job_failed": False}


def test_a_month_the_books_refuse_to_close_is_named_as_such(timetable, house):
    timetable.run(broken(MonthNotClosedError("2026-03: not yet")))
    assert incidents(house) == {"job_failed": True, "not_billed": True}


def test_the_runner_survives_a_database_that_is_away(timetable, house, monkeypatch):
    def away(*_args, **_more):
        raise OSError("no route to the database")

    monkeypatch.setattr(Store, "writing", away)
    monkeypatch.setattr(Store, "reading", away)
    assert not timetable.run(timetable.jobs[0])
    monkeypatch.undo()
    assert timetable.run(timetable.jobs[0])


def test_started_it_runs_every_job_at_once_and_ends_when_told(timetable, house, gauges):
    ran, done = set(), threading.Event()
    original = timetable.run

    def noting(job: Job) -> bool:
        worked = original(job)
        ran.add(job.name)
        if len(ran) == len(timetable.jobs):
            done.set()
        return worked

    timetable.run = noting
    timetable.start()
    assert done.wait(20), ran
    timetable.stop()
    assert gauges.jobs.seconds_since_tick is not None
    assert not [one.name for one in threading.enumerate() if "APScheduler" in one.name]


def test_whoever_does_not_lead_does_nothing(timetable, monkeypatch):
    monkeypatch.setattr(timetable.leader, "leads", lambda: False)
    called = []
    assert not timetable.run(Job("tick", 1, lambda: called.append(1)))
    assert called == []


def test_one_process_leads_and_the_next_takes_over_when_it_is_gone(database_url):
    first, second = (Leader(open_engine(database_url)) for _ in range(2))
    assert first.leads()
    if database_url.startswith("sqlite"):
        assert second.leads()  # one process by nature: there is nobody to agree with
        return
    assert first.leads()
    assert not second.leads()
    first.resign()
    assert second.leads()
    assert not first.leads()
    second.resign()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_leader_whose_connection_was_cut_stops_at_its_next_question(database_url):
    leader, other = (Leader(open_engine(database_url)) for _ in range(2))
    assert leader.leads()
    engine = open_engine(database_url)
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    engine.dispose()
    assert not leader.leads()
    assert other.leads()
    assert not leader.leads()
    other.resign()
