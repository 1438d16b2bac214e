"""A change is made only by a page of ours, opened by that very visitor."""

import pytest

from tests.door.conftest import HTTPS, Gate, post_code, token

CHANGE = "/do/session.start"


def test_a_form_of_ours_is_taken_by_field_and_by_header(gate: Gate):
    browser = gate.resident()
    ours = token(browser)
    assert browser.post(CHANGE, data={"form_token": ours}).status_code == 200
    assert browser.post(CHANGE, files={"f": b"x"}, data={"form_token": ours}).status_code == 200
    assert browser.post(CHANGE, headers={"x-form-token": ours}).status_code == 200
    assert browser.post(CHANGE, data={"form_token": ours}).status_code == 200, "a second tap too"


def test_two_tokens_of_one_visitor_differ_and_both_work(gate: Gate):
    browser = gate.resident()
    first, second = token(browser), token(browser)
    assert first != second
    for ours in (first, second):
        assert browser.post(CHANGE, data={"form_token": ours}).status_code == 200


@pytest.mark.parametrize(
    "forged", ["", "x", ".", "a.b", "a." + "0" * 64, "\u4e2d.\u6587", "." * 99]
)
def test_a_guessed_token_is_refused_and_the_answer_says_what_to_do(gate: Gate, forged: str):
    answer = gate.resident().post(CHANGE + "?lang=en", data={"form_token": forged})
    assert answer.status_code == 403
    assert "Nothing was done" in answer.text


def test_a_token_of_another_household_or_of_before_the_sign_in_is_refused(gate: Gate):
    neighbour, browser = gate.resident("3-202"), gate.browser()
    before = token(browser)
    assert post_code(browser, gate.code(gate.household())).status_code == 303
    for strange in (token(neighbour), before):
        assert browser.post(CHANGE, data={"form_token": strange}).status_code == 403


def test_the_sign_in_form_itself_needs_its_token(gate: Gate):
    code = gate.code(gate.household())
    browser, thief = gate.browser(), gate.browser()
    strange = token(thief)
    assert browser.post("/sign-in", data={"code": code}).status_code == 403
    assert browser.post("/sign-in", data={"code": code, "form_token": strange}).status_code == 403
    assert post_code(browser, code).status_code == 303


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"origin": "http://127.0.0.1:8080"}, True),
        ({"origin": "null"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "null"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://127.0.0.1:8081"}, False),
        ({"origin": "http://127.0.0.1:8080.evil.example"}, False),
        ({"origin": "garbage"}, False),
    ],
)
def test_a_post_from_elsewhere_is_refused_even_with_a_token(
    gate: Gate, headers: dict[str, str], taken: bool
):
    browser = gate.resident()
    answer = browser.post(CHANGE, data={"form_token": token(browser)}, headers=headers)
    assert answer.status_code == (200 if taken else 403)


def test_behind_a_proxy_the_public_name_is_home_too(https_gate: Gate):
    browser = https_gate.resident()
    ours = {"form_token": token(browser)}
    assert browser.post(CHANGE, data=ours, headers={"origin": HTTPS}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_every_changing_method_is_guarded(growing_gate: Gate, method: str):
    from fastapi import Depends

    from service import door

    growing_gate.app.add_api_route("/change", lambda: "done", methods=[method],
                           dependencies=[Depends(door.guard("session.start"))])  # fmt: skip
    browser = growing_gate.resident()
    assert browser.request(method, "/change").status_code == 403
    ours = {"x-form-token": token(browser)}
    assert browser.request(method, "/change", headers=ours).status_code == 200


def test_a_broken_multipart_body_is_a_bad_request(gate: Gate):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = gate.resident().post(CHANGE, content=b"--y\r\ngarbage", headers=headers)
    assert answer.status_code in (400, 403)
