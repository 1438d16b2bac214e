"""The account of a month: gathered from real books, equal to them, and never changed afterwards."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.billing import actions
from service.billing.ledger import Account
from service.billing.outcomes import Closed, LeftOpen
from service.billing.records.closing import account_text
from service.desk.actions import written as desk
from service.desk.written import Kind
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.store import Store, UnitOfWork
from service.usage.account import AccountFigures, GridLoss
from service.usage.actions.account import account_of, came_later, published_accounts
from service.usage.actions.still_open import still_open
from service.usage.still_open import LONGEST_REASON, OpenItem, What, why_not_public
from tests.billing.books import (
    THE_WANGS,
    Bill,
    a_payment,
    a_session,
    misfits,
    pay,
    post,
    undone,
)
from tests.billing.days import SHANGHAI, local
from tests.desk.hands import LI, ZHAO, a_grid_bill, a_paper, a_wish, signed, written

MARCH, APRIL = "2026-03", "2026-04"
THEN = local("2026-04-02 10:00")


def charged(uow: UnitOfWork, *bills: Bill, now: str = "2026-03-31") -> None:
    """Sessions as the conductor stores and posts them."""
    for bill, priced in bills:
        uow.session.add(_row(bill.session_id, bill.started_at, bill.ended_at, priced.energy_wh))
    post(uow, *bills, now=now)


def _row(
    session_id: str,
    started: datetime,
    ended: datetime | None,
    wh: int | None,
    state: State = State.SETTLED,
    held_for: str | None = None,
) -> Session:
    return Session(
        id=session_id, pile="LB-017", outlet=2, source="qr", state=state, max_duration_s=36_000,
        max_energy_wh=3_000, max_power_w=1_000, requested_at=started, started_at=started,
        ended_at=ended, energy_wh=wh, posted_at=ended if state is State.SETTLED else None,
        register_id="a18" if wh is not None else None, start_wh=402_118 if wh is not None else None,
        end_wh=402_118 + wh if wh is not None else None, held_reason=held_for,
    )  # fmt: skip


def a_march(uow: UnitOfWork) -> None:
    """Three charges, a payment, a correction, a repair, the investment, the grid's bill."""
    charged(
        uow,
        a_session("lis 1", ended="2026-03-02 23:10"),
        a_session("lis 2", ended="2026-03-28 23:59", wh=1000, start_wh=402_731),
        a_session("wangs", THE_WANGS, ended="2026-03-15 07:00", wh=250, start_wh=403_731),
    )
    pay(uow, a_payment(fen=50))
    actions.counter_entry(uow, 3, "not theirs", "committee:1", local("2026-03-20"), SHANGHAI)
    at = local("2026-03-01 12:00")
    signed(uow, a_wish(Kind.INVESTMENT, 6_000_000, happened_at=at))
    signed(uow, a_wish(Kind.REPAIR, 1_200))
    signed(uow, replace(of_march(), amount_fen=90))


def of_march(end_kwh: float = 1001.9):
    """The grid's bill for the 1st to the 30th, which is paid on the 30th."""
    bill = a_grid_bill("2026-03-01", "2026-03-31 09:00", 1000, end_kwh)
    return replace(bill, happened_at=local("2026-03-31 09:00"))


def closed_and_published(
    uow: UnitOfWork, month: str = MARCH, at: datetime = THEN, left: tuple[LeftOpen, ...] = ()
) -> AccountFigures:
    actions.close(uow, month, at, SHANGHAI, left, "committee:1")
    figures = account_of(uow, month, at, SHANGHAI)
    outcome = actions.publish(uow, month, figures.as_mapping(), at, SHANGHAI, "committee:2")
    assert isinstance(outcome, Closed), outcome
    return figures


def test_the_account_of_a_month_with_the_arithmetic_written_out(store: Store):
    with store.writing() as uow:
        a_march(uow)
        march = closed_and_published(uow)
    assert (march.energy_wh, march.sessions, march.households, march.statements) == (1863, 3, 2, 2)
    assert march.electricity_fen == 30 + 49 + 12  # 0.613, 1.000 and 0.250 kWh at 0.487
    assert march.service_fen == 12 + 20 + 5  # the same at 0.20
    assert march.lines_fen == march.electricity_fen + march.service_fen == 128
    assert march.corrections_fen == -17  # the Wangs' charge was not theirs
    assert (march.grid_fen, march.repairs_fen, march.other_fen) == (90, 1_200, 0)
    assert march.net_fen == 128 - 17 - 90 - 1_200
    assert (march.payments_fen, march.owed_fen, march.paid_ahead_fen) == (50, 61, 0)
    assert (march.invested_fen, march.earned_fen) == (6_000_000, march.net_fen)
    assert march.left_fen == 6_000_000 + 1_179
    (loss,) = march.grid_bills
    assert (loss.meter_wh, loss.billed_wh, loss.loss_wh) == (1_900, 1_863, 37)
    assert (loss.loss_permille, loss.is_high) == (19, False)
    assert march.grid_unknown == ()
    assert len(march.root) == 64
    assert not misfits(store)


