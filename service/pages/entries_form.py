"""Forms of the desk: the upload that comes with one, and what was typed as an entry by hand.

Nothing of a form is read before the guard has let its sender in, and of a paper never more than is
kept: the rest of a body stays on disk, as far as the route takes one at all.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request

from service.billing.actions import balance
from service.billing.outcomes import PaidBy
from service.desk import typed, written
from service.desk.actions import written as desk
from service.desk.vouchers import MOST_BYTES, Paper, look_at
from service.desk.written import GridPeriod, Kind, Wish
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import House, Work
from service.households.records import households_of_door
from service.store import UnitOfWork
from service.words import N_, Sentence

MOST_BODY_BYTES = 12 * 1024 * 1024
"""More than a paper may have, so that a photo which is too large gets a sentence of its own."""

LONGEST_FIELD = 400
KEY = r"[0-9A-Z]{26}"

NOBODY = N_("Nobody is registered at door {door}. Write it like 3-201.")
WHICH = N_("More than one household has lived at {door}. Choose which one.")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that somebody may send. `paper` is a Sentence where the file is not one we keep."""

    visitor: Visitor
    staff_id: int
    fields: Mapping[str, str]
    paper: Paper | Sentence | None = None

    def get(self, name: str) -> str:
        """What was typed there; '' where nothing was."""
        return self.fields.get(name, "").strip()


def sent_form(action: str) -> Callable[..., Coroutine[Any, Any, Sent]]:
    """A dependency: the guard of an action, and then the form, with the paper it may bring."""

    async def read(request: Request, visitor: Annotated[Visitor, Depends(guard(action))]) -> Sent:
        form = await request.form()
        fields = {
            name: value[:LONGEST_FIELD] for name, value in form.items() if isinstance(value, str)
        }
        upload = form.get("paper")
        paper: Paper | Sentence | None = None
        if isinstance(upload, UploadFile) and upload.filename:
            content = await upload.read(MOST_BYTES + 1)
            paper = await run_in_threadpool(look_at, content)
        return Sent(visitor, staff_of(visitor), fields, paper)

    return read


def staff_of(visitor: Visitor) -> int:
    """The staff number that signs; who has none can neither write nor sign."""
    if visitor.staff_id is None:
        raise no_entry(Reason.NOT_FOR_YOU)
    return visitor.staff_id


@dataclass(frozen=True, slots=True)
class Home:
    """A household that may be meant by a door: what it owes, and what waits to be signed."""

    id: int
    door: str
    moved_out_at: datetime | None
    balance_fen: int
    waiting_fen: int

    @property
    def matters(self) -> bool:
        """Who lives there, and who left something unpaid or paid too much."""
        return self.moved_out_at is None or bool(self.balance_fen or self.waiting_fen)


def homes_at(uow: UnitOfWork, door: str) -> list[Home]:
    """The households that a door may mean, who lives there now first; empty if nobody does."""
    rows = households_of_door(uow, door.strip().upper()[:16])
    pending = desk.payments_waiting(uow) if rows else {}
    homes = [
        Home(
            row.id or 0,
            row.door,
            row.moved_out_at,
            balance(uow, row.id or 0),
            pending.get(row.id or 0, 0),
        )
        for row in rows
    ]
    return [home for home in homes if home.matters] or homes


def chosen_home(homes: list[Home], door: str, choice: str) -> Home | Sentence:
    """The one that is meant; a sentence where the door says nothing or too much."""
    if not homes:
        return Sentence(NOBODY, {"door": typed.read_memo(door)[:16]})
    if len(homes) == 1:
        return homes[0]
    meant = [home for home in homes if str(home.id) == choice]
    return meant[0] if meant else Sentence(WHICH, {"door": homes[0].door})


