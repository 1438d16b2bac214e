"""Nobody answers: who is told next, when, and when nobody is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.alerts import actions, escalation
from service.alerts.digest import Concern
from service.alerts.escalation import EscalationRules, is_due, waits_since
from service.alerts.records import Incident, incident_row
from service.alerts.trouble import Trouble, key_of
from service.clock import FixedClock
from service.piles.faults import Severity
from service.store import Store
from service.words import Sentence

T0 = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
RULES = EscalationRules(after_s=900)
SMOKE = Concern(
    incident_id=1,
    code="smoke",
    severity=Severity.CRITICAL,
    entrance=3,
    place=Sentence("pile 17"),
    detail=None,
    show_at=T0,
    is_active=True,
    is_answered=False,
)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("change", "minutes", "due"),
    [
        ({}, 14.9, False),
        ({}, 15, True),
        ({}, 600, True),
        ({"is_answered": True}, 60, False),
        ({"is_active": False}, 60, False),
        ({"severity": Severity.WARNING}, 60, False),
        ({"snoozed_until": at(30)}, 40, False),
        ({"snoozed_until": at(30)}, 45, True),
        ({"reopened_at": at(50)}, 60, False),
        ({"reopened_at": at(50)}, 65, True),
        ({"escalated_at": at(15)}, 60, False),
        ({"escalated_at": at(15), "reopened_at": at(50)}, 65, True),
        ({"escalated_at": at(15), "snoozed_until": at(50)}, 65, True),
    ],
)
def test_the_next_in_line_are_told_once_for_each_time_it_waits(change, minutes, due):
    concern = replace(SMOKE, **change)
    assert is_due(concern, at(minutes), RULES) is due


minutes = st.integers(min_value=0, max_value=600)


@given(now=minutes, reopened=st.none() | minutes, snoozed=st.none() | minutes)
def test_whoever_has_just_been_told_is_not_told_again(now, reopened, snoozed):
    concern = replace(
        SMOKE,
        reopened_at=None if reopened is None else at(reopened),
        snoozed_until=None if snoozed is None else at(snoozed),
    )
    if is_due(concern, at(now), RULES):
        since = waits_since(concern)
        assert since is not None
        assert at(now) - since >= timedelta(minutes=15)
        assert not is_due(replace(concern, escalated_at=at(now)), at(now + 1), RULES)


def test_several_that_wait_are_one_message_with_the_longest_wait_in_its_title():
    later = replace(SMOKE, incident_id=2, code="water", show_at=at(5))
    planned = escalation.plan([later, SMOKE], at(25), RULES)
    assert planned is not None
    assert planned.urgent
    title = escalation.title(planned, at(25), "en")
    assert title.startswith("NOBODY ANSWERED for 25 min: Smoke")
    assert title.endswith("and 1 more")
    assert escalation.plan([later], at(6), RULES) is None


# --- on both databases ---------------------------------------------------------------------------


class Night:
    """Incidents in a store, and the second by second look of the job that tells people."""

    def __init__(self, store: Store, clock: FixedClock, next_in_line: tuple[str, ...]):
        self.store, self.clock, self.next_in_line = store, clock, next_in_line
        self.told: list[tuple[str, str]] = []

    def smoke(self) -> None:
        with self.store.writing() as uow:
            trouble = Trouble("smoke", pile="BM-017", entrance=3)
            actions.raise_incident(uow, trouble, self.clock.now())

    def smoke_is_over(self) -> None:
        with self.store.writing() as uow:
            actions.clear(uow, key_of("smoke", "BM-017"), self.clock.now())

    def incident(self) -> Incident:
        with self.store.reading() as uow:
            row = incident_row(uow, 1)
            assert row is not None
            return row

    def pass_minutes(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(60)
            with self.store.writing() as uow:
                due = actions.due_notifications(
                    uow,
                    self.clock.now(),
                    ["duty"],
                    language="en",
                    next_in_line=self.next_in_line,
                    escalate=RULES,
                )
                for one in due:
                    actions.mark_sent(uow, one.id or 0, self.clock.now())
                self.told += [(one.channel, one.title.partition(":")[0]) for one in due]


def test_nobody_answers_smoke_so_the_next_in_line_are_told_and_reminded_too(
    store: Store, clock: FixedClock
):
    night = Night(store, clock, ("next-mailto-1",))
    night.smoke()
    night.pass_minutes(14)
    assert night.told == [("duty", "URGENT")]
    night.pass_minutes(1)
    assert night.told[1:] == [("next-mailto-1", "NOBODY ANSWERED for 15 min")]
    assert night.incident().escalated_to == "next"
    night.pass_minutes(20)
    assert night.told[2:] == [("duty", "URGENT"), ("next-mailto-1", "URGENT")]


def test_where_nobody_is_next_the_first_are_told_again(store: Store, clock: FixedClock):
    night = Night(store, clock, ())
    night.smoke()
    night.pass_minutes(16)
    assert night.told == [("duty", "URGENT"), ("duty", "NOBODY ANSWERED for 15 min")]
    assert night.incident().escalated_to == "again"


def test_an_answer_in_time_wakes_nobody_else(store: Store, clock: FixedClock):
    night = Night(store, clock, ("next-mailto-1",))
    night.smoke()
    night.pass_minutes(10)
    with store.writing() as uow:
        actions.acknowledge(uow, 1, "maintenance", clock.now())
    night.pass_minutes(120)
    assert night.told == [("duty", "URGENT")]
    assert night.incident().escalated_at is None


def test_what_comes_back_after_it_was_closed_waits_for_an_answer_anew(
    store: Store, clock: FixedClock
):
    night = Night(store, clock, ("next-mailto-1",))
    night.smoke()
    night.pass_minutes(15)
    night.smoke_is_over()
    with store.writing() as uow:
        actions.close(uow, 1, "maintenance", clock.now(), "aired")
    night.pass_minutes(5)
    night.smoke()
    assert night.incident().escalated_at is None
    night.told.clear()
    night.pass_minutes(16)
    assert ("next-mailto-1", "NOBODY ANSWERED for 15 min") in night.told
