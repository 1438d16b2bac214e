"""Staff accounts through the committee's page, and a password of one's own."""

import ast
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from httpx import Response

from service.clock import FixedClock
from service.households import passwords
from service.households.access import ACCESS
from service.households.records import audit_trail, staff_with_login
from service.pages.trail_words import DEEDS, deed_words, detail_words, role_meant, subject_words
from service.words import Sentence
from tests.pages.light import Desk, open_desk
from tests.pages.test_sharing import press
from tests.pages.visitors import Person, hidden, words

STAFF, TRAIL, PASSWORD = "/committee/staff", "/committee/trail", "/staff/password"
GOOD = "maple river lantern"


@pytest.fixture
def desk(
    sqlite_template: Path, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_NOBODY", quick.hash("nobody"))
    with open_desk(sqlite_template, tmp_path, clock) as opened:
        yield opened


def code_in(page: Response) -> str:
    assert page.status_code == 200, words(page.text)
    found = re.search(r'code-big num">([0-9A-Z-]+)<', page.text)
    assert found, words(page.text)
    return found[1]


def act(person: Person, desk: Desk, login: str, deed: str) -> Response:
    with desk.compound.house.store.reading() as uow:
        member = staff_with_login(uow, login)
    assert member is not None
    token = hidden(person.get(STAFF).text)
    return person.client.post(f"{STAFF}/{member.id}/{deed}", data=token)


def choose(person: Person, new: str, again: str | None = None, **more: str) -> Response:
    return person.post(PASSWORD, PASSWORD, new=new, again=new if again is None else again, **more)


def test_a_new_member_signs_in_with_a_code_chooses_a_password_and_comes_back_with_it(desk: Desk):
    committee = desk.staff("committee")
    code = code_in(
        committee.post(STAFF, STAFF, login="Li.Gate", role="gatehouse", display="李师傅")
    )
    assert "no password yet" in committee.text(STAFF)
    newcomer = desk.public()
    first = newcomer.post("/sign-in", "/sign-in", code=code)
    assert first.url.path == PASSWORD, "the code works once, so a password is due now"
    assert "are not the same" in words(choose(newcomer, GOOD, "something else").text)
    assert "Use at least 10 characters." in words(choose(newcomer, "short", "short").text)
    assert "easy to guess" in words(choose(newcomer, "li.gate li.gate").text)
    done = choose(newcomer, GOOD)
    assert "The new password counts from now on." in words(done.text)
    later = desk.public()
    answer = later.post("/staff/sign-in", "/staff/sign-in", name="li.gate", password=GOOD)
    assert answer.url.path == "/gate"
    assert desk.public().post("/sign-in", "/sign-in", code=code).status_code == 401
    wrong = choose(later, "another long one", current="not this")
    assert (wrong.status_code, "present password is wrong" in words(wrong.text)) == (422, True)


def test_what_is_no_login_no_role_or_taken_is_said_and_what_was_typed_stays(desk: Desk):
    committee = desk.staff("committee")
    for login, role, said in (
        ("x", "gatehouse", "2 to 40 small letters"),
        ("li' or 1=1", "gatehouse", "2 to 40 small letters"),
        ("viewer", "viewer", "This sign-in name is taken."),
        ("li", "resident", "There is no such role."),
        ("li", "guest", "There is no such role."),
    ):
        page = committee.post(STAFF, STAFF, login=login, role=role, display="<b>x</b>")
        assert page.status_code in (409, 422), login
        assert said in words(page.text)
        assert "<b>x</b>" not in page.text


def test_an_account_that_is_ended_is_out_at_once_and_comes_back_only_with_a_new_code(desk: Desk):
    committee, gate = desk.staff("committee"), desk.staff("gatehouse")
    assert gate.get("/gate").status_code == 200
    waiting = desk.staff_code("gatehouse")
    ended = act(committee, desk, "gatehouse", "disable")
    assert "The account is ended, in every browser." in words(ended.text)
    assert gate.get("/gate").url.path == "/sign-in"
    assert desk.public().post("/sign-in", "/sign-in", code=waiting).status_code == 401
    back = desk.public()
    back.post("/sign-in", "/sign-in", code=code_in(act(committee, desk, "gatehouse", "enable")))
    assert back.get("/gate").status_code == 200
    assert act(committee, desk, "gatehouse", "enable").status_code == 404


def test_a_reset_ends_the_password_and_every_browser(desk: Desk):
    committee, gate = desk.staff("committee"), desk.staff("gatehouse")
    code = code_in(act(committee, desk, "gatehouse", "reset"))
    assert gate.get("/gate").url.path == "/sign-in"
    again = desk.public().post("/sign-in", "/sign-in", code=code)
    assert again.url.path == PASSWORD


def test_the_last_member_of_the_committee_can_be_neither_ended_nor_reset(desk: Desk):
    committee = desk.staff("committee")
    act(committee, desk, "committee2", "disable")
    for deed in ("disable", "reset"):
        refused = act(committee, desk, "committee", deed)
        assert refused.status_code == 422
        assert "This is the last member of the committee" in words(refused.text)
    code_in(committee.post(STAFF, STAFF, login="wang", role="committee", display=""))
    assert act(committee, desk, "committee", "disable").status_code == 422, "wang never came in"
    assert committee.get(STAFF).status_code == 200


def test_only_the_committee_sees_staff_trail_and_first_steps(desk: Desk):
    pages = (STAFF, TRAIL, f"{TRAIL}.csv", "/committee/begin", "/committee/begin/import",
             "/committee/begin/codes", "/committee/begin/piles")  # fmt: skip
    for person in (desk.staff("gatehouse"), desk.staff("viewer"), desk.resident()):
        for path in pages:
            assert person.get(path).status_code == 403, path
    assert desk.resident().get(PASSWORD).status_code == 403
    committee = desk.staff("committee")
    token = hidden(committee.get(STAFF).text)
    for number in (0, 2**31, 999_999):
        status = committee.client.post(f"{STAFF}/{number}/disable", data=token).status_code
        assert status in (404, 422)


def test_the_trail_tells_newest_first_in_words_and_is_filtered_and_paged(desk: Desk):
    committee = desk.staff("committee")
    for login in ("anna", "boris"):
        committee.post(STAFF, STAFF, login=login, role="viewer", display="")
    host = desk.resident("1-101")
    press(host, "/me/people", "/helpers", label="女儿")
    text = committee.text(TRAIL)
    assert "household 1-101 changed who may charge on their account a helper invited" in text
    assert text.index("a helper invited") < text.index("account boris")
    assert "household 1-101 signed in with a code on paper" in text
    assert "女儿" not in text, "a label is the household's own"
    mine = committee.text(f"{TRAIL}?who=committee")
    assert "changed a staff account" in mine
    assert "who may charge on their account a helper" not in mine
    theirs = committee.text(f"{TRAIL}?who=1-101&action=passes.manage_own")
    assert "account boris" not in theirs
    assert "a helper invited" in theirs
    assert "Nobody here is called nobody." in committee.text(f"{TRAIL}?who=nobody")
    assert "Nothing of this kind" in committee.text(f"{TRAIL}?action=month.close")
    assert "Nothing of this kind" in committee.text(f"{TRAIL}?until=2026-03-01")
    assert "a helper invited" in committee.text(f"{TRAIL}?since=2026-03-02&until=2026-03-02")
    assert committee.get(f"{TRAIL}?since=yesterday&before=x").status_code == 422


def test_older_pages_of_the_trail_follow_without_a_gap(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.pages.trail.PAGE", 2)
    committee = desk.staff("committee")
    for number in range(4):
        committee.post(STAFF, STAFF, login=f"m{number}x", role="viewer", display="")
    seen, path = [], TRAIL
    while path:
        html = committee.get(path).text
        seen += re.findall(r"account (m\dx|\w+)", words(html))
        older = re.search(r'href="(/committee/trail\?before=\d+)"', html)
        path = older[1] if older else ""
    assert [one for one in seen if one.startswith("m")] == ["m3x", "m2x", "m1x", "m0x"]


def test_the_trail_as_a_table_opens_as_text_and_fetching_it_is_a_deed(desk: Desk):
    committee = desk.staff("committee", language="zh")
    committee.post(STAFF, STAFF, login="anna", role="viewer", display="=HYPERLINK(1)")
    answer = committee.get(f"{TRAIL}.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len({len(row) for row in rows}) == 1
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    with desk.compound.house.store.reading() as uow:
        newest = audit_trail(uow, 1)[0]
    assert (newest.action, newest.subject) == ("export.make", "audit trail")


def noted_actions() -> set[str]:
    """Every action that the code notes in the trail, as far as it is written out."""
    found = set()
    for path in Path("service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in ("note_deed", "audit"):
                found |= {
                    arg.value
                    for arg in node.args
                    if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                    and re.fullmatch(r"[a-z_]+\.[a-z_]+", arg.value)
                }  # fmt: skip
    return found


def test_every_action_that_is_noted_has_words_and_they_are_no_code():
    noted = noted_actions()
    assert len(noted) > 20
    missing = noted - set(DEEDS)
    assert not missing, f"give these words in trail_words.py: {missing}"
    for action in DEEDS:
        assert "." not in deed_words(action).in_language("en")
    assert {a for a in DEEDS if not a.startswith("incident.")} <= set(ACCESS) | {"entrance.open"}


def test_subjects_details_and_roles_are_words():
    assert subject_words("month 2026-03", {}) == Sentence("March {year}", {"year": "2026"})
    shown = subject_words("household 3", {"household 3": "3-201"})
    assert isinstance(shown, Sentence)
    assert shown.in_language("en") == "household 3-201"
    assert subject_words("LB-001", {}) == "LB-001"
    told = detail_words(
        {"what": "moved_in", "fen": 123, "seal": "ab12", "rows": 4, "ignored": True}
    )
    assert [one.in_language("en") for one in told] == ["moved in", "1.23 yuan", "4 rows"]
    assert role_meant(" Committee ") == "committee"
    assert role_meant("3-201") is None
