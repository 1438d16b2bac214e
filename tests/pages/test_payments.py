"""The committee takes in a month's WeChat export through the pages, and clears what is left."""

import re
from datetime import timedelta

from httpx import Response

from service.billing.actions import balances
from service.desk.actions import payments
from service.desk.matching import payment_word
from service.households.actions import find_household
from service.households.records import audit_trail
from tests.desk.exports import csv_text, wechat, wechat_row
from tests.desk.files import ref
from tests.pages.visitors import House, Person, hidden, words

PATH = "/committee/payments"


def row(number: int, note: str, amount: str = "¥12.60", **more: str):
    return wechat_row(ref(number), note, amount, at="2026-03-02 12:00:00", **more)


def send(person: Person, data: bytes) -> Response:
    form = next(
        f for f in re.findall(r"<form.*?</form>", person.get(PATH).text, re.S) if "multipart" in f
    )
    files = {"file": ("账单.csv", data, "text/csv")}
    return person.client.post(PATH, data=hidden(form), files=files)


def press(person: Person, page: Response, ending: str, **fields: str) -> Response:
    """Send the first posting form of a page whose address ends so."""
    form = next(
        f
        for f in re.findall(r"<form.*?</form>", page.text, re.S)
        if re.search(rf'method="post" action="[^"]*{ending}"', f)
    )
    action = re.search(r'action="([^"]+)"', form)
    assert action
    return person.client.post(action[1], data=hidden(form) | fields)


def owed(house: House) -> dict[str, int]:
    with house.compound.house.store.reading() as uow:
        found = balances(uow)
        doors = ("1-101", "1-102", "2-101")
        homes = {door: find_household(uow, door) for door in doors}
    return {door: found[one.id or 0] for door, one in homes.items() if one and one.id in found}


def test_a_file_is_sent_in_looked_at_and_taken_in(house: House):
    committee = house.staff("committee")
    assert "Every payment has found its household." in committee.text(PATH)
    page = send(
        committee,
        wechat(row(1, "1-101"), row(2, "一单元102电费", "¥8.00"), row(3, "电费", "¥3.50")),
    )
    text = words(page.text)
    assert "A look only: nothing is written into the books yet." in text
    assert "Take in: 2 payments into the books, 20.60 yuan; 1 onto the list" in text
    assert "by door 1-101" in text
    assert owed(house) == {}
    done = press(committee, page, "take-in")
    assert "The file is taken in." in words(done.text)
    assert owed(house) == {"1-101": -1260, "1-102": -800}
    again = send(
        committee,
        wechat(row(1, "1-101"), row(2, "一单元102电费", "¥8.00"), row(3, "电费", "¥3.50")),
    )
    assert again.status_code == 422
    assert "This very file was taken in before" in words(again.text)


def test_what_is_nobody_s_is_matched_by_door_by_word_or_by_an_offer(house: House):
    committee = house.staff("committee")
    with house.compound.house.store.reading() as uow:
        home = find_household(uow, "1-102")
        assert home
        word = payment_word(home.id or 0)
    page = send(committee, wechat(row(1, "电费"), row(2, "1-101 1-102"), row(3, "谢谢")))
    press(committee, page, "take-in")
    listed = committee.get(PATH)
    assert "3 payments, 37.80 yuan" in words(listed.text)
    nobody = press(committee, listed, "/match", door="9-999")
    assert "Nobody is registered at door 9-999." in words(nobody.text)
    forms = re.findall(r"<form[^>]*rows/(\d+/\d+)/match.*?</form>", listed.text, re.S)
    first, offered, third = dict.fromkeys(forms)
    done = press(committee, listed, f"{first}/match", door=" 1-101 ")
    assert "The payment is in the books." in words(done.text)
    press(committee, listed, f"{offered}/match")
    press(committee, listed, f"{third}/match", door=word.lower())
    assert owed(house) == {"1-101": -2520, "1-102": -1260}
    assert "Every payment has found its household." in committee.text(PATH)


def test_a_payment_is_set_aside_with_a_reason_and_comes_back_when_put_right(house: House):
    committee = house.staff("committee")
    page = press(committee, send(committee, wechat(row(1, "场地费"))), "take-in")
    listed = committee.get(PATH)
    assert "Say why" in words(press(committee, listed, "/ignore", reason=" ").text)
    press(committee, listed, "/ignore", reason="rent of the hall")
    shown = committee.text(page.url.path)
    assert "– set aside rent of the hall" in shown
    back = press(committee, committee.get(page.url.path), "/take-back", why="no")
    assert "The payment is on the list again." in words(back.text)


def test_a_payment_of_the_wrong_household_waits_for_a_second_signature(house: House):
    committee = house.staff("committee")
    page = press(committee, send(committee, wechat(row(1, "1-101"))), "take-in")
    asked = press(committee, page, "/take-back", why="it was 1-102's")
    assert "The counter-entry waits for a second signature" in words(asked.text)
    twice = press(committee, page, "/take-back", why="again")
    assert twice.status_code in (200, 422)
    assert owed(house) == {"1-101": -1260}, "one person takes nothing back"


