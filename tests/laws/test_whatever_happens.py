"""The books live through anything a committee, a pile or a clock can do, and a second set agrees.

A machine draws what happens next: charges in time and late, doubled and contradicted records,
payments, costs, transfers, corrections of corrections, credit notes, new prices, a close that stops
after any step. After each step accounts and balances are those of the second books; in the end
every law of the books is held against everything that happened, and beancount, reading the exported
months, arrives at the same totals.
"""

from datetime import datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func
from sqlmodel import select

from service.billing import actions
from service.billing.actions import post_voucher
from service.billing.actions.crediting import post_credit
from service.billing.credit import CreditNote
from service.billing.ledger import Account, Cause, Draft, Posting, digest
from service.billing.outcomes import AlreadyPosted, Closed, PaidBy, PaymentReceived, Posted
from service.billing.pricing import Component, Piece, price
from service.billing.records import BillLine, LedgerEntry
from service.billing.tariff import TariffVersion
from service.quantities import E7_PER_FEN
from service.store import Store
from tests.archive.unpacked import Beans, zipped
from tests.billing.books import Bill, a_session, publish
from tests.billing.days import GOVERNMENT_E4, PEAK, SHANGHAI, TWO_BANDS, VALLEY, local
from tests.laws.second_books import Amounts, SecondBooks, cost_fen, month_of, next_month

HOUSEHOLDS = (1, 2, 3)
COSTS = (Account.GRID_COST, Account.REPAIRS, Account.OTHER_COST, Account.INVESTMENT)
OWED, CASH, BANK = Account.RECEIVABLE, Account.CASH, Account.BANK
POWER, FEE = Account.ELECTRICITY_INCOME, Account.SERVICE_INCOME
BEGIN, FIRST_CLOSE = local("2027-12-20"), local("2028-01-02")
"""Into a leap year: a 29 February is lived through by whoever gets that far. December is closed
when a run begins, so that whatever is of December is late."""

households = st.sampled_from(HOUSEHOLDS)
amounts = st.integers(1, 9_999)
energy = st.integers(0, 1_500) | st.integers(0, 60).map(lambda quarter: quarter * 25)
"""At 0.20 yuan every 25 Wh are half a fen: where rounding has to choose."""

JUST_BEFORE = [timedelta(0), timedelta(milliseconds=1), timedelta(minutes=30), timedelta(days=31)]
times_ago = st.sampled_from(JUST_BEFORE) | st.timedeltas(timedelta(0), timedelta(days=40))