def test_an_account_comes_back_from_its_text_as_it_was_published(store: Store):
    with store.writing() as uow:
        a_march(uow)
        left = (LeftOpen("held", 2, "两位邻居出差"),)
        march = closed_and_published(uow, left=left)
        found = account_text(uow, MARCH)
    assert AccountFigures.from_text(found) == march
    assert march.left_open == left
    assert found == json.dumps(
        json.loads(found), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    assert not any(isinstance(value, float) for value in json.loads(found).values())
    assert AccountFigures.from_text("{}") is None
    assert AccountFigures.from_text("[]") is None


def test_no_person_and_no_door_is_in_it(store: Store):
    """Whatever the books hold: the account has numbers, and what the committee says in public."""
    with store.writing() as uow:
        a_march(uow)
        closed_and_published(uow)
        said = json.loads(account_text(uow, MARCH))
    texts = {value for value in _leaves(said) if isinstance(value, str)}
    assert texts == {"beimen-account-1", MARCH, said["root"], said["grid_bills"][0]["ref"]}


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


# --- the grid's bill that is not there yet -------------------------------------------------------


def test_without_the_grids_bill_cost_and_net_are_not_known_and_never_zero(store: Store):
    with store.writing() as uow:
        charged(uow, a_session("lis 1"))
        march = closed_and_published(uow)
    assert (march.grid_fen, march.net_fen, march.grid_bills) == (None, None, ())
    assert march.grid_unknown == (MARCH,)
    assert march.earned_fen == 42, "the running sum goes on; the page says what it lacks"


def test_a_bill_that_comes_later_is_in_the_next_account_and_the_old_one_stays(store: Store):
    with store.writing() as uow:
        charged(uow, a_session("lis 1"))
        closed_and_published(uow)
        before = account_text(uow, MARCH)
        late = replace(of_march(1000.65), amount_fen=32)
        ref = signed(uow, late).hand.number
        assert [(month, loss.ref) for month, loss in came_later(uow, MARCH, SHANGHAI)] == [
            ("", ref)
        ]
        april = closed_and_published(uow, APRIL, local("2026-05-02"))
        assert account_text(uow, MARCH) == before
        ((month, loss),) = came_later(uow, MARCH, SHANGHAI)
    assert (month, loss.loss_wh) == (APRIL, 650 - 613)
    assert [one.ref for one in april.grid_bills] == [ref]
    assert (april.grid_fen, april.grid_unknown) == (32, (APRIL,))
    assert april.earned_fen == 42 - 32
    assert not misfits(store)


def test_a_bill_is_shown_in_one_account_only(store: Store):
    with store.writing() as uow:
        a_march(uow)
        closed_and_published(uow)
        april = closed_and_published(uow, APRIL, local("2026-05-02"))
        assert april.grid_bills == ()
        assert came_later(uow, MARCH, SHANGHAI) == []
        assert came_later(uow, "2026-05", SHANGHAI) == []


def test_a_bill_about_the_next_month_waits_for_the_next_account(store: Store):
    with store.writing() as uow:
        charged(uow, a_session("lis 1"))
        ahead = a_grid_bill("2026-03-20", "2026-04-20", 1000, 1010)
        at = local("2026-04-21 09:00")
        hand = _signed_at(uow, replace(ahead, happened_at=at), at)
        march = closed_and_published(uow, at=local("2026-04-22"))
        assert march.grid_bills == ()
        april = closed_and_published(uow, APRIL, local("2026-05-02"))
        assert [loss.ref for loss in april.grid_bills] == [hand]


def _signed_at(uow: UnitOfWork, wish, at: datetime) -> str:
    hand = desk.write(uow, wish, a_paper(), f"form {at}", LI, at, SHANGHAI).hand
    return desk.approve(uow, hand.id, ZHAO, at, SHANGHAI).hand.number


def test_a_bill_that_was_taken_back_is_no_bill(store: Store):
    with store.writing() as uow:
        charged(uow, a_session("lis 1"))
        entry = signed(uow, of_march()).hand.entry_id
        actions.counter_entry(uow, entry, "a typing mistake", "committee:1", THEN, SHANGHAI)
        assert account_of(uow, MARCH, THEN, SHANGHAI).grid_unknown == (MARCH,)


# --- the same to the fen -------------------------------------------------------------------------


@st.composite
def some_books(draw: st.DrawFn):
    """Sessions, payments and costs of three months, in any amount."""
    sessions = draw(
        st.lists(
            st.tuples(
                st.integers(1, 4),
                st.sampled_from(["2026-01-31 23:59", "2026-02-28 22:00", "2026-03-31 23:00"]),
                st.integers(0, 3_000),
            ),
            min_size=1,
            max_size=6,
        )
    )
    paid = draw(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 500)), max_size=3))
    costs = draw(
        st.lists(
            st.tuples(
                st.sampled_from([Kind.REPAIR, Kind.OTHER_COST, Kind.INVESTMENT]),
                st.integers(1, 100_000),
                st.sampled_from(["2026-01-15 12:00", "2026-03-15 12:00"]),
            ),
            max_size=3,
        )
    )
    return sessions, paid, costs


