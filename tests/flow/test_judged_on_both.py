"""Deciding and answering on both databases: at the same moment, and against those who forge."""

# ruff: noqa: F811 - the fixtures of the neighbours are asked for by their names

import threading

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from service.desk.questions import Answered
from service.flow import House
from service.flow.deciding import AlreadyDecided, Decided
from service.sessions.records import HeldDecision
from service.usage.actions.judged import misfitting_judgements
from tests.flow.looking import billed
from tests.flow.test_deciding import decided, drawn, held  # noqa: F401
from tests.flow.test_questioning import ask, asked, line, owes, reply, the_lis  # noqa: F401

FORGERIES = (
    "UPDATE question SET evidence_sha256 = 'x'",
    "UPDATE question SET household_id = 99",
    "UPDATE question SET state = 'open', entry_id = NULL",
    "UPDATE question SET entry_id = 1",
    "DELETE FROM question",
)


def run(house: House, sql: str) -> None:
    engine = house.store.engine.execution_options(beimen_writes=True)
    with engine.begin() as connection:
        connection.exec_driver_sql(sql)


def test_two_people_who_decide_at_once_decide_once(house, held):
    answers = []

    def one(key: str) -> None:
        answers.append(decided(house, held, key))

    threads = [threading.Thread(target=one, args=(key,)) for key in ("readings", "waive") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, Decided) for one in answers) == 1
    assert sum(isinstance(one, AlreadyDecided) for one in answers) == 5
    with house.store.reading() as uow:
        assert len(list(uow.session.exec(select(HeldDecision)))) == 1
    assert len(billed(house.store)) <= 1


def test_two_taps_at_once_are_one_question(house, line, the_lis):
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(ask(house, line, the_lis))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.again for one in answers) == [False] + [True] * 5
    assert {one.question_id for one in answers} == {1}


def test_two_committee_members_who_answer_at_once_answer_once(house, asked, the_lis):
    answers = []
    threads = [
        threading.Thread(target=lambda k=key: answers.append(reply(house, asked, k)))
        for key in ("waive", "no", "readings") * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, Answered) for one in answers) == 1
    (done,) = [one for one in answers if isinstance(one, Answered)]
    assert owes(house, the_lis) == 42 - done.credit_fen


def test_the_database_refuses_to_change_what_was_asked_and_answered(house, asked):
    reply(house, asked, "readings")
    for forgery in FORGERIES:
        with pytest.raises(IntegrityError):
            run(house, forgery)


def test_evidence_that_was_changed_behind_our_back_is_found(house, asked, the_lis):
    reply(house, asked, "readings")
    run(house, "UPDATE question SET evidence = '{\"readings\": []}'")
    with house.store.reading() as uow:
        (misfit,) = misfitting_judgements(uow, house.settings.zone)
    assert misfit.in_language("en") == f"The evidence of question {asked} was changed."


def test_a_basis_that_was_changed_behind_our_back_is_found(house, asked):
    reply(house, asked, "readings")
    run(house, 'UPDATE question SET basis = \'{"choice": "waive"}\'')
    with house.store.reading() as uow:
        (misfit,) = misfitting_judgements(uow, house.settings.zone)
    assert "does not follow" in misfit.in_language("en")