def test_wrong_rows_must_be_left_out_by_hand_and_stay_noted(house: House):
    committee = house.staff("committee")
    page = send(committee, wechat(row(1, "1-101"), row(2, "1-101", "a lot")))
    text = words(page.text)
    assert "'a lot' is not an amount in yuan like 12.60." in text
    refused = press(committee, page, "take-in")
    assert "1 rows cannot be taken in." in words(refused.text)
    assert owed(house) == {}
    done = press(committee, page, "take-in", leave_out="yes")
    assert "Row 19 ✕ 'a lot' is not an amount" in words(done.text)
    assert owed(house) == {"1-101": -1260}


def test_an_unknown_layout_is_asked_for_once(house: House):
    committee = house.staff("committee")
    rows = [("业委会三月账",), ("何时", "多少", "附注"), ("2026-03-02", "12.60", "1-101")]
    page = send(committee, csv_text(rows).encode("gbk"))
    assert "Which column is what?" in words(page.text)
    assert "B 多少 (12.60)" in words(page.text)
    none = press(committee, page, "/columns")
    assert "Say at least which column is the date" in words(none.text)
    moved = committee.get(f"{page.url.path}/columns?heading_row=1")
    assert 'value="1" required' in moved.text
    shown = press(committee, page, "/columns", date="0", amount="1", note="2")
    assert "by door 1-101" in words(shown.text)
    press(committee, shown, "take-in")
    again = send(committee, csv_text([*rows, ("2026-03-02", "1.00", "1-102")]).encode("gbk"))
    assert "What would happen" in words(again.text)
    assert "taken in on 2026-03-02 already" in words(again.text)


def test_a_draft_can_be_thrown_away_and_is_then_a_page_that_says_so(house: House):
    committee = house.staff("committee")
    page = send(committee, wechat(row(1, "1-101")))
    assert "Sent in and not yet taken in" in committee.text(PATH)
    gone = press(committee, page, "throw-away")
    assert "The file was thrown away. Nothing was changed." in words(gone.text)
    late = press(committee, page, "take-in")
    assert late.status_code == 409
    assert "This file is no longer here" in words(late.text)
    assert committee.get(f"{PATH}/files/99").status_code == 404


def test_what_is_no_table_is_refused_in_words(house: House):
    committee = house.staff("committee")
    for data, sentence in (
        (b"", "The file is empty."),
        (b"PK\x03\x04...", "This is a workbook of a spreadsheet program."),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "This is not a text table."),
        (b"a,b\n" * 600_000, "The file is larger than 2 MB."),
    ):
        answer = send(committee, data)
        assert answer.status_code == 422
        assert sentence in words(answer.text)
    assert send(committee, b"x" * (4 << 20)).status_code == 413


def test_names_that_look_like_formulas_are_text_on_the_page_and_in_the_file(house: House):
    committee = house.staff("committee")
    evil = '=HYPERLINK("http://x.example","y")'
    page = send(committee, wechat(row(1, "@SUM(1)", payer=evil), row(2, "<b>1</b>")))
    assert "&lt;b&gt;1&lt;/b&gt;" in page.text
    press(committee, page, "take-in")
    text = committee.get(f"{PATH}/unmatched.csv").text
    assert text.startswith("\ufeff")
    assert "'=HYPERLINK" in text
    assert "'@SUM(1)" in text


def test_the_trail_says_who_took_in_what_and_names_no_payer(house: House):
    committee = house.staff("committee")
    press(committee, send(committee, wechat(row(1, "1-101", payer="王小明"))), "take-in")
    with house.compound.house.store.reading() as uow:
        trail = [(one.action, one.subject, str(one.detail)) for one in audit_trail(uow, 5)]
    assert [action for action, _, _ in trail[:2]] == ["payment.record", "payment.record"]
    assert "王小明" not in str(trail)


def test_only_the_committee_sees_payments(house: House):
    for login in ("gatehouse", "maintenance", "viewer"):
        assert house.staff(login).get(PATH).status_code == 403
    assert house.resident().get(PATH).status_code == 403
    assert house.public().get(PATH).url.path == "/sign-in"


def test_a_service_that_was_killed_between_posts_the_rest_by_itself(house: House, monkeypatch):
    committee = house.staff("committee")
    page = send(committee, wechat(row(1, "1-101"), row(2, "1-101", "¥1.00")))
    monkeypatch.setattr("service.pages.payments.POST_WHILE_WAITING", 0)
    done = press(committee, page, "take-in")
    assert "On their way into the books; it takes a minute 2" in words(done.text)
    with house.compound.house.work() as work:
        zone = house.compound.house.settings.zone
        assert payments.post_matched(work.uow, work.now + timedelta(minutes=1), zone) == 2
    assert owed(house) == {"1-101": -1360}
