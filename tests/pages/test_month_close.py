"""The committee closes a month in one sitting: what is open, preview, close, publish."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import Response

from service.billing.actions import close_step, post_sessions
from service.clock import FixedClock
from service.households.records import audit_trail
from service.sessions.lifecycle import State
from service.sessions.records import Session
from tests.billing.books import a_session
from tests.pages.charges import Written
from tests.pages.published import MARCH, bills_of_march
from tests.pages.visitors import House, Person, empty_store, words

SECOND_OF_APRIL = datetime(2026, 4, 2, 7, 0, tzinfo=UTC)
CLOSE = f"/committee/close/{MARCH}"
REASON = "the bill comes by post"
WITHOUT_BILL = {"leave": "grid_bill", "why_grid_bill": REASON}


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path, clock: FixedClock) -> Iterator[House]:
    """Eight households and piles that nobody needs to simulate."""
    with empty_store(sqlite_template, tmp_path) as store:
        yield House(Written(store, clock))  # type: ignore[arg-type]


@pytest.fixture
def april(house: House) -> House:
    """The second of April: March has a bill for every household, and no bill of the grid."""
    bills_of_march(house)
    house.clock.at = SECOND_OF_APRIL
    return house


def press(person: Person, action: str = CLOSE, **fields: str) -> Response:
    return person.post(CLOSE, action, **fields)


def test_a_month_is_closed_and_published_in_one_sitting(april: House):
    member = april.staff("committee")
    page = member.text(CLOSE)
    assert "The grid's bill is missing" in page
    assert "All three are the same, to the fen." in page
    assert "Households with a statement 8" in page
    answer = press(member, **WITHOUT_BILL)
    text = words(answer.text)
    assert answer.url.path == CLOSE
    assert "Closed. Nothing is added to this month any more." in text
    assert "by member no. 1" in text
    assert f"The grid's bill is missing · {REASON}" in text
    assert "What everybody will read" in text
    text = words(press(member, f"{CLOSE}/publish").text)
    assert "Published. Everybody can read it now, and nobody can change it." in text
    assert f"Why it was closed all the same: {REASON}" in april.public().text(f"/open/{MARCH}")


def test_nothing_is_closed_while_something_open_has_no_reason(april: House):
    member = april.staff("committee")
    answer = press(member)
    assert answer.status_code == 409
    text = words(answer.text)
    assert "It was not closed, and nothing has changed" in text
    assert "Tick this and say why, or mend it first." in text
    answer = press(member, leave="grid_bill", why_grid_bill=" ")
    assert answer.status_code == 422
    assert "Say why it is left open." in words(answer.text)
    assert f'action="{CLOSE}"' in member.get(CLOSE).text, "it can still be closed"


def test_a_reason_is_for_the_public_and_what_was_typed_is_not_lost(april: House):
    member = april.staff("committee")
    answer = press(member, leave="grid_bill", why_grid_bill="ask 1-101")
    assert answer.status_code == 422
    assert "leave out the door 1-101" in words(answer.text)
    assert 'value="ask 1-101"' in answer.text
    assert 'value="grid_bill" checked' in answer.text


def test_a_charge_that_is_held_is_named_with_its_reason_and_leads_to_its_decision(april: House):
    with april.compound.house.store.writing() as uow:
        at = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
        uow.session.add(
            Session(
                id="H1",
                pile="LB-001",
                outlet=1,
                source="qr",
                state=State.HELD,
                max_duration_s=36_000,
                max_energy_wh=3_000,
                max_power_w=1_000,
                requested_at=at,
                started_at=at,
                ended_at=at,
                held_reason="register_fell",
            )
        )
    page = april.staff("committee").get(CLOSE).text
    assert "Charges that wait for a decision: 1" in words(page)
    assert 'href="/committee/held"' in page
    assert "Left open, they are billed or let go in a later month" in words(page)


def test_a_second_click_and_a_second_member_are_told_that_it_is_done(april: House):
    one, two = april.staff("committee"), april.staff("committee2")
    page = two.get(CLOSE)
    press(one, **WITHOUT_BILL)
    form = re.search(r'name="form_token" value="([^"]*)"', page.text)
    assert form
    late = two.client.post(CLOSE, data={"form_token": form[1], **WITHOUT_BILL})
    assert "It had been closed before; nothing was done a second time." in words(late.text)
    assert "by member no. 1" in words(late.text)
    press(two, f"{CLOSE}/publish")
    again = one.client.post(f"{CLOSE}/publish", data={"form_token": _token(one)})
    assert "It had been published before; nothing was done a second time." in words(again.text)
    assert "by member no. 2" in words(again.text)
    closed = one.client.post(CLOSE, data={"form_token": _token(one)})
    assert "It had been published before" in words(closed.text)


def _token(person: Person) -> str:
    found = re.search(r'name="form_token" value="([^"]*)"', person.get("/committee/money").text)
    assert found
    return found[1]


def test_both_deeds_are_in_the_audit_trail_with_the_reasons(april: House):
    member = april.staff("committee")
    press(member, **WITHOUT_BILL)
    press(member, f"{CLOSE}/publish")
    press_again = member.client.post(f"{CLOSE}/publish", data={"form_token": _token(member)})
    assert press_again.status_code == 200
    with april.compound.house.store.reading() as uow:
        deeds = [deed for deed in audit_trail(uow, 20) if deed.action == "month.close"]
    assert [deed.subject for deed in deeds] == [f"month {MARCH}"] * 2
    details = [deed.detail for deed in deeds]
    assert {"left_open": {"grid_bill": REASON}} in details
    assert any(detail.get("published") == 8 for detail in details)


def test_between_the_two_buttons_a_household_reads_that_its_month_is_closed(april: House):
    member, resident = april.staff("committee"), april.resident("1-101")
    path = f"/me/statements/{MARCH}"
    assert "still open" in resident.text(path)
    press(member, **WITHOUT_BILL)
    text = resident.text(path)
    assert "The month is closed" in text
    assert "It never changes" not in text
    press(member, f"{CLOSE}/publish")
    assert "It never changes" in resident.text(path)


def test_a_close_that_was_killed_half_way_is_finished_at_the_page(april: House):
    house = april.compound.house
    with house.store.writing() as uow:
        close_step(uow, MARCH, SECOND_OF_APRIL, house.settings.zone, [], "committee:1")
    member = april.staff("committee")
    assert "It is closed" in member.text(CLOSE)
    text = words(press(member, f"{CLOSE}/publish").text)
    assert "Published." in text


def test_a_month_that_runs_can_be_looked_at_and_not_closed(april: House):
    member = april.staff("committee")
    page = member.get("/committee/close/2026-04")
    assert "is still running" in words(page.text)
    assert 'action="/committee/close/2026-04"' not in page.text
    answer = member.client.post("/committee/close/2026-04", data={"form_token": _token(member)})
    assert answer.status_code == 409
    assert "2026-04 is not over yet." in words(answer.text)


def test_an_earlier_month_comes_first(april: House):
    april.clock.at = datetime(2026, 5, 2, 7, 0, tzinfo=UTC)
    member = april.staff("committee")
    page = member.get("/committee/close/2026-04")
    assert "First March 2026 must be published." in words(page.text)
    assert f'href="{CLOSE}"' in page.text
    fields = {"form_token": _token(member), **WITHOUT_BILL}
    answer = member.client.post("/committee/close/2026-04", data=fields)
    assert answer.status_code == 409
    assert "2026-03 must be closed and published before 2026-04." in words(answer.text)


@pytest.mark.parametrize("month", ["2025-12", "2027-01", "2026-13"])
def test_a_month_without_books_is_no_page(april: House, month: str):
    answer = april.staff("committee").get(f"/committee/close/{month}")
    assert answer.status_code in (404, 422)
    assert "<html" in answer.text


def test_only_the_committee_closes_a_month(april: House):
    for login in ("viewer", "gatehouse", "maintenance"):
        person = april.staff(login)
        assert person.get(CLOSE).status_code == 403
        assert person.get("/committee/money").status_code == 403
    assert april.public().get(CLOSE).url.path == "/sign-in"


# --- the money page ------------------------------------------------------------------------------


def test_the_money_page_says_where_the_month_stands_and_what_waits(april: House):
    member = april.staff("committee")
    page = member.get("/committee/money")
    text = words(page.text)
    assert "March 2026 is over. Close it, or it closes itself on 6 April 2026 at 00:05." in text
    assert "The grid's bill is missing" in text
    for card in (
        "held", "questions", "entries", "payments", "arrears", "prices", "boards", "statements",
        "doors",
    ):  # fmt: skip
        assert f'href="/committee/{card}"' in page.text, card
        assert member.get(f"/committee/{card}").status_code == 200, card
    assert "8 households live here" in text
    press(member, **WITHOUT_BILL)
    text = member.text("/committee/money")
    assert "March 2026 is closed. Publish it, or it publishes itself" in text
    press(member, f"{CLOSE}/publish")
    page = member.get("/committee/money")
    assert "April 2026 is still running." in words(page.text)
    assert f'href="/open/{MARCH}/notice"' in page.text


def test_the_biggest_changes_and_what_lies_far_above_is_shown_before_the_close(april: House):
    with april.compound.house.store.writing() as uow:
        big = a_session("a big one", 7, "2026-03-20 20:00", 30_000)
        post_sessions(uow, [big], SECOND_OF_APRIL, april.compound.house.settings.zone)
    text = april.staff("committee").text(CLOSE)
    assert "Far above the others" in text
    assert "More than four times the middle bill" in text
