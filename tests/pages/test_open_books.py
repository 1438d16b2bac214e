"""The open books, as everybody reads them: each figure explained, nobody named, nothing changed."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from service.billing.facts import MonthParts
from service.billing.records import LedgerEntry
from service.clock import FixedClock
from service.desk.actions import written as desk
from service.desk.written import Approved
from service.desk.written import Written as WrittenDown
from service.flow import books
from service.households.records import households
from tests.billing.days import local
from tests.conftest import AN_EVENING
from tests.desk.hands import a_grid_bill, a_paper
from tests.pages.charges import Written
from tests.pages.published import MARCH, bills_of_march
from tests.pages.visitors import House, empty_store, words

APRIL = datetime(2026, 4, 6, 1, 0, tzinfo=UTC)
PAGE = f"/open/{MARCH}"


@contextmanager
def a_house(template: Path, folder: Path) -> Iterator[House]:
    """Eight households and piles that nobody needs to simulate."""
    with empty_store(template, folder) as store:
        yield House(Written(store, FixedClock(AN_EVENING)))  # type: ignore[arg-type]


def publish_march(house: House) -> House:
    """March closed and published by itself; the grid's bill had not come."""
    bills_of_march(house)
    house.clock.at = APRIL
    books.end_month(house.compound.house, MARCH)
    return house


