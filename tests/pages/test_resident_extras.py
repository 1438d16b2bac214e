"""Around a charge: a wish for a free outlet, a pile that blinks, the app on the phone, the list."""

import json
import struct
from datetime import timedelta

from service.pages.installed import icon_png
from service.piles.records import last_commands
from service.sessions.records import Session, of_household, session_row
from tests.pages.test_resident import start_at
from tests.pages.visitors import House, words

HOUSEHOLD_1_101 = 1


def take_all(house: House, pile: str) -> None:
    """Somebody stands on both outlets of a pile."""
    for outlet in (1, 2):
        house.plug(pile, outlet)
        house.resident("1-201").post(
            f"/p/{int(pile[3:])}/{outlet}", f"/p/{int(pile[3:])}/{outlet}/start"
        )
    house.run(30)


# --- tell me when one is free ---------------------------------------------------------------------


def test_a_wish_is_made_where_nothing_is_free_and_told_on_every_page(house: House):
    take_all(house, "LB-003")
    li = house.resident("1-101")
    assert "Tell me when one is free here" in li.text("/p/3/1")
    answer = li.post("/p/3/1", "/me/wish")
    assert "You are told as soon as one is free: Pile 3." in words(answer.text)
    assert "Tell me when one is free here" not in li.text("/p/3/1"), "one wish is enough"
    house.unplug("LB-003", 2)
    house.run(30)
    for page in ("/me", "/p/5/1", "/me/prices", "/"):
        assert "Pile 3 · outlet 2 is free now" in li.text(page), page
    assert "is free now" not in house.resident("1-102").text("/me")
    li.post("/me", "/me/wish/end")
    assert "is free now" not in li.text("/me")


def test_the_stream_of_a_household_tells_the_outlet_that_is_free(house: House):
    take_all(house, "LB-003")
    li = house.resident("1-101")
    li.post("/p/3/1", "/me/wish")
    draw = house.app.state.hub.renderers["household"]
    assert draw(("household", HOUSEHOLD_1_101), "en:wish").strip() == ""
    house.unplug("LB-003", 1)
    house.run(30)
    assert "Pile 3 · outlet 1 is free now" in draw(("household", HOUSEHOLD_1_101), "en:wish")
    assert "3 号桩 1 号口现在空闲" in draw(("household", HOUSEHOLD_1_101), "zh_CN:wish")


def test_where_an_outlet_is_free_no_wish_is_offered(house: House):
    assert "Tell me when one is free" not in house.resident().text("/p/3/1")
    assert "Tell me when one is free" not in house.resident().text("/me")


# --- is the sticker genuine? ----------------------------------------------------------------------


def blinks(house: House, pile: str) -> list[tuple[str, str]]:
    with house.compound.house.store.reading() as uow:
        return [(c.cmd, c.asked_by) for c in last_commands(uow, pile, 9) if c.cmd == "locate"]


def test_a_resident_makes_this_very_pile_blink_and_compares_the_number(house: House):
    li = house.resident()
    page = li.text("/p/3/1/check")
    assert "The sticker must show this number: 3 – 1" in page
    answer = li.post("/p/3/1/check", "/p/3/1/blink")
    assert "It blinks now, for 20 seconds" in words(answer.text)
    assert blinks(house, "LB-003") == [("locate", "resident:1")]


def test_nobody_can_make_a_pile_blink_all_night(house: House):
    li, wang = house.resident("1-101"), house.resident("1-102")
    assert li.post("/p/3/1/check", "/p/3/1/blink").status_code == 200
    answer = wang.post("/p/3/2/check", "/p/3/2/blink")
    assert answer.status_code == 409
    assert "It is blinking already" in words(answer.text)
    for pile in (4, 5, 6, 7):
        assert li.post(f"/p/{pile}/1/check", f"/p/{pile}/1/blink").status_code == 200
    answer = li.post("/p/8/1/check", "/p/8/1/blink")
    assert "That was often enough for now" in words(answer.text)
    house.clock.at += timedelta(minutes=11)
    house.compound.run(90)
    assert li.post("/p/8/1/check", "/p/8/1/blink").status_code == 200


def test_a_silent_pile_cannot_blink_and_strangers_are_asked_to_sign_in(house: House):
    li = house.resident()
    now = house.compound.world.now
    house.compound.world.link_down("LB-003", now, now + 3_600_000)
    house.run(400)
    answer = li.post("/p/3/1/check", "/p/3/1/blink")
    assert "it cannot be told to blink" in words(answer.text)
    assert house.public().get("/p/3/1/check").url.path == "/sign-in"
    assert "blink" not in house.public().text("/p/4/1")


# --- on the phone ---------------------------------------------------------------------------------


def test_the_pages_can_be_put_on_a_phone(house: House):
    manifest = json.loads(house.public("zh").get("/manifest.webmanifest").text)
    assert (manifest["start_url"], manifest["display"]) == ("/me", "standalone")
    assert manifest["name"].endswith("充电")
    for icon in manifest["icons"]:
        assert house.public().get(icon["src"]).headers["content-type"].startswith(icon["type"])
    assert house.public().get("/icon-7.png").status_code == 404