@dataclass
class Reading:
    """Takes fields one by one and gathers what is wrong with them."""

    sent: Sent
    now: datetime
    zone: tzinfo
    reasons: list[Sentence] = field(default_factory=list)

    def take(self, found: Value | Sentence, otherwise: Value) -> Value:
        """The value, or a stand-in with the reason noted."""
        if isinstance(found, Sentence):
            self.reasons.append(found)
            return otherwise
        return found

    def amount_fen(self) -> int:
        """The amount."""
        return self.take(typed.read_amount(self.sent.get("amount")), 1)

    def day(self, name: str) -> date:
        """A day of the calendar."""
        today = self.now.astimezone(self.zone).date()
        return self.take(typed.read_day(self.sent.get(name)), today)

    def paid_by(self) -> PaidBy | None:
        """Cash or bank; None where nothing was chosen."""
        choice = self.sent.get("paid_by")
        return PaidBy(choice) if choice in list(PaidBy) else None

    def home(self, uow: UnitOfWork, door: str, choice: str = "") -> int | None:
        """The household that is meant by a door: one chosen among several, or, where the form
        offers no choice, whoever lives there now."""
        name = self.sent.get(door)
        if not name:
            return None
        homes = homes_at(uow, name)
        if not choice and homes and homes[0].moved_out_at is None:
            return homes[0].id
        home = chosen_home(homes, name, self.sent.get(choice))
        if isinstance(home, Sentence):
            self.reasons.append(home)
            return None
        return home.id

    def grid(self) -> GridPeriod | None:
        """The period and registers of a grid bill."""
        if not any(self.sent.get(name) for name in ("first_day", "last_day", "start", "end")):
            return None
        before = len(self.reasons)
        first, last = self.day("first_day"), self.day("last_day")
        start_wh = self.take(typed.read_register(self.sent.get("start")), 0)
        end_wh = self.take(typed.read_register(self.sent.get("end")), 0)
        if len(self.reasons) > before:
            day = timedelta(days=1)  # a stand-in with which nothing else is wrong
            return GridPeriod(self.now - 2 * day, self.now - day, 0, 0)
        return GridPeriod(
            typed.begin_of(first, self.zone),
            typed.end_of(last, self.zone),
            start_wh,
            end_wh,
            self.sent.get("meter_changed") == "1",
        )


def keep(house: House, work: Work, kind: Kind, sent: Sent) -> "written.Written | list[Sentence]":
    """Write what was sent; everything that is wrong with it at once, or the entry that waits."""
    reading = Reading(sent, work.now, house.settings.zone)
    wish = _wish(reading, work.uow, kind)
    paper = sent.paper if isinstance(sent.paper, Paper) else None
    if isinstance(sent.paper, Sentence):
        reading.reasons.append(sent.paper)
    if reading.reasons:
        others = written.problems(wish, sent.paper is not None, work.now)
        return [*reading.reasons, *(one for one in others if _adds(one, reading.reasons))]
    key = f"{sent.staff_id}:{sent.get('key')}"
    outcome = desk.write(work.uow, wish, paper, key, sent.staff_id, work.now, house.settings.zone)
    return outcome if isinstance(outcome, written.Written) else list(outcome.reasons)


def _wish(reading: Reading, uow: UnitOfWork, kind: Kind) -> Wish:
    with_homes = kind in (Kind.PAYMENT, Kind.TRANSFER)
    return Wish(
        kind,
        reading.amount_fen(),
        typed.on_day(reading.day("day"), reading.now, reading.zone),
        typed.read_memo(reading.sent.get("memo")),
        reading.paid_by() if kind in written.WITH_MONEY else None,
        reading.home(uow, "door", "household") if with_homes else None,
        reading.home(uow, "other_door") if kind is Kind.TRANSFER else None,
        reading.grid() if kind is Kind.GRID_BILL else None,
    )


def _adds(one: Sentence, said: list[Sentence]) -> bool:
    """A door that nobody lives behind is said once, not also as a door that is missing."""
    about_doors = any(other.message in (NOBODY, WHICH) for other in said)
    is_about_doors = one.message in (written.WHICH_HOUSEHOLD, written.WHICH_OTHER)
    return one not in said and not (about_doors and is_about_doors)