class Compound(RuleBasedStateMachine):
    """One run of the books on one database; all of it is thrown away in the end."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.opened = self.store.writing()
        self.uow = self.opened.__enter__()
        self.now, self.second = BEGIN, SecondBooks()
        self.prices: list[tuple[datetime, TariffVersion]] = []
        self.bills: list[Bill] = []
        self.charged: dict[str, dict[Component, int]] = {}
        self.taken_back: dict[int, int] = {}
        self.published: dict[str, object] = {}
        self.numbers = 0
        self._know_price(publish(self.uow, TWO_BANDS, now="2027-12-01"))
        for household in HOUSEHOLDS:
            self.a_bike_was_charged(household, 400 + household, 125, timedelta(0), guess=False)
        self.now = FIRST_CLOSE
        self.the_oldest_month_is_closed_as_far_as_it_gets(4)

    def teardown(self) -> None:
        try:
            self._everything_holds()
        finally:
            self.uow.session.rollback()
            self.opened.__exit__(None, None, None)

    # --- what can happen --------------------------------------------------------------------------

    @rule(days=st.integers(1, 8))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def a_month_begins(self) -> None:
        """Midnight of the first: a millisecond earlier is the month before."""
        month = next_month(month_of(self.now))
        self.now = local(f"{month}-01")

    @rule(household=households, peak=energy, valley=energy, ago=times_ago, guess=st.booleans())
    def a_bike_was_charged(
        self, household: int, peak: int, valley: int, ago: timedelta, guess: bool
    ) -> None:
        ended = max(BEGIN, self.now - ago)
        tariff = self._price_at(ended - timedelta(hours=3))
        bands = (Piece(PEAK, peak, guess), Piece(VALLEY, valley))
        pieces = list(bands) if len(tariff.bands) == 2 else [Piece(0, peak + valley, guess)]
        bill, priced = a_session(f"S{len(self.bills)}", household, ended, pieces, tariff)
        (posted,) = actions.post_sessions(self.uow, [(bill, priced)], self.now, SHANGHAI)
        assert isinstance(posted, Posted)
        cost = {
            part: sum(cost_fen(piece.energy_wh, self._price_of(tariff, piece.band, part))
                      for piece in pieces)
            for part in Component
        }  # fmt: skip
        self._write(
            "session", ended,
            {(OWED, household): sum(cost.values()), (POWER, None): -cost[Component.ELECTRICITY],
             (FEE, None): -cost[Component.SERVICE]},
        )  # fmt: skip
        note = self.second.notes[-1]
        note.owner, note.energy_wh = household, peak + valley
        self.bills.append((bill, priced))
        self.charged[bill.session_id] = cost

    @rule(which=st.integers(0, 99))
    def a_record_comes_again(self, which: int) -> None:
        if self.bills:
            again = self.bills[which % len(self.bills)]
            (answer,) = actions.post_sessions(self.uow, [again], self.now, SHANGHAI)
            assert isinstance(answer, AlreadyPosted)
            assert answer.same

    @rule(which=st.integers(0, 99), wh=st.integers(2_000, 3_000))
    def a_record_comes_again_and_says_something_else(self, which: int, wh: int) -> None:
        if self.bills:
            bill, priced = self.bills[which % len(self.bills)]
            tariff = self._version(priced.version_id)
            other = a_session(bill.session_id, bill.household_id, bill.ended_at,
                              [Piece(0, wh)], tariff)  # fmt: skip
            (answer,) = actions.post_sessions(self.uow, [other], self.now, SHANGHAI)
            assert isinstance(answer, AlreadyPosted)
            assert not answer.same

    @rule(household=households, fen=amounts, ago=times_ago, way=st.sampled_from(PaidBy))
    def somebody_pays(self, household: int, fen: int, ago: timedelta, way: PaidBy) -> None:
        at = max(BEGIN, self.now - ago)
        payment = PaymentReceived(self._number("R"), household, fen, at, way, "committee:1,2")
        assert isinstance(actions.record_payment(self.uow, payment, self.now, SHANGHAI), Posted)
        again = actions.record_payment(self.uow, payment, self.now, SHANGHAI)
        assert isinstance(again, AlreadyPosted)
        assert again.same
        money = CASH if way is PaidBy.CASH else BANK
        self._write("payment", at, {(money, None): fen, (OWED, household): -fen})

    @rule(account=st.sampled_from(COSTS), fen=amounts, ago=times_ago)
    def the_committee_spends(self, account: Account, fen: int, ago: timedelta) -> None:
        self._by_hand({(account, None): fen, (BANK, None): -fen}, ago)

    @rule(one=households, other=households, fen=amounts, ago=times_ago)
    def a_household_takes_over_a_debt(self, one: int, other: int, fen: int, ago: timedelta) -> None:
        if one != other:
            self._by_hand({(OWED, one): fen, (OWED, other): -fen}, ago)

    @rule(which=st.integers(0, 99))
    def an_entry_is_taken_back(self, which: int) -> None:
        """Also one that takes another back: then the first holds again."""
        rows = self.uow.session.exec(
            select(LedgerEntry.id, LedgerEntry.cause, LedgerEntry.cause_ref)
            .where(LedgerEntry.cause.not_in([Cause.TARIFF, Cause.CLOSE, Cause.CREDIT]))  # type: ignore[attr-defined]
            .order_by(LedgerEntry.id)  # type: ignore[arg-type]
        ).all()
        if not rows or (rows[which % len(rows)][0] in self.taken_back):
            return
        entry, _, ref = rows[which % len(rows)]
        taken = actions.counter_entry(self.uow, entry, "wrong", "committee:1,2", self.now, SHANGHAI)
        assert isinstance(taken, Posted)
        again = actions.counter_entry(self.uow, entry, "wrong", "committee:1,2", self.now, SHANGHAI)
        assert isinstance(again, AlreadyPosted)
        mirrored = {key: -fen for key, fen in self.entries[entry].items()}
        self._write("counter", self.now, mirrored)
        self.taken_back[entry] = taken.entry_id
        self.charged.pop(ref, None)

    @rule(which=st.integers(0, 99), wh=st.integers(0, 1_500))
    def a_question_ends_in_a_credit_note(self, which: int, wh: int) -> None:
        asked = [bill for bill in self.bills if bill[0].session_id in self.charged]
        if not asked:
            return
        bill, priced = asked[which % len(asked)]
        tariff = self._version(priced.version_id)
        right = price(tariff, [Piece(0, wh)])
        still = self.charged[bill.session_id]
        back = {
            part: max(0, still[part] - cost_fen(wh, self._price_of(tariff, 0, part)))
            for part in Component
        }
        note = CreditNote(self._number("Q"), bill.session_id, right, "too much", "committee:1",
                          bill.register_id, bill.start_wh, bill.start_wh + wh)  # fmt: skip
        answer = post_credit(self.uow, note, self.now, SHANGHAI)
        assert isinstance(answer, Posted) == (sum(back.values()) > 0)
        if isinstance(answer, Posted):
            self._write(
                "credit", self.now,
                {(OWED, bill.household_id): -sum(back.values()),
                 (POWER, None): back[Component.ELECTRICITY], (FEE, None): back[Component.SERVICE]},
            )  # fmt: skip
            for part in Component:
                still[part] -= back[part]

    @rule(electricity=st.integers(0, GOVERNMENT_E4), service=st.integers(0, 9_000))
    def new_prices_are_published(self, electricity: int, service: int) -> None:
        draft = TariffVersion.flat(self.now + timedelta(days=1), electricity, service)
        outcome = actions.publish_tariff(
            self.uow, draft, GOVERNMENT_E4, self.now, SHANGHAI, "committee:1"
        )
        self._know_price(outcome.version.id)  # type: ignore[union-attr]

    @rule(steps=st.integers(1, 4))
    def the_oldest_month_is_closed_as_far_as_it_gets(self, steps: int) -> None:
        """Killed after so many steps, and gone on with at some other time or never."""
        waiting = actions.months_to_close(self.uow, self.now, SHANGHAI)
        if not waiting:
            return
        month = waiting[0]
        for _ in range(min(steps, 3)):
            actions.close_step(self.uow, month, self.now, SHANGHAI)
            self.second.closed = month
        if steps == 4:
            self._publish(month)

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def both_sets_of_books_say_the_same(self) -> None:
        found = {name: fen for name, fen in actions.accounts(self.uow).items() if fen}
        assert found == self.second.accounts()
        assert actions.balances(self.uow) == self.second.owed()

    def _everything_holds(self) -> None:
        self.now += timedelta(days=32)
        while waiting := actions.months_to_close(self.uow, self.now, SHANGHAI):
            actions.close(self.uow, waiting[0], self.now, SHANGHAI)
            self.second.closed = waiting[0]
            self._publish(waiting[0])
        assert actions.verify(self.uow).misfits == ()
        self._law_1_and_3()
        for month, views in self.published.items():
            assert actions.statements_of(self.uow, month) == views, f"{month} has changed"
        for month in list(self.published)[-2:]:
            self._beancount_agrees(month)

    def _law_1_and_3(self) -> None:
        views = [
            view for month in self.published for view in actions.statements_of(self.uow, month)
        ]
        printed = [block.bill.session_id for view in views for block in view.sessions]
        assert sorted(printed) == sorted(bill.session_id for bill, _ in self.bills)
        lines = self.uow.session.exec(select(func.sum(BillLine.amount_fen))).one() or 0
        assert lines == sum(view.lines_fen for view in views)
        sold = [
            fen for note in self.second.notes if note.kind == "session"
            for (account, _), fen in note.amounts.items() if account in (POWER, FEE)
        ]  # fmt: skip
        assert lines == -sum(sold)
        for line in self.uow.session.exec(select(BillLine)):
            exact = line.energy_wh * line.price_e4
            assert 2 * abs(line.amount_fen * E7_PER_FEN - exact) <= E7_PER_FEN

    def _beancount_agrees(self, month: str) -> None:
        with ZipFile(BytesIO(zipped(self.uow, month))) as box:
            beans = Beans(box.read("ledger.beancount").decode())
        assert beans.errors == []
        for household in HOUSEHOLDS:
            _, _, _, _, closing, wh, _ = self.second.statement(month, household)
            assert beans.fen(f"Assets:Receivable:H{household}") == closing
            assert beans.wh(f"Assets:Energy:H{household}") == wh
        moved = self.second.accounts(month)
        assert beans.fen("Income:Electricity") == moved.get(POWER, 0)
        assert beans.fen("Income:ServiceFee") == moved.get(FEE, 0)
        assert beans.fen("Expenses:Repairs") == moved.get(Account.REPAIRS, 0)

    # --- how it is done ---------------------------------------------------------------------------

    @property
    def entries(self) -> dict[int, Amounts]:
        """Every entry's amounts as the second books know them: they were written in one order."""
        ids = self.uow.session.exec(
            select(LedgerEntry.id)
            .where(LedgerEntry.cause.not_in([Cause.TARIFF, Cause.CLOSE]))  # type: ignore[attr-defined]
            .order_by(LedgerEntry.id)  # type: ignore[arg-type]
        ).all()
        return dict(zip(ids, (note.amounts for note in self.second.notes), strict=False))

    def _publish(self, month: str) -> None:
        closed = actions.publish(self.uow, month, {}, self.now, SHANGHAI)
        assert isinstance(closed, Closed)
        views = actions.statements_of(self.uow, month)
        for view in views:
            assert (
                view.opening_fen, view.lines_fen, view.corrections_fen, view.payments_fen,
                view.closing_fen, view.energy_wh, len(view.sessions),
            ) == self.second.statement(month, view.household_id)  # fmt: skip
        assert closed.lines_fen == sum(view.lines_fen for view in views)
        assert closed.energy_wh == sum(view.energy_wh for view in views)
        self.published[month] = views

    def _by_hand(self, moved: Amounts, ago: timedelta) -> None:
        at, number = max(BEGIN, self.now - ago), self._number("H")
        postings = tuple(Posting(Account(a), fen, who) for (a, who), fen in moved.items())
        draft = Draft(Cause.VOUCHER, number, at, postings, "", "committee:1,2", facts=digest([1]))
        assert isinstance(post_voucher(self.uow, draft, self.now, SHANGHAI), Posted)
        assert isinstance(post_voucher(self.uow, draft, self.now, SHANGHAI), AlreadyPosted)
        self._write("voucher", at, moved)

    def _write(self, kind: str, at: datetime, moved: Amounts) -> None:
        self.second.write(kind, at, moved)

    def _number(self, letter: str) -> str:
        self.numbers += 1
        return f"{letter}-{self.numbers}"

    def _know_price(self, number: int) -> None:
        version = self._version(number)
        self.prices.append((version.starts_at, version))

    def _version(self, number: int) -> TariffVersion:
        version = actions.tariff_version(self.uow, number)
        assert version is not None
        return version

    def _price_at(self, at: datetime) -> TariffVersion:
        """The version that began last before this moment; of two that began at once the later."""
        begun = [version for starts_at, version in self.prices if starts_at <= at]
        return sorted(begun, key=lambda version: (version.starts_at, version.id))[-1]

    @staticmethod
    def _price_of(tariff: TariffVersion, band: int, part: Component) -> int:
        one = tariff.bands[band]
        return one.electricity_e4 if part is Component.ELECTRICITY else one.service_e4


@pytest.mark.timeout(120)
def test_the_books_hold_whatever_happens_in_whatever_order(store: Store):
    machine = type("Compound", (Compound,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=5, stateful_step_count=30, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
