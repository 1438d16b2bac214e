"""What every answer carries, whose host is answered, how much is read, which language is spoken."""

import pytest
from starlette.responses import HTMLResponse

from service import door
from tests.door.conftest import Gate, token

ALWAYS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/static/style.css", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/", 405),
        ("GET", "/do/audit.see", 303),
        ("POST", "/do/outlet.see", 403),
        ("GET", "/broken", 500),
        ("GET", "/api/v1/nowhere", 404),
    ],
)
def test_every_answer_carries_the_headers_even_a_failure(
    gate: Gate, method: str, path: str, status: int
):
    answer = gate.browser(raise_server_exceptions=False).request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "strict-transport-security" not in answer.headers


def test_over_https_browsers_are_told_to_stay_there(https_gate: Gate):
    answer = https_gate.browser().get("/")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_failure_tells_nothing_of_the_inside(gate: Gate):
    answer = gate.browser(raise_server_exceptions=False).get("/broken?lang=en")
    assert answer.text == (
        "Something broke on our side. It has been noted. Charging is not affected."
    )


def test_what_a_signed_in_visitor_sees_is_not_kept_by_the_browser(gate: Gate):
    assert gate.browser().get("/").headers["cache-control"] == "no-cache"
    assert gate.resident().get("/").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("beimen.example", 200),
        ("BEIMEN.example:443", 200),
        ("localhost:8080", 200),
        ("192.168.1.20:8080", 200),
        ("[::1]:8080", 200),
        ("evil.example", 421),
        ("beimen.example.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("beimen.example@evil.example", 421),
        ("", 421),
        ("[bad", 421),
    ],
)
def test_only_our_own_host_is_answered(https_gate: Gate, host: str, status: int):
    answer = https_gate.browser().get("/?lang=en", headers={"host": host})
    assert answer.status_code == status
    if status == 421:
        assert "Please use the address on the label" in answer.text


@pytest.mark.parametrize("stated", [True, False])
def test_a_body_beyond_64_kib_is_refused_whether_or_not_its_length_is_stated(
    gate: Gate, stated: bool
):
    browser = gate.resident()
    large = b'{"number": 1, "filler": "' + b"x" * 70_000 + b'"}'
    content = large if stated else iter([large])
    headers = {"x-form-token": token(browser), "content-type": "application/json"}
    answer = browser.post("/api/v1/number", content=content, headers=headers)
    assert answer.status_code == 413
    assert "too large" in answer.text
    assert answer.headers["content-language"] == "en"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_wrong_input_is_named_and_not_echoed(gate: Gate):
    browser = gate.resident()
    headers = {"x-form-token": token(browser)}
    answer = browser.post("/api/v1/number?lang=en", json={"number": "<script>"}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "Something in the request is missing or wrong: number."
    assert "script" not in answer.text


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "zh_CN"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("en-GB,en;q=0.9", "en"),
        ("fr-FR,en;q=0.5", "en"),
        ("fr-FR", "zh_CN"),
        ("*", "zh_CN"),
    ],
)
def test_chinese_first_and_english_for_browsers_that_ask(gate: Gate, accept: str, language: str):
    answer = gate.browser().get("/", headers={"accept-language": accept})
    assert answer.json()["language"] == language


def test_language_and_large_letters_are_one_tap_and_remembered(gate: Gate):
    browser = gate.browser()
    assert browser.get("/?lang=en&large=1").json()["language"] == "en"
    seen = browser.get("/").json()
    assert (seen["language"], seen["large"]) == ("en", True)
    browser.get("/?lang=zh-CN&large=0")
    seen = browser.get("/", headers={"accept-language": "en"}).json()
    assert (seen["language"], seen["large"]) == ("zh_CN", False)


@pytest.mark.parametrize("wish", ["xx", "", "en;evil=1", "<script>", "\r\nset-cookie: a=b"])
def test_an_odd_wish_for_a_language_sets_no_odd_cookie(gate: Gate, wish: str):
    answer = gate.browser().get("/", params={"lang": wish, "large": "7"})
    assert answer.status_code == 200
    for cookie in answer.headers.get_list("set-cookie"):
        assert cookie.startswith("lang=en;")


def test_people_get_the_page_that_the_pages_room_draws_and_programs_do_not(gate: Gate):
    door.show_refusals_with(
        gate.app, lambda request, status, text: HTMLResponse(f"<h1>{text}</h1>", status)
    )
    assert gate.browser().get("/nowhere?lang=en").text == "<h1>There is nothing here.</h1>"
    program = gate.browser().get("/api/v1/nowhere?lang=en").json()
    assert (program["detail"], program["reason"]) == ("There is nothing here.", "not_found")


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("outlet_busy", 409),
        ("some_new_reason", 409),
        ("no_such_session", 404),
        ("not_yours", 404),
        ("bad_request", 422),
        ("too_busy", 503),
        ("too_many_tries", 429),
    ],
)
def test_a_reason_of_any_room_becomes_a_status(reason: str, status: int):
    assert door.status_of(reason) == status


@pytest.mark.parametrize("path", ["/a%00b", "/?note=a%00b"])
def test_an_address_with_a_nul_is_nowhere(gate: Gate, path: str):
    """PostgreSQL stores no NUL: found by fuzzing, where a look-up broke instead of missing."""
    assert gate.browser(raise_server_exceptions=False).get(path).status_code == 404