@pytest.fixture(scope="module")
def published(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """March is published; for those who only read."""
    with a_house(sqlite_template, tmp_path_factory.mktemp("open")) as house:
        yield publish_march(house)


@pytest.fixture
def later(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    """March is published, and life goes on."""
    with a_house(sqlite_template, tmp_path) as house:
        yield publish_march(house)


def a_bill_comes(house: House, end_kwh: float) -> str:
    """Two members write down and sign the grid's bill of March; its number."""
    conductor = house.compound.house
    now, zone = house.clock.now(), conductor.settings.zone
    wish = replace(
        a_grid_bill("2026-03-01", "2026-04-01", 1000, end_kwh), happened_at=local("2026-04-05")
    )
    with conductor.store.writing() as uow:
        written = desk.write(uow, wish, a_paper(), f"form {end_kwh}", 1, now, zone)
        assert isinstance(written, WrittenDown), written
        signed = desk.approve(uow, written.hand.id, 2, now, zone)
        assert isinstance(signed, Approved), signed
    return signed.hand.number


def test_before_the_first_month_the_page_says_when_there_will_be_one(
    sqlite_template: Path, tmp_path: Path
):
    with a_house(sqlite_template, tmp_path) as house:
        text = house.public().text("/open")
    assert "No month is published yet" in text
    assert "March 2026 is still running. Its account is published by 6 April 2026, 00:05." in text


def test_everybody_reads_the_month_and_how_each_figure_came_to_be(published: House):
    text = published.public().text(PAGE)
    for said in (
        "Open books, March 2026",
        "Published 6 April 2026. These figures never change.",
        "8 charges of 8 households.",
        "Electricity billed",
        "Service fee billed",
        "Paid to the grid",
        "Repairs",
        "Left over",
        "Are the piles paid back?",
        "Time to repair",
        "All three are the same, to the fen.",
        "the month closed by itself, because nobody had closed it in time",
    ):
        assert said in text, said


def test_what_is_not_known_is_never_shown_as_zero(published: House):
    page = published.public().get(PAGE).text
    assert "not known yet" in words(page)
    assert "The grid's bill has not come yet." in words(page)
    assert "Not known yet: the grid's bill with its meter readings has not come." in words(page)


def test_the_list_of_months_leads_to_each_and_every_page_leads_to_the_list(published: House):
    visitor = published.public()
    page = visitor.get("/open")
    assert f'href="{PAGE}"' in page.text
    assert "April 2026 is still running." in words(page.text)
    assert 'href="/open"' in visitor.get("/").text


def test_nobody_is_named_on_any_public_page(published: House):
    with published.compound.house.store.reading() as uow:
        doors = [household.door for household in households(uow)]
    visitor = published.public()
    for path in ("/open", PAGE, f"{PAGE}/notice", f"{PAGE}/account.json"):
        text = visitor.get(path).text
        assert not [door for door in doors if door in text], path


def test_the_notice_carries_the_code_room_for_the_stamp_and_the_address(published: House):
    visitor = published.public()
    groups = visitor.get(f"{PAGE}/root.json").json()["code"].split("-")
    assert len(groups) == 8
    page = visitor.get(f"{PAGE}/notice").text
    for text in (words(page), visitor.text(PAGE)):
        assert all(group in text for group in groups)
    assert "Stamp of the owners' committee, date" in words(page)
    assert f"/open/{MARCH}" in words(page)
    assert "<svg" in page


def test_the_account_as_a_file_is_byte_by_byte_what_the_ledger_sealed(published: House):
    answer = published.public().get(f"{PAGE}/account.json")
    assert answer.headers["content-type"] == "application/json"
    with published.compound.house.store.reading() as uow:
        memo = uow.session.exec(select(LedgerEntry.memo).where(LedgerEntry.cause == "close")).one()
    parts = MonthParts.from_memo(memo)
    assert parts
    assert hashlib.sha256(answer.content).hexdigest() == parts.account
    said = json.loads(answer.content)
    assert said["lines_fen"] == said["electricity_fen"] + said["service_fen"]
    assert said["grid_fen"] is None


@pytest.mark.parametrize("path", ["/open", PAGE, f"{PAGE}/notice"])
def test_a_public_page_is_light(published: House, path: str):
    answer = published.public().get(path)
    assert len(gzip.compress(answer.content)) < 12_000
    assert len(answer.content) < 40_000


def test_a_month_to_come_says_when_and_one_without_books_is_no_page(later: House):
    visitor = later.public()
    assert "April 2026 is still running." in visitor.text("/open/2026-04")
    assert "April 2026 is still running." in visitor.text("/open/2026-04/notice")
    assert visitor.get("/open/2026-04/account.json").status_code == 404
    for month in ("2025-12", "2026-05", "2026-13"):
        assert visitor.get(f"/open/{month}").status_code in (404, 422), month
    later.clock.at = datetime(2026, 5, 2, 1, 0, tzinfo=UTC)
    assert "April 2026 is over. Its account is published by 6 May 2026" in visitor.text(
        "/open/2026-04"
    )
    books.close(later.compound.house, "2026-04", "committee:1")
    assert "April 2026 is closed and will be published by" in visitor.text("/open/2026-04")


def test_a_bill_that_comes_later_stands_apart_and_changes_nothing(later: House):
    visitor = later.public()
    before = visitor.get(f"{PAGE}/account.json").content
    number = a_bill_comes(later, 1011)
    text = visitor.text(PAGE)
    assert "What came later" in text
    assert "This is not part of the published account, which stays as it was." in text
    assert number in text
    assert "It will be in the next account that is published." in text
    assert visitor.get(f"{PAGE}/account.json").content == before
    later.clock.at = datetime(2026, 5, 6, 1, 0, tzinfo=UTC)
    books.end_month(later.compound.house, "2026-04")
    assert "It is in the account of April 2026." in visitor.text(PAGE)
    assert number in visitor.text("/open/2026-04")
    assert visitor.get(f"{PAGE}/account.json").content == before


def test_too_much_loss_is_said_in_plain_words(later: House):
    a_bill_comes(later, 1020)
    text = later.public().text(PAGE)
    assert "More than 5 %: somebody must look for the reason." in text


def test_bills_that_no_longer_sum_to_the_published_total_are_not_hidden(later: House):
    """Somebody with the database's keys has taken down a guard and changed a statement."""
    store = later.compound.house.store
    with store.engine.execution_options(beimen_writes=True).begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER statement_fixed")
        connection.exec_driver_sql(
            "UPDATE statement SET lines_fen = lines_fen + 1, closing_fen = closing_fen + 1"
            " WHERE household_id = 1"
        )
    text = later.public().text(PAGE)
    assert "They are not the same." in text


def test_the_pages_speak_chinese(published: House):
    text = published.public("zh").text(PAGE)
    assert "收支公示 2026年3月" in text
    assert "尚不清楚" in text
