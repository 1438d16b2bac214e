"""Helpers and guests, through their own phones and the household's page."""

import re

import pytest
from httpx import Response

from service import door
from service.flow.requests import Started, StartRequest, start
from service.households.access import may
from service.households.records import audit_trail
from service.sessions.may_start import Refused
from service.sessions.records import of_household, session_row
from tests.pages.visitors import House, Person, hidden, words

HOME = "/me/people"


def press(person: Person, page: str, ending: str, **fields: str) -> Response:
    """The first form of a page whose action ends so."""
    forms = re.findall(r"<form.*?</form>", person.get(page).text, re.S)
    form = next(f for f in forms if re.search(rf'action="[^"]*{ending}"', f))
    action = re.findall(r'action="([^"]+)"', form)[0]
    return person.client.post(action, data=hidden(form) | fields)


def code_of(page: Response) -> str:
    assert page.status_code == 200, words(page.text)
    found = re.search(r'invite-code num">([0-9A-Z-]+)<', page.text)
    assert found, words(page.text)
    return found[1]


def helper_of(house: House, host: Person, label: str = "") -> Person:
    return house.public().sign_in(code_of(press(host, HOME, "/helpers", label=label)))


def guest_of(house: House, host: Person, **limits: str) -> Person:
    fields = {"most": "wh:500", "charges": "2", "days": "3", **limits}
    return house.public().sign_in(code_of(press(host, HOME, "/guests", **fields)))


def charge(house: House, person: Person, pile: int = 1, missing_wh: float = 400.0) -> Response:
    house.plug(f"LB-{pile:03d}", 1, missing_wh)
    return person.post(f"/p/{pile}/1", f"/p/{pile}/1/start")


def session_of(answer: Response) -> str:
    assert answer.url.path.startswith("/me/sessions/"), words(answer.text)
    return answer.url.path.removeprefix("/me/sessions/")


@pytest.fixture
def host(house: House) -> Person:
    return house.resident("1-101")


def test_a_helper_starts_sees_and_ends_a_charge_and_sees_no_account(house: House, host: Person):
    helper = helper_of(house, host, "女儿")
    assert "Helping 1-101" in helper.text("/shared")
    session_id = session_of(charge(house, helper))
    house.run(60)
    assert "1-101" in helper.text("/shared")
    assert helper.get(f"/me/sessions/{session_id}").status_code == 200
    assert "Pile 1 · outlet 1" in host.text("/me")
    for path in ("/me", "/me/people", "/me/prices", "/me/statements/2026-03",
                 f"/me/sessions/{session_id}/question", "/committee", "/gate"):  # fmt: skip
        assert helper.get(path).status_code == 403, path
    done = helper.post(f"/me/sessions/{session_id}", f"/me/sessions/{session_id}/stop")
    assert done.status_code == 200
    assert "女儿" in host.text(HOME)


def test_a_helper_follows_what_runs_for_the_household_but_not_what_is_over(
    house: House, host: Person
):
    helper = helper_of(house, host)
    session_id = session_of(charge(house, host))
    house.run(30)
    assert helper.get(f"/me/sessions/{session_id}").status_code == 200
    assert helper.get("/p/1/1").url.path == f"/me/sessions/{session_id}"
    host.post(f"/me/sessions/{session_id}", f"/me/sessions/{session_id}/stop")
    house.unplug("LB-001", 1)
    house.run(60)
    assert helper.get(f"/me/sessions/{session_id}").status_code == 404


def test_ending_a_helper_signs_that_phone_out_at_once_and_its_open_page_starts_nothing(
    house: House, host: Person
):
    helper = helper_of(house, host)
    page = helper.get("/p/2/1").text
    form = next(f for f in re.findall(r"<form.*?</form>", page, re.S) if "/p/2/1/start" in f)
    ended = press(host, HOME, r"/passes/\d+/end")
    assert "That phone can do nothing any more." in words(ended.text)
    assert helper.get("/shared").url.path == "/sign-in"
    house.plug("LB-002", 1)
    helper.client.post("/p/2/1/start", data=hidden(form))
    with house.compound.house.store.reading() as uow:
        assert not of_household(uow, 1, 5)


