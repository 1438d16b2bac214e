"""A household questions a line: asked once, answered once, and the books stay whole."""

import pytest

from service.billing.actions import balance, verify
from service.billing.actions.crediting import misfitting_credits
from service.desk.actions.questions import note_read, questioned_fen, unread_answers
from service.desk.questions import AlreadyAnswered, Answered, Asked, Refused, State
from service.desk.records.questions import marks_of, open_count, question_row
from service.flow import House
from service.flow.questioning import answer, outcomes, question
from service.usage.actions.judged import misfitting_judgements
from tests.flow.looking import charging, lines_of, post_now, settle, statement
from tests.pages.visitors import empty_store

HOUR = 3600
WHY = "The readings show less."


@pytest.fixture
def store(sqlite_template, tmp_path):
    """What databases may do differently is told in test_judged_on_both."""
    with empty_store(sqlite_template, tmp_path) as opened:
        yield opened


@pytest.fixture
def the_lis(wish) -> int:
    return wish("1-101").household_id


@pytest.fixture
def line(house, pile, wish, clock):
    """A billed charge: 1000 to 1613 by its record, 1000 to 1500 by our readings; 0.42 yuan."""
    session_id = charging(house, pile, wish())
    for wh in (1000, 1200, 1400, 1500):
        pile.meter(pile.reading(wh=wh, session_id=session_id))
        clock.advance(900)
    pile.heartbeat()
    settle(pile, session_id, 1000, 1613)
    post_now(house)
    return session_id


def ask(house: House, session_id: str, household: int, what: str = "too_much", words: str = ""):
    with house.work() as work:
        return question(work, session_id, household, what, words)


def reply(house: House, number: int, key: str, words: str = WHY):
    with house.work() as work:
        return answer(work, number, key, words, 2)


def owes(house: House, household: int) -> int:
    with house.store.reading() as uow:
        assert verify(uow).misfits == ()
        assert misfitting_credits(uow) == []
        assert misfitting_judgements(uow, house.settings.zone) == []
        return balance(uow, household)


def read(house: House, number: int):
    with house.store.reading() as uow:
        return question_row(uow, number)


# --- asking ---------------------------------------------------------------------------------------


def test_a_line_is_questioned_with_the_evidence_of_that_moment(house, pile, line, the_lis, clock):
    asked = ask(house, line, the_lis, words="  The bike was full at nine.  ")
    assert asked == Asked(1)
    row = read(house, 1)
    assert (row.state, row.words, row.what) == ("open", "The bike was full at nine.", "too_much")
    pile.meter(pile.reading(wh=1550, session_id=line))  # a late reading changes no evidence
    assert [point[1] for point in read(house, 1).evidence["readings"]] == [1000, 1200, 1400, 1500]
    assert owes(house, the_lis) == 42


def test_while_it_is_open_nobody_is_reminded_of_that_part(house, line, the_lis):
    ask(house, line, the_lis)
    with house.store.reading() as uow:
        assert (questioned_fen(uow), open_count(uow)) == ({the_lis: 42}, 1)
        assert marks_of(uow, the_lis)[line].state == "open"
        assert marks_of(uow, the_lis + 1) == {}
    reply(house, 1, "no")
    with house.store.reading() as uow:
        assert (questioned_fen(uow), open_count(uow)) == ({}, 0)


def test_asking_twice_is_one_question(house, line, the_lis):
    assert ask(house, line, the_lis) == Asked(1)
    assert ask(house, line, the_lis, "times") == Asked(1, again=True)
    reply(house, 1, "no")
    assert ask(house, line, the_lis) == Asked(1, again=True)
    assert read(house, 1).state == "refused"


def test_another_households_charge_looks_as_if_it_did_not_exist(house, line, the_lis):
    refused = ask(house, line, the_lis + 1)
    assert isinstance(refused, Refused)
    assert refused.known is False
    assert refused == ask(house, "01JNAX7CZV5Q9T3M7H1K2D4F6S", the_lis + 1)


def test_what_is_not_billed_yet_cannot_be_questioned(house, pile, wish, the_lis):
    session_id = charging(house, pile, wish())
    assert ask(house, session_id, the_lis).known is False
    settle(pile, session_id, 1000, 1613)
    assert ask(house, session_id, the_lis).known is False


def test_a_line_that_charges_nothing_has_nothing_to_give_back(house, pile, wish, the_lis, clock):
    session_id = charging(house, pile, wish())
    clock.advance(HOUR)
    settle(pile, session_id, 1000, 1000)
    post_now(house)
    refused = ask(house, session_id, the_lis)
    assert "nothing to give back" in refused.sentence.in_language("en")


