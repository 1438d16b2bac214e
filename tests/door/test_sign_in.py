"""Signing in with a code or a password, cookies, signing out, and what an attacker meets."""

import re

import pytest
from limits import RateLimitItemPerMinute

from service.door.limits import Flood
from service.households import actions, passwords, records
from service.households.access import Role
from tests.door.conftest import PASSWORD, Gate, post_code, post_password, token

WRONG_CODE = "2222-2222"  # passes the check: all eight weights times 0


def cookies_of(answer) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {c.split("=", 1)[0]: c for c in answer.headers.get_list("set-cookie")}


def test_a_resident_types_the_code_from_the_paper_once_and_the_phone_is_bound(gate: Gate):
    household_id = gate.household()
    browser = gate.browser()
    code = gate.code(household_id).lower().replace("-", "  ")
    answer = post_code(browser, code, next="/p/LB-017/2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/p/LB-017/2")
    seen = browser.get("/").json()
    assert (seen["role"], seen["household"]) == ("resident", household_id)
    gate.clock.advance(364 * 86_400)
    assert browser.get("/").json()["role"] == "resident"
    gate.clock.advance(86_400)
    assert browser.get("/").json()["role"] == "public"


def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_http(https_gate: Gate):
    browser = https_gate.browser()
    answer = post_code(browser, https_gate.code(https_gate.household()))
    cookie = cookies_of(answer)["__Host-beimen"]
    flags = {part.strip() for part in cookie.split(";")[1:]}
    assert flags == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=31536000"}
    for other in cookies_of(answer).values():
        assert {"HttpOnly", "SameSite=Lax", "Secure"} <= {p.strip() for p in other.split(";")}


def test_at_home_on_plain_http_the_cookie_works_without_secure(gate: Gate):
    answer = post_code(gate.browser(), gate.code(gate.household()))
    assert "Secure" not in cookies_of(answer)["beimen"]
    assert "HttpOnly" in cookies_of(answer)["beimen"]


def test_a_cookie_set_by_an_attacker_before_is_worth_nothing_after(gate: Gate):
    staff_id = gate.staff()
    browser = gate.browser()
    assert post_code(browser, gate.staff_code(staff_id)).status_code == 303
    before = browser.cookies["beimen"]
    assert post_password(browser, "li", PASSWORD).status_code == 303
    after = browser.cookies["beimen"]
    assert before != after
    old = gate.browser(cookies={"beimen": before})
    assert old.get("/").json()["role"] == "public"
    assert browser.get("/").json()["role"] == "committee"


@pytest.mark.parametrize("forged", ["x", "a.b", "", "x" * 5_000, "%00", '"quoted"'])
def test_a_made_up_cookie_is_a_stranger(gate: Gate, forged: str):
    browser = gate.browser(headers={"cookie": f"beimen={forged}"})
    assert browser.get("/").json()["role"] == "public"


def test_a_real_secret_signed_with_another_key_is_a_stranger(gate: Gate):
    browser = gate.resident()
    secret = browser.cookies["beimen"].rsplit(".", 1)[0]
    thief = gate.browser(cookies={"beimen": f"{secret}.{'A' * 27}"})
    assert thief.get("/").json()["role"] == "public"


def test_signing_out_ends_it_on_the_server_not_only_in_the_browser(gate: Gate):
    browser = gate.resident()
    kept = browser.cookies["beimen"]
    answer = browser.post("/sign-out", data={"form_token": token(browser)})
    assert "Max-Age=0" in cookies_of(answer)["beimen"]
    assert gate.browser(cookies={"beimen": kept}).get("/").json()["role"] == "public"


def test_signing_out_everywhere_reaches_the_lost_phone(gate: Gate):
    household_id = gate.household()
    phone, tablet, neighbour = gate.browser(), gate.browser(), gate.resident("3-202")
    for browser in (phone, tablet):
        post_code(browser, gate.code(household_id))
    tablet.post("/sign-out?everywhere=true", data={"form_token": token(tablet)})
    roles = [b.get("/").json()["role"] for b in (phone, tablet, neighbour)]
    assert roles == ["public", "public", "resident"]


def test_staff_sign_in_by_name_and_password(gate: Gate):
    gate.staff(Role.GATEHOUSE, "gate")
    browser = gate.browser()
    assert post_password(browser, " GATE ", PASSWORD).status_code == 303
    assert browser.get("/").json()["role"] == "gatehouse"


def test_unknown_wrong_and_disabled_get_the_very_same_answer(gate: Gate):
    staff_id = gate.staff(Role.VIEWER, "gone")
    gate.staff(login="li")
    with gate.store.writing() as uow:
        actions.disable_staff(uow, staff_id, gate.clock.now())
    answers = [
        post_password(gate.browser(), login, password)
        for login, password in (("nobody", "x"), ("li", "wrong"), ("gone", PASSWORD), ("", ""))
    ]
    assert {(a.status_code, a.text) for a in answers} == {(401, "Name or password is wrong.")}
    assert len({tuple(sorted(cookies_of(a))) for a in answers}) == 1


