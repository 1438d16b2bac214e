"""Incidents on both databases: one per place and code, whatever arrives and in whatever order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from service.alerts import actions
from service.alerts.actions import Cleared, Done, Refused, raising
from service.alerts.lifecycle import OnRaise, State
from service.alerts.records import Incident, incident_row, open_counts, open_rows, rows_between
from service.alerts.subject import from_pieces
from service.alerts.trouble import HeartbeatFaults, Trouble, key_of
from service.clock import FixedClock
from service.store import Store
from service.words import N_, Sentence

SMOKE = Trouble("smoke", pile="BM-017", entrance=3, source="pile")
FUSE = Trouble("fuse", pile="BM-017", outlet=2, entrance=3, source="pile")


def raised(store: Store, trouble: Trouble, clock: FixedClock) -> actions.RaiseResult:
    with store.writing() as uow:
        return actions.raise_incident(uow, trouble, clock.now())


def cleared(store: Store, trouble: Trouble, clock: FixedClock) -> Cleared | None:
    with store.writing() as uow:
        return actions.clear(uow, trouble.key, clock.now())


def shown(store: Store, clock: FixedClock) -> list[Incident]:
    with store.reading() as uow:
        return actions.open_incidents(uow, clock.now())


def heartbeat(
    store: Store, clock: FixedClock, *active: tuple[str, int | None], pile: str = "BM-017"
) -> list[actions.RaiseResult | Cleared]:
    heard = {pile: HeartbeatFaults(clock.now(), frozenset(active), entrance=3)}
    with store.writing() as uow:
        return actions.recheck(uow, heard, clock.now())


def test_a_fault_told_a_hundred_times_is_one_incident(store: Store, clock: FixedClock):
    results = []
    for _ in range(100):
        results.append(raised(store, SMOKE, clock))
        clock.advance(1)
    assert [r.what for r in results[:3]] == [OnRaise.OPEN, OnRaise.REFRESH, OnRaise.REFRESH]
    assert results[0].is_news
    assert not results[1].is_news
    (incident,) = shown(store, clock)
    assert incident.count == 100
    assert incident.severity == "critical"


def test_two_incidents_of_one_key_cannot_be_open_even_by_hand(store: Store, clock: FixedClock):
    raised(store, Trouble("feeder_over", feeder_id="e3"), clock)
    twin = Incident(
        key=key_of("feeder_over", feeder_id="e3"),
        feeder_id="e3",
        code="feeder_over",
        severity="critical",
        source="service",
        raised_at=clock.now(),
        last_raised_at=clock.now(),
        seen_at=clock.now(),
        show_at=clock.now(),
    )
    with pytest.raises(IntegrityError), store.writing() as uow:
        uow.session.add(twin)


def test_an_ordinary_outlet_fault_is_shown_after_three_minutes(store: Store, clock: FixedClock):
    raised(store, FUSE, clock)
    clock.advance(179)
    assert shown(store, clock) == []
    clock.advance(1)
    assert [incident.code for incident in shown(store, clock)] == ["fuse"]


def test_smoke_is_shown_at_once(store: Store, clock: FixedClock):
    raised(store, SMOKE, clock)
    assert [incident.code for incident in shown(store, clock)] == ["smoke"]


def test_a_glitch_of_a_minute_is_never_shown_and_closes_by_itself(store: Store, clock: FixedClock):
    raised(store, FUSE, clock)
    clock.advance(60)
    cleared(store, FUSE, clock)
    clock.advance(300)
    assert shown(store, clock) == []
    clock.advance(600)
    with store.writing() as uow:
        assert len(actions.close_what_is_over(uow, clock.now())) == 1
    with store.reading() as uow:
        assert open_rows(uow) == []


def test_what_comes_back_within_the_cooldown_is_the_same_incident(store: Store, clock: FixedClock):
    first = raised(store, FUSE, clock)
    clock.advance(60)
    cleared(store, FUSE, clock)
    clock.advance(600)
    again = raised(store, FUSE, clock)
    assert again.what is OnRaise.REOPEN
    assert again.incident.id == first.incident.id
    assert again.incident.state() is State.RAISED
    assert again.incident.count == 2


def test_what_comes_back_after_the_cooldown_is_a_new_incident(store: Store, clock: FixedClock):
    first = raised(store, SMOKE, clock)
    clock.advance(60)
    cleared(store, SMOKE, clock)
    clock.advance(3600)
    again = raised(store, SMOKE, clock)
    assert again.what is OnRaise.SUCCEED
    assert again.incident.id != first.incident.id
    with store.reading() as uow:
        old = incident_row(uow, first.incident.id or 0)
        assert old is not None
        assert old.closed_at == clock.now()
        assert [row.id for row in open_rows(uow)] == [again.incident.id]


def test_a_late_clear_does_not_end_what_was_raised_after_it(store: Store, clock: FixedClock):
    yesterday = clock.now() - timedelta(hours=20)
    raised(store, SMOKE, clock)
    with store.writing() as uow:
        assert actions.clear(uow, SMOKE.key, clock.now(), at=yesterday) is None
    assert len(shown(store, clock)) == 1


def test_a_late_raise_does_not_bring_back_what_is_over(store: Store, clock: FixedClock):
    began = clock.now()
    raised(store, SMOKE, clock)
    clock.advance(60)
    cleared(store, SMOKE, clock)
    clock.advance(60)
    late = Trouble("smoke", pile="BM-017", at=began + timedelta(seconds=30), source="pile")
    result = raised(store, late, clock)
    assert result.what is OnRaise.STALE
    assert result.incident.state() is State.CLEARED
    assert result.incident.count == 2


def test_a_pile_clock_in_the_future_counts_as_now(store: Store, clock: FixedClock):
    future = Trouble("smoke", pile="BM-017", at=clock.now() + timedelta(days=400), source="pile")
    assert raised(store, future, clock).incident.raised_at == clock.now()
    clock.advance(5)
    assert cleared(store, SMOKE, clock) is not None


def test_a_heartbeat_repairs_a_lost_raise_and_a_lost_clear(store: Store, clock: FixedClock):
    (opened,) = heartbeat(store, clock, ("leakage", 1))
    assert isinstance(opened, actions.RaiseResult)
    assert opened.incident.outlet == 1
    assert opened.incident.entrance == 3
    clock.advance(60)
    assert heartbeat(store, clock, ("leakage", 1)) == []
    clock.advance(60)
    (gone,) = heartbeat(store, clock)
    assert isinstance(gone, Cleared)
    assert gone.incident.cleared_at == clock.now()
    assert gone.incident.count == 1


def test_a_heartbeat_of_the_moment_before_the_raise_clears_nothing(store: Store, clock: FixedClock):
    before = clock.now()
    clock.advance(2)
    raised(store, SMOKE, clock)
    with store.writing() as uow:
        assert actions.recheck(uow, {"BM-017": HeartbeatFaults(before)}, clock.now()) == []
    assert len(shown(store, clock)) == 1


def test_a_heartbeat_clears_only_what_the_pile_itself_said(store: Store, clock: FixedClock):
    raised(store, Trouble("relay_welded", pile="BM-017", outlet=1), clock)
    raised(store, SMOKE, clock)
    clock.advance(60)
    assert [c.incident.code for c in heartbeat(store, clock)] == ["smoke"]
    assert heartbeat(store, clock, pile="BM-018") == []
    assert {i.code for i in shown(store, clock) if i.cleared_at is None} == {"relay_welded"}


def test_what_the_service_noticed_too_is_no_longer_the_piles_to_clear(
    store: Store, clock: FixedClock
):
    welded = Trouble("relay_welded", pile="BM-017", outlet=1, source="pile")
    raised(store, welded, clock)
    raised(store, Trouble("relay_welded", pile="BM-017", outlet=1), clock)
    clock.advance(60)
    assert heartbeat(store, clock) == []
    assert cleared(store, welded, clock) is not None


def test_many_heartbeats_are_checked_together(store: Store, clock: FixedClock):
    for number in range(1, 39):
        raised(store, Trouble("fan", pile=f"BM-{number:03d}", source="pile"), clock)
    clock.advance(60)
    heard = {f"BM-{n:03d}": HeartbeatFaults(clock.now()) for n in range(1, 20)}
    with store.writing() as uow:
        assert len(actions.recheck(uow, heard, clock.now())) == 19
        assert actions.recheck(uow, {}, clock.now()) == []
        assert open_counts(uow) == {"warning": 19}


def test_an_unknown_word_of_a_new_firmware_is_an_incident_too(store: Store, clock: FixedClock):
    calm = raised(store, Trouble("hall_sensor", pile="BM-001", source="pile"), clock)
    assert calm.incident.severity == "warning"
    grave = Trouble("plasma", pile="BM-001", severity="critical", source="pile")
    assert raised(store, grave, clock).incident.severity == "critical"
    odd = Trouble("gremlin", pile="BM-001", severity="apocalyptic", source="pile")
    assert raised(store, odd, clock).incident.severity == "warning"
    assert [i.code for i in shown(store, clock)] == ["plasma"]


def test_an_incident_that_gets_worse_says_so_at_once(store: Store, clock: FixedClock):
    calm = Trouble("hall_sensor", pile="BM-001", severity="warning", source="pile")
    raised(store, calm, clock)
    assert shown(store, clock) == []
    clock.advance(5)
    raised(store, Trouble("hall_sensor", pile="BM-001", severity="critical"), clock)
    (incident,) = shown(store, clock)
    assert (incident.severity, incident.notified_at) == ("critical", None)


def test_the_sentence_of_an_incident_survives_the_database(store: Store, clock: FixedClock):
    inner = Sentence(N_("pile {pile}"), {"pile": "BM-017"})
    detail = Sentence("{where}: {percent} %", {"where": inner, "percent": 104})
    result = raised(store, Trouble("feeder_over", feeder_id="e3", detail=detail), clock)
    with store.reading() as uow:
        row = incident_row(uow, result.incident.id or 0)
        assert row is not None
        assert row.subject is not None
        assert from_pieces(row.subject).in_language("en") == "pile BM-017: 104 %"


def test_maintenance_answers_from_the_first_look_to_the_end(store: Store, clock: FixedClock):
    number = raised(store, SMOKE, clock).incident.id or 0
    clock.advance(30)
    with store.writing() as uow:
        seen = actions.acknowledge(uow, number, "gate", clock.now())
        assert isinstance(seen, Done)
        assert seen.incident.state() is State.ACKNOWLEDGED
        twice = actions.acknowledge(uow, number, "li", clock.now())
        assert isinstance(twice, Refused)
        assert "already seen" in twice.sentence.in_language("en")
        going = actions.take(uow, number, "li", clock.now())
        assert isinstance(going, Done)
        assert (going.incident.acknowledged_by, going.incident.taken_by) == ("gate", "li")
        actions.note(uow, number, "li", clock.now(), " A bin was burning beside the shed. ")
    clock.advance(600)
    cleared(store, SMOKE, clock)
    with store.writing() as uow:
        done = actions.close(uow, number, "li", clock.now(), "Detector cleaned")
        assert isinstance(done, Done)
        assert done.incident.state() is State.CLOSED
        for deed in (actions.acknowledge, actions.take, actions.close):
            refused = deed(uow, number, "li", clock.now())
            assert isinstance(refused, Refused)
            assert "closed" in refused.sentence.in_language("en")
        assert isinstance(actions.note(uow, number, "li", clock.now(), "later"), Done)
        assert [n.text for n in actions.notes_of(uow, number)] == [
            "A bin was burning beside the shed.",
            "later",
        ]


def test_what_a_pile_still_reports_is_closed_only_with_a_reason(store: Store, clock: FixedClock):
    number = raised(store, FUSE, clock).incident.id or 0
    with store.writing() as uow:
        assert isinstance(actions.close(uow, number, "li", clock.now()), Refused)
        assert isinstance(actions.close(uow, number, "li", clock.now(), "pile removed"), Done)


def test_closed_too_early_it_comes_back_unanswered(store: Store, clock: FixedClock):
    number = raised(store, SMOKE, clock).incident.id or 0
    with store.writing() as uow:
        actions.take(uow, number, "li", clock.now())
        actions.close(uow, number, "li", clock.now(), "nothing there")
    clock.advance(60)
    (back,) = heartbeat(store, clock, ("smoke", None))
    assert isinstance(back, actions.RaiseResult)
    assert back.what is OnRaise.REOPEN
    assert back.incident.id == number
    assert back.incident.state() is State.RAISED
    assert back.incident.notified_at is None


def test_a_silence_needs_a_reason_and_an_end_within_a_day(store: Store, clock: FixedClock):
    number = raised(store, FUSE, clock).incident.id or 0
    now = clock.now()
    with store.writing() as uow:
        for until, reason in (
            (now + timedelta(hours=2), "  "),
            (now + timedelta(hours=25), "part ordered"),
            (now, "part ordered"),
        ):
            assert isinstance(actions.snooze(uow, number, "li", now, until, reason), Refused)
        kept = actions.snooze(uow, number, "li", now, now + timedelta(hours=20), "part ordered")
        assert isinstance(kept, Done)
        assert kept.incident.snoozed_by == "li"


def test_an_incident_that_does_not_exist_is_refused_by_name(store: Store, clock: FixedClock):
    with store.writing() as uow:
        refused = actions.take(uow, 4711, "li", clock.now())
        assert isinstance(refused, Refused)
        assert "no such incident" in refused.sentence.in_language("en")


def test_the_worst_is_on_top_and_the_months_incidents_can_be_read(store: Store, clock: FixedClock):
    raised(store, Trouble("tamper", pile="BM-001", source="pile"), clock)
    raised(store, SMOKE, clock)
    raised(store, Trouble("sim_changed", pile="BM-002", source="pile"), clock)
    assert [i.code for i in shown(store, clock)] == ["smoke", "sim_changed", "tamper"]
    with store.reading() as uow:
        since = clock.now() - timedelta(days=1)
        assert len(rows_between(uow, since, clock.now() + timedelta(seconds=1))) == 3
        assert rows_between(uow, since, clock.now()) == []


def test_one_that_was_closed_long_ago_is_followed_by_a_new_one(store: Store, clock: FixedClock):
    first = raised(store, FUSE, clock).incident.id or 0
    with store.writing() as uow:
        actions.close(uow, first, "li", clock.now(), "fuse replaced")
    clock.advance(3600)
    second = raised(store, FUSE, clock)
    assert second.what is OnRaise.OPEN
    assert second.incident.id != first


def test_whoever_is_quicker_opens_it_and_the_other_refreshes_it(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    """Two raises at the same moment: the second looked before the first was stored."""
    first = raised(store, SMOKE, clock).incident
    looks = iter([None, first])
    monkeypatch.setattr(raising, "newest_of_key", lambda *_: next(looks))
    result = raised(store, SMOKE, clock)
    assert result.what is OnRaise.REFRESH
    assert (result.incident.id, result.incident.count) == (first.id, 2)


def test_taking_over_keeps_who_saw_it_first(store: Store, clock: FixedClock):
    number = raised(store, SMOKE, clock).incident.id or 0
    with store.writing() as uow:
        actions.take(uow, number, "wang", clock.now())
        over = actions.take(uow, number, "li", clock.now())
        assert isinstance(over, Done)
        assert (over.incident.acknowledged_by, over.incident.taken_by) == ("wang", "li")
        closed = actions.close(uow, number, "li", clock.now(), "done")
        assert isinstance(closed, Done)
        late = actions.snooze(uow, number, "li", clock.now(), clock.now(), "why")
        assert isinstance(late, Refused)


def test_a_fault_that_is_still_listed_keeps_its_incident_fresh(store: Store, clock: FixedClock):
    heartbeat(store, clock, ("fan", None), ("smoke", None))
    clock.advance(600)
    assert heartbeat(store, clock, ("fan", None), ("smoke", None)) == []
    assert {incident.seen_at for incident in shown(store, clock)} == {clock.now()}
    clock.advance(60)
    assert [c.incident.code for c in heartbeat(store, clock, ("smoke", None))] == ["fan"]
    clock.advance(60)
    (back,) = heartbeat(store, clock, ("smoke", None), ("fan", None))
    assert isinstance(back, actions.RaiseResult)
    assert back.what is OnRaise.REOPEN


def test_eight_workers_at_once_open_one_incident(store: Store, clock: FixedClock):
    together = threading.Barrier(8)

    def worker(_: int) -> OnRaise:
        together.wait(10)
        return raised(store, SMOKE, clock).what

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(worker, range(8)))
    assert outcomes.count(OnRaise.OPEN) == 1
    assert outcomes.count(OnRaise.REFRESH) == 7
    with store.reading() as uow:
        assert len(open_rows(uow)) == 1
