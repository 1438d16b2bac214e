"""A statement on every medium says the same to the fen; who may take which along, and how."""

import csv
import io
import re
import time

import openpyxl
import pytest
from sqlmodel import select

from service.billing import actions
from service.billing.ledger import Account
from service.billing.outcomes import Posted
from service.billing.statement import StatementView
from service.households.records import AuditEntry, household_at
from service.pages.paper import press
from service.pages.paper.jobs import State
from service.pages.statement_look import door_order
from service.quantities import parse_fen, show_yuan
from tests.billing.books import a_payment
from tests.billing.days import SHANGHAI
from tests.pages.papers import fonts_of, squeezed, texts_of
from tests.pages.published import MARCH, a_published_march, bills_of_march
from tests.pages.visitors import House, Person, words

HERE = f"/committee/statements/{MARCH}"
PAPER = f"{HERE}/paper"
EVIL = '=HYPERLINK("http://x")'


def pay(house: House, fen: int, memo: str = "") -> None:
    with house.compound.house.store.writing() as uow:
        own = household_at(uow, "1-101")
        assert own is not None
        payment = a_payment("R-7", own.id or 0, fen, "2026-03-02 10:00", memo)
        assert isinstance(actions.record_payment(uow, payment, house.clock.now(), SHANGHAI), Posted)


def view_of(house: House, door: str = "1-101") -> StatementView:
    with house.compound.house.store.reading() as uow:
        own = household_at(uow, door)
        assert own is not None
        view = actions.statement_of(uow, own.id or 0, MARCH)
    assert view is not None
    return view


