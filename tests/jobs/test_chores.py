"""What the desk has done by time: payments posted, the committee reminded, people forgotten."""

from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlmodel import select

from service import chores
from service.billing.actions import PaidBy, PaymentReceived, balances, record_payment, verify
from service.clock import FixedClock
from service.desk.actions import payments, received, written
from service.desk.records import PaymentFile, Question
from service.flow import House, books, ticks
from service.households import actions as households
from service.households.actions import audit
from service.households.outcomes import Actor
from service.households.records import AuditEntry, Pass, SignIn
from service.store.job_runs import runs_of
from tests.desk.exports import wechat, wechat_row
from tests.jobs.test_jobs import charged
from tests.support.compound import at

ADDRESSES = [SecretStr("mailto://committee@beimen.example")]


@pytest.fixture
def owing(house: House, pile, clock: FixedClock) -> House:
    """1-101 has charged in March; the committee has one address."""
    charged(house, pile, clock)
    clock.advance(700)
    ticks.tick_slowly(house)
    house.settings = house.settings.model_copy(update={"committee_notify_urls": ADDRESSES})
    return house


def publish(
    house: House, clock: FixedClock, month: str = "2026-03", day: str = "2026-04-06"
) -> None:
    clock.at = at(f"{day} 09:00")
    books.end_month(house, month)


def pay_all(house: House) -> None:
    with house.work() as work:
        for household, fen in balances(work.uow).items():
            payment = PaymentReceived("P1", household, fen, work.now, PaidBy.BANK, "committee:1")
            record_payment(work.uow, payment, work.now, house.settings.zone)


# --- reminding -----------------------------------------------------------------------------------


def test_the_committee_is_told_once_for_each_month_when_it_is_due(owing, clock, messenger):
    publish(owing, clock)
    assert not chores.remind(owing, messenger), "the statement is not due yet"
    clock.at = at("2026-05-05 23:59")
    assert not chores.remind(owing, messenger)
    clock.at = at("2026-05-06 00:00")
    assert chores.remind(owing, messenger)
    assert not chores.remind(owing, messenger), "once"
    ((url, title, body),) = messenger.sent
    assert url == ADDRESSES[0].get_secret_value()
    assert "0.42" in title
    assert "1" in body
    assert "2026-03" in body
    assert "1-101" not in title + body, "no door leaves the house"


def test_an_address_that_fails_is_tried_again(owing, clock, messenger):
    publish(owing, clock)
    clock.at = at("2026-05-06 10:00")
    messenger.broken = "mailto: not taken"
    assert not chores.remind(owing, messenger)
    messenger.broken = None
    assert chores.remind(owing, messenger)
    with owing.store.reading() as uow:
        (run,) = runs_of(uow, "remind")
    assert (run.period, run.attempts) == ("2026-03", 2)
    assert run.finished_at is not None


def test_nobody_is_told_when_everybody_has_paid(owing, clock, messenger):
    publish(owing, clock)
    pay_all(owing)
    clock.at = at("2026-05-06 10:00")
    assert not chores.remind(owing, messenger)
    assert messenger.sent == []
    with owing.store.reading() as uow:
        assert [run.finished_at is not None for run in runs_of(uow, "remind")] == [True]


def test_without_an_address_nothing_counts_as_told(owing, clock, messenger):
    publish(owing, clock)
    clock.at = at("2026-05-06 10:00")
    told = owing.settings
    owing.settings = told.model_copy(update={"committee_notify_urls": []})
    assert not chores.remind(owing, messenger)
    owing.settings = told
    assert chores.remind(owing, messenger)


def test_months_missed_while_the_service_was_down_are_told_together_once(owing, clock, messenger):
    publish(owing, clock)
    publish(owing, clock, "2026-04", "2026-05-06")
    clock.at = at("2026-09-01 10:00")
    assert chores.remind(owing, messenger)
    assert not chores.remind(owing, messenger)
    assert len(messenger.sent) == 1


def test_no_unit_of_work_is_open_while_a_slow_address_is_told(owing, clock):
    publish(owing, clock)
    clock.at = at("2026-05-06 10:00")

    class Slow:
        def send(self, urls, title, body):
            with owing.store.writing():
                return

    assert chores.remind(owing, Slow())


# --- posting -------------------------------------------------------------------------------------


def taken_in(house: House, *rows) -> int:
    """A file whose taking in was killed before anything was posted."""
    zone = house.settings.zone
    with house.work() as work:
        file = received.send_in(work.uow, wechat(*rows), work.now, 1)
        assert isinstance(file, PaymentFile)
        seen = received.dry_run(work.uow, file.id or 0, work.now, zone, house.key)
        assert isinstance(seen, received.DryRun)
        received.take_in(work.uow, seen, seen.seal, False, work.now, 1)
        return file.id or 0


