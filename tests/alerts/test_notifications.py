"""From incidents to people, on both databases: stories of bursts, nights and dead mail servers."""

from datetime import timedelta

import pytest
from sqlmodel import select

from service.alerts import actions
from service.alerts.records import Incident, Notification, open_rows
from service.alerts.safety import outlets_to_switch_off, watch_after_end
from service.alerts.sender import Messenger
from service.alerts.subject import measured
from service.alerts.trouble import HeartbeatFaults, Trouble
from service.clock import FixedClock, to_ms
from service.store import Store
from tests.alerts.recording import RecordingMessenger


class Staff:
    """The people who are told, and the job that tells them each second."""

    def __init__(self, store: Store, clock: FixedClock, channels: tuple[str, ...] = ("staff",)):
        self.store, self.clock, self.channels = store, clock, channels
        self.phone = RecordingMessenger()

    def tick(self, seconds: int = 1, every: int = 1) -> None:
        """Let time pass; each second what is due is sent, outside of any unit of work. Long waits
        may look more rarely."""
        for _ in range(0, seconds, every):
            with self.store.writing() as uow:
                due = actions.due_notifications(uow, self.clock.now(), self.channels, language="en")
            for one in due:
                self.send(self.phone, one)
            self.clock.advance(every)

    def send(self, messenger: Messenger, one: Notification) -> None:
        error = messenger.send([one.channel], one.title, one.text)
        with self.store.writing() as uow:
            if error is None:
                actions.mark_sent(uow, one.id or 0, self.clock.now())
            else:
                actions.mark_failed(uow, one.id or 0, self.clock.now(), error)

    @property
    def titles(self) -> list[str]:
        return [title for _, title, _ in self.phone.sent]

    def is_told(self, *troubles: Trouble) -> list[actions.RaiseResult]:
        with self.store.writing() as uow:
            return [actions.raise_incident(uow, one, self.clock.now()) for one in troubles]


@pytest.fixture
def staff(store: Store, clock: FixedClock) -> Staff:
    return Staff(store, clock)


def smoke(number: int = 17) -> Trouble:
    return Trouble("smoke", pile=f"BM-{number:03d}", entrance=3, source="pile")


def test_a_burst_of_a_hundred_messages_is_one_notification(staff: Staff):
    for number in range(100):
        staff.is_told(Trouble("tamper", pile=f"BM-{number % 38:03d}", entrance=1 + number % 4))
    staff.tick(400, every=20)
    (only,) = staff.phone.sent
    assert only[1] == "Case opened, pile BM-000, and 37 more"
    assert only[2].count("Entrance") == 4


def test_a_hundred_critical_messages_in_one_second_are_one_notification_too(staff: Staff):
    for number in range(100):
        staff.is_told(smoke(number % 38))
    staff.tick(60)
    assert staff.titles == ["URGENT: Smoke, pile BM-000, and 37 more"]


def test_smoke_switches_the_neighbours_off_and_is_notified_within_ten_seconds(
    staff: Staff, clock: FixedClock
):
    began = clock.now()
    staff.is_told(smoke(2))
    neighbours = {"BM-002": ["BM-001", "BM-003"]}
    outlets = {f"BM-{n:03d}": [1, 2] for n in range(1, 39)}
    off = outlets_to_switch_off("smoke", "BM-002", None, outlets, neighbours)
    assert {place.pile for place in off} == {"BM-001", "BM-002", "BM-003"}
    staff.tick(10)
    assert staff.titles == ["URGENT: Smoke, pile BM-002"]
    with staff.store.reading() as uow:
        row = uow.session.exec(select(Notification)).one()
        assert row.sent_at is not None
        assert row.sent_at - began < timedelta(seconds=10)
        assert row.urgent
        assert row.attempts == 1


def test_a_welded_relay_at_night(staff: Staff, clock: FixedClock):
    """The session ended at 02:10, the power did not. The gatehouse pulls the plug at 02:31."""
    ended_ms = to_ms(clock.now())
    since_ms = None
    for _ in range(2):
        clock.advance(60)
        powered = watch_after_end(ended_ms, since_ms, 142.0, to_ms(clock.now()))
        assert powered is not None
        since_ms = powered.since_ms
    assert powered.is_welded
    (result,) = staff.is_told(Trouble("relay_welded", pile="BM-017", outlet=2, entrance=3))
    number = result.incident.id or 0
    staff.tick(5)
    assert len(staff.titles) == 1
    assert "Relay welded" in staff.titles[0]

    staff.tick(1200, every=20)
    with staff.store.writing() as uow:
        healthy = {"BM-017": HeartbeatFaults(clock.now())}
        assert actions.recheck(uow, healthy, clock.now()) == [], "the pile does not know it"
        actions.take(uow, number, "gatehouse", clock.now())
        actions.note(uow, number, "gatehouse", clock.now(), "Plug pulled, board switched off.")
    staff.tick(2000, every=20)
    assert len(staff.titles) == 1, "somebody has taken it: no reminder"
    with staff.store.writing() as uow:
        assert isinstance(
            actions.close(uow, number, "li", clock.now(), "Relay replaced"), actions.Done
        )
        assert open_rows(uow) == []


def test_what_is_critical_is_repeated_each_half_hour_until_somebody_answers(staff: Staff):
    (result,) = staff.is_told(smoke())
    staff.tick(3700, every=20)
    assert len(staff.titles) == 3, "at once, after 30 and after 60 minutes"
    with staff.store.writing() as uow:
        actions.acknowledge(uow, result.incident.id or 0, "gatehouse", staff.clock.now())
    staff.tick(3700, every=20)
    assert len(staff.titles) == 3


