"""Maintenance: an incident from the first look to the closing, photos, switches, restarts."""

import re

from service.clock import FixedClock
from simulator.mishaps import Mishap
from tests.alerts.test_photos import PLACE, exif, jpeg
from tests.pages.visitors import House, Person, hidden, words


def a_hot_outlet(house: House) -> str:
    """Outlet 2 of pile 5 becomes too hot; the page of its incident."""
    house.plug("LB-005", 2)
    house.resident("3-101").post("/p/5/2", "/p/5/2/start")
    house.run(60)
    now = house.compound.world.now
    hot = Mishap("over_temperature", now + 1000, "LB-005", 2, now + 600_000)
    house.compound.world.mishap(hot)
    house.run(60)
    found = re.search(r"/fix/incidents/\d+", house.staff("maintenance").get("/fix").text)
    assert found
    return found[0]


def send_photo(person: Person, page: str, content: bytes, name: str = "IMG_1.jpg") -> str:
    """Send a photo as the form of the page does."""
    html = person.get(page).text
    form = next(f for f in re.findall(r"<form.*?</form>", html, re.S) if f"{page}/photo" in f)
    assert 'enctype="multipart/form-data"' in form
    files = {"photo": (name, content, "image/jpeg")}
    return words(person.client.post(f"{page}/photo", data=hidden(form), files=files).text)


def test_a_fault_is_seen_taken_noted_silenced_and_closed(house: House):
    page = a_hot_outlet(house)
    fix = house.staff("maintenance")
    listed = fix.text("/fix")
    for said in ("danger", "Pile 5 · outlet 2", "since tonight 19:0", "nobody has seen it yet"):
        assert said in listed, said
    assert "Check first:" in fix.text(page)
    assert "seen by maintenance" in words(fix.post(page, f"{page}/acknowledge").text)
    assert "maintenance is on it" in words(fix.post(page, f"{page}/take").text)
    assert "new socket tomorrow" in words(
        fix.post(page, f"{page}/note", words="new socket tomorrow").text
    )
    fix.post(page, f"{page}/snooze", words="waits for the part", hours="4")
    assert "Silenced until" in fix.text("/fix")
    refused = fix.post(page, f"{page}/close", words=" ")
    assert refused.status_code == 409
    assert "Say why it is closed although the pile still reports it." in words(refused.text)
    closed = words(fix.post(page, f"{page}/close", words="mended").text)
    assert re.search(r"Closed tonight 19:\d\d by maintenance: mended", closed)
    listed = fix.text("/fix")
    assert "Nothing is wrong." in listed
    assert "Closed lately · 1" in listed
    assert fix.post(page, f"{page}/note", words="looked again").status_code == 200


def test_a_deed_that_nobody_knows_or_an_incident_that_is_not_there_is_not_found(house: House):
    page = a_hot_outlet(house)
    fix = house.staff("maintenance")
    fields = hidden(fix.get(page).text)
    for path in (f"{page}/dance", "/fix/incidents/99/take", f"{page}/note"):
        assert fix.client.post(path, data=fields).status_code == 404, path
    assert fix.get("/fix/incidents/99").status_code == 404


def test_a_photo_is_shown_to_who_may_see_incidents_and_tells_no_place(house: House):
    page = a_hot_outlet(house)
    fix = house.staff("maintenance")
    content = jpeg(exif(6))
    assert PLACE in content
    assert "The photo is kept, without its place and time." in send_photo(fix, page, content)
    found = re.search(r'src="(/fix/photos/\d+)"', fix.get(page).text)
    assert found
    photo = fix.get(found[1])
    assert photo.headers["content-type"] == "image/jpeg"
    assert photo.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in photo.headers["content-security-policy"]
    assert "IMG_1" not in photo.headers["content-disposition"]
    assert PLACE not in photo.content
    assert house.staff("gatehouse").get(found[1]).status_code == 200
    assert house.staff("viewer").get(found[1]).status_code == 403
    assert house.resident().get(found[1]).status_code == 403
    assert fix.get("/fix/photos/999").status_code == 404


def test_what_is_no_photo_is_refused_whatever_it_is_called(house: House):
    page = a_hot_outlet(house)
    fix = house.staff("maintenance")
    said = send_photo(fix, page, b"<html><script>alert(1)</script></html>")
    assert "This is not a whole photo." in said
    assert "No photo has arrived." in send_photo(fix, page, b"", name="")
    assert "/fix/photos/" not in fix.get(page).text


