"""Entries by hand through their pages: one writes, another sees the paper and signs."""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.billing import actions as books
from service.billing.actions import balance, verify
from service.billing.months import month_of
from service.billing.outcomes import PaidBy, PaymentReceived
from service.clock import FixedClock
from service.desk.actions import written as desk
from service.desk.actions.checking import misfits
from service.desk.vouchers import MOST_BYTES
from service.desk.written import State
from service.flow.books import end_month
from service.households.records import Household, audit_trail, household_at
from service.pages.entries_form import MOST_BODY_BYTES
from tests.conftest import AN_EVENING
from tests.desk.papers import jpeg, pdf, png
from tests.pages.visitors import House, Person, build_house, empty_store, hidden, words
from tests.support.compound import at

HOME = "/committee/entries"
PAYMENT = "/committee/receipts/new"
REPAIR = {"amount": "120", "day": "2026-03-01", "memo": "换 7 号桩插座", "paid_by": "bank"}
PAPER = ("IMG_2041.png", png(), "image/png")


@pytest.fixture(scope="module")
def evening(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, Path, Path]]:
    """A compound with two members of the committee signed in, and a copy of its store."""
    folder = tmp_path_factory.mktemp("entries")
    with empty_store(sqlite_template, folder) as store:
        built = build_house(store, FixedClock(AN_EVENING))
        people = {login: built.staff(login) for login in ("committee", "committee2")}
        sign_in = built.staff
        built.staff = lambda login, *a: people.get(login) or sign_in(login, *a)  # type: ignore[method-assign]
        with store.engine.connect() as connection:
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
        store.engine.dispose()
        shutil.copy(folder / "pages.db", folder / "kept.db")
        yield built, folder / "pages.db", folder / "kept.db"


@pytest.fixture
def house(evening: tuple[House, Path, Path]) -> House:
    """The same evening again for every story: building it anew takes most of a second."""
    built, path, kept = evening
    built.compound.house.store.engine.dispose()
    for leftover in path.parent.glob("pages.db-*"):
        leftover.unlink()
    shutil.copy(kept, path)
    built.compound.house.read_again()
    built.clock.at = AN_EVENING + timedelta(seconds=90)
    return built


def send(person: Person, page: str, action: str, paper: object = None, **fields: str):
    """Send a form as a browser does, with a file if one was chosen."""
    html = person.get(page).text
    form = next(f for f in re.findall(r"<form.*?</form>", html, re.S) if f'action="{action}"' in f
                and 'method="post"' in f)  # fmt: skip
    files = {"paper": paper or ("", b"", "application/octet-stream")}
    return person.client.post(action, data=hidden(form) | fields, files=files)


def a_repair(person: Person, paper: object = PAPER, **changes: str):
    new = f"{HOME}/new/repair"
    return send(person, new, new, paper, **{**REPAIR, **changes})


def waiting(house: House):
    with house.compound.house.store.reading() as uow:
        return desk.waiting(uow)


def owed(house: House, door: str) -> int:
    with house.compound.house.store.reading() as uow:
        household = household_at(uow, door)
        assert household is not None
        return balance(uow, household.id or 0)


