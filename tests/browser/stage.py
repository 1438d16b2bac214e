"""The compound on a full evening, with something in every state: for looking at all pages at once.

Thirty-eight piles, two closed months of books, and tonight: one charges, one waits, one is being
told, one got no answer; a pile is silent, one too hot, one out of order; a price is proposed, a
line questioned, an entry waits for its second signature, a payment for its household.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from service.clock import FixedClock
from service.desk.actions.written import waiting
from service.desk.written import Kind
from service.feeders.actions import set_rating
from service.households.records import household_at, staff_with_login
from service.past_months import beginning, leave_on_the_desk, write_past_months
from service.seed import Plan
from service.store import Store
from simulator.mishaps import Mishap
from simulator.scenario import load_scenario
from tests.desk.exports import wechat, wechat_row
from tests.desk.files import ref
from tests.house.collect_words import compile_words
from tests.pages.test_payments import press
from tests.pages.test_payments import send as send_file
from tests.pages.test_prices import FLAT, NEW
from tests.pages.test_prices import send as send_price
from tests.pages.test_sharing import HOME as SHARING
from tests.pages.test_sharing import code_of as invite_code
from tests.pages.test_sharing import press as press_sharing
from tests.pages.visitors import House, Person
from tests.support.compound import TEST_SETTINGS, Compound, seeded_house

DOOR = "3-201"
"""Whose evening the resident's pages show."""

PLAN = Plan()
QUIET = load_scenario("normal_week").with_changes(bikes=0)
SHARED = {"helper": "/helpers", "guest": "/guests"}
"""Who charges on the account of DOOR, and the form that invites them."""

STAFF = ("gatehouse", "maintenance", "committee", "viewer")
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class State:
    """A page in a state worth looking at."""

    name: str
    login: str
    """'' for the public, a door for a household, else a login of the staff."""
    path: str


@dataclass
class Evening(House):
    """The pages over that compound."""

    compound: Compound
    states: list[State] = field(default_factory=list)

    def __post_init__(self) -> None:
        House.__init__(self, self.compound)

    def show(self, name: str, login: str, path: str) -> None:
        """Remember a page to look at."""
        self.states.append(State(name, login, path))

    def starts(self, door: str, pile: int, outlet: int, *, wh: float = 500) -> str:
        """A household starts at an outlet; the address of its session."""
        self.plug(f"LB-{pile:03d}", outlet, wh)
        answer = self.resident(door, "zh").post(f"/p/{pile}/{outlet}", f"/p/{pile}/{outlet}/start")
        assert answer.status_code == 200, answer.text
        return str(answer.url.path)

    def goes_wrong(self, kind: str, pile: int, outlet: int, hours: float = 2) -> None:
        """A mishap, from the next second on."""
        now = self.compound.world.now
        until = now + int(hours * HOUR_MS)
        self.compound.world.mishap(Mishap(kind, now + 1000, f"LB-{pile:03d}", outlet, until))


def full_evening(store: Store, clock: FixedClock) -> Evening:
    """Everything above. The clock is handed in at the evening and left a while later."""
    compile_words()
    tonight = clock.now()
    clock.at = beginning(tonight, TEST_SETTINGS.zone)
    house = seeded_house(store, clock, PLAN)
    with store.reading() as uow:
        found = [staff_with_login(uow, login) for login in ("committee", "committee2")]
    people = (found[0].id or 0, found[1].id or 0) if found[0] and found[1] else (0, 0)
    write_past_months(house, clock, tonight, people, DOOR, 1)
    clock.at = tonight - timedelta(hours=1)
    evening = Evening(Compound(store, clock, QUIET, plan=PLAN, demo=True))
    evening.run(90)
    leave_on_the_desk(evening.compound.house, people, DOOR)
    for part in (_charges, _faults, _desk, _tonight):
        part(evening)
    return evening


def _charges(evening: Evening) -> None:
    """What is over: full, stopped by the household, held, questioned."""
    full = evening.starts("3-102", 22, 1, wh=20)
    stopped = evening.starts(DOOR, 23, 1)
    held = evening.starts("3-101", 24, 2)
    evening.run(600)
    evening.goes_wrong("register_jump", 24, 2)
    evening.resident(DOOR, "zh").post(stopped, f"{stopped}/stop")
    evening.run(900)
    evening.unplug("LB-024", 2)
    evening.unplug("LB-023", 1)
    evening.run(1200)
    page = f"{stopped}/question"
    person = evening.resident(DOOR, "zh")
    evening.show("question-form", DOOR, page)
    person.post(page, page, what="too_much", words="八点就充满了，为什么还在计费？")
    evening.show("session-full", "3-102", full)
    evening.show("session-stopped", DOOR, stopped)
    evening.show("session-held", "3-101", held)


