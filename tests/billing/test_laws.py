"""Laws of the books on both databases, whatever happens and in whatever order.

Each example runs in a unit of work of its own that is thrown away, on one database per law.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func
from sqlmodel import select

from service.billing import actions
from service.billing.ledger import Account
from service.billing.months import span
from service.billing.outcomes import Closed
from service.billing.pricing import Piece
from service.billing.records import BillLine, MonthClose, Statement
from service.billing.tariff import TariffVersion
from service.quantities import E7_PER_FEN
from service.store import Store, UnitOfWork
from tests.billing.books import Bill, a_payment, a_session, pay, post, publish, undone
from tests.billing.days import FLAT, GOVERNMENT_E4, PEAK, SHANGHAI, TWO_BANDS, VALLEY, local

law = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

MOMENTS = (
    "2026-01-31 23:59",
    "2026-02-01 00:00",
    "2026-02-14 21:30",
    "2026-02-28 23:59",
    "2026-03-01 00:01",
    "2026-03-31 22:30",
)
LAST_MONTH = "2026-03"

tariffs = st.sampled_from([FLAT, TWO_BANDS])
pieces = st.lists(
    st.tuples(st.sampled_from([PEAK, VALLEY]), st.integers(0, 2000), st.booleans()), max_size=4
)


@st.composite
def some_sessions(draw: st.DrawFn) -> list[Bill]:
    bills = []
    for number in range(draw(st.integers(1, 8))):
        tariff = draw(tariffs)
        parts = [Piece(b % len(tariff.bands), wh, i) for b, wh, i in draw(pieces)]
        bills.append(
            a_session(
                f"S{number}",
                draw(st.integers(1, 3)),
                draw(st.sampled_from(MOMENTS)),
                parts,
                tariff,
            )
        )
    return bills


@dataclass(frozen=True)
class Step:
    """Something that happens to the books, with a name to read in a failing example."""

    name: str
    go: Callable[[UnitOfWork], object]

    def __repr__(self) -> str:
        return self.name


def posting(bills: list[Bill]) -> Step:
    names = ", ".join(bill.session_id for bill, _ in bills)
    return Step(f"post {names}", lambda uow: post(uow, *bills, now="2026-04-15"))


def paying(number: int, household: int, fen: int, received: str) -> Step:
    payment = a_payment(f"R{number}", household, fen, received)
    return Step(f"pay {payment.ref}", lambda uow: pay(uow, payment, now="2026-04-15"))


def closing(month: str) -> Step:
    """The job of some night: closes every month up to this one that is not closed yet."""

    def go(uow: UnitOfWork) -> None:
        now = local("2026-04-15")
        for waiting in actions.months_to_close(uow, now, SHANGHAI):
            if waiting <= month:
                assert isinstance(actions.close_month(uow, waiting, now, SHANGHAI), Closed)

    return Step(f"close {month}", go)


@st.composite
def some_days(draw: st.DrawFn) -> tuple[list[Step], list[Step]]:
    """What happened, and the same in another order with repetitions."""
    steps = [posting([bill]) for bill in draw(some_sessions())]
    payments = st.tuples(st.integers(1, 3), st.integers(1, 500), st.sampled_from(MOMENTS))
    steps += [paying(i, *payment) for i, payment in enumerate(draw(st.lists(payments, max_size=3)))]
    steps += [closing(month) for month in ("2026-01", "2026-02", "2026-03")]
    again = draw(st.lists(st.sampled_from(steps), max_size=6))
    return steps, draw(st.permutations([*steps, *again]))


def close_all(uow: UnitOfWork) -> None:
    now = local("2026-04-15")
    for month in actions.months_to_close(uow, now, SHANGHAI):
        actions.close_month(uow, month, now, SHANGHAI)


def books_fit(uow: UnitOfWork) -> None:
    assert actions.verify(uow).misfits == ()


# --- figures that must hold, whatever happens ----------------------------------------------------


def test_law_1_lines_ledger_and_published_totals_are_the_same_to_the_fen(store: Store):
    @law
    @given(some_days())
    def holds(days):
        with undone(store) as uow:
            for step in days[1]:
                step.go(uow)
            close_all(uow)
            lines = int(uow.session.exec(select(func.sum(BillLine.amount_fen))).one() or 0)
            accounts = actions.accounts(uow)
            income = accounts.get(Account.ELECTRICITY_INCOME, 0) + accounts.get(
                Account.SERVICE_INCOME, 0
            )
            late = actions.statements_of(uow, "2026-04")
            printed = [
                *(view for month in span("2026-01", LAST_MONTH)
                  for view in actions.statements_of(uow, month)),
                *late,
            ]  # fmt: skip
            published = int(uow.session.exec(select(func.sum(Statement.lines_fen))).one() or 0)
            closed = int(uow.session.exec(select(func.sum(MonthClose.lines_fen))).one() or 0)
            assert lines == -income == sum(view.lines_fen for view in printed)
            assert published == closed == lines - sum(view.lines_fen for view in late)
            assert sum(accounts.values()) == 0
            books_fit(uow)

    holds()


def test_law_2_every_watt_hour_billed_is_on_exactly_one_statement(store: Store):
    @law
    @given(some_days())
    def holds(days):
        with undone(store) as uow:
            for step in days[1]:
                step.go(uow)
            printed = [
                block.bill.session_id
                for month in span("2026-01", "2026-04")
                for view in actions.statements_of(uow, month)
                for block in view.sessions
            ]
            posted = {step.name.removeprefix("post ") for step in days[0] if "post" in step.name}
            assert sorted(printed) == sorted(posted)

    holds()


def test_law_3_any_order_and_repetition_gives_the_same_balances(store: Store):
    @law
    @given(some_days())
    def holds(days):
        found = []
        for steps in days:
            with undone(store) as uow:
                for step in steps:
                    step.go(uow)
                close_all(uow)
                months = [f"2026-0{month}" for month in range(1, 5)]
                final = {
                    household: view.closing_fen
                    for household in (1, 2, 3)
                    if (view := actions.statement_of(uow, household, months[-1]))
                }
                owed = actions.balances(uow)
                assert {h: fen for h, fen in final.items() if fen} == owed
                found.append((owed, actions.accounts(uow)))
        assert found[0] == found[1]

    holds()


def test_no_rounding_moves_more_than_half_a_fen_per_line(store: Store):
    @law
    @given(some_sessions())
    def holds(bills):
        with undone(store) as uow:
            post(uow, *bills, now="2026-04-15")
            for line in uow.session.exec(select(BillLine)):
                exact = line.energy_wh * line.price_e4
                assert 2 * abs(line.amount_fen * E7_PER_FEN - exact) <= E7_PER_FEN

    holds()


def test_a_closed_month_never_changes(store: Store):
    @law
    @given(some_days(), some_days())
    def holds(before, after):
        with undone(store) as uow:
            for step in before[0]:
                step.go(uow)
            close_all(uow)
            months = span("2026-01", LAST_MONTH)
            published = [actions.statements_of(uow, month) for month in months]
            for step in after[1]:
                step.go(uow)
            actions.counter_entry(uow, 1, "a mistake", "Ms Zhang", local("2026-04-20"), SHANGHAI)
            assert [actions.statements_of(uow, month) for month in months] == published
            books_fit(uow)

    holds()


def test_a_tariff_change_never_changes_a_past_line(store: Store):
    @law
    @given(some_sessions(), st.integers(0, GOVERNMENT_E4), st.integers(0, 9000))
    def holds(bills, electricity_e4, service_e4):
        with undone(store) as uow:
            publish(uow, FLAT, now="2026-01-01")
            post(uow, *bills, now="2026-04-15")
            lines = select(BillLine).order_by(BillLine.session_id, BillLine.band)
            before = [line.model_dump() for line in uow.session.exec(lines)]
            draft = TariffVersion.flat(local("2026-05-01"), electricity_e4, service_e4)
            publish(uow, draft, now="2026-04-16")
            again = post(uow, *bills, now="2026-05-02")
            assert all(answer.same for answer in again)
            after = [line.model_dump() for line in uow.session.exec(lines)]
            assert after == before
            books_fit(uow)

    holds()
