"""The slip for somebody without a phone: before the end what was agreed, after it the receipt."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from service.pages.price_view import PriceView
from service.pages.say_time import clock_time, full_day, moment
from service.pages.session_view import SessionView, Stage
from service.quantities import show_kwh
from service.sessions.records import Session
from service.words import N_, Sentence

OVER = frozenset({Stage.SETTLED, Stage.HELD, Stage.WAIVED, Stage.CANCELLED})


@dataclass(frozen=True, slots=True)
class SlipView:
    """Everything the template writes."""

    session: SessionView
    door: str
    price: PriceView | None
    is_receipt: bool
    day: Sentence
    started: str
    ended: str | None
    limits: tuple[Sentence, ...]
    printed: Sentence
    number: str


def slip_view(
    row: Session,
    session: SessionView,
    door: str,
    price: PriceView | None,
    now: datetime,
    zone: tzinfo,
) -> SlipView:
    """The slip at this moment."""
    begun = row.started_at or row.requested_at
    return SlipView(
        session=session,
        door=door,
        price=price,
        is_receipt=session.stage in OVER,
        day=full_day(begun, zone),
        started=clock_time(begun, zone),
        ended=clock_time(row.ended_at, zone) if row.ended_at else None,
        limits=_limits(row, begun, now, zone),
        printed=moment(now, now, zone),
        number=row.id[-6:],
    )


def _limits(row: Session, begun: datetime, now: datetime, zone: tzinfo) -> tuple[Sentence, ...]:
    """When it ends by itself at the latest, and how much it can take."""
    until = moment(begun + timedelta(seconds=row.max_duration_s), now, zone)
    return (
        Sentence(N_("It ends by itself when the battery is full.")),
        Sentence(
            N_("At the latest {until}, or after {kwh} kWh."),
            {"until": until, "kwh": show_kwh(row.max_energy_wh)[:-2]},
        ),
    )
