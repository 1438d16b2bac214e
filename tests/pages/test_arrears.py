"""Arrears on the committee's table, on slips of paper and on a resident's own page."""

import re
from datetime import datetime, timedelta

from service.billing.actions import PaidBy, PaymentReceived, post_sessions, record_payment
from service.clock import FixedClock
from service.desk.actions import written
from service.desk.matching import payment_word
from service.desk.written import Kind, Wish
from service.flow import books
from service.households.actions import find_household
from tests.billing.books import a_session
from tests.pages.visitors import House, words
from tests.support.compound import at

PATH = "/committee/arrears"


def home(house: House, door: str) -> int:
    with house.compound.house.store.reading() as uow:
        found = find_household(uow, door)
    assert found
    return found.id or 0


def a_billed_charge(house: House, door: str = "1-101") -> None:
    """A charge of this door that is on its statement already."""
    bill = a_session("01JNAX3K6ZQ4V8S2T7M9D1C5BH", home(house, door), "2026-03-02 12:00")
    with house.compound.house.work() as work:
        post_sessions(work.uow, [bill], work.now, house.compound.house.settings.zone)


def owe_for_march(house: House, clock: FixedClock) -> int:
    """1-101 charges in March; the statement is published in April. What it owes, in fen."""
    a_billed_charge(house)
    clock.at = at("2026-04-06 09:00")
    books.end_month(house.compound.house, "2026-03")
    text = house.staff("committee").text(PATH)
    total = re.search(r"Total (\d+)\.(\d\d) 0.00", text)
    assert total, text
    return int(total[1] + total[2])


def pay(house: House, door: str, fen: int) -> None:
    payment = PaymentReceived(
        f"P{fen}", home(house, door), fen, house.clock.now(), PaidBy.BANK, "committee:1"
    )
    with house.compound.house.work() as work:
        record_payment(work.uow, payment, work.now, house.compound.house.settings.zone)


def due(clock: FixedClock, days: int = 30) -> datetime:
    clock.at = at("2026-04-06 09:00") + timedelta(days=days)
    return clock.at


def test_a_statement_is_late_thirty_days_after_it_was_published(house: House, clock: FixedClock):
    fen = owe_for_march(house, clock)
    committee, resident = house.staff("committee"), house.resident("1-101")
    assert "0.00 yuan late, 0 households" in committee.text(PATH)
    assert "are open since" not in resident.text("/me")
    due(clock, 29)
    assert "0.00 yuan late, 0 households" in house.staff("committee").text(PATH)
    due(clock)
    text = house.staff("committee").text(PATH)
    assert f"{fen / 100:.2f} yuan late, 1 households" in text
    assert "March 2026 · 1 days late" in text
    assert "Both are the same, to the fen." in text
    own = house.resident("1-101").text("/me")
    assert f"{fen / 100:.2f} yuan are open since 6 May 2026" in own
    assert f"with the note {payment_word(home(house, '1-101'))}" in own
    assert "are open since" not in house.resident("1-102").text("/me")


def test_reminders_are_slips_for_letter_boxes(house: House, clock: FixedClock):
    fen = owe_for_march(house, clock)
    due(clock)
    committee = house.staff("committee")
    assert "Print 1 reminders" in committee.text(PATH)
    page = committee.get(f"{PATH}/slips")
    assert page.text.count('class="slip"') == 1
    text = words(page.text)
    assert f"{fen / 100:.2f} yuan for charging are still open" in text
    assert payment_word(home(house, "1-101")) in text
    assert "Nobody has to be reminded." in committee.text(f"{PATH}/slips?entrance=2")


def test_who_has_paid_at_the_desk_is_not_reminded_while_it_waits_for_a_signature(
    house: House, clock: FixedClock
):
    fen = owe_for_march(house, clock)
    now = due(clock)
    wish = Wish(Kind.PAYMENT, fen, now, "", PaidBy.CASH, home(house, "1-101"))
    with house.compound.house.work() as work:
        written.write(work.uow, wish, None, "a form", 1, now, house.compound.house.settings.zone)
    text = house.staff("committee").text(PATH)
    assert f"{fen / 100:.2f} yuan paid, waits for the second signature" in text
    assert "reminders" not in text


def test_what_was_paid_too_much_is_a_credit_carried_over(house: House, clock: FixedClock):
    fen = owe_for_march(house, clock)
    pay(house, "1-101", fen + 500)
    pay(house, "1-102", 1000)
    text = house.staff("committee").text(PATH)
    assert "Who paid ahead" in text
    assert "1-101 5.00" in text
    assert "1-102 10.00" in text
    assert "Open 0.00 − paid ahead 15.00 = -15.00 yuan. The ledger says -15.00 yuan." in text
    due(clock)
    assert "are open since" not in house.resident("1-101").text("/me")


def test_payments_that_are_nobody_s_are_named_before_anybody_is_reminded(
    house: House, clock: FixedClock
):
    from tests.desk.exports import wechat, wechat_row
    from tests.pages.test_payments import press, send

    owe_for_march(house, clock)
    committee = house.staff("committee")
    press(committee, send(committee, wechat(wechat_row(note="电费"))), "take-in")
    assert "1 payments of 12.60 yuan are nobody's yet." in committee.text(PATH)


def test_without_debts_the_page_says_so(house: House):
    text = house.staff("committee").text(PATH)
    assert "Nobody owes anything, and nobody paid ahead." in text
    for login in ("gatehouse", "viewer", "maintenance"):
        assert house.staff(login).get(PATH).status_code == 403