def test_icons_are_pictures_of_the_size_they_claim():
    for size in (180, 192):
        made = icon_png(size)
        assert made[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", made[16:24]) == (size, size)


def test_the_worker_rules_the_whole_site_and_changes_with_its_files(house: House):
    answer = house.public().get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert "/static/resident.js?v=" in answer.text
    assert "worker-src 'self'" in answer.headers["content-security-policy"]
    assert "serviceWorker" not in house.public().get("/").text, "strangers need no worker"
    assert "No signal" in house.public().text("/offline")


# --- limits, endings, lists -----------------------------------------------------------------------


def test_the_confirmation_names_the_exact_limit_and_the_wished_time(house: House):
    house.plug("LB-001", 1)
    li = house.resident()
    page = start_at(li, until="energy", wh="1000", ready="07:00")
    text = li.text(page)
    assert "never more than 1.000 kWh, which is at most 0.69 yuan" in text
    assert "You want it ready by tomorrow morning 07:00." in text
    assert "every charge starts as soon as there is room" in text


def test_a_start_without_a_limit_still_names_what_it_can_never_pass(house: House):
    house.plug("LB-001", 1)
    li = house.resident()
    assert "In no case more than 2.06 yuan: the pile itself stops at 3.000 kWh." in li.text(
        start_at(li)
    )


def test_a_choice_that_makes_no_sense_starts_nothing_and_keeps_what_was_chosen(house: House):
    house.plug("LB-001", 1)
    li = house.resident()
    answer = li.post("/p/1/1", "/p/1/1/start", until="amount", amount="a lot", ready="06:30")
    assert answer.status_code == 422
    assert "Please choose from the list." in words(answer.text)
    assert '<option value="06:30" selected>' in answer.text
    assert house.compound.house.held_by("LB-001", 1) is None


def test_a_charge_cut_for_safety_says_what_not_to_do_and_whom_to_call(house: House):
    house.plug("LB-001", 1)
    li = house.resident()
    page = start_at(li)
    house.run(300)
    li.post(page, f"{page}/stop")
    house.run(60)
    with house.compound.house.work() as work:
        row = session_row(work.uow, page.rsplit("/", 1)[1])
        assert row is not None
        row.stop_reason = "overload"
    text = li.text(page)
    assert "Switched off for safety" in text
    assert "Do not use this charger again" in text
    assert "Call the gatehouse: 0358-000-0000" in text


def test_a_paused_charge_leads_to_the_one_that_goes_on(house: House):
    house.plug("LB-001", 1)
    li = house.resident()
    page = start_at(li)
    house.run(300)
    li.post(page, f"{page}/stop")
    house.run(60)
    shed = page.rsplit("/", 1)[1]
    with house.compound.house.work() as work:
        row = session_row(work.uow, shed)
        assert row is not None
        row.why = "shed"
    house.run(120)
    assert "See how it goes on" in li.text(page)
    with house.compound.house.store.reading() as uow:
        newest = of_household(uow, HOUSEHOLD_1_101, 1)[0].id
    assert newest != shed
    assert f"/me/sessions/{newest}" in li.get(page).text


def test_my_page_shows_the_last_eight_and_the_way_to_all_page_by_page(house: House):
    at = house.clock.now() - timedelta(days=2)
    with house.compound.house.work() as work:
        for number in range(40):
            when = at + timedelta(hours=number)
            work.uow.session.add(
                Session(
                    id=f"01OLD{number:021d}",
                    pile="LB-002",
                    outlet=1,
                    household_id=HOUSEHOLD_1_101,
                    source="qr",
                    state="settled",
                    max_duration_s=1,
                    max_energy_wh=1,
                    max_power_w=1,
                    requested_at=when,
                    ended_at=when,
                    energy_wh=100 + number,
                )
            )
    li = house.resident()
    mine = li.get("/me").text
    assert mine.count('href="/me/sessions/01OLD') == 8
    assert mine.index("Statements") < mine.index("Past charges") < mine.index("Free at entrance")
    first = li.get("/me/sessions").text
    assert first.count('href="/me/sessions/01OLD') == 30
    older = first.split('href="/me/sessions?before=')[1].split('"')[0]
    second = li.get(f"/me/sessions?before={older}").text
    assert second.count('href="/me/sessions/01OLD') == 10
    assert "0.100 kWh" in second
    assert "There is nothing older." in li.text("/me/sessions?before=0")
    assert "01OLD" not in house.resident("1-102").get("/me/sessions").text


def test_an_outlet_that_is_not_there_says_to_scan_again(house: House):
    answer = house.resident().get("/p/1/7")
    assert answer.status_code == 404
    assert "There is no outlet 7 on pile 1. Please scan the code" in words(answer.text)