def test_smoke_that_lasts_a_second_is_told_all_the_same(staff: Staff):
    staff.is_told(smoke())
    with staff.store.writing() as uow:
        actions.clear(uow, smoke().key, staff.clock.now())
    staff.tick(5)
    assert staff.titles == ["URGENT: Smoke, pile BM-017"]


def test_a_glitch_of_a_minute_and_mere_information_are_never_told(staff: Staff):
    fuse = Trouble("fuse", pile="BM-003", outlet=1, source="pile")
    staff.is_told(fuse, Trouble("weak_signal", pile="BM-004", source="pile"))
    staff.tick(60)
    with staff.store.writing() as uow:
        actions.clear(uow, fuse.key, staff.clock.now())
    staff.tick(1500, every=20)
    assert staff.titles == []


def test_a_fault_that_flaps_all_evening_is_one_message_each_quarter_of_an_hour(staff: Staff):
    jam = Trouble("tamper", pile="BM-003", source="pile")
    for _ in range(30):
        staff.is_told(jam)
        staff.tick(60, every=20)
        with staff.store.writing() as uow:
            actions.clear(uow, jam.key, staff.clock.now())
        staff.tick(60, every=20)
    assert 1 <= len(staff.titles) <= 4
    with staff.store.reading() as uow:
        assert len(uow.session.exec(select(Incident)).all()) == 1


def test_a_silenced_incident_is_quiet_until_its_silence_ends(staff: Staff):
    (result,) = staff.is_told(smoke())
    staff.tick(2)
    with staff.store.writing() as uow:
        until = staff.clock.now() + timedelta(hours=2)
        actions.snooze(uow, result.incident.id or 0, "li", staff.clock.now(), until, "kitchen")
    staff.tick(7000, every=20)
    assert len(staff.titles) == 1
    staff.tick(400, every=20)
    assert len(staff.titles) == 2


def test_a_dead_mail_server_makes_no_incident_and_the_message_arrives_once_it_lives(staff: Staff):
    staff.phone.failing = "mailto: not taken"
    staff.is_told(smoke())
    staff.tick(600, every=20)
    with staff.store.reading() as uow:
        assert [row.code for row in open_rows(uow)] == ["smoke"]
        waiting = uow.session.exec(select(Notification)).one()
        assert waiting.last_error == "mailto: not taken"
        assert waiting.sent_at is None
    assert 3 <= staff.phone.attempts <= 6, "tried ever less often, never in a loop"
    staff.phone.failing = None
    staff.tick(900, every=20)
    assert staff.titles == ["URGENT: Smoke, pile BM-017"]
    attempts = staff.phone.attempts
    staff.tick(60)
    assert staff.phone.attempts == attempts, "sent is sent"


def test_an_ordinary_message_that_could_not_be_sent_for_a_day_is_no_news(
    staff: Staff, clock: FixedClock
):
    staff.phone.failing = "mailto: not taken"
    staff.is_told(Trouble("tamper", pile="BM-003", source="pile"))
    staff.tick(70)
    clock.advance(24 * 3600)
    staff.phone.failing = None
    staff.tick(5)
    assert staff.titles == []


def test_every_channel_gets_its_own_message_and_fails_on_its_own(store: Store, clock: FixedClock):
    staff = Staff(store, clock, channels=("gatehouse", "maintenance"))
    staff.is_told(smoke())
    with store.writing() as uow:
        first, second = actions.due_notifications(uow, clock.now(), staff.channels, "en")
        actions.mark_failed(uow, first.id or 0, clock.now(), "x" * 900)
        actions.mark_sent(uow, second.id or 0, clock.now())
        actions.mark_sent(uow, 4711, clock.now())
        actions.mark_failed(uow, 4711, clock.now(), "nobody")
    assert len(first.last_error or "") == 500
    staff.tick(40)
    assert [urls for urls, _, _ in staff.phone.sent] == [("gatehouse",)]


def test_a_crash_between_commit_and_sending_loses_no_message(store: Store, clock: FixedClock):
    first_life, second_life = Staff(store, clock), Staff(store, clock)
    first_life.is_told(smoke())
    with store.writing() as uow:
        assert len(actions.due_notifications(uow, clock.now(), ("staff",), "en")) == 1
    clock.advance(5)
    second_life.tick(1)
    assert second_life.titles == ["URGENT: Smoke, pile BM-017"]


def test_the_message_says_what_was_measured(staff: Staff):
    hot = Trouble(
        "over_temp_outlet", pile="BM-017", outlet=1, entrance=3,
        detail=measured(82.5, 80, "c"), source="pile",
    )  # fmt: skip
    staff.is_told(hot)
    staff.tick(1)
    (_, title, text) = staff.phone.sent[0]
    assert title == "URGENT: Outlet too hot, pile BM-017 outlet 1"
    assert text == (
        "Entrance 3\n- Outlet too hot: pile BM-017 outlet 1. Measured 82.5 °C, limit 80 °C."
    )


@pytest.mark.parametrize(
    ("value", "limit", "unit", "says"),
    [
        (None, 80, "c", None),
        (31, None, "ma", "Measured 31 mA."),
        (271.5, 270, "v", "Measured 271.5 V, limit 270 V."),
        (3, 2, "bar", "Measured 3 bar, limit 2 bar."),
        (3, None, None, "Measured 3."),
    ],
)
def test_what_a_pile_measured_in_words(value, limit, unit, says: str | None):
    sentence = measured(value, limit, unit)
    assert (sentence.in_language("en") if sentence else None) == says
