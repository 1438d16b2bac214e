"""Several hands in the books at the same time: one chain, nothing twice, nothing lost."""

import threading
from collections.abc import Callable

from service.billing import actions
from service.billing.outcomes import Posted, StillClosing
from service.store import Store
from tests.billing.books import a_session, misfits, post
from tests.billing.days import SHANGHAI, local

SESSIONS = [a_session(f"S{i:02d}", i % 3, "2026-03-31 23:00", 100 + i) for i in range(12)]


def at_once(*works: Callable[[], None]) -> None:
    """Run all of them at the same moment; an error in any is an error here."""
    start, errors = threading.Barrier(len(works)), []

    def run(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_four_that_post_the_same_sessions_bill_each_once(store: Store):
    answers = []

    def post_all() -> None:
        for session in SESSIONS:
            with store.writing() as uow:
                answers.extend(post(uow, session))

    at_once(*[post_all] * 4)
    assert len(answers) == 4 * len(SESSIONS)
    assert sum(isinstance(answer, Posted) for answer in answers) == len(SESSIONS)
    assert not misfits(store)


def test_a_session_posted_while_the_month_closes_is_in_it_or_late_but_never_lost(store: Store):
    with store.writing() as uow:
        post(uow, a_session("first", 0, "2026-03-01 20:00"))

    def post_all() -> None:
        for session in SESSIONS:
            with store.writing() as uow:
                post(uow, session, now="2026-04-01 00:05")

    def close() -> None:
        now, outcome = local("2026-04-01 00:05"), StillClosing("2026-03", "")
        while outcome.state != "written":
            with store.writing() as uow:
                outcome = actions.close_step(uow, "2026-03", now, SHANGHAI)
        with store.writing() as uow:
            actions.publish(uow, "2026-03", {}, now, SHANGHAI)

    at_once(post_all, close)
    with store.reading() as uow:
        printed = {
            month: [
                block.bill.session_id
                for view in actions.statements_of(uow, month)
                for block in view.sessions
            ]
            for month in ("2026-03", "2026-04")
        }
        closed = actions.verify(uow)
    assert sorted(printed["2026-03"] + printed["2026-04"]) == sorted(
        ["first", *(bill.session_id for bill, _ in SESSIONS)]
    )
    assert closed.misfits == ()