def book(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def fen_of(cell: object) -> int:
    return round(float(str(cell)) * 100)


# --- one household -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_screen_paper_workbook_and_csv_are_equal_to_the_ledger(house: House, language: str):
    bills_of_march(house)
    pay(house, 1234, EVIL)
    view = view_of(house)
    with house.compound.house.store.reading() as uow:
        owed = actions.balance(uow, view.household_id)
    assert view.closing_fen == owed == view.lines_fen - 1234
    own = house.resident("1-101", language)
    base = f"/me/statements/{MARCH}"
    printed = f"{show_yuan(-owed)}"
    assert printed in own.text(base)
    pdf = own.get(f"{base}/pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert 'filename="beimen-2026-03-1-101.pdf"' in pdf.headers["content-disposition"]
    paper = "".join(texts_of(pdf.content))
    assert squeezed(f"= {show_yuan(owed)}") in paper
    assert squeezed(EVIL) in paper
    assert all(fonts_of(pdf.content).values())
    rows = table(own.get(f"{base}/csv").text)
    money = list(rows[0])[12]
    assert sum(parse_fen(row[money]) for row in rows[:-1]) == parse_fen(rows[-1][money]) == owed
    statements, lines = book(own.get(f"{base}/xlsx").content).worksheets
    assert fen_of(statements["J2"].value) == fen_of(statements["J3"].value) == owed
    assert sum(fen_of(lines.cell(n, 15).value) for n in range(2, lines.max_row - 1)) == owed
    notes = [lines.cell(n, 18) for n in range(2, lines.max_row + 1)]
    assert [(one.value, one.data_type) for one in notes if one.value == EVIL] == [(EVIL, "s")]


def test_nobody_takes_another_households_statement_along(house: House):
    bills_of_march(house)
    view = view_of(house)
    other, stranger = house.resident("1-102"), house.public()
    for kind in ("pdf", "xlsx", "csv"):
        assert other.get(f"{HERE}/{view.household_id}/{kind}").status_code == 403
        assert other.get(f"{HERE}/{kind}").status_code == 403
        assert stranger.get(f"/me/statements/{MARCH}/{kind}").url.path == "/sign-in"
        assert other.get(f"/me/statements/2025-01/{kind}").status_code == 404
    assert other.get(PAPER).status_code == 403


def test_the_desk_hands_a_household_its_paper_and_that_is_noted(house: House):
    bills_of_march(house)
    view = view_of(house)
    desk = house.staff("committee")
    page = desk.get(f"{HERE}/{view.household_id}")
    for kind in ("pdf", "xlsx", "csv"):
        assert f'href="{HERE}/{view.household_id}/{kind}"' in page.text
    answer = desk.get(f"{HERE}/{view.household_id}/pdf")
    assert answer.content.startswith(b"%PDF")
    assert noted(house)[-1] == (f"household {view.household_id}", {"pdf": MARCH})


def test_a_press_that_fails_is_a_page_with_a_sentence(house: House, monkeypatch):
    bills_of_march(house)
    monkeypatch.setattr(press, "FONTS", (press.HERE / "nothing.otf",))
    answer = house.resident("1-101").get(f"/me/statements/{MARCH}/pdf")
    assert answer.status_code == 503
    assert "fonts of printed papers are missing" in words(answer.text)


def test_a_published_statement_carries_its_proof_on_paper(house: House):
    a_published_march(house)
    own = house.resident("1-101")
    assert f'href="/me/statements/{MARCH}/proof"' in own.get(f"/me/statements/{MARCH}").text
    (page,) = texts_of(own.get(f"/me/statements/{MARCH}/pdf").content)
    assert "Scantocheckthatthisbillisinsidethepublishedtotal." in page
    shown = own.text(f"/me/statements/{MARCH}/proof")
    code = re.search(r"Codeofthemonth,thesameasonthenotice:([0-9A-F-]{39})", page)
    assert code
    assert all(group in shown for group in code[1].split("-"))


# --- a month -------------------------------------------------------------------------------------


def noted(house: House) -> list[tuple[str, dict[str, object]]]:
    with house.compound.house.store.reading() as uow:
        rows = uow.session.exec(
            select(AuditEntry).where(AuditEntry.action == "statement.see_any")
        ).all()
        return [(row.subject, dict(row.detail)) for row in rows]


def test_the_months_files_add_up_to_the_books(house: House):
    bills_of_march(house)
    pay(house, 1234)
    with house.compound.house.store.reading() as uow:
        owed = actions.accounts(uow)[Account.RECEIVABLE]
    desk = house.staff("committee")
    page = desk.get(HERE)
    for kind in ("paper", "xlsx", "csv", "print"):
        assert f'href="{HERE}/{kind}"' in page.text
    assert show_yuan(owed) in words(page.text)
    statements, lines = book(desk.get(f"{HERE}/xlsx").content).worksheets
    assert fen_of(statements.cell(statements.max_row - 1, 10).value) == owed
    assert fen_of(lines.cell(lines.max_row - 1, 15).value) == owed
    rows = table(desk.get(f"{HERE}/csv").text)
    closing = [row for row in rows if row["what"] == "closing balance"]
    assert sum(parse_fen(row["amount, yuan"]) for row in closing) == owed
    assert [row["door"] for row in closing] == sorted((r["door"] for r in closing), key=door_order)
    assert [subject for subject, _ in noted(house)] == [f"month {MARCH}"] * 2


def test_doors_stand_in_the_order_in_which_people_count_them():
    doors = ["1-1001", "1-201", "2-101", "10-101", "东门", "1-201B"]
    assert sorted(doors, key=door_order) == ["1-201", "1-201B", "1-1001", "2-101", "10-101", "东门"]


# --- all in one PDF ------------------------------------------------------------------------------


def wait_for(house: House, state: State) -> None:
    jobs = house.app.state.papers._jobs.values()
    end = time.monotonic() + 20
    while not any(job.state == state for job in jobs):
        assert time.monotonic() < end, [job.state for job in jobs]
        time.sleep(0.01)


def begun(desk: Person, entrance: str = "") -> str:
    """Press the button; the address of the page one is led to."""
    answer = desk.post(PAPER, PAPER, entrance=entrance)
    assert answer.status_code == 200, words(answer.text)
    return str(answer.url).removeprefix("http://127.0.0.1")


def test_all_statements_of_an_entrance_come_in_one_file(house: House):
    bills_of_march(house)
    desk = house.staff("committee")
    page = begun(desk, "2")
    wait_for(house, State.DONE)
    shown = desk.get(page)
    assert "Entrance 2: the file is ready" in words(shown.text)
    found = re.search(r'href="([^"]+/paper/file[^"]+)"', shown.text)
    assert found
    answer = desk.get(found[1])
    assert 'filename="beimen-2026-03-2.pdf"' in answer.headers["content-disposition"]
    pages = texts_of(answer.content)
    doors = [match[1] for page in pages if (match := re.search(r"March2026(\d-\d+)This", page))]
    assert len(doors) == 6
    assert doors == sorted(doors, key=door_order)
    assert all(door.startswith("2-") for door in doors)
    assert [subject for subject, _ in noted(house)] == [f"month {MARCH}"] * 2


def test_who_comes_back_finds_the_file_that_was_made(house: House):
    bills_of_march(house)
    desk = house.staff("committee")
    begun(desk, "1")
    wait_for(house, State.DONE)
    shown = desk.text(PAPER)
    assert "Files of this month Entrance 1 ready, as of 19:01" in shown
    assert "Files of this month" not in desk.text(PAPER.replace(MARCH, "2026-02"))


def patient(tmp_path, monkeypatch) -> None:
    """A press that never comes to an end."""
    program = tmp_path / "patient.py"
    program.write_text(
        "import sys; sys.stderr.write('set 7\\n'); sys.stderr.flush(); input(); input()"
    )
    monkeypatch.setattr(press, "PRESS", program)


def test_the_page_shows_how_far_the_file_is_with_and_without_scripts(house, tmp_path, monkeypatch):
    patient(tmp_path, monkeypatch)
    bills_of_march(house)
    desk = house.staff("committee")
    page = begun(desk)
    wait_for(house, State.WORKING)
    until_set(desk, page)
    shown = desk.get(page).text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in shown
    assert '<progress max="24" value="7"' in shown
    bar = re.search(r'hx-get="([^"]+)"', shown)
    assert bar
    assert "7 of 24 statements are set." in words(desk.get(bar[1]).text)
    ended = desk.post(page, f"{PAPER}/cancel")
    assert "The file was not made, as you wished." in words(ended.text)
    assert desk.get(bar[1]).headers["hx-refresh"] == "true"


def until_set(desk: Person, page: str) -> None:
    end = time.monotonic() + 20
    while 'value="7"' not in desk.get(page).text:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_people_wait_for_one_file_and_one_of_them_may_leave(house, tmp_path, monkeypatch):
    patient(tmp_path, monkeypatch)
    bills_of_march(house)
    first, second = house.staff("committee"), house.staff("committee2")
    page = begun(first)
    assert begun(second) == page
    left = first.post(page, f"{PAPER}/cancel")
    assert "Somebody else waits for the same file" in words(left.text)
    assert "not made, as you wished" in words(second.post(page, f"{PAPER}/cancel").text)


def test_after_a_restart_the_page_says_so_and_offers_it_again(house: House):
    desk = house.staff("committee")
    said = desk.text(f"{PAPER}?job=00000000-1111")
    assert "The service was started anew" in said
    assert "Make the PDF" in said
    boot = house.app.state.papers.boot
    assert "kept for an hour and then removed" in desk.text(f"{PAPER}?job={boot}-1111")
    assert "The service was started anew" in desk.text(f"{PAPER}/file?job=00000000-1111")


def test_a_month_or_entrance_without_statements_says_so(house: House):
    desk = house.staff("committee")
    page = begun(desk)
    wait_for(house, State.FAILED)
    assert "There is no statement to print" in desk.text(page)
    other = page.replace(MARCH, "2026-04")
    assert "started anew" not in desk.text(other)
    assert "There is no statement to print" not in desk.text(other)


def test_an_entrance_that_does_not_exist_is_refused(house: House):
    desk = house.staff("committee")
    for entrance in ("9", "x", "-1", "1 or 1=1", "１"):
        assert desk.post(PAPER, PAPER, entrance=entrance).status_code == 422, entrance