def test_a_code_of_a_helper_works_once_and_not_after_it_was_ended(house: House, host: Person):
    code = code_of(press(host, HOME, "/helpers"))
    house.public().sign_in(code)
    again = house.public().post("/sign-in", "/sign-in", code=code)
    assert again.status_code == 401
    unused = code_of(press(host, HOME, "/helpers"))
    press(host, HOME, r"/passes/\d+/end")
    press(host, HOME, r"/passes/\d+/end")
    assert house.public().post("/sign-in", "/sign-in", code=unused).status_code == 401


def test_a_guest_charges_on_the_host_within_the_limit_and_sees_only_that(
    house: House, host: Person
):
    mine = session_of(charge(house, host, 3))
    guest = guest_of(house, host)
    text = guest.text("/shared")
    assert "Guest of 1-101" in text
    assert "0.50 of 0.50 kWh" in text
    assert "2 of 2" in text
    theirs = session_of(charge(house, guest, missing_wh=2_000))
    with house.compound.house.store.reading() as uow:
        row = session_row(uow, theirs)
        assert row is not None
        assert (row.household_id, row.max_energy_wh, row.asked_by) == (
            1,
            500,
            f"guest:{row.pass_id}",
        )
    for path in (f"/me/sessions/{mine}", f"/live/session/{mine}"):
        assert guest.get(path).status_code == 404, path
    assert guest.get("/p/3/1").url.path == "/p/3/1", "the host's own charge is not the guest's"
    stop = guest.client.post(f"/me/sessions/{mine}/stop", data=hidden(guest.get("/p/4/1").text))
    assert stop.status_code == 404
    for path in ("/me", "/me/sessions", "/me/people", "/me/statements/2026-03", "/me/prices"):
        assert guest.get(path).status_code == 403, path
    house.run(120)
    assert "charging now" in host.text(HOME)
    assert "0.00 of 0.50 kWh · 1 of 2 charges" in host.text(HOME)


def test_what_a_running_charge_may_take_is_not_given_twice(house: House, host: Person):
    guest = guest_of(house, host)
    session_of(charge(house, guest, missing_wh=2_000))
    second = charge(house, guest, 2)
    assert second.status_code == 409
    assert "kept for a charge that runs" in words(second.text)
    house.run(120)
    house.unplug("LB-001", 1)
    house.run(120)
    assert "kept" not in guest.text("/shared")
    third = session_of(charge(house, guest, 4))
    with house.compound.house.store.reading() as uow:
        row = session_row(uow, third)
        assert row is not None
        assert 400 < row.max_energy_wh < 500, "only what is left"
    house.unplug("LB-004", 1)
    house.run(200)
    fourth = charge(house, guest, 5)
    assert "Your guest pass is used up." in words(fourth.text)


def test_a_pass_in_yuan_caps_the_charge_in_yuan(house: House, host: Person):
    guest = guest_of(house, host, most="fen:100")
    session_id = session_of(charge(house, guest, missing_wh=5_000))
    with house.compound.house.store.reading() as uow:
        row = session_row(uow, session_id)
        assert row is not None
        assert row.cap_fen == 100
        assert row.max_energy_wh * 6870 // 100_000 <= 100 * 1000
        assert 1_400 < row.max_energy_wh < 1_470, "1 yuan at 0.487 + 0.20 yuan/kWh"
    assert "1.00 of 1.00 yuan" in guest.text("/shared")


def test_a_guest_pass_ends_with_its_time_and_the_guest_still_sees_how_it_went(
    house: House, host: Person
):
    guest = guest_of(house, host, days="1")
    session_id = session_of(charge(house, guest))
    house.unplug("LB-001", 1)
    house.run(60)
    house.clock.advance(86_400)
    text = guest.text("/shared")
    assert "Your guest pass has ended." in text
    assert guest.get(f"/me/sessions/{session_id}").status_code == 200
    house.run(120)
    late = charge(house, guest, 2)
    assert (late.status_code, "has ended" in words(late.text)) == (409, True)
    house.clock.advance(86_400)
    assert guest.get("/shared").url.path == "/sign-in"


def test_a_limit_that_is_not_on_the_list_makes_no_pass(house: House, host: Person):
    for wrong in ({"most": "wh:999999"}, {"most": ""}, {"charges": "99"}, {"days": "3650"}):
        answer = press(
            host, HOME, "/guests", **{"most": "wh:500", "charges": "1", "days": "1", **wrong}
        )
        assert answer.status_code == 422
        assert "Please choose a limit from the list." in words(answer.text)