def test_one_writes_another_looks_at_the_paper_and_signs(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    answer = a_repair(first)
    assert answer.status_code == 200
    text = words(answer.text)
    assert "H-1 · Repair" in text
    assert "120.00 yuan" in text
    assert "Another member of the committee must sign it." in text
    assert 'action="/committee/entries/1/approve"' not in answer.text
    sheet = second.get(f"{HOME}/1").text
    assert "换 7 号桩插座" in sheet
    (shown,) = set(re.findall(r'src="(/committee/vouchers/[0-9a-f]{64})"', sheet))
    assert second.get(shown).content == png()
    answer = second.post(f"{HOME}/1", f"{HOME}/1/approve")
    text = words(answer.text)
    assert "Signed. It is in the books now." in text
    assert "Entry 1 of the ledger" not in text  # entry 1 published the tariff
    assert "Entry 2 of the ledger. It can never be changed." in text
    listed = words(second.get(HOME).text)
    assert "Nothing waits." in listed
    assert "H-1 1 March Repair · 换 7 号桩插座 with paper 120.00" in listed
    with house.compound.house.store.reading() as uow:
        assert verify(uow).misfits == ()
        assert misfits(uow) == []
        deeds = [(d.action, d.subject) for d in audit_trail(uow, 20) if d.subject == "H-1"]
    assert deeds == [("entry.approve", "H-1"), ("entry.write", "H-1")]


def test_whoever_wrote_it_cannot_sign_it_even_by_a_form_of_their_own(house: House):
    first = house.staff("committee")
    a_repair(first)
    form = hidden(first.get(f"{HOME}/1").text)
    answer = first.client.post(f"{HOME}/1/approve", data=form)
    assert answer.status_code == 409
    assert "You wrote this entry yourself." in words(answer.text)
    assert len(waiting(house)) == 1


def test_a_second_click_says_that_nothing_was_posted_twice(house: House):
    a_repair(house.staff("committee"))
    second = house.staff("committee2")
    form = hidden(second.get(f"{HOME}/1").text)
    for said in ("It is in the books now.", "nothing was posted a second time"):
        answer = second.client.post(f"{HOME}/1/approve", data=form)
        assert said in words(answer.text)


def test_something_is_wrong_with_it_and_the_reason_stays(house: House):
    a_repair(house.staff("committee"))
    second = house.staff("committee2")
    answer = second.post(f"{HOME}/1", f"{HOME}/1/refuse", reason="发票是 1200 元")
    text = words(answer.text)
    assert "It was not signed, and nothing was posted." in text
    assert "发票是 1200 元" in text
    assert "refused" in words(second.get(HOME).text)


def test_who_wrote_it_withdraws_it(house: House):
    first = house.staff("committee")
    a_repair(first)
    answer = first.post(f"{HOME}/1", f"{HOME}/1/refuse", reason="写错了")
    assert "withdrawn" in words(answer.text)
    assert waiting(house) == []


def test_the_same_form_sent_twice_is_one_entry(house: House):
    first = house.staff("committee")
    new = f"{HOME}/new/repair"
    form = hidden(first.get(new).text)
    for said in ("Kept. It counts as soon as", "This form had been sent before"):
        answer = first.client.post(new, data=form | REPAIR, files={"paper": PAPER})
        assert said in words(answer.text)
    assert len(waiting(house)) == 1


SLIPS = [
    ({"amount": "0"}, "more than 0"),
    ({"amount": "-120"}, "more than 0"),
    ({"amount": "12.345"}, "more than two decimals"),
    ({"amount": "1e5"}, "is not an amount"),
    ({"amount": "99999999999999999999"}, "more than one entry may have"),
    ({"day": "2026-03-03"}, "has not come yet"),
    ({"day": "2016-03-01"}, "more than two years ago"),
    ({"day": "soon"}, "is not a day"),
    ({"memo": "  "}, "Say in a few words"),
    ({"paid_by": ""}, "cash or a bank transfer"),
    ({"paid_by": "gold"}, "cash or a bank transfer"),
]


def test_a_slip_is_said_and_what_was_typed_stays(house: House):
    first = house.staff("committee")
    for changes, said in SLIPS:
        answer = a_repair(first, **changes)
        assert answer.status_code == 422, changes
        text = words(answer.text)
        assert "Nothing was written yet." in text
        assert said in text
        assert "choose the file of the paper again" in text
        for name, value in {**REPAIR, **changes}.items():
            if name != "paid_by" and value.strip():
                assert f'value="{value}"' in answer.text
    assert waiting(house) == []


def test_everything_that_is_wrong_is_said_at_once(house: House):
    answer = a_repair(house.staff("committee"), None, amount="x", day="y", memo="", paid_by="")
    text = words(answer.text)
    for said in ("is not an amount", "is not a day", "cash or a bank", "needs its paper", "Say in"):
        assert said in text


# --- uploads that should not be ------------------------------------------------------------------


NO_PAPERS = [
    (("bill.png", b"<html><script>alert(1)</script>", "image/png"), "a web page"),
    (("bill.svg", b"<svg onload='alert(1)'/>", "image/svg+xml"), "a web page"),
    (("bill.pdf", b"PK\x03\x04" + bytes(80), "application/pdf"), "an archive"),
    (("bill.png", b"", "image/png"), "is empty"),
    (("bill.jpg", jpeg() + b"<script>", "image/jpeg"), "something else behind"),
    (("x.png", jpeg() + bytes(MOST_BYTES + 1 - len(jpeg())), "image/png"), "larger than 5 MB"),
]


def test_a_file_that_is_no_paper_is_refused(house: House):
    first = house.staff("committee")
    for paper, said in NO_PAPERS:
        answer = a_repair(first, paper)
        assert answer.status_code == 422
        assert said in words(answer.text)
    assert waiting(house) == []


def test_a_paper_is_what_its_content_says_whatever_its_name_and_type(house: House):
    first = house.staff("committee")
    for name in ("../../etc/passwd", "C:\\evil\x07.exe", "a\r\nb.html", "图片.txt"):
        assert a_repair(first, (name, png(grey=len(name)), "text/html")).status_code == 200
    for hand in waiting(house):
        answer = first.get(f"/committee/vouchers/{hand.voucher_sha256}")
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"] == (
            f'inline; filename="voucher-{str(hand.voucher_sha256)[:12]}.png"'
        )


