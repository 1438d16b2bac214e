"""In whatever order people decide, ask, answer and close, and piles repeat themselves, the books
are whole, nobody pays more than was billed, and nothing settled stays unbilled after a close."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.billing.actions import balance, verify
from service.billing.actions.crediting import charged_still, misfitting_credits
from service.billing.months import month_of
from service.billing.outcomes import Closed
from service.billing.records.credits import billed_session
from service.clock import FixedClock
from service.desk.questions import Answered, Asked
from service.flow import House, books
from service.flow.deciding import Decided, Wish, decide, possibilities
from service.flow.questioning import answer, question
from service.sessions.lifecycle import State
from service.sessions.records import session_row
from service.usage.actions import check_books
from service.usage.actions.evidence import evidence
from service.usage.actions.judged import misfitting_judgements
from service.usage.actions.left_over import left_over
from service.usage.spans import Span, before, month_span
from tests.flow.looking import charging, post_now
from tests.support.small import PaperPile

CHOICES = ("record", "readings", "readings", "waive", "nobody decides")
ANSWERS = ("answer no", "answer readings", "answer waive", "answer between:0:1")
EARLY = ("late record", "same record", "ask", "close")
LATER = ("ask", "late record", "same record", "waive", "close")
HELD_FOR = ("no_start_reading", "settlement_conflict", "wrong_sum")


@dataclass
class Trial:
    """One held session and what people and piles do about it; the model beside it is the truth."""

    house: House
    pile: PaperPile
    clock: FixedClock
    session_id: str
    household: int
    record: dict[str, object]
    base: int
    billed_fen: int | None = None
    question: int | None = None
    credited_fen: int = 0
    closed: list[str] = field(default_factory=list)

    def do(self, deed: str) -> None:
        self.clock.advance(60)
        if deed in ("record", "readings", "waive"):
            self._decide(deed)
        elif deed.startswith("answer"):
            self._answer(deed.removeprefix("answer "))
        elif deed == "late record":
            late = self.pile.settlement(self.session_id, self.base, self.base + 900)
            self.pile.say("session", late)
        elif deed == "same record":
            self.pile.say("session", {**self.record, "attempt": 7})
        elif deed == "ask":
            self._ask()
        elif deed == "close":
            self._close()
        post_now(self.house)

    def _decide(self, choice: str) -> None:
        with self.house.work() as work:
            zone = self.house.settings.zone
            sheet = evidence(work.uow, self.session_id, work.now, zone)
            row = session_row(work.uow, self.session_id)
            possible = possibilities(work.uow, row, sheet, zone)
            key = next((one.key for one in possible if one.choice == choice), "none")
            outcome = decide(work, Wish(self.session_id, key, "looked at", 2))
        if isinstance(outcome, Decided):
            assert self.billed_fen is None, "decided twice"
            self.billed_fen = outcome.amount_fen

    def _ask(self) -> None:
        with self.house.work() as work:
            outcome = question(work, self.session_id, self.household, "too_much", "")
        if isinstance(outcome, Asked):
            assert self.billed_fen, "only what is billed can be questioned"
            self.question = outcome.question_id

    def _answer(self, key: str) -> None:
        if self.question is None:
            return
        with self.house.work() as work:
            outcome = answer(work, self.question, key, "looked at", 2)
        if isinstance(outcome, Answered):
            assert self.credited_fen == 0, "answered twice"
            self.credited_fen = outcome.credit_fen

    def _close(self) -> None:
        """It is the sixth of the next month: the timetable closes."""
        zone = self.house.settings.zone
        over = month_span(month_of(self.clock.now(), zone), zone)
        self.clock.at = over.until + timedelta(days=5, hours=12)
        month = before(month_of(self.clock.now(), zone))
        assert isinstance(books.end_month(self.house, month), Closed)
        self.closed.append(month)

    def judge(self, owed_before: int) -> None:
        """The laws."""
        zone, now = self.house.settings.zone, self.clock.now()
        with self.house.store.reading() as uow:
            billed = billed_session(uow, self.session_id)
            assert (billed is not None) == bool(self.billed_fen)
            due = (self.billed_fen or 0) - self.credited_fen
            assert balance(uow, self.household) - owed_before == due
            if billed is not None:
                assert charged_still(uow, billed.entry_id).total_fen == due
            assert 0 <= self.credited_fen <= (self.billed_fen or 0)
            row = session_row(uow, self.session_id)
            assert row.state == {None: State.HELD, 0: State.WAIVED}.get(
                self.billed_fen, State.SETTLED
            )
            check = check_books(uow, Span(now - timedelta(days=90), now), now)
            assert check.agrees, check.differing
            assert verify(uow).misfits == ()
            assert misfitting_credits(uow) == []
            assert misfitting_judgements(uow, zone) == []
            for month in self.closed:
                left = left_over(uow, month_span(month, zone))
                assert left.keeps_the_law
                assert (self.session_id in {one.session_id for one in left.held}) == (
                    row.state == State.HELD
                )


def a_trial(house: House, pile: PaperPile, clock: FixedClock, wish, held_for: str, number: int):
    """A session that drew 500 Wh by our readings and is held for a reason."""
    pile.heartbeat()
    asked = wish("1-101", key=f"{held_for} {number} {clock.now()}")
    session_id, base = charging(house, pile, asked), 1000 * number
    for wh in (0, 250, 500):
        pile.meter(pile.reading(wh=base + wh, session_id=session_id))
        clock.advance(1200)
    pile.heartbeat()
    more = {
        "no_start_reading": {"energy_start_wh": None},
        "settlement_conflict": {},
        "wrong_sum": {"energy_wh": 400},
    }[held_for]
    record = {**pile.settlement(session_id, base, base + 550), **more}
    pile.say("session", record)
    if held_for == "settlement_conflict":
        pile.say("session", {**record, "energy_end_wh": base + 650, "energy_wh": 650})
    return Trial(house, pile, clock, session_id, asked.household_id, record, base)


@given(
    st.sampled_from(HELD_FOR),
    st.lists(st.sampled_from(EARLY), max_size=1),
    st.sampled_from(CHOICES),
    st.sampled_from(ANSWERS).flatmap(lambda answered: st.permutations([*LATER, answered])),
)
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_order_of_deciding_asking_answering_closing_and_repeating_leaves_whole_books(
    house, pile, clock, wish, held_for, early, choice, later
):
    number = (
        house.__dict__.setdefault("trials", 0) + 1
    )  # each trial has its own stretch of register
    house.__dict__["trials"] = number
    trial = a_trial(house, pile, clock, wish, held_for, number)
    with house.store.reading() as uow:
        owed_before = balance(uow, trial.household)
    for deed in [*early, choice, *later]:
        trial.do(deed)
    trial.judge(owed_before)
    if trial.billed_fen is None:  # leave nothing held behind for the next trial
        trial.do("waive")