def test_the_gatehouse_reads_an_incident_but_does_not_answer_it(house: House):
    page = a_hot_outlet(house)
    gate = house.staff("gatehouse")
    text = gate.get(page).text
    assert "Check first:" in words(text)
    assert f'action="{page}' not in text


def test_an_incident_that_nobody_answers_says_so_and_whom_it_told(house: House, clock: FixedClock):
    page = a_hot_outlet(house)
    fix = house.staff("maintenance")
    assert "Nobody has answered" not in fix.text(page)
    clock.advance(16 * 60)
    assert re.search(r"Nobody has answered for 1[67] min\.", fix.text(page))
    assert re.search(r"Nobody has answered for 1[67] min\.", fix.text("/fix"))
    fix.post(page, f"{page}/acknowledge")
    assert "Nobody has answered" not in fix.text(page)


# --- a pile --------------------------------------------------------------------------------------


def test_a_pile_tells_its_signal_its_life_and_its_meters(house: House):
    text = house.staff("maintenance").text("/fix/piles/4")
    assert re.search(r"Signal (strong|good|just enough|weak)[^(]*\(−\d+ dBm\)", text)
    assert re.search(r"Runs without a restart for \d+ (min|s)", text)
    assert re.search(r"Start number \d+ · runs now", text)
    assert "the power came back" in text
    assert re.search(r"Meter \w+ \d+\.\d{3} kWh", text)


def test_a_switch_that_opens_is_told_from_one_that_was_not_tried(house: House):
    house.plug("LB-004", 1)
    fix = house.staff("maintenance")
    assert "No charge has drawn energy here yet." in fix.text("/fix/piles/4")
    answer = fix.post("/fix/piles/4", "/fix/piles/4/test_switch")
    assert "Waiting for the answer and a fresh measurement." in words(answer.text)
    house.run(60)
    text = fix.text("/fix/piles/4")
    assert "It opens: told to switch off, and nothing flows though a plug is in." in text
    assert "Nothing is wrong" in fix.text("/fix"), "a test that goes well alarms nobody"


def test_a_switch_is_not_tried_while_a_bike_charges(house: House):
    house.plug("LB-004", 1)
    house.resident("2-101").post("/p/4/1", "/p/4/1/start")
    house.run(300)
    fix = house.staff("maintenance")
    answer = fix.post("/fix/piles/4", "/fix/piles/4/test_switch")
    assert answer.status_code == 409
    held = house.compound.house.held_by("LB-004", 1)
    assert held is not None


def test_a_charge_proves_that_a_switch_closes(house: House):
    house.plug("LB-004", 1)
    house.resident("2-101").post("/p/4/1", "/p/4/1/start")
    house.run(600)
    house.unplug("LB-004", 1)
    house.run(120)
    text = house.staff("maintenance").text("/fix/piles/4")
    assert "It closes: a charge drew energy here, begun tonight 19:0" in text


def test_a_restart_is_asked_once_and_says_that_it_interrupts(house: House):
    fix = house.staff("maintenance")
    assert "Nobody charges here." in fix.text("/fix/piles/4/reboot")
    house.plug("LB-004", 1)
    house.resident("2-101").post("/p/4/1", "/p/4/1/start")
    house.run(60)
    asked = fix.text("/fix/piles/4/reboot")
    assert "A charge is running: a restart interrupts it." in asked
    assert "Restart when nobody charges" in asked
    fix.post("/fix/piles/4/reboot", "/fix/piles/4/reboot_now")
    house.run(180)
    text = fix.text("/fix/piles/4")
    assert len(re.findall(r"Start number \d+", text)) == 2
    assert house.compound.house.held_by("LB-004", 1) is not None, "it goes on by itself"


def test_out_of_service_has_a_reason_and_a_since(house: House):
    fix = house.staff("maintenance")
    fix.post("/fix/piles/4", "/fix/piles/4/service", wanted="out", reason="smells burnt")
    text = fix.text("/fix/piles/4")
    assert re.search(r"Out of service: smells burnt · since tonight 19:0\d", text)
    fields = hidden(fix.get("/fix/piles/3").text) | {"wanted": "out", "reason": " "}
    answer = fix.client.post("/fix/piles/3/service", data=fields)
    assert answer.status_code == 422
    assert "Say why, so that neighbours and colleagues know." in words(answer.text)
