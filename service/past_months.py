"""Whole months before the days that a demo plays: sessions, payments, bills of the grid, closes.

Only the demo needs them. To play months message by message would take minutes, so these sessions
are written as they would have settled; nothing is behind them that a pile said. Everything from
there on (price, ledger, two signatures, close, proof, account) is the real way.
"""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from random import Random

import segno

from service.billing.actions import balances, post_sessions, record_payment
from service.billing.months import month_of, span
from service.billing.outcomes import PaidBy, PaymentReceived, Refused, SessionToBill
from service.billing.pricing import Piece, price
from service.clock import FixedClock, to_ms
from service.desk.actions.written import approve, write
from service.desk.vouchers import Paper, look_at
from service.desk.written import Approved, GridPeriod, Kind, Wish, Written
from service.flow import House, books
from service.households.records import Household, households
from service.quantities import round_line
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.usage.spans import before, month_span, months_before

INVESTMENT_FEN = 6_000_000
"""60,000 yuan for 38 piles: what the first compound paid."""

BIKES, CHARGES_A_DAY, MEDIAN_WH, MOST_WH = 110, 0.59, 520, 1_900
"""110 bikes; of ten bikes six charge on a day (a Shanghai compound: 400 charges a day of 682
bikes); the median charge fills most of a 48 V 12 to 14 Ah pack."""

GRID_START_WH = 1_284_600
LOSS_PER_MILLE = 24
MONTHS = 2
PAYS = 0.86
REPAIR_FEN = 8_600


class PastMonthsError(RuntimeError):
    """The demo's past could not be written; the message says what was refused."""


@dataclass(slots=True)
class _Outlet:
    pile: str
    number: int
    register_wh: int
    free_at: datetime


def write_past_months(
    house: House, clock: FixedClock, until: datetime, people: tuple[int, int], seed: int
) -> int:
    """Write the two months before that of `until` and close them, then the days up to it.

    Returns how many sessions. `people` are two members of the committee: one writes, the other
    signs. Raises PastMonthsError when the books refuse something.
    """
    zone = house.settings.zone
    this = month_of(until, zone)
    dice = Random(seed)  # noqa: S311 - a play, not a secret
    with house.look() as work:
        riders = list(households(work.uow))
    dice.shuffle(riders)
    riders = riders[:BIKES]
    writer = _Writer(house, clock, people, dice)
    writer.buy_piles(beginning(until, zone))
    count = sum(writer.month(m, riders) for m in span(months_before(this, MONTHS), before(this)))
    return count + writer.days(month_span(this, zone).since, until - timedelta(days=1), riders)


def beginning(until: datetime, zone: tzinfo) -> datetime:
    """When the first pile is hung up: the second of the first month; its price is a day older."""
    return month_span(months_before(month_of(until, zone), MONTHS), zone).since + timedelta(days=1)


