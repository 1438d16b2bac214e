"""A household questions a line on its phone, the committee answers at its desk, all are told."""

import re

import pytest

from service.billing.actions import balance
from service.flow.questioning import question
from service.households.actions import find_household
from service.households.records import audit_trail
from tests.pages.charges import Charges
from tests.pages.visitors import Person, empty_store, words

ANSWER = "The plug was out from eight on; our readings show it."
MY, DESK = "/me/questions/1", "/committee/questions/1"


@pytest.fixture
def street(sqlite_template, tmp_path, clock):
    with empty_store(sqlite_template, tmp_path) as store:
        yield Charges(store, clock)


def ask(person: Person, session_id: str, what: str = "too_much", written: str = ""):
    page = f"/me/sessions/{session_id}/question"
    return person.post(page, page, what=what, words=written)


def reply(person: Person, key: str, written: str = ANSWER):
    return person.post(DESK, DESK, key=key, words=written)


def owes(street: Charges, door: str = "1-101") -> int:
    with street.flow.store.reading() as uow:
        household = find_household(uow, door)
        return balance(uow, household.id)


# --- the resident ---------------------------------------------------------------------------------


def test_the_form_shows_the_line_and_asks_little(street):
    session_id = street.line()
    text = street.resident().text(f"/me/sessions/{session_id}/question")
    for said in (
        "I question this line", "1.613 − 1.000 = 0.613 kWh", "What seems wrong?",
        "The energy or the amount is too high.", "at most 300 characters", "Send the question",
    ):  # fmt: skip
        assert said in text, said


def test_after_asking_the_household_reads_what_happens_next(street):
    session_id, person = street.line(), street.resident()
    answer = ask(person, session_id, written="The bike was full at eight.")
    text = words(answer.text)
    for said in (
        "Thank you, your question has arrived.", "What happens next", "being looked into",
        "The bike was full at eight.", "0.613 kWh for 0.42 yuan", "The evidence", "1.500",
    ):  # fmt: skip
        assert said in text, said
    with street.flow.store.reading() as uow:
        (deed,) = [e for e in audit_trail(uow, 20) if e.action == "statement.question_own"]
    assert deed.actor_role == "resident"


def test_asking_again_leads_to_the_same_question(street):
    session_id, person = street.line(), street.resident()
    ask(person, session_id)
    again = person.get(f"/me/sessions/{session_id}/question")
    assert again.url.path == MY


def test_what_is_written_badly_comes_back_with_a_sentence(street):
    session_id, person = street.line(), street.resident()
    for what, written, said in (
        ("too_much", "字" * 301, "That is 301 characters"),
        ("too_much", "x" * 10_000, "That is 10000 characters"),
        ("", "", "choose what seems wrong"),
        ("other", "", "in a few words"),
    ):
        answer = ask(person, session_id, what, written)
        assert answer.status_code == 422
        assert said in words(answer.text)
    assert street.staff("committee").get(DESK).status_code == 404


def test_far_too_much_text_is_refused_before_it_is_read(street):
    answer = ask(street.resident(), street.line(), "too_much", "x" * 21_000)
    assert answer.status_code == 422


def test_markup_in_a_question_is_text_on_every_page(street):
    session_id, person = street.line(), street.resident()
    ask(person, session_id, "other", "<img src=x onerror=alert(1)> {{ 7*7 }} {door}")
    desk = street.staff("committee")
    for reader, path in ((person, MY), (desk, "/committee/questions"), (desk, DESK)):
        html = reader.get(path).text
        assert "<img src=x" not in html
        assert "&lt;img src=x onerror=alert(1)&gt; {{ 7*7 }} {door}" in html


def test_another_household_finds_neither_the_line_nor_the_question(street):
    session_id = street.line()
    ask(street.resident("1-101"), session_id)
    other = street.resident("1-102")
    page = f"/me/sessions/{session_id}/question"
    assert other.get(page).status_code == 404
    assert other.get(MY).status_code == 404
    assert other.get(f"{MY}/print").status_code == 404
    form = other.get("/me").text
    token = re.search(r'name="form_token" value="([^"]+)"', form)[1]
    fields = {"what": "too_much", "form_token": token}
    assert other.client.post(page, data=fields).status_code == 404
    for nowhere in ("/me/sessions/01JNAX7CZV5Q9T3M7/question", "/me/questions/99"):
        assert other.get(nowhere).status_code == 404
    assert other.get("/me/questions/99999999999999999999").status_code in (404, 422)


def test_only_residents_ask_and_only_the_committee_answers(street):
    session_id = street.line()
    ask(street.resident(), session_id)
    for login in ("gatehouse", "maintenance"):
        person = street.staff(login)
        for path in (MY, "/committee/questions", DESK, f"{DESK}/print"):
            assert person.get(path).status_code == 403, (login, path)
    assert street.staff("committee").get(MY).status_code == 403
    assert street.resident().get(DESK).status_code == 403
    assert street.resident().client.post(DESK, data={"key": "waive"}).status_code == 403


def test_a_charge_that_is_not_billed_yet_has_no_form(street):
    session_id = street.held()
    assert street.resident().get(f"/me/sessions/{session_id}/question").status_code == 404


# --- the committee --------------------------------------------------------------------------------


@pytest.fixture
def asked(street) -> Person:
    """A question by 1-101; the committee's browser."""
    ask(street.resident(), street.line(), written="The bike was full at eight.")
    return street.staff("committee")


def test_the_list_names_what_waits_and_what_it_is_about(street, asked):
    text = asked.text("/committee/questions")
    for said in (
        "1 questions wait for an answer", "Pile 1 · outlet 1", "1-101",
        "The energy or the amount is too high.", "The bike was full at eight.", "0.613", "0.42",
        "Total", "Answered Nothing yet.",
    ):  # fmt: skip
        assert said in text, said