def _faults(evening: Evening) -> None:
    """What maintenance finds: silent, too hot, out of order."""
    for pile, outlet, door in ((4, 1, "1-101"), (14, 2, "2-102"), (34, 1, "4-101")):
        evening.starts(door, pile, outlet)
    evening.run(300)
    now = evening.compound.world.now
    evening.compound.world.link_down("LB-007", now, now + HOUR_MS * 9)
    evening.goes_wrong("over_temperature", 5, 2)
    evening.goes_wrong("smoke", 36, 1)
    staff = evening.staff("maintenance", "zh")
    staff.post("/fix/piles/8", "/fix/piles/8/service", wanted="out", reason="换线")
    evening.run(900)
    for name, pile, outlet in (
        ("free", 1, 1), ("in-use", 4, 1), ("full", 22, 1), ("silent", 7, 1), ("out-of-order", 8, 1),
        ("fault", 5, 2),
    ):  # fmt: skip
        evening.show(f"outlet-{name}", "", f"/p/{pile}/{outlet}")
        if name in ("free", "in-use", "full"):
            evening.show(f"outlet-{name}-mine", DOOR, f"/p/{pile}/{outlet}")
    for pile in (5, 7, 8):
        evening.show(f"pile-{pile}", "maintenance", f"/fix/piles/{pile}")


def _desk(evening: Evening) -> None:
    """What waits at the desk of the committee."""
    committee = evening.staff("committee", "zh")
    assert send_price(committee, NEW, **FLAT).status_code == 200
    rows = [("3-201电费", "¥12.60"), ("一单元102", "¥8.00"), ("电费", "¥3.50")]
    export = wechat(
        *(
            wechat_row(ref(n), note, amount, at="2026-03-02 12:00:00")
            for n, (note, amount) in enumerate(rows, start=1)
        )
    )
    page = send_file(committee, export)
    press(committee, page, "take-in")
    another = send_file(committee, wechat(wechat_row(ref(9), "1-103", "¥6.00")))
    evening.show("payments-taken", "committee", str(page.url.path))
    evening.show("payments-look", "committee", str(another.url.path))
    payment = f"/committee/entries/{_payment_waiting(evening)}"
    evening.staff("committee2", "zh").post(payment, f"{payment}/approve")
    evening.show("entry-signed", "committee", payment)
    with evening.compound.house.store.reading() as uow:
        found = household_at(uow, DOOR)
        home = (found and found.id) or 0
    for name, path in (
        ("close-published", "/committee/close/2026-02"),
        ("export", "/committee/export/2026-02"),
        ("statement-published", f"/committee/statements/2026-02/{home}"),
        ("statements-published", "/committee/statements/2026-02"),
        ("slips", "/committee/arrears/slips"),
    ):
        evening.show(name, "committee", path)
    evening.show("statement-published-mine", DOOR, "/me/statements/2026-02")


def _payment_waiting(evening: Evening) -> int:
    with evening.compound.house.store.reading() as uow:
        return next(one.id for one in waiting(uow) if one.wish.kind is Kind.PAYMENT)


def _tonight(evening: Evening) -> None:
    """What goes on while the pages are looked at."""
    house = evening.compound.house
    charging = evening.starts(DOOR, 21, 1, wh=700)
    evening.run(1800)
    with house.work() as work:
        set_rating(work.uow, "entrance-2", 1500)
        work.uow.after_commit(house.read_again)
    queued = evening.starts("2-101", 12, 1)
    now = evening.compound.world.now
    evening.compound.world.link_down("LB-031", now, now + HOUR_MS)
    unanswered = evening.starts("4-102", 31, 1)
    evening.run(120)
    evening.compound.world.link_down("LB-032", now, now + HOUR_MS)
    starting = evening.starts("4-201", 32, 1)
    for name, door, path in (
        ("charging", DOOR, charging), ("queued", "2-101", queued),
        ("no-answer", "4-102", unanswered), ("starting", "4-201", starting),
    ):  # fmt: skip
        evening.show(f"session-{name}", door, path)
    evening.show("gate-slip", "gatehouse", f"/gate/slip/{full_session(evening)}")
    evening.show("offline", "", "/offline")
    for login in SHARED:
        evening.show(f"shared-{login}", login, "/shared")
    for path in ("staff", "trail", "begin", "begin/import", "begin/codes", "begin/piles"):
        evening.show(f"committee-{path.replace('/', '-')}", "committee", f"/committee/{path}")
    evening.show("staff-password", "committee", "/staff/password")
    for name, door in (("new", "4-202"), ("mine", DOOR)):
        evening.show(f"me-{name}", door, "/me")
    for role in ("", DOOR, "committee"):
        evening.show(f"not-found-{role or 'public'}", role, "/p/99/1")


def full_session(evening: Evening) -> str:
    """A charge of tonight that is over."""
    path = next(state.path for state in evening.states if state.name == "session-full")
    return path.rpartition("/")[2]


def sign_in_code(evening: Evening, login: str) -> str | None:
    """A fresh code for whoever a state is shown to; None for the public."""
    if login in SHARED:
        host = evening.resident(DOOR)
        limits = {"most": "wh:500", "charges": "2", "days": "3"} if login == "guest" else {}
        return invite_code(press_sharing(host, SHARING, SHARED[login], **limits))
    if not login:
        return None
    return evening.staff_code(login) if login in STAFF else evening.code_of(login)


def visitor(evening: Evening, login: str, language: str = "zh") -> Person:
    """Whoever a state is shown to, signed in."""
    person, code = evening.public(language), sign_in_code(evening, login)
    return person.sign_in(code) if code else person