def test_what_a_kill_left_is_posted_within_a_minute_and_what_was_taken_back_is_free(
    house: House, clock
):
    row = wechat_row(note="1-101", at="2026-03-02 10:00:00")
    file_id = taken_in(house, row)
    assert chores.post_received(house) == 1
    assert chores.post_received(house) == 0
    with house.work() as work:
        zone = house.settings.zone
        assert [*balances(work.uow).values()] == [-1260]
        wish = payments.take_back(work.uow, (file_id, 18), "another's", "f", 1, work.now, zone)
        assert isinstance(wish, written.Written)
        written.approve(work.uow, wish.hand.id, 2, work.now, zone)
    assert chores.post_received(house) == 1
    with house.store.reading() as uow:
        assert received.unmatched(uow, "2026-03", house.settings.zone) == 1
        assert balances(uow) == {}


# --- forgetting ----------------------------------------------------------------------------------


def test_people_are_forgotten_and_no_figure_of_the_books_moves(owing, clock):
    taken_in(owing, wechat_row(note="1-101", at="2026-03-02 10:00:00"))
    chores.post_received(owing)
    with owing.work() as work:
        gone = households.find_household(work.uow, "1-101")
        stays = households.find_household(work.uow, "1-102")
        for home in (gone, stays):
            code = households.new_code(work.uow, home.id, work.now, owing.key)
            households.redeem_code(work.uow, code, work.now, owing.key, "Browser 1 (a phone)")
        actor = Actor("committee", 1, "203.0.113.9")
        audit(work.uow, work.now, actor, "month.close", "2026-02")
        households.move_out(work.uow, gone.id, work.now)
    publish(owing, clock)
    before = everything(owing)
    assert chores.forget(owing).passes == 0, "not before its time"
    clock.at = at("2026-03-03 09:00") + timedelta(days=180)
    erased = chores.forget(owing)
    assert (erased.payers, erased.agents, erased.addresses) == (1, 1, 1)
    assert erased.passes == 3, "a card, a code and a phone of those who left"
    with owing.store.reading() as uow:
        assert {one.agent for one in uow.session.exec(select(SignIn))} == {""}
        assert {one.from_address for one in uow.session.exec(select(AuditEntry))} == {""}
        assert gone.id not in {one.household_id for one in uow.session.exec(select(Pass))}
        assert stays.id in {one.household_id for one in uow.session.exec(select(Pass))}
    assert everything(owing) == before
    assert chores.forget(owing) == type(erased)(0, 0, 0, 0, 0, 0), "once"


def asked(house: House, answered_at) -> None:
    row = Question(
        session_id="S1",
        household_id=1,
        words="we were on holiday",
        asked_at=at("2026-03-03 10:00"),
        evidence={"readings": [1, 2]},
        evidence_sha256="0" * 64,
    )
    with house.store.writing() as uow:
        uow.session.add(row)
        uow.session.flush()
        if answered_at is not None:
            row.state, row.answer, row.answered_at = "refused", "the meter ran", answered_at


@pytest.mark.parametrize(
    ("answered", "words"), [("2026-03-04 10:00", ""), (None, "we were on holiday")]
)
def test_what_a_household_wrote_is_erased_once_it_was_answered(house, clock, answered, words):
    asked(house, at(answered) if answered else None)
    clock.at = at("2026-03-04 10:00") + timedelta(days=181)
    chores.forget(house)
    with house.store.reading() as uow:
        (row,) = uow.session.exec(select(Question))
    assert (row.words, row.evidence) == (words, {"readings": [1, 2]})


def test_a_draft_is_kept_for_a_day(house, clock):
    with house.work() as work:
        received.send_in(work.uow, wechat(wechat_row()), work.now, 1)
    clock.advance(86_400)
    assert chores.forget(house).drafts == 0
    clock.advance(1)
    assert chores.forget(house).drafts == 1


FACTS = (
    "tariff_version", "tariff_band", "ledger_entry", "ledger_posting", "billed_session",
    "bill_line", "statement", "month_close", "proof_leaf", "proof_root", "month_account",
    "hand_entry", "voucher", "grid_bill", "held_decision",
)  # fmt: skip


def everything(house: House) -> dict[str, list[str]]:
    """Every row that a figure, a seal, a statement or a proof rests on, as it stands."""
    with house.store.reading() as uow:
        connection = uow.session.connection()
        found = {
            table: sorted(
                str(tuple(row))
                for row in connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608
            )
            for table in FACTS
        }
        assert verify(uow).misfits == ()
    assert found["statement"], "a month was closed"
    assert found["proof_leaf"]
    return found