def test_where_nobody_asks_the_page_says_so(street):
    assert "No question is open" in street.staff("committee").text("/committee/questions")


def test_every_possible_answer_shows_its_arithmetic(street, asked):
    text = asked.text(DESK)
    for said in (
        "The line is right: no credit", "Nothing should have been billed", "Gives back 0.42 yuan",
        "Only what our own readings prove 1.500 − 1.000 = 0.500 kWh", "Gives back 0.08 yuan",
    ):  # fmt: skip
        assert said in text, said
    between = words(asked.get(f"{DESK}?first=1&last=3").text)
    assert "1.500 − 1.200 = 0.300 kWh" in between
    assert "Gives back 0.21 yuan" in between
    for first, last in (("3", "1"), ("0", "99"), ("x", "1"), ("1", "1")):
        nothing = asked.get(f"{DESK}?first={first}&last={last}")
        assert nothing.status_code == 200
        assert "Only what was used between" not in nothing.text


@pytest.mark.parametrize(("key", "back"), [("readings", 8), ("between:1:3", 21)])
def test_a_credit_note_is_told_to_the_household_until_it_was_read(street, asked, key, back):
    page = f"{DESK}?first=1&last=3" if key.startswith("between") else DESK
    answer = asked.post(page, DESK, key=key, words=ANSWER)
    assert "It is answered; the household is told." in words(answer.text)
    assert owes(street) == 42 - back
    person = street.resident()
    told = f"0.{back:02d} yuan are given back."
    assert told in person.text("/me")
    assert told in person.text("/me/statements/2026-03")
    read = person.text(MY)
    assert ANSWER in read
    assert f"0.{back:02d} yuan are given back, on your next statement" in read
    assert told not in person.text("/me")
    assert told not in person.text("/me/statements/2026-03")


def test_the_statement_has_the_mark_the_link_and_the_correction(street, asked):
    person = street.resident()
    open_one = person.text("/me/statements/2026-03")
    assert "questioned: the committee is looking into it" in open_one
    assert "See the question about this line" in open_one
    reply(asked, "readings")
    done = person.text("/me/statements/2026-03")
    assert "questioned and put right by a credit note" in done
    assert "Credit note Q-1" in done
    assert "2026-03-02 LB-001/1: 0.613 → 0.500 kWh. " + ANSWER in done
    assert "-0.08" in done
    printed = asked.text("/committee/statements/2026-03/print")
    assert "questioned and put right by a credit note" in printed
    assert "Credit note Q-1" in printed


def test_every_line_of_ones_own_statement_can_be_questioned(street):
    session_id = street.line()
    html = street.resident().get("/me/statements/2026-03").text
    assert f'href="/me/sessions/{session_id}/question"' in html
    desk = street.staff("committee")
    text = desk.get("/committee/statements/2026-03/1").text
    assert f"/me/sessions/{session_id}/question" not in text


def test_a_reasoned_no_is_told_with_its_reason(street, asked):
    reply(asked, "no", "The meter was checked: it is right.")
    person = street.resident()
    assert "was answered." in person.text("/me")
    text = person.text(MY)
    assert "the line stays as it is" in text
    assert "The meter was checked: it is right." in text
    assert owes(street) == 42


def test_an_answer_that_cannot_be_given_comes_back_with_a_sentence(street, asked):
    for key, written, said in (
        ("no", "", "needs a reason"),
        ("nonsense", ANSWER, "choose one of the answers"),
        ("between:3:1", ANSWER, "choose one of the answers"),
        ("waive", "长" * 301, "301 characters"),
    ):
        answer = reply(asked, key, written)
        assert answer.status_code == 422
        assert said in words(answer.text)
        assert "Nothing was answered" in words(answer.text)
    assert owes(street) == 42


def test_a_second_answer_hears_what_the_first_one_was(street, asked):
    html = asked.get(DESK).text
    reply(asked, "no")
    form = next(
        f for f in re.findall(r"<form.*?</form>", html, re.S) if 'method="post" action="/c' in f
    )
    token = re.search(r'name="form_token" value="([^"]+)"', form)[1]
    again = asked.client.post(DESK, data={"key": "waive", "words": ANSWER, "form_token": token})
    assert again.status_code == 409
    assert "Somebody answered before you" in words(again.text)
    assert owes(street) == 42
    with street.flow.store.reading() as uow:
        assert [e.action for e in audit_trail(uow, 20)].count("question.answer") == 1


def test_changed_evidence_is_shouted_about_and_cannot_be_answered(street, asked):
    engine = street.flow.store.engine.execution_options(beimen_writes=True)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE question SET evidence = replace(evidence, '1500', '1100')"
        )
    html = asked.get(DESK).text
    assert "its fingerprint does not fit" in html
    assert 'name="key"' not in html


def test_the_evidence_can_be_printed_by_both(street, asked):
    for person, path in ((street.resident(), MY), (asked, DESK)):
        text = person.text(f"{path}/print")
        assert "Evidence sheet" in text
        assert "Stamp and signature" in text


def test_a_question_asked_through_the_flow_shows_a_charge_across_midnight(street, clock):
    clock.at = clock.at.replace(hour=15, minute=40)  # 23:40
    street.pile.heartbeat()
    session_id = street.line()
    with street.flow.store.reading() as uow:
        household = find_household(uow, "1-101")
    with street.flow.work() as work:
        question(work, session_id, household.id, "times", "")
    text = street.staff("committee").text(DESK)
    assert "2 March, 23:40 – 00:40" in text
