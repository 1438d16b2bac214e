"""Whole months before the days that a demo plays: sessions, payments, bills of the grid, closes.

Only the demo needs them. To play months message by message would take minutes, so these sessions
are written as they would have settled; nothing is behind them that a pile said. Everything from
there on (price, ledger, two signatures, close, proof, account) is the real way.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from operator import itemgetter
from random import Random
from typing import Any

from service.billing.actions import balances, post_sessions, record_payment
from service.billing.months import month_of, span
from service.billing.outcomes import PaidBy, PaymentReceived, Refused, SessionToBill
from service.billing.pricing import Piece, price
from service.clock import FixedClock, to_ms
from service.demo_paper import draw_paper
from service.desk.actions.written import approve, write
from service.desk.written import Approved, GridPeriod, Kind, Wish, Written
from service.flow import House, books
from service.households.actions import find_household
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
PAID_BY = timedelta(days=15)
PAYS = 0.86
REPAIR_FEN = 8_600
BUTTON_FEN, PAID_FEN = 4_600, 2_000


Row = dict[str, Any]
"""A session as its table has it."""


class PastMonthsError(RuntimeError):
    """The demo's past could not be written; the message says what was refused."""


@dataclass(slots=True)
class _Outlet:
    pile: str
    number: int
    register_wh: int
    free_at: datetime


def write_past_months(
    house: House,
    clock: FixedClock,
    until: datetime,
    people: tuple[int, int],
    door: str,
    seed: int,
) -> int:
    """Write the two months before that of `until` and close them, then the days up to it.

    Returns how many sessions. `people` are two members of the committee: one writes, the other
    signs. Behind `door` lives somebody with a bike. Raises PastMonthsError when the books refuse.
    """
    zone = house.settings.zone
    this = month_of(until, zone)
    dice = Random(seed)  # noqa: S311 - a play, not a secret
    with house.look() as work:
        riders = list(households(work.uow))
    dice.shuffle(riders)
    riders = sorted(riders, key=lambda household: household.door != door)[:BIKES]
    writer = _Writer(house, clock, people, dice)
    writer.buy_piles(beginning(until, zone))
    count = sum(writer.month(m, riders) for m in span(months_before(this, MONTHS), before(this)))
    began = month_span(this, zone).since
    if until > began + PAID_BY:
        writer.pay(this, began)
    return count + writer.days(began, until - timedelta(days=1), riders)


def leave_on_the_desk(house: House, people: tuple[int, int], door: str) -> None:
    """What one member of the committee has written tonight and the other has yet to sign."""
    zone = house.settings.zone
    with house.work() as work:
        now, home = work.now, find_household(work.uow, door)
        repair = Wish(
            Kind.REPAIR, BUTTON_FEN, now - timedelta(days=1), "更换 12 号桩按钮", PaidBy.CASH
        )
        wishes = [repair]
        if home is not None:
            wishes.append(Wish(Kind.PAYMENT, PAID_FEN, now, "", PaidBy.CASH, home.id))
        for wish in wishes:
            paper = draw_paper(wish, zone) if wish.memo else None
            key = f"demo-{wish.kind}-{to_ms(wish.happened_at)}"
            outcome = write(work.uow, wish, paper, key, people[0], now, zone)
            if isinstance(outcome, Refused):
                raise PastMonthsError(outcome.reasons[0].in_language("en"))


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
        memo = "充电桩 38 台及安装"
        self._by_two(Wish(Kind.INVESTMENT, INVESTMENT_FEN, at, memo, PaidBy.BANK))

    def month(self, month: str, riders: list[Household]) -> int:
        """One month from its first charge to its published account."""
        whole = month_span(month, self.zone)
        self.pay(month, whole.since)
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
            self.sold_wh += sum(row["energy_wh"] for row in rows)
            count, midnight = count + len(rows), midnight + timedelta(days=1)
        return count

    def _day(self, midnight: datetime, riders: list[Household]) -> list[Row]:
        plugged = sorted(
            (midnight + timedelta(minutes=min(1250, max(330, self.dice.gauss(1110, 105)))), n)
            for n in range(len(riders))
            if self.dice.random() < CHARGES_A_DAY
        )
        met = (self._session(at, riders[n]) for at, n in plugged)
        rows = sorted((row for row in met if row), key=itemgetter("ended_at", "id"))
        self.clock.at = midnight + timedelta(hours=35)
        with self.house.store.writing() as uow:
            tariff = self.house.tariff(uow, None, midnight)
            if tariff is None:
                raise PastMonthsError("no price was in force")
            for row in rows:
                row["tariff_id"] = tariff.id
            uow.insert_new(Session, rows)
            bills = [(_to_bill(row), price(tariff, [Piece(0, row["energy_wh"])])) for row in rows]
            post_sessions(uow, bills, self.clock.at, self.zone)
        return rows

    def _session(self, at: datetime, rider: Household) -> Row | None:
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
        return {
            "id": self.house.new_id(to_ms(at)),
            "pile": outlet.pile,
            "outlet": outlet.number,
            "household_id": rider.id,
            "source": "card",
            "asked_by": "card",
            "state": State.SETTLED,
            "max_duration_s": self.house.settings.longest_session_s,
            "max_energy_wh": self.house.settings.session_energy_wh,
            "max_power_w": self.house.settings.outlet_limit_w,
            "requested_at": at,
            "commanded_at": at,
            "started_at": at,
            "ended_at": ended,
            "settled_at": ended,
            "posted_at": ended + timedelta(minutes=10),
            "register_id": "demo",
            "start_wh": start_wh,
            "end_wh": outlet.register_wh,
            "energy_wh": energy_wh,
            "stop_reason": self.dice.choices(("full", "unplugged"), (4, 1))[0],
        }

    def pay(self, month: str, since: datetime) -> None:
        """Most households pay what they owe in the first weeks of the next month."""
        self.clock.at = since + PAID_BY
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
        self._by_two(Wish(Kind.GRID_BILL, fen, last_day, "供电公司电费", PaidBy.BANK, grid=grid))
        memo = "更换 2 个插座、1 个继电器"
        self._by_two(Wish(Kind.REPAIR, REPAIR_FEN, last_day, memo, PaidBy.CASH))

    def _by_two(self, wish: Wish) -> None:
        """One member of the committee writes, the other signs."""
        first, second = self.people
        with self.house.store.writing() as uow:
            now, key = self.clock.now(), f"demo-{wish.kind}-{to_ms(wish.happened_at)}"
            written = write(uow, wish, draw_paper(wish, self.zone), key, first, now, self.zone)
            signed = (
                approve(uow, written.hand.id, second, now, self.zone)
                if isinstance(written, Written)
                else written
            )
        if isinstance(signed, Refused):
            raise PastMonthsError("; ".join(one.in_language("en") for one in signed.reasons))
        if not isinstance(signed, Approved):
            raise PastMonthsError(f"{key} was decided before")


def _to_bill(row: Row) -> SessionToBill:
    return SessionToBill(
        row["id"],
        row["household_id"],
        row["pile"],
        row["outlet"],
        row["started_at"],
        row["ended_at"],
        row["register_id"],
        row["start_wh"],
        row["end_wh"],
        row["stop_reason"],
    )