def test_a_nul_in_a_field_is_no_form_of_ours(house: House):
    answer = a_repair(house.staff("committee"), memo="a\x00b")
    assert answer.status_code == 403
    assert waiting(house) == []


def test_a_body_without_end_is_cut_off_before_it_is_read(house: House):
    first = house.staff("committee")
    new = f"{HOME}/new/repair"
    form = hidden(first.get(new).text)
    huge = ("x.png", bytes(MOST_BODY_BYTES), "image/png")
    answer = first.client.post(new, data=form | REPAIR, files={"paper": huge})
    assert answer.status_code == 413
    assert "too large" in words(answer.text)
    elsewhere = first.client.post(
        f"{HOME}/1/approve", data=form, files={"paper": ("x.png", bytes(70_000))}
    )
    assert elsewhere.status_code == 413


def test_a_stranger_is_refused_before_anything_of_the_body_is_read(house: House):
    read = []

    def body():
        read.append("read")
        yield b"--x\r\n"

    for person in (house.public(), house.resident(), house.staff("gatehouse")):
        person.client.follow_redirects = False
        headers = {"content-type": "multipart/form-data; boundary=x"}
        for path in (f"{HOME}/new/repair", PAYMENT, f"{HOME}/1/approve"):
            answer = person.client.post(path, content=body(), headers=headers)
            assert answer.status_code in (303, 401, 403)
    assert read == []


def test_papers_are_shown_in_a_cage(house: House):
    first = house.staff("committee")
    a_repair(first)
    a_repair(first, ("b.pdf", pdf(), "application/pdf"), memo="pdf")
    picture, paper = (hand.voucher_sha256 for hand in waiting(house))
    answer = first.get(f"/committee/vouchers/{picture}")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert (
        "attachment"
        in first.get(f"/committee/vouchers/{picture}?save=1").headers["content-disposition"]
    )
    answer = first.get(f"/committee/vouchers/{paper}")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment")
    for who in (house.public(), house.resident(), house.staff("gatehouse"), house.staff("viewer")):
        who.client.follow_redirects = False
        assert who.get(f"/committee/vouchers/{paper}").status_code in (303, 403)
    assert first.get("/committee/vouchers/" + "0" * 64).status_code == 404
    assert first.get("/committee/vouchers/..%2f..%2fetc%2fpasswd").status_code == 404