def test_a_household_ends_nothing_of_another_household(house: House, host: Person):
    helper_of(house, host)
    press(host, HOME, "/guests", most="wh:500", charges="1", days="1")
    ids = re.findall(rf'action="{HOME}/(passes/\d+)/end"', host.get(HOME).text)
    assert len(ids) == 2
    stranger = house.resident("1-102")
    token = hidden(stranger.get(HOME).text)
    foreign = [f"{one}/end" for one in ids]
    foreign += ["passes/0/end", f"passes/{10**20}/end", "keys/1/end", "phones/1/sign-out"]
    for path in foreign:
        answer = stranger.client.post(f"{HOME}/{path}", data=token)
        assert answer.status_code in (404, 422), path
    assert re.findall(rf'action="{HOME}/(passes/\d+)/end"', host.get(HOME).text) == ids


def test_phones_are_listed_and_signed_out_one_by_one_or_all_at_once(house: House, host: Person):
    other = house.resident("1-101")
    other.client.headers["user-agent"] = "Mozilla/5.0 (iPhone) MicroMessenger/8"
    third = house.public()
    third.client.headers["user-agent"] = "Mozilla/5.0 (Linux; Android 12) Chrome/120"
    third.sign_in(house.code_of("1-101"))
    assert "Android phone · Chrome" in host.text(HOME)
    done = press(host, HOME, "/sign-out")
    assert "That phone is signed out." in words(done.text)
    assert third.get("/me").url.path == "/sign-in", "the newest stood first"
    helper = helper_of(house, host)
    press(host, HOME, "/sign-out-all")
    for person in (host, other, helper):
        assert person.get("/p/1/1").status_code == 200
        assert person.get("/me").url.path == "/sign-in"


def test_a_guest_or_a_helper_cannot_sign_the_household_out(house: House, host: Person):
    helper = helper_of(house, host)
    token = hidden(helper.get("/shared").text)
    assert helper.client.post(f"{HOME}/sign-out-all", data=token).status_code == 403
    helper.client.post("/sign-out", data=token)
    assert host.get("/me").status_code == 200


def test_a_start_with_a_pass_that_was_ended_or_is_no_such_pass_is_refused_by_the_conductor(
    house: House, host: Person
):
    guest_of(house, host)
    press(host, HOME, r"/passes/\d+/end")
    with house.compound.house.store.reading() as uow:
        ended = next(int(e.subject.split()[1]) for e in audit_trail(uow, 9) if "pass " in e.subject)
    house.plug("LB-001", 1)
    for pass_id in (ended, 1, 10**9):
        wish = StartRequest("LB-001", 1, 1, "qr", "guest:0", f"k{pass_id}", pass_id=pass_id)
        outcome = start(house.compound.house, wish)
        assert isinstance(outcome, Refused), "a household card is no shared pass either"
        assert outcome.reason == "guest_ended"
    assert not isinstance(outcome, Started)


def test_every_deed_is_in_the_trail_by_pass_and_by_nobody_s_name(house: House, host: Person):
    helper_of(house, host, "老王")
    press(host, HOME, r"/passes/\d+/end")
    with house.compound.house.store.reading() as uow:
        deeds = [(e.actor_role, e.action, e.subject) for e in audit_trail(uow, 9)]
        told = " ".join(str(e.detail) for e in audit_trail(uow, 9))
    assert [d[1] for d in deeds].count("passes.manage_own") == 2
    assert any(role == "helper" for role, *_ in deeds)
    assert "老王" not in told


def test_every_page_that_is_not_theirs_is_closed_to_helpers_and_guests(house: House, host: Person):
    """Every route of the app, with every method: what the table does not give is refused."""
    for role, person in (("helper", helper_of(house, host)), ("guest", guest_of(house, host))):
        token = hidden(person.get("/shared").text)
        closed = 0
        for method, path, action in door.check_routes(house.app):
            if method not in ("GET", "POST") or may(role, action):
                continue
            address = re.sub(r"\{[^}]+\}", "1", path)
            answer = person.client.request(
                method, address, data=token if method == "POST" else None
            )
            assert answer.status_code == 403, (role, method, path, answer.status_code)
            closed += 1
        assert closed > 100
