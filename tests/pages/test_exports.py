"""Taking a month along: only the committee may, what it gets is whole, and it is noted who did."""

import io
from zipfile import ZipFile

from sqlmodel import select

from service.billing.check_proof import code_of
from service.billing.records import ProofRoot
from service.households.records import AuditEntry
from tests.pages.published import MARCH, a_closed_march, a_published_march
from tests.pages.visitors import House, words

EXPORT = f"/committee/export/{MARCH}"


def test_the_page_offers_two_files_and_the_code_to_compare(house: House):
    a_published_march(house)
    page = house.staff("committee").get(EXPORT)
    assert page.status_code == 200
    assert f'href="{EXPORT}/whole"' in page.text
    assert f'href="{EXPORT}/public"' in page.text
    with house.compound.house.store.reading() as uow:
        root = uow.session.get_one(ProofRoot, MARCH)
    assert code_of(root.root) in words(page.text)


def test_the_files_are_whole_and_named_for_whom_they_are(house: House):
    a_published_march(house)
    committee = house.staff("committee")
    for kind, name in (("whole", "beimen-2026-03.zip"), ("public", "beimen-2026-03-public.zip")):
        answer = committee.get(f"{EXPORT}/{kind}")
        assert answer.headers["content-type"] == "application/zip"
        assert f'filename="{name}"' in answer.headers["content-disposition"]
        assert int(answer.headers["content-length"]) == len(answer.content)
        with ZipFile(io.BytesIO(answer.content)) as box:
            assert box.testzip() is None
            names = box.namelist()
        assert ("households.csv" in names) is (kind == "whole")
        assert "SHA256SUMS" in names


def test_it_is_noted_who_took_what_along(house: House):
    a_published_march(house)
    committee = house.staff("committee")
    committee.get(EXPORT)
    committee.get(f"{EXPORT}/whole")
    committee.get(f"{EXPORT}/public")
    with house.compound.house.store.reading() as uow:
        noted = uow.session.exec(select(AuditEntry).where(AuditEntry.action == "export.make")).all()
    assert [(one.subject, one.detail["kind"]) for one in noted] == [
        (f"month {MARCH}", "whole"),
        (f"month {MARCH}", "public"),
    ]


def test_a_month_that_is_closed_and_not_published_has_nothing_final_to_take(house: House):
    a_closed_march(house)
    committee = house.staff("committee")
    assert "not published yet" in words(committee.get(EXPORT).text)
    refused = committee.get(f"{EXPORT}/whole")
    assert refused.status_code == 404
    assert "2026-03 is not published yet" in words(refused.text)


def test_nobody_else_gets_it(house: House):
    a_published_march(house)
    for person in (house.staff("gatehouse"), house.resident("1-101")):
        for path in (EXPORT, f"{EXPORT}/whole", f"{EXPORT}/public"):
            assert person.get(path).status_code == 403