def test_an_unknown_name_costs_the_same_hash(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    gate.staff()
    checked: list[str | None] = []

    def counting(stored: str | None, password: str) -> bool:
        checked.append(stored)
        return False

    monkeypatch.setattr(passwords, "is_password", counting)
    for login in ("li", "nobody"):
        post_password(gate.browser(), login, "wrong")
    assert len(checked) == 2
    assert checked[1] is None


def test_wrong_used_and_old_codes_get_the_very_same_answer(gate: Gate):
    household_id = gate.household()
    used, old = gate.code(household_id), gate.code(household_id)
    post_code(gate.browser(), used)
    gate.clock.advance(15 * 86_400)
    answers = [post_code(gate.browser(), c) for c in (WRONG_CODE, "hello", "", used, old)]
    assert len({(a.status_code, a.text) for a in answers}) == 1
    assert answers[0].status_code == 401


def test_after_five_wrong_passwords_the_delay_grows_and_ends(gate: Gate):
    gate.staff()
    browser = gate.browser()
    for _ in range(5):
        assert post_password(browser, "li", "wrong").status_code == 401
    for wait in (2, 4, 8, 16):
        assert seconds_in(post_password(browser, "li", PASSWORD).text) == wait
        gate.clock.advance(wait - 1)
        assert seconds_in(post_password(browser, "li", PASSWORD).text) == 1
        gate.clock.advance(1)
        assert post_password(browser, "li", "wrong").status_code == 401
    gate.clock.advance(32)
    assert post_password(browser, "li", PASSWORD).status_code == 303


def seconds_in(text: str) -> int:
    found = re.search(r"wait (\d+) seconds", text)
    assert found, text
    return int(found[1])


def test_a_delay_never_reaches_900_seconds_and_a_right_password_forgets_it(gate: Gate):
    gate.staff()
    for _ in range(20):
        assert post_password(gate.browser(), "li", "wrong").status_code == 401
        gate.clock.advance(900)
    assert post_password(gate.browser(), "li", PASSWORD).status_code == 303
    for _ in range(4):
        assert post_password(gate.browser(), "li", "wrong").status_code == 401


def test_guessing_at_one_account_shuts_neither_another_account_nor_another_address(gate: Gate):
    gate.staff(login="li")
    gate.staff(login="wang")
    thief = gate.browser("203.0.113.66")
    for _ in range(8):
        post_password(thief, "li", "wrong")
    assert post_password(gate.browser("203.0.113.66"), "wang", PASSWORD).status_code == 303
    assert post_password(gate.browser("203.0.113.5"), "li", PASSWORD).status_code == 303


def test_a_flood_from_everywhere_cannot_keep_out_the_browser_that_was_here_before(gate: Gate):
    gate.staff()
    home = gate.browser("203.0.113.5")
    assert post_password(home, "li", PASSWORD).status_code == 303
    home.post("/sign-out", data={"form_token": token(home)})
    for number in range(60):
        post_password(gate.browser(f"198.51.100.{number}"), "li", "wrong")
    stranger = post_password(gate.browser("192.0.2.1"), "li", PASSWORD)
    assert (stranger.status_code, seconds_in(stranger.text) <= 30) == (429, True)
    assert post_password(home, "li", PASSWORD).status_code == 303


def test_the_mark_of_a_known_browser_is_good_for_its_own_account_only(gate: Gate):
    gate.staff(login="li")
    gate.staff(Role.VIEWER, "wang")
    home = gate.browser("203.0.113.5")
    post_password(home, "wang", PASSWORD)
    for number in range(60):
        post_password(gate.browser(f"198.51.100.{number}"), "li", "wrong")
    assert post_password(home, "li", PASSWORD).status_code == 429


def test_many_names_from_one_address_are_slowed_too(gate: Gate):
    browser = gate.browser()
    for number in range(30):
        assert post_password(browser, f"name{number}", "x").status_code == 401
    assert post_password(browser, "another", "x").status_code == 429


def test_guessed_codes_are_slowed_and_a_bound_phone_is_not(gate: Gate):
    phone = gate.resident()
    thief = gate.browser()
    for _ in range(10):
        assert post_code(thief, WRONG_CODE).status_code == 401
    assert post_code(thief, WRONG_CODE).status_code == 429
    second = gate.code(gate.household("3-202"))
    assert post_code(thief, second).status_code == 429
    assert post_code(phone, second).status_code == 303
    gate.clock.advance(60)
    assert post_code(thief, gate.code(gate.household("3-203"))).status_code == 303


def test_a_slip_of_the_finger_is_no_guess(gate: Gate):
    browser = gate.browser()
    for _ in range(30):
        assert post_code(browser, "ABCD-EFGH").status_code == 401
    assert post_code(browser, gate.code(gate.household())).status_code == 303


def test_a_machine_gun_of_sign_ins_meets_a_plain_cap(gate: Gate):
    browser = gate.browser()
    ours = token(browser)
    answers = [browser.post("/sign-in", data={"code": "?", "form_token": ours}) for _ in range(62)]
    assert [a.status_code for a in answers[:60]] == [401] * 60
    assert answers[-1].status_code == 429


def test_the_first_sign_in_of_staff_is_by_code_and_sets_a_password(gate: Gate):
    staff_id = gate.staff(login="new")
    with gate.store.writing() as uow:
        uow.session.get_one(records.Staff, staff_id).password_hash = None
    browser = gate.browser()
    assert post_password(browser, "new", PASSWORD).status_code == 401
    assert post_code(browser, gate.staff_code(staff_id)).status_code == 303

    def change(**fields: str) -> tuple[int, str]:
        answer = browser.post("/password", data={"form_token": token(browser), **fields})
        return answer.status_code, answer.text

    assert change(new="short") == (422, "Use at least 10 characters.")
    assert change(new="another unrelated text")[0] == 303
    assert browser.get("/").json()["role"] == "committee"
    assert change(new=PASSWORD, current="wrong") == (422, "The present password is wrong.")
    assert change(new=PASSWORD, current="another unrelated text")[0] == 303
    assert post_password(gate.browser(), "new", PASSWORD).status_code == 303


def test_a_new_password_ends_the_other_browsers(gate: Gate):
    gate.staff()
    here, there = gate.browser(), gate.browser()
    for browser in (here, there):
        post_password(browser, "li", PASSWORD)
    fields = {"form_token": token(here), "current": PASSWORD, "new": "a completely new one"}
    assert here.post("/password", data=fields).status_code == 303
    assert here.get("/").json()["role"] == "committee"
    assert there.get("/").json()["role"] == "public"


def test_a_stolen_sign_in_cannot_guess_the_present_password_for_long(gate: Gate):
    gate.staff()
    browser = gate.browser()
    post_password(browser, "li", PASSWORD)
    fields = {"form_token": token(browser), "current": "guess", "new": "a completely new one"}
    statuses = [browser.post("/password", data=fields).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_a_role_that_changes_changes_at_once(gate: Gate):
    staff_id = gate.staff()
    browser = gate.browser()
    post_password(browser, "li", PASSWORD)
    with gate.store.writing() as uow:
        uow.session.get_one(records.Staff, staff_id).role = Role.VIEWER
    assert browser.get("/do/audit.see", headers={"accept": "application/json"}).status_code == 403


def test_every_sign_in_is_in_the_audit_trail_with_an_id_and_no_name(gate: Gate):
    household_id, staff_id = gate.household(), gate.staff()
    post_code(gate.browser("203.0.113.8"), gate.code(household_id))
    post_password(gate.browser("2001:db8::7"), "li", PASSWORD)
    post_password(gate.browser(), "li", "wrong")
    with gate.store.reading() as uow:
        trail = [
            (e.actor_role, e.actor_id, e.action, e.subject, e.from_address)
            for e in records.audit_trail(uow, 10)
        ]
    assert trail == [
        ("committee", staff_id, "sign_in.use", "password", "2001:db8::7"),
        ("resident", household_id, "sign_in.use", "code", "203.0.113.8"),
    ]


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/p/LB-017/2?x=1", "/p/LB-017/2?x=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/a\\b", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nset-cookie: x=y", "/"),
        ("", "/"),
    ],
)
def test_the_way_back_after_the_sign_in_stays_in_the_house(gate: Gate, asked: str, given: str):
    answer = post_code(gate.browser(), gate.code(gate.household()), next=asked)
    assert answer.headers["location"] == given


