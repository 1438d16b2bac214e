"""A resident's evening through the pages: scan, sign in, start, watch, stop, see what it cost."""

import re

from tests.pages.visitors import House, Person, words


def start_at(person: Person, pile: int = 1, outlet: int = 1, **fields: str) -> str:
    """Start through the form; the address of the session's page."""
    answer = person.post(f"/p/{pile}/{outlet}", f"/p/{pile}/{outlet}/start", **fields)
    assert answer.status_code == 200, words(answer.text)
    assert "/me/sessions/" in str(answer.url), words(answer.text)
    return answer.url.path


def test_before_sign_in_everybody_sees_place_state_price_and_whom_to_call(house: House):
    text = house.public().text("/p/1/2")
    assert "Pile 1 · outlet 2" in text
    assert "Entrance 1" in text
    assert "free" in text
    assert "0.487 yuan/kWh" in text
    assert "0.20 yuan/kWh" in text
    assert "The same price day and night." in text
    assert "0358-000-0000" in text
    assert "12345" in text
    assert "12315" in text
    assert "Sign in to start" in text


def test_the_label_may_name_the_pile_by_its_number_or_by_its_name(house: House):
    public = house.public()
    assert "Pile 3 · outlet 1" in public.text("/p/LB-003/1")
    assert "Which outlet is your charger in?" in public.text("/p/3")


def test_an_outlet_that_does_not_exist_is_said_in_a_sentence(house: House):
    for path in ("/p/99/1", "/p/1/7", "/p/1/x", "/p/nothing"):
        answer = house.public().get(path)
        assert answer.status_code in (404, 422), path
        assert "<html" in answer.text


def test_from_scan_to_bill(house: House):
    house.plug("LB-001", 1)
    li = house.resident("1-101")
    form = li.text("/p/1/1")
    assert "When the battery is full" in form
    assert re.search(r"About 0\.\d\d yuan, never more than 2\.06 yuan\.", form)
    page = start_at(li)
    assert "Telling the pile" in li.text(page)
    house.run(600)
    live = li.text(page)
    assert "Charging" in live
    assert "Power now" in live
    assert "Not known yet" in live
    assert li.get("/p/1/1").url.path == page, "scanning again leads back to one's own charge"
    answer = li.post(page, f"{page}/stop")
    assert answer.status_code == 200
    house.run(120)
    over = li.text(page)
    assert "Finished" in over
    assert "You ended it." in over
    assert "Total" in over


def test_the_same_tap_twice_is_the_same_charge(house: House):
    house.plug("LB-001", 1)
    li = house.resident("1-101")
    html = li.get("/p/1/1").text
    key = re.search(r'name="key" value="([^"]+)"', html)
    assert key
    first = start_at(li, key=key[1])
    answer = li.client.post(
        "/p/1/1/start",
        data={"key": key[1], "form_token": re.search(r'form_token" value="([^"]+)"', html)[1]},  # type: ignore[index]
    )
    assert answer.url.path == first


def test_a_busy_outlet_is_refused_in_a_sentence_and_others_are_named(house: House):
    house.plug("LB-001", 1)
    wang = house.resident("1-102")
    stale_form = wang.get("/p/1/1").text
    start_at(house.resident("1-101"))
    seen = words(stale_form)
    assert "free" in seen
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', stale_form))
    answer = wang.client.post("/p/1/1/start", data=hidden)
    assert answer.status_code == 409
    text = words(answer.text)
    assert "This outlet is being used by someone else." in text
    assert "Pile 1 · outlet 2" in text


def test_nobody_sees_or_stops_the_charge_of_another_household(house: House):
    house.plug("LB-001", 1)
    page = start_at(house.resident("1-101"))
    wang = house.resident("1-102")
    assert wang.get(page).status_code == 404
    token = re.search(r'form_token" value="([^"]+)"', wang.get("/p/1/2").text)
    assert token
    answer = wang.client.post(f"{page}/stop", data={"form_token": token[1]})
    assert answer.status_code == 404
    house.run(30)
    assert house.compound.house.held_by("LB-001", 1) is not None


def test_a_form_that_we_did_not_make_starts_nothing(house: House):
    house.plug("LB-001", 1)
    li = house.resident("1-101")
    answer = li.client.post("/p/1/1/start", data={"key": "0" * 26})
    assert answer.status_code == 403
    assert house.compound.house.held_by("LB-001", 1) is None
