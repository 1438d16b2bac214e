"""The committee's figures as programs receive them. No person is in them."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

SHARE = "Between 0 and 1."


class VisitsOut(BaseModel):
    """Sessions of a span."""

    asked: int
    started: int
    not_started: Annotated[int, Field(description="Wanted to the end, and never began.")]
    left_queue: Annotated[int, Field(description="No longer wanted to wait.")]
    under_way: int
    ended: Annotated[int, Field(description="Settled, held or let go, by when they ended.")]
    energy_wh: int
    held: int
    held_wh: int
    queued: int
    waits_mean_s: int
    waits_longest_s: int
    success_share: Annotated[float | None, Field(description=f"Started of decided. {SHARE}")]


class DayOut(BaseModel):
    """A day by the compound's clock."""

    day: date
    sessions: int
    energy_wh: int


class OutletUseOut(BaseModel):
    """One outlet: how much of the span it was taken, and could be used."""

    pile: str
    outlet: int
    sessions: int
    energy_wh: int
    taken_seconds: int
    taken_share: Annotated[float, Field(description=SHARE)]
    usable_share: Annotated[float, Field(description=SHARE)]


class HourOut(BaseModel):
    """One hour of the week by the compound's clock."""

    weekday: Annotated[int, Field(description="0 is Monday.")]
    hour: int
    share: Annotated[float | None, Field(description=f"Outlets taken. {SHARE}")]
    mean_taken: Annotated[float, Field(description="Outlets taken, on average.")]


class RepairsOut(BaseModel):
    """Incidents at piles that began in a span, without mere information."""

    raised: int
    mended: int
    open: int
    mean_seconds: int | None
    median_seconds: int | None
    longest_seconds: int | None
    mean_to_answer_seconds: int | None
    oldest_open_seconds: int | None


class PeakOut(BaseModel):
    """The highest current of a feeder, and the quarter of an hour it was in."""

    feeder_id: str
    peak_ma: int
    quarter_at: datetime


class FiguresOut(BaseModel):
    """Everything about a month, as far as it is over."""

    since: datetime
    until: datetime
    visits: VisitsOut
    by_entrance: dict[int, VisitsOut]
    by_day: list[DayOut]
    by_outlet: list[OutletUseOut]
    by_hour: list[HourOut]
    utilisation: Annotated[float, Field(description=f"Mean over outlets. {SHARE}")]
    availability: Annotated[float | None, Field(description=f"Mean over outlets. {SHARE}")]
    repairs: RepairsOut
    peaks: list[PeakOut]


class PartOut(BaseModel):
    """A part of a month."""

    since: datetime
    until: datetime
    sessions: int
    energy_wh: int
    billed_wh: Annotated[int, Field(description="Of those that are in the ledger.")]
    billed_fen: int


class ComparisonOut(BaseModel):
    """This month so far, and last month up to the same day and time."""

    this: PartOut
    last: PartOut


class MoneyOut(BaseModel):
    """What the ledger moved in a month, in fen; corrections are taken off."""

    month: str
    electricity_fen: int
    service_fen: int
    billed_fen: int
    payments_fen: int
    costs_fen: int
    net_fen: int


class BalanceOut(BaseModel):
    """moved = billed + held + waived + unbilled + unattributed, or there is a difference. In Wh."""

    moved_wh: Annotated[int, Field(description="What the registers moved.")]
    billed_wh: int
    held_wh: int
    waived_wh: Annotated[int, Field(description="Held, and let go by a person: never billed.")]
    unbilled_wh: Annotated[int, Field(description="Running, or not posted yet.")]
    unattributed_wh: Annotated[int, Field(description="Drawn outside of any session.")]
    doubled_wh: Annotated[int, Field(description="Claimed by two sessions; must be 0.")]
    difference_wh: int


class DifferingOut(BalanceOut):
    """A register that does not agree."""

    pile: str
    outlet: int
    register_id: str


class BooksCheckOut(BaseModel):
    """Do meters and bills agree, and if not, where?"""

    since: datetime
    until: datetime
    agrees: bool
    total: BalanceOut
    differing: list[DifferingOut]