def test_accounts_statements_and_ledger_say_the_same_to_the_fen(store: Store):
    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(some_books())
    def holds(drawn):
        sessions, paid, costs = drawn
        with undone(store) as uow:
            charged(
                uow,
                *(a_session(f"S{n}", who, at, wh) for n, (who, at, wh) in enumerate(sessions)),
                now="2026-04-01",
            )
            for n, (who, fen) in enumerate(paid):
                pay(uow, a_payment(f"R{n}", who, fen, "2026-02-10 10:00"))
            for n, (kind, fen, at) in enumerate(costs):
                signed(uow, a_wish(kind, fen, happened_at=local(at), memo=f"cost {n}"))
            accounts = [
                closed_and_published(uow, month)
                for month in actions.months_to_close(uow, THEN, SHANGHAI)
            ]
            _agree(uow, accounts)

    holds()


def _agree(uow: UnitOfWork, accounts: list[AccountFigures]) -> None:
    ledger = actions.accounts(uow)
    income = ledger.get(Account.ELECTRICITY_INCOME, 0) + ledger.get(Account.SERVICE_INCOME, 0)
    spent = sum(ledger.get(a, 0) for a in (Account.REPAIRS, Account.OTHER_COST, Account.GRID_COST))
    last = accounts[-1]
    for one in accounts:
        views = actions.statements_of(uow, one.month)
        assert one.lines_fen == one.electricity_fen + one.service_fen
        assert one.lines_fen == sum(view.lines_fen for view in views)
        assert one.owed_fen - one.paid_ahead_fen == sum(view.closing_fen for view in views)
    assert sum(one.lines_fen + one.corrections_fen for one in accounts) == -income
    assert last.invested_fen == ledger.get(Account.INVESTMENT, 0)
    assert last.earned_fen == -income - spent
    assert last.owed_fen - last.paid_ahead_fen == ledger.get(Account.RECEIVABLE, 0)
    assert actions.verify(uow).misfits == ()


def test_without_an_earlier_account_the_pay_back_is_read_from_the_ledger(store: Store):
    """Months that were closed by an older program have no account to go on from."""
    with store.writing() as uow:
        a_march(uow)
        actions.close_month(uow, MARCH, THEN, SHANGHAI)
        assert published_accounts(uow) == {}
        april = account_of(uow, APRIL, local("2026-05-02"), SHANGHAI)
        assert (april.invested_fen, april.earned_fen) == (6_000_000, 128 - 17 - 90 - 1_200)


# --- what is still open --------------------------------------------------------------------------


def test_what_is_still_open_is_counted_with_the_reasons_of_held_charges(store: Store):
    with store.writing() as uow:
        charged(uow, a_session("lis 1"))
        start, end = local("2026-03-05 19:00"), local("2026-03-05 22:00")
        uow.session.add(_row("H1", start, end, 400, State.HELD, "register_fell"))
        uow.session.add(_row("H2", start, end, None, State.HELD, "no_settlement"))
        uow.session.add(_row("E1", start, end, None, State.ENDED))
        later = local("2026-04-01 01:00")
        uow.session.add(_row("H3", start, later, 10, State.HELD, "register_fell"))
        uow.session.flush()
        written(uow, a_wish())
        found = still_open(uow, MARCH, SHANGHAI)
        march = account_of(uow, MARCH, THEN, SHANGHAI)
    assert found == [
        OpenItem(What.HELD, 2, (("no_settlement", 1), ("register_fell", 1))),
        OpenItem(What.UNSETTLED, 1),
        OpenItem(What.WAITING, 1),
        OpenItem(What.GRID_BILL, 1),
    ]
    assert (march.unbilled.held, march.unbilled.held_wh) == (2, 400)


def test_a_month_in_which_everything_is_done_has_nothing_open(store: Store):
    with store.writing() as uow:
        a_march(uow)
        assert still_open(uow, MARCH, SHANGHAI) == []


def test_a_held_register_that_jumped_does_not_hide_the_loss(store: Store):
    """910 kWh in three hours at an outlet of 1,000 W: 3.6 kWh at most are believed."""
    with store.writing() as uow:
        charged(uow, a_session("lis 1"))
        start = local("2026-03-05 19:00")
        end = start + timedelta(hours=3)
        uow.session.add(_row("H1", start, end, 910_000, State.HELD, "too_fast"))
        uow.session.flush()
        signed(uow, of_march(1010))
        (loss,) = account_of(uow, MARCH, THEN, SHANGHAI).grid_bills
    assert loss == GridLoss(loss.ref, loss.since_ms, loss.until_ms, 10_000, 613, 3_600, 58_440)


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("电费单还没有寄到", None),
        ("the bill is 1200 yuan, we wait for the copy", None),
        ("ask 13834567890", "leave out telephone numbers"),
        ("3-201 is away", "leave out the door 3-201"),
        ("x" * (LONGEST_REASON + 1), "at most 200 characters"),
    ],
)
def test_a_reason_is_printed_in_public_so_it_carries_no_number_and_no_door(reason, what):
    found = why_not_public(reason, ["3-201", "3-202"])
    assert (found is None) == (what is None)
    if what is not None:
        assert what in found.in_language("en")