class _Writer:
    def __init__(self, house: House, clock: FixedClock, people: tuple[int, int], dice: Random):
        self.house, self.clock, self.people, self.dice = house, clock, people, dice
        self.zone, self.began = house.settings.zone, clock.now()
        self.grid_wh, self.sold_wh = GRID_START_WH, 0
        self.outlets: dict[int, list[_Outlet]] = {}
        for pile in house.board.piles.values():
            self.outlets.setdefault(pile.entrance, []).extend(
                _Outlet(pile.id, number, dice.randrange(80_000, 400_000), clock.now())
                for number in pile.outlets
            )

    def buy_piles(self, at: datetime) -> None:
        """The first entry of the books: what the compound put into its piles."""
        self.clock.at = at + timedelta(days=1)
        memo = "38 charging piles with mounting"
        self._by_two(Wish(Kind.INVESTMENT, INVESTMENT_FEN, at, memo, PaidBy.BANK))

    def month(self, month: str, riders: list[Household]) -> int:
        """One month from its first charge to its published account."""
        whole = month_span(month, self.zone)
        self._pay(month, whole.since)
        count = self.days(max(whole.since, self.began), whole.until, riders)
        self.clock.at = whole.until + timedelta(days=1, hours=10)
        self._costs(max(whole.since, self.began), whole.until)
        self.clock.at = whole.until + timedelta(days=2, hours=10)
        outcome = books.end_month(self.house, month)
        if isinstance(outcome, Refused):
            raise PastMonthsError("; ".join(one.in_language("en") for one in outcome.reasons))
        return count

    def days(self, since: datetime, until: datetime, riders: list[Household]) -> int:
        """Every day from one midnight to another; how many sessions."""
        count, midnight, self.sold_wh = 0, since, 0
        while midnight < until:
            rows = self._day(midnight, riders)
            self.sold_wh += sum(row.energy_wh or 0 for row in rows)
            count, midnight = count + len(rows), midnight + timedelta(days=1)
        return count

    def _day(self, midnight: datetime, riders: list[Household]) -> list[Session]:
        plugged = sorted(
            (midnight + timedelta(minutes=min(1250, max(330, self.dice.gauss(1110, 105)))), n)
            for n in range(len(riders))
            if self.dice.random() < CHARGES_A_DAY
        )
        met = (self._session(at, riders[n]) for at, n in plugged)
        rows = sorted((row for row in met if row), key=_ended)
        self.clock.at = midnight + timedelta(hours=35)
        with self.house.store.writing() as uow:
            bills = []
            for row in rows:
                tariff = self.house.tariff(uow, None, row.requested_at)
                if tariff is None:
                    raise PastMonthsError("no price was in force")
                row.tariff_id = tariff.id
                bills.append((_to_bill(row), price(tariff, [Piece(0, row.energy_wh or 0)])))
            uow.session.add_all(rows)
            post_sessions(uow, bills, self.clock.at, self.zone)
        return rows

    def _session(self, at: datetime, rider: Household) -> Session | None:
        """A charge at an outlet that is free at the household's entrance; None if there is none."""
        free = [one for one in self.outlets.get(rider.entrance, []) if one.free_at <= at]
        if not free:
            return None
        outlet = self.dice.choice(free)
        energy_wh = int(min(MOST_WH, self.dice.lognormvariate(0, 0.45) * MEDIAN_WH))
        hours = energy_wh / self.dice.uniform(95, 170) + self.dice.uniform(0.3, 1.0)
        ended = at + timedelta(hours=hours)
        start_wh = outlet.register_wh
        outlet.register_wh += energy_wh
        outlet.free_at = ended + timedelta(minutes=20)
        return Session(
            id=self.house.new_id(to_ms(at)),
            pile=outlet.pile,
            outlet=outlet.number,
            household_id=rider.id,
            source="card",
            asked_by="card",
            state=State.SETTLED,
            max_duration_s=self.house.settings.longest_session_s,
            max_energy_wh=self.house.settings.session_energy_wh,
            max_power_w=self.house.settings.outlet_limit_w,
            requested_at=at,
            commanded_at=at,
            started_at=at,
            ended_at=ended,
            settled_at=ended,
            posted_at=ended + timedelta(minutes=10),
            register_id="demo",
            start_wh=start_wh,
            end_wh=outlet.register_wh,
            energy_wh=energy_wh,
            stop_reason=self.dice.choices(("full", "unplugged"), (4, 1))[0],
        )

    def _pay(self, month: str, since: datetime) -> None:
        """Most households pay what they owe in the first weeks of the next month."""
        self.clock.at = since + timedelta(days=15)
        with self.house.store.writing() as uow:
            for household_id, owed_fen in sorted(balances(uow).items()):
                if owed_fen > 0 and self.dice.random() < PAYS:
                    at = since + timedelta(days=self.dice.uniform(3, 14))
                    ref = f"demo-{month}-{household_id}"
                    paid = PaymentReceived(ref, household_id, owed_fen, at, PaidBy.BANK, "demo")
                    record_payment(uow, paid, self.clock.at, self.zone)

    def _costs(self, since: datetime, until: datetime) -> None:
        """The grid's bill by its own meter, which counts the loss too, and a repair."""
        moved_wh = self.sold_wh + self.sold_wh * LOSS_PER_MILLE // 1000
        grid = GridPeriod(since, until, self.grid_wh, self.grid_wh + moved_wh)
        self.grid_wh = grid.end_wh
        fen = round_line(moved_wh * self.house.settings.government_price_e4).fen
        last_day = until - timedelta(hours=12)
        self._by_two(Wish(Kind.GRID_BILL, fen, last_day, "grid bill", PaidBy.BANK, grid=grid))
        memo = "two sockets and a relay"
        self._by_two(Wish(Kind.REPAIR, REPAIR_FEN, last_day, memo, PaidBy.CASH))

    def _by_two(self, wish: Wish) -> None:
        """One member of the committee writes, the other signs."""
        first, second = self.people
        with self.house.store.writing() as uow:
            now, key = self.clock.now(), f"demo-{wish.kind}-{to_ms(wish.happened_at)}"
            written = write(uow, wish, _paper(key), key, first, now, self.zone)
            signed = (
                approve(uow, written.hand.id, second, now, self.zone)
                if isinstance(written, Written)
                else written
            )
        if isinstance(signed, Refused):
            raise PastMonthsError("; ".join(one.in_language("en") for one in signed.reasons))
        if not isinstance(signed, Approved):
            raise PastMonthsError(f"{key} was decided before")


def _ended(row: Session) -> tuple[datetime, str]:
    return row.ended_at or row.requested_at, row.id


def _paper(words: str) -> Paper:
    """A picture to stand for the scanned bill, so that the demo's vouchers can be opened."""
    out = io.BytesIO()
    segno.make(words).save(out, kind="png", scale=8)
    paper = look_at(out.getvalue())
    if not isinstance(paper, Paper):
        raise PastMonthsError("the demo's picture is not taken as a paper")
    return paper


def _to_bill(row: Session) -> SessionToBill:
    return SessionToBill(
        row.id,
        row.household_id or 0,
        row.pile,
        row.outlet,
        row.requested_at,
        row.ended_at or row.requested_at,
        row.register_id or "",
        row.start_wh or 0,
        row.end_wh or 0,
        row.stop_reason or "",
    )
