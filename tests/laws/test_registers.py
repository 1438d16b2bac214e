"""Every watt-hour of a register is billed, held, let go or nobody's; every session is dealt with.

The real conductor hears one pile after another live through drawn days: bikes that charge, outlets
that draw a little by themselves, records that are late, contradict their registers, lack their
start or never come, and people who decide, or do not. Then meters and bills are held against each
other, the month is closed, and it is made again from the stored messages to the same root.
"""

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from service.billing.actions.proving import root_of
from service.billing.outcomes import Closed
from service.billing.records import BilledSession
from service.clock import FixedClock
from service.flow import House, books, ticks
from service.flow.deciding import Decided, Wish, decide, possibilities
from service.flow.replay import Replayed, replay_month
from service.flow.requests import StartRequest
from service.seed import Plan
from service.sessions.lifecycle import State
from service.sessions.records import Session, decision_of, session_row
from service.store import Store
from service.usage.actions import check_books
from service.usage.actions.evidence import evidence
from service.usage.spans import Span
from tests.flow.looking import charging, post_now
from tests.support.compound import at, seeded_house
from tests.support.small import PaperPile

MARCH = "2026-03"
HOW = ("fine", "fine", "late", "no_start", "wrong_sum", "contradicted", "lost")
DECISIONS = ("", "record", "readings", "waive")


@dataclass(frozen=True)
class Charge:
    """What an outlet draws by itself, what a bike draws then, what comes of its record, and what a
    person decides if it is held."""

    idle_wh: int
    steps: tuple[int, ...]
    how: str
    decision: str


charges = st.builds(
    Charge,
    st.integers(0, 5),
    st.lists(st.integers(0, 150), min_size=2, max_size=4).map(tuple),
    st.sampled_from(HOW),
    st.sampled_from(DECISIONS),
)


class Outlet:
    """One outlet of a pile of paper, with the register that only ever rises."""

    def __init__(self, house: House, clock: FixedClock, number: int):
        self.house, self.clock = house, clock
        self.pile = PaperPile(
            house, clock, f"LB-{number:03d}", f"{number:08x}", f"{number:08x}",
            serial=f"KX2P-2309-{number:05d}",
        )  # fmt: skip
        self.wh, self.asked = 1000 * number, 0
        self.late: list[dict[str, object]] = []
        self.pile.hello()
        self.read(None)

    def read(self, session_id: str | None) -> None:
        """A reading as the register stands; a heartbeat keeps the pile from being silent."""
        self.pile.heartbeat()
        more = {"session_id": session_id} if session_id else {"power_w": 0.0}
        self.pile.meter(self.pile.reading(wh=self.wh, **more))

    def lives_through(self, charge: Charge) -> str:
        self.wh += charge.idle_wh
        self.read(None)
        self.asked += 1
        wish = StartRequest(
            pile=self.pile.id, outlet=1, household_id=1 + self.asked % 3, source="qr",
            asked_by="resident", key=f"{self.pile.id} {self.asked}",
        )  # fmt: skip
        session_id, begin = charging(self.house, self.pile, wish), self.wh
        self.read(session_id)
        for step in charge.steps:
            self.clock.advance(600)
            self.wh += step
            self.read(session_id)
        seconds = 600 * len(charge.steps)
        record = self.pile.settlement(session_id, begin, self.wh, duration_s=seconds)
        self.pile.event("unplugged", session_id=session_id)
        self.send(record, charge.how)
        ticks.post_settled(self.house, timedelta(0))
        return session_id

    def send(self, record: dict[str, object], how: str) -> None:
        if how == "lost":
            return
        if how == "late":
            self.late.append(record)
            return
        changes: dict[str, dict[str, object]] = {
            "no_start": {"energy_start_wh": None, "energy_wh": None},
            "wrong_sum": {"energy_wh": 1},
        }
        self.pile.say("session", {**record, **changes.get(how, {})})
        if how == "contradicted":
            self.pile.say("session", {**record, "stop_reason": "user", "attempt": 2})


def choose(house: House, session_id: str, kind: str) -> None:
    """A person decides, if the session is held and there is such a choice."""
    with house.work() as work:
        row = session_row(work.uow, session_id)
        sheet = evidence(work.uow, session_id, work.now, house.settings.zone)
        assert row is not None
        assert sheet is not None
        if row.state != State.HELD:
            return
        found = possibilities(work.uow, row, sheet, house.settings.zone)
        key = next((one.key for one in found if one.choice == kind), None)
        if key is not None:
            assert isinstance(decide(work, Wish(session_id, key, "Looked at it.", 2)), Decided)


def meters_and_bills_agree(house: House, clock: FixedClock) -> None:
    with house.store.reading() as uow:
        whole = Span(at("2026-03-01 00:00"), clock.now() + timedelta(days=1))
        checked = check_books(uow, whole, clock.now() + timedelta(days=1))
    assert checked.agrees, checked.differing


def every_session_is_dealt_with(house: House) -> None:
    """Billed once, or held, or let go by a person, each with its reason; nothing else is left."""
    with house.store.reading() as uow:
        billed = [row.session_id for row in uow.session.exec(select(BilledSession))]
        sessions = list(uow.session.exec(select(Session)))
        decided = {row.id: decision_of(uow, row.id) for row in sessions}
    assert len(set(billed)) == len(billed)
    for row in sessions:
        decision = decided[row.id]
        if row.id in billed:
            assert row.state == State.SETTLED, row
        elif row.state == State.WAIVED:
            assert decision is not None
            assert (decision.choice, decision.reason) == ("waive", "Looked at it."), row
        else:
            assert (row.state, bool(row.held_reason), decision) == (State.HELD, True, None), row


def test_every_watt_hour_and_every_session_is_accounted_for(store: Store, clock: FixedClock):
    clock.at = at("2026-03-02 08:00")
    house = seeded_house(store, clock, Plan(piles=16, households=8))
    numbers = iter(range(1, 17))

    @settings(
        max_examples=7, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(charges, min_size=2, max_size=4))
    def holds(days: list[Charge]) -> None:
        outlet = Outlet(house, clock, next(numbers))
        lived = [(outlet.lives_through(charge), charge.decision) for charge in days]
        meters_and_bills_agree(house, clock)
        clock.advance(25 * 3600)
        outlet.pile.heartbeat()
        ticks.tick_slowly(house)
        for record in outlet.late:
            outlet.pile.say("session", record)
        post_now(house)
        for session_id, decision in lived:
            choose(house, session_id, decision)
        every_session_is_dealt_with(house)
        meters_and_bills_agree(house, clock)

    holds()
    clock.at = at("2026-04-01 00:10")
    assert isinstance(books.end_month(house, MARCH), Closed)
    with store.reading() as uow:
        again, root = replay_month(uow, house.settings, MARCH), root_of(uow, MARCH)
    assert isinstance(again, Replayed)
    assert [one.in_language("en") for one in again.differences] == []
    assert root is not None
    assert again.root == root.root
    assert again.sessions > 0
