"""`beimen bill`: what stands in the way is said in sentences, and the reasons are kept."""

from pathlib import Path

import pytest

from service.bill import Bill, close_and_publish, waiting
from service.clock import FixedClock
from service.flow import House
from service.households.records import audit_trail
from service.store import Store
from service.store.engine import open_engine
from tests.billing.books import THE_LIS, a_session, post
from tests.support.compound import at, seeded_house

MARCH = "2026-03"
WHY = "the bill comes by post"


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path) -> House:
    """The second of April: March has two charges and no bill of the grid."""
    path = tmp_path / "bill.db"
    path.write_bytes(sqlite_template.read_bytes())
    clock = FixedClock(at("2026-03-02 19:00"))
    house = seeded_house(Store(open_engine(f"sqlite:///{path}")), clock)
    with house.store.writing() as uow:
        post(uow, a_session("one"), a_session("two", THE_LIS, "2026-03-20 21:00", 1000))
    clock.at = at("2026-04-02 10:00")
    return house


def said(house: House, bill: Bill) -> tuple[bool, str]:
    done, sentences = close_and_publish(house, bill)
    return done, "\n".join(sentences)


def test_a_missing_grid_bill_is_said_with_both_ways_out(house: House):
    done, text = said(house, Bill(MARCH))
    assert not done
    assert text.startswith("2026-03 was not closed; nothing has changed. Still open:")
    assert "The grid's bill is missing" in text
    assert "--without-grid-bill 'why'" in text
    assert "published as 'not known yet', never as 0" in text
    assert list(waiting(house)) == [
        "to be closed: 2026-03",
        "  2026-03: The grid's bill is missing",
    ]


def test_with_a_reason_it_is_closed_published_and_the_reason_is_in_the_audit_trail(house: House):
    done, text = said(house, Bill(MARCH, without_grid_bill=WHY))
    assert (done, text) == (True, "2026-03: 1 statements, 2 sessions, 1.613 kWh, 1.11 yuan")
    assert said(house, Bill(MARCH)) == (True, text), "a second time it is answered as done"
    assert list(waiting(house)) == ["to be closed: nothing"]
    with house.store.reading() as uow:
        (deed,) = [one for one in audit_trail(uow, 9) if one.action == "month.close"]
    assert (deed.actor_role, deed.subject) == ("command line", f"month {MARCH}")
    assert deed.detail["without_grid_bill"] == WHY


def test_it_can_be_closed_today_and_published_another_day(house: House):
    close_only = Bill(MARCH, publishes=False, without_grid_bill=WHY)
    assert said(house, close_only) == (
        True, "2026-03 is closed; publish it with: beimen bill 2026-03",
    )  # fmt: skip
    assert "was closed before" in said(house, close_only)[1]
    assert list(waiting(house)) == ["closed, to be published: 2026-03"]
    assert said(house, Bill(MARCH))[1].startswith("2026-03: 1 statements")


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("call 0351-1234567", "telephone"),
        ("ask 1-101", "the door 1-101"),
        ("y" * 201, "at most 200"),
    ],
)
def test_a_reason_that_may_not_be_public_is_refused(house: House, reason: str, what: str):
    done, text = said(house, Bill(MARCH, without_grid_bill=reason))
    assert not done
    assert what in text


@pytest.mark.parametrize(
    ("month", "what"),
    [("2026-04", "is not over yet"), ("May", "is not a month"), ("2026-01", "nothing to close")],
)
def test_a_month_that_cannot_be_closed_is_refused_in_words(house: House, month: str, what: str):
    done, text = said(house, Bill(month, without_grid_bill=WHY))
    assert not done
    assert what in text
