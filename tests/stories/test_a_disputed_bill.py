"""The bill of a month in which something was wrong: held and let go, questioned and put right.

Everything on paper can be followed: 1.613 - 1.000 = 0.613 kWh cost 0.30 + 0.12; our readings prove
1.500 - 1.000 = 0.500 kWh, which costs 0.24 + 0.10; so 0.08 yuan come back on the next statement.
"""

import io

import pytest
from rich.console import Console

from service.books import verify_books
from service.flow import books
from service.usage.actions import check_books
from service.usage.actions.left_over import left_over
from service.usage.spans import month_span
from tests.pages.charges import Charges
from tests.pages.visitors import Person, empty_store
from tests.support.compound import at

MARCH = "2026-03"


@pytest.fixture
def street(sqlite_template, tmp_path, clock):
    with empty_store(sqlite_template, tmp_path) as store:
        yield Charges(store, clock)


def close_march(street: Charges) -> None:
    street.clock.at = at("2026-04-03 10:00")
    done = books.close(street.flow, MARCH, "committee:1", {"grid_bill": "not there yet"})
    assert not isinstance(done, books.NotReady), done
    books.publish_month(street.flow, MARCH, "committee:1")


def fits(street: Charges) -> bool:
    """Do the books hold, to the fen and to the watt-hour?"""
    zone, now = street.flow.settings.zone, street.clock.now()
    with street.flow.store.reading() as uow:
        assert check_books(uow, month_span(MARCH, zone), now).agrees
        assert left_over(uow, month_span(MARCH, zone)).keeps_the_law
    return verify_books(street.flow.store, Console(file=io.StringIO()))


def owed(person: Person, month: str) -> str:
    """What a statement asks for."""
    text = person.text(f"/me/statements/{month}")
    return text.split("To pay, yuan ")[1].split(" ")[0]


def test_a_session_without_a_start_is_let_go_before_the_close(street):
    session_id = street.held("1-101")
    assert "the meter reading at the start is missing" in street.resident("1-101").text(
        f"/me/sessions/{session_id}"
    )
    committee = street.staff("committee")
    page = f"/committee/held/{session_id}"
    committee.post(page, page, key="waive", reason="The board lost its memory; nobody can tell.")
    close_march(street)
    assert fits(street)
    with street.flow.store.reading() as uow:
        zone = street.flow.settings.zone
        assert left_over(uow, month_span(MARCH, zone)).held == ()
        total = check_books(uow, month_span(MARCH, zone), street.clock.now()).total
    assert (total.billed_wh, total.waived_wh, total.held_wh) == (0, 500, 0)
    assert "you pay nothing for it" in street.resident("1-101").text(f"/me/sessions/{session_id}")


def test_a_held_session_that_nobody_decided_is_named_when_the_month_is_closed(street):
    session_id = street.held("1-101")
    street.clock.at = at("2026-04-03 10:00")
    asked = books.close(street.flow, MARCH, "committee:1", {"grid_bill": "not there yet"})
    assert isinstance(asked, books.NotReady)
    assert [(item.what, item.count) for item in asked.items] == [("held", 1)]
    reasons = {"grid_bill": "not there yet", "held": "the maker is asked"}
    books.close(street.flow, MARCH, "committee:1", reasons)
    zone = street.flow.settings.zone
    with street.flow.store.reading() as uow:
        left = left_over(uow, month_span(MARCH, zone))
    assert [(one.session_id, one.reason) for one in left.held] == [(session_id, "no_start_reading")]
    assert left.keeps_the_law


def test_a_disputed_line_is_credited_and_seen_on_the_next_statement(street):
    session_id = street.line("2-101")
    close_march(street)
    resident = street.resident("2-101")
    assert owed(resident, MARCH) == "0.42"
    form = f"/me/sessions/{session_id}/question"
    resident.post(form, form, what="too_much", words="It was full at eight.")
    assert "nobody reminds you of it" in resident.text(f"/me/statements/{MARCH}")

    street.clock.advance(86_400)
    committee = street.staff("committee2")
    assert "It was full at eight." in committee.text("/committee/questions")
    committee.post(
        "/committee/questions/1", "/committee/questions/1", key="readings",
        words="Our readings end at 1.500.",
    )  # fmt: skip

    resident = street.resident("2-101")
    assert "0.08 yuan are given back." in resident.text("/me")
    assert owed(resident, MARCH) == "0.42"  # a published statement never changes
    april = resident.text("/me/statements/2026-04")
    for said in (
        "Opening balance 0.42", "Corrections -0.08", "Credit note Q-1",
        "2026-03-02 LB-001/1: 0.613 → 0.500 kWh. Our readings end at 1.500.",
    ):  # fmt: skip
        assert said in april, said
    assert owed(resident, "2026-04") == "0.34"
    assert "Our readings end at 1.500." in resident.text("/me/questions/1")
    assert "are given back." not in resident.text("/me")
    assert fits(street)


def test_evidence_that_somebody_changed_is_found_by_verify(street):
    session_id = street.line("2-101")
    resident = street.resident("2-101")
    form = f"/me/sessions/{session_id}/question"
    resident.post(form, form, what="too_much", words="")
    assert verify_books(street.flow.store, Console(file=io.StringIO()))
    engine = street.flow.store.engine.execution_options(beimen_writes=True)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE question SET evidence = replace(evidence, '1500', '1600')"
        )
    out = io.StringIO()
    assert not verify_books(street.flow.store, Console(file=out))
    assert "The evidence of question 1 was changed." in out.getvalue()