def test_the_door_does_not_hang_without_a_key(gate: Gate):
    from fastapi import FastAPI

    from service import door

    settings = gate.door.settings.model_copy(
        update={"secret_key": type(gate.door.settings.secret_key)("")}
    )
    with pytest.raises(ValueError, match="BEIMEN_SECRET_KEY"):
        door.install(FastAPI(), settings, gate.store, gate.clock)


def test_too_many_password_checks_at_once_is_a_short_wait_not_a_failure(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    def busy(stored: str | None, password: str) -> bool:
        raise passwords.TooBusyError

    monkeypatch.setattr(passwords, "is_password", busy)
    answer = post_password(gate.browser(), "li", PASSWORD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_machine_gun_of_changes_meets_a_plain_cap(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    browser = gate.resident()
    ours = {"x-form-token": token(browser)}
    monkeypatch.setattr(Flood, "CHANGES", RateLimitItemPerMinute(3))
    answers = [browser.post("/do/session.start", headers=ours) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "60"
    assert browser.get("/").status_code == 200, "looking is always allowed"


def test_a_password_is_changed_only_by_staff(gate: Gate):
    browser = gate.resident()
    fields = {"form_token": token(browser), "new": "a completely new one"}
    assert browser.post("/password", data=fields).status_code == 403