def test_what_cannot_be_read_is_refused_in_words(house, line, the_lis):
    for what, words, said in (
        ("too_much", "字" * 301, "301 characters"),
        ("too_much", "x" * 10_000, "10000 characters"),
        ("nonsense", "", "choose what seems wrong"),
        ("other", "   ", "in a few words"),
    ):
        refused = ask(house, line, the_lis, what, words)
        assert said in refused.sentence.in_language("en")
    assert read(house, 1) is None


def test_markup_in_a_question_is_kept_as_it_was_written(house, line, the_lis):
    ask(house, line, the_lis, words="<script>alert(1)</script> {door} %s")
    assert read(house, 1).words == "<script>alert(1)</script> {door} %s"


# --- answering ------------------------------------------------------------------------------------


@pytest.fixture
def asked(house, line, the_lis) -> int:
    return ask(house, line, the_lis).question_id


def test_every_possible_answer_is_shown_with_what_it_gives_back(house, asked):
    with house.look() as work:
        row, zone = question_row(work.uow, asked), house.settings.zone
        found = outcomes(work.uow, row, zone, "between:1:3")
    assert [(one.basis.key, one.basis.energy_wh, one.back.total_fen) for one in found] == [
        ("waive", 0, 42),
        ("readings", 500, 42 - 24 - 10),
        ("between:1:3", 300, 42 - 15 - 6),
    ]


@pytest.mark.parametrize(("key", "back"), [("waive", 42), ("readings", 8), ("between:1:3", 21)])
def test_a_credit_note_gives_back_billed_minus_right(house, line, asked, the_lis, key, back):
    before = lines_of(house.store)
    done = reply(house, asked, key)
    assert done == Answered(asked, State.CREDITED, back, "2026-03")
    assert owes(house, the_lis) == 42 - back
    assert lines_of(house.store) == before
    (credit,) = statement(house, the_lis, "2026-03").corrections
    assert credit.amount_fen == -back
    assert credit.words.in_language("en") == f"Credit note Q-{asked}"
    assert credit.memo.startswith("2026-03-02 LB-001/1: 0.613 → 0.")
    assert credit.memo.endswith(WHY)


def test_a_reasoned_no_changes_no_fen(house, asked, the_lis):
    assert reply(house, asked, "no", "The meter was checked.") == Answered(asked, State.REFUSED)
    assert owes(house, the_lis) == 42
    assert (read(house, asked).answer, read(house, asked).entry_id) == (
        "The meter was checked.",
        None,
    )


def test_an_answer_needs_a_reason_that_can_be_read(house, asked, the_lis):
    for key in ("no", "waive"):
        for words in ("", " ", "y" * 301):
            assert isinstance(reply(house, asked, key, words), Refused), (key, words)
    assert read(house, asked).state == "open"
    assert owes(house, the_lis) == 42


NO_OUTCOMES = (
    "", "nonsense", "between:3:1", "between:0:99", "between:-1:2", "between:0:1:2", "between:٠:١",
    "between:9999999:1", "record:abc",
)  # fmt: skip


def test_what_is_no_outcome_of_the_evidence_is_no_answer(house, asked, the_lis):
    for key in NO_OUTCOMES:
        assert isinstance(reply(house, asked, key), Refused), key
    assert owes(house, the_lis) == 42


def test_answering_twice_is_said_plainly_and_changes_nothing(house, asked, the_lis, clock):
    reply(house, asked, "readings")
    when = clock.now()
    clock.advance(60)
    for key in ("waive", "no", "readings"):
        assert reply(house, asked, key) == AlreadyAnswered(asked, State.CREDITED, when)
    assert owes(house, the_lis) == 34


def test_a_question_that_does_not_exist_has_no_answer(house):
    assert reply(house, 99, "no").known is False
    assert reply(house, 99, "waive").known is False


def test_the_household_is_told_until_it_has_read_the_answer(house, asked, the_lis, clock):
    def unread() -> list[int]:
        with house.store.reading() as uow:
            return [row.id for row in unread_answers(uow, the_lis)]

    def open_it(household: int) -> bool:
        with house.store.writing() as uow:
            return note_read(uow, asked, household, clock.now())

    assert (unread(), open_it(the_lis)) == ([], False)
    reply(house, asked, "no")
    assert unread() == [asked]
    assert open_it(the_lis + 1) is False
    assert open_it(the_lis) is True
    assert (unread(), open_it(the_lis)) == ([], False)
