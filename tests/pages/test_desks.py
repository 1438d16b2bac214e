"""Gatehouse, maintenance and committee through their pages; and who may not see them."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest

from service.clock import FixedClock
from service.flow import books
from service.pages.labels import print_labels
from simulator.mishaps import Mishap
from tests.pages.visitors import House, words

PAGES = {
    "/gate": {"gatehouse", "committee"},
    "/gate/cut/1": {"gatehouse", "maintenance", "committee"},
    "/fix": {"gatehouse", "maintenance", "committee"},
    "/fix/piles/1": {"gatehouse", "maintenance", "committee"},
    "/committee": {"committee", "viewer"},
    "/committee/statements": {"committee"},
    "/committee/statements/2026-03/print": {"committee"},
    "/labels": {"maintenance", "committee"},
    "/committee/boards": {"maintenance", "committee"},
    "/committee/prices": {"committee"},
    "/committee/prices/new": {"committee"},
    "/me": {"resident"},
}
EVERYBODY = ("/", "/p/1", "/p/1/1", "/sign-in", "/staff/sign-in")
ROLES = ("gatehouse", "maintenance", "committee", "viewer")


def test_every_role_sees_its_pages_and_no_others(house: House):
    people = {role: house.staff(role) for role in ROLES}
    people["resident"] = house.resident()
    for role, person in people.items():
        for path, may in PAGES.items():
            status = person.get(path).status_code
            assert status == (200 if role in may else 403), (role, path)
        for path in EVERYBODY:
            assert person.get(path).status_code == 200, (role, path)


def test_a_stranger_is_led_to_the_sign_in_and_back_again(house: House):
    stranger = house.public()
    for path in PAGES:
        answer = stranger.get(path)
        assert answer.url.path == "/sign-in", path
    assert stranger.get("/gate").url.params["next"] == "/gate"


def test_no_page_offers_what_its_reader_may_not_do(house: House):
    viewer = house.staff("viewer").text("/committee")
    assert "Statements" not in viewer
    gatehouse = house.staff("gatehouse")
    assert "Tell the pile" not in gatehouse.text("/fix/piles/1")
    assert "What it said last" not in gatehouse.text("/fix/piles/1")


@pytest.mark.parametrize("path", ["/committee/statements/2026-13", "/fix/piles/99", "/gate/cut/9"])
def test_what_does_not_exist_is_a_page_too(house: House, path: str):
    answer = house.staff("committee").get(path)
    assert answer.status_code in (404, 422)
    assert "<html" in answer.text


# --- maintenance ---------------------------------------------------------------------------------


def a_hot_outlet(house: House) -> None:
    house.plug("LB-005", 2)
    house.resident("3-101").post("/p/5/2", "/p/5/2/start")
    house.run(60)
    now = house.compound.world.now
    hot = Mishap("over_temperature", now + 1000, "LB-005", 2, now + 600_000)
    house.compound.world.mishap(hot)
    house.run(60)


def test_what_a_pile_really_said_is_told_in_plain_words(house: House):
    a_hot_outlet(house)
    text = house.staff("maintenance").text("/fix/piles/5")
    assert "Says hello: firmware" in text
    assert "Outlet 2: a plug was put in." in text
    assert re.search(r"Outlet 2: meter \d+\.\d{3} kWh, \d+ W\.", text)
    assert "Reports: " in text
    assert "Switch on outlet 2" in text
    assert "a resident" in text
    assert "resident:" not in text, "maintenance sees piles, not households"


def test_a_pile_blinks_and_answers(house: House):
    fix = house.staff("maintenance")
    fix.post("/fix/piles/4", "/fix/piles/4/locate")
    house.run(40)
    assert re.search(
        r"Blink at outlet 1 2 March \d\d:\d\d:\d\d · maintenance done", fix.text("/fix/piles/4")
    )


def test_a_pile_is_taken_out_of_service_with_a_reason_that_residents_see(house: House):
    fix = house.staff("maintenance")
    fix.post("/fix/piles/4", "/fix/piles/4/service", wanted="out", reason="new cable")
    assert "Out of service: new cable" in house.public().text("/p/4/1")
    fix.post("/fix/piles/4", "/fix/piles/4/service")
    assert "Out of service" not in house.public().text("/p/4/1")


def test_a_silent_pile_says_when_it_was_last_heard_and_takes_no_start(house: House):
    now = house.compound.world.now
    house.compound.world.link_down("LB-007", now, now + 3_600_000)
    house.run(300)
    text = house.public().text("/p/7/1")
    assert "not heard from" in text
    assert "last heard tonight 19:" in text
    assert "nothing can be started" in text


# --- committee -----------------------------------------------------------------------------------


def a_finished_charge(house: House) -> None:
    house.plug("LB-001", 1, 300)
    house.resident("1-101").post("/p/1/1", "/p/1/1/start")
    house.run(2 * 3600)
    house.unplug("LB-001", 1)
    house.run(1200)


def test_the_committee_sees_the_month_and_every_household_adds_up(house: House):
    a_finished_charge(house)
    committee = house.staff("committee")
    overview = committee.text("/committee")
    assert "March 2026, up to 2 March" in overview
    assert "100.0 % started as asked" in overview
    listed = committee.text("/committee/statements")
    assert "1-101" in listed
    assert "A preview: the month is still open," in listed
    printed = committee.text("/committee/statements/2026-03/print")
    assert "every household begins on a new sheet. 1 households." in printed


def test_the_household_and_the_committee_read_the_same_bill_to_the_fen(house: House):
    a_finished_charge(house)
    own = house.resident("1-101")
    mine = own.text("/me/statements/2026-03")
    total = re.search(r"To pay, yuan (\d+\.\d\d)", mine)
    assert total
    page = house.staff("committee").get("/committee/statements")
    assert f'<td class="n">{total[1]}</td>' in page.text
    rows = list(csv.reader(io.StringIO(own.get("/me/statements/2026-03/csv").text)))
    amounts = [row[rows[0].index("amount, yuan")] for row in rows[1:]]
    assert amounts[-1] == total[1]
    assert sum(round(float(x) * 100) for x in amounts[:-1]) == round(float(total[1]) * 100)
    assert "kWh × 0.487 =" in mine, "the arithmetic can be unfolded"


def test_nobody_reads_another_households_statement(house: House):
    a_finished_charge(house)
    assert house.resident("1-102").get("/me/statements/2026-03").status_code == 404


def test_a_closed_month_is_shown_as_final(house: House, clock: FixedClock):
    a_finished_charge(house)
    clock.at = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
    books.end_month(house.compound.house, "2026-03")
    text = house.staff("committee").text("/committee/statements/2026-03")
    assert "Closed and published: these figures never change." in text
    assert "It never changes" in house.resident("1-101").text("/me/statements/2026-03")


# --- labels, public, demo ------------------------------------------------------------------------


def test_a_label_for_every_outlet_with_phone_and_hotlines_and_no_price_that_would_age(
    house: House, tmp_path
):
    page = house.staff("maintenance").get("/labels")
    assert page.text.count('class="label"') == 16
    assert page.text.count("<svg") == 16
    text = words(page.text)
    assert "0358-000-0000" in text
    assert "12345 · 12315" in text
    assert "0.487" not in text
    assert "opens only on this computer" in text
    assert house.staff("maintenance").get("/labels?entrance=1").text.count('class="label"') == 4
    out = tmp_path / "labels.html"
    assert print_labels(house.compound.house, out) == 16
    assert "扫码充电" in out.read_text(encoding="utf-8")


def test_the_front_page_counts_free_outlets_and_names_nobody(house: House):
    a_finished_charge(house)
    text = house.public().text("/")
    assert "Entrance 1" in text
    assert "4 free" in text
    assert "0.687 yuan/kWh" in text
    assert "1-101" not in text


def test_habits_of_reading_are_remembered_without_sign_in(house: House):
    somebody = house.public("zh")
    assert 'lang="zh-CN"' in somebody.get("/").text
    assert "Free outlets now" in somebody.text("/?lang=en")
    assert 'class="large"' in somebody.get("/p/1/1?large=1").text
    again = somebody.get("/p/1/1").text
    assert 'lang="en" class="large"' in again


def test_no_page_carries_a_script_or_a_style_of_its_own(house: House):
    a_hot_outlet(house)
    for login, paths in {"committee": tuple(PAGES)[:-1], "maintenance": ("/fix/piles/5",)}.items():
        person = house.staff(login)
        for path in (*paths, *EVERYBODY):
            html = person.get(path).text
            assert not re.search(r"<script(?![^>]*\bsrc=)", html), path
            assert not re.search(r"<style|\sstyle=|\son\w+=", html), path
            for form in re.findall(r'<form method="post".*?</form>', html, re.S):
                assert 'name="form_token"' in form, path