def test_the_same_paper_on_two_entries_is_seen_by_who_signs(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    a_repair(first)
    a_repair(first, amount="80")
    text = words(second.get(f"{HOME}/2").text)
    assert "The same paper belongs to H-1 as well. Is it paid twice?" in text


# --- kinds ---------------------------------------------------------------------------------------

GRID = {
    "first_day": "2026-02-01", "last_day": "2026-02-28", "start": "18250.4", "end": "19350",
    "amount": "535.50", "day": "2026-03-01", "memo": "二月", "paid_by": "bank",
}  # fmt: skip


def test_a_grid_bill_goes_on_from_the_last_one(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    new = f"{HOME}/new/grid_bill"
    page = send(first, new, new, PAPER, **GRID)
    text = words(page.text)
    assert "18250.400 → 19350.000" in text
    assert "1099.600 kWh" in text
    assert "0.487 yuan/kWh" in text
    second.post(f"{HOME}/1", f"{HOME}/1/approve")
    form = first.get(new).text
    assert 'name="first_day" value="2026-03-01"' in form
    assert 'name="start" value="19350.000"' in form
    again = send(first, new, new, PAPER, **GRID)
    assert "H-1 already covers the days from 2026-02-01 to 2026-02-28." in words(again.text)
    fallen = send(first, new, new, PAPER, **{**GRID, "first_day": "2026-03-01",
                                             "last_day": "2026-03-01", "end": "1"})  # fmt: skip
    assert "The meter cannot fall" in words(fallen.text)
    assert 'value="18250.4"' in fallen.text


def test_a_household_takes_over_what_another_owes(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    new = f"{HOME}/new/transfer"
    assert "Nobody is registered at door 9-999." in words(first.get(f"{new}?door=9-999").text)
    page = f"{new}?door=1-101"
    answer = send(first, page, new, amount="3", day="2026-03-02", memo="合户", other_door="8-888")
    assert "Nobody is registered at door 8-888." in words(answer.text)
    answer = send(first, page, new, amount="3", day="2026-03-02", memo="合户", other_door="1-102")
    assert "1-101 → 1-102 · 合户" in words(answer.text)
    second.post(f"{HOME}/1", f"{HOME}/1/approve")
    assert (owed(house, "1-101"), owed(house, "1-102")) == (-300, 300)


def test_the_next_household_behind_a_door_takes_over_what_the_last_one_owed(house: House):
    """A balance goes from who moved out to who lives there now, though both have the same door."""
    first = house.staff("committee")
    store, clock = house.compound.house.store, house.clock
    with store.writing() as uow:
        old = household_at(uow, "1-101")
        assert old is not None
        old.moved_out_at = clock.now() - timedelta(hours=1)
        uow.session.add(old)
        uow.session.flush()
        new = Household(door="1-101", entrance=1, moved_in_at=clock.now())
        uow.session.add(new)
        uow.session.flush()
        old_id, new_id = old.id, new.id
        books.record_payment(
            uow,
            PaymentReceived("B-1", old_id or 0, 700, clock.now(), PaidBy.BANK, "file:1"),
            clock.now(), house.compound.house.settings.zone,
        )  # fmt: skip
    transfer = f"{HOME}/new/transfer"
    fields = {"amount": "7", "day": "2026-03-02", "memo": "同一家", "other_door": "1-101"}
    answer = send(first, f"{transfer}?door=1-101", transfer, household=str(old_id), **fields)
    assert answer.status_code == 200, words(answer.text)
    (hand,) = waiting(house)
    assert (hand.wish.household_id, hand.wish.other_household_id) == (old_id, new_id)


def test_only_the_committee_writes_signs_and_sees_papers(house: House):
    a_repair(house.staff("committee"))
    (hand,) = waiting(house)
    pages = (HOME, f"{HOME}/new/repair", f"{HOME}/{hand.id}", PAYMENT, "/committee/counter/1",
             f"/committee/vouchers/{hand.voucher_sha256}")  # fmt: skip
    others = [house.resident(), *(house.staff(r) for r in ("gatehouse", "maintenance", "viewer"))]
    for person in others:
        for page in pages:
            assert person.get(page).status_code == 403, page


def test_a_mistake_is_taken_back_by_two_people(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    a_repair(first)
    second.post(f"{HOME}/1", f"{HOME}/1/approve")
    assert 'href="/committee/counter/2"' in first.get(f"{HOME}/1").text
    empty = first.post("/committee/counter/2", "/committee/counter/2", memo=" ")
    assert "Say in a few words" in words(empty.text)
    answer = first.post("/committee/counter/2", "/committee/counter/2", memo="应为 100 元")
    assert "H-2 · Counter-entry" in words(answer.text)
    assert "Bank account +120.00" in words(answer.text)
    assert 'href="/committee/entries/1"' in answer.text
    again = first.post("/committee/counter/2", "/committee/counter/2", memo="x")
    assert "waits already to take entry 2 back" in words(again.text)
    second.post(f"{HOME}/2", f"{HOME}/2/approve")
    assert "It was taken back by entry 3 of the ledger." in words(first.get(f"{HOME}/1").text)
    listed = words(first.get(HOME).text)
    assert "taken back" in listed
    assert "Total 0.00 0.00" in listed
    assert first.get("/committee/counter/77").status_code == 404
    assert first.get("/committee/counter/1").status_code == 404  # it published the tariff


def test_what_is_signed_late_says_in_which_month_it_counts(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    a_repair(first, day="2026-02-27")
    a_repair(first, ("b.png", png(grey=1), "image/png"), day="2026-02-27", amount="7")
    second.post(f"{HOME}/1", f"{HOME}/1/approve")
    end_month(house.compound.house, "2026-02")
    text = words(second.get(f"{HOME}/2").text)
    assert "February 2026 is closed already: once signed, it counts in March 2026." in text
    text = words(second.post(f"{HOME}/2", f"{HOME}/2/approve").text)
    assert "February 2026 was closed, so it counts in March 2026." in text
    assert "7.00" in words(second.get(f"{HOME}?month=2026-03").text)
    assert "120.00" in words(second.get(f"{HOME}?month=2026-02").text)


def test_unknown_numbers_and_kinds_are_pages_too(house: House):
    first = house.staff("committee")
    for path in (f"{HOME}/77", f"{HOME}/99999999999999999999", f"{HOME}/new/payment",
                 f"{HOME}/new/counter", f"{HOME}/new/gift", "/committee/receipts/5",
                 "/committee/receipts/x", f"{HOME}?month=2026-13"):  # fmt: skip
        answer = first.get(path)
        assert answer.status_code in (200, 404, 422), path
        assert "<html" in answer.text


# --- money at the desk ---------------------------------------------------------------------------


def pay(person: Person, door: str = "1-101", **fields: str):
    sent = {"amount": "12.60", "day": "2026-03-02", "paid_by": "cash", **fields}
    return send(person, f"{PAYMENT}?door={door}", PAYMENT, **sent)


def test_a_household_is_found_by_its_door_with_what_it_owes(house: House):
    first = house.staff("committee")
    text = words(first.get(f"{PAYMENT}?door= 1-101 ").text)
    assert "1-101 nothing to pay" in text
    answer = first.get(f"{PAYMENT}?door=9-999")
    assert answer.status_code == 422
    assert "Nobody is registered at door 9-999. Write it like 3-201." in words(answer.text)
    assert 'value="9-999"' in answer.text
    assert 'name="amount"' not in answer.text


def test_a_receipt_says_the_amount_twice_and_when_it_counts(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    text = words(pay(first).text)
    assert "Receipt R-1" in text
    assert "¥12.60 壹拾贰元陆角整" in text
    assert "before: nothing to pay; with this payment: 12.60 yuan paid ahead" in text
    assert "2 March 2026, cash, by committee member no. 1" in text
    assert "on the statement of March 2026" in text
    assert "as soon as a second committee member has signed it" in text
    assert owed(house, "1-101") == 0
    second.post(f"{HOME}/1", f"{HOME}/1/approve")
    text = words(first.get("/committee/receipts/1").text)
    assert "Signed by committee member no. 2 on 2 March 2026" in text
    assert owed(house, "1-101") == -1260


def test_a_receipt_of_a_payment_that_was_taken_back_is_void(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    pay(first)
    second.post(f"{HOME}/1", f"{HOME}/1/approve")
    first.post("/committee/counter/2", "/committee/counter/2", memo="wrong door")
    second.post(f"{HOME}/2", f"{HOME}/2/approve")
    assert "the receipt is void" in words(first.get("/committee/receipts/1").text)
    assert owed(house, "1-101") == 0


def test_a_payment_that_was_refused_has_no_receipt(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    pay(first)
    second.post(f"{HOME}/1", f"{HOME}/1/refuse", reason="no cash in the box")
    assert first.get("/committee/receipts/1").status_code == 404


def test_a_wrong_payment_keeps_what_was_typed(house: House):
    answer = pay(house.staff("committee"), amount="12,6", memo="现金")
    assert answer.status_code == 422
    assert "is not an amount" in words(answer.text)
    for value in ("12,6", "现金", "1-101"):
        assert f'value="{value}"' in answer.text


def test_money_that_waits_is_shown_to_whoever_takes_more(house: House):
    first = house.staff("committee")
    pay(first)
    text = words(pay(first, amount="1").text)
    assert "not counting 12.60 yuan received besides" in text
    text = words(first.get(f"{PAYMENT}?door=1-101").text)
    assert "13.60 yuan were received already and wait for a second signature." in text


def test_who_moved_out_still_pays_what_they_owed(house: House):
    first, second = house.staff("committee"), house.staff("committee2")
    store, clock = house.compound.house.store, house.clock
    pay(first, amount="1")
    second.post(f"{HOME}/1", f"{HOME}/1/approve")
    with store.writing() as uow:
        old = household_at(uow, "1-101")
        assert old is not None
        old.moved_out_at = clock.now() - timedelta(hours=1)
        uow.session.add(old)
        uow.session.flush()
        new = type(old)(door="1-101", entrance=1, moved_in_at=clock.now())
        uow.session.add(new)
        uow.session.flush()
        old_id, new_id = old.id, new.id
    page = first.get(f"{PAYMENT}?door=1-101").text
    assert "More than one household has lived at 1-101." in words(page)
    assert words(page).index("lives there now") < words(page).index("has moved out")
    assert "Choose which one" in words(pay(first).text)
    assert pay(first, household=str(old_id)).status_code == 200
    assert waiting(house)[0].wish.household_id == old_id != new_id


def test_cash_a_receipt_a_second_signature_and_it_is_on_the_households_statement(house: House):
    """The story of a payment: from the desk to the phone of the household."""
    first, second = house.staff("committee"), house.staff("committee2")
    the_lis = house.resident("1-101")
    pay(first, memo="三月预交")
    month = month_of(house.clock.now(), house.compound.house.settings.zone)
    assert the_lis.get(f"/me/statements/{month}").status_code == 404
    second.post(f"{HOME}/1", f"{HOME}/1/approve")
    text = words(the_lis.get(f"/me/statements/{month}").text)
    assert "Payment R-1" in text
    assert "12.60" in text
    house.clock.at = at("2026-04-01 00:10")
    end_month(house.compound.house, month)
    final = house.resident("1-101").get(f"/me/statements/{month}")
    assert "Payment R-1" in words(final.text)
    assert waiting(house) == []
    with house.compound.house.store.reading() as uow:
        hand = desk.hand_entry(uow, 1)
        assert hand is not None
        assert hand.state is State.APPROVED
        assert verify(uow).misfits == ()
