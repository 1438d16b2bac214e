"""The feeders as the committee set them, and how full each was in every quarter of an hour."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Field, SQLModel, col, select

from service.feeders.tree import DEFAULT_TIME_CONSTANT_S, Cable
from service.store import UnitOfWork
from service.store.columns import big, instant


class Feeder(SQLModel, table=True):
    """A supply cable and its breaker."""

    id: str = Field(primary_key=True, max_length=40)
    parent_id: str | None = Field(default=None, max_length=40)
    name: str
    entrance: int | None = None
    phase: str = "3P"
    rating_ma: int
    time_constant_s: int = DEFAULT_TIME_CONSTANT_S

    def cable(self) -> Cable:
        """The row for the rules."""
        return Cable(
            id=self.id,
            parent_id=self.parent_id,
            name=self.name,
            entrance=self.entrance,
            phase=self.phase,
            rating_ma=self.rating_ma,
            time_constant_s=self.time_constant_s,
        )


class FeederPeak(SQLModel, table=True):
    """One feeder in one quarter of an hour: its highest current, and the integral of it over the
    seconds that were watched, so that parts written at different times add up exactly."""

    feeder_id: str = Field(primary_key=True, max_length=40)
    quarter_at: datetime = instant(primary_key=True)
    peak_ma: int
    ma_ms: int = big()
    watched_ms: int

    @property
    def mean_ma(self) -> int:
        """The mean current in mA while it was watched."""
        return self.ma_ms // self.watched_ms if self.watched_ms else self.peak_ma


def feeder_rows(uow: UnitOfWork) -> Sequence[Feeder]:
    """Every feeder."""
    return uow.session.exec(select(Feeder).order_by(col(Feeder.id))).all()


def peak_row(uow: UnitOfWork, feeder_id: str, quarter_at: datetime) -> FeederPeak | None:
    """What is kept of one quarter of an hour."""
    return uow.session.get(FeederPeak, (feeder_id, quarter_at))


def peak_rows(
    uow: UnitOfWork, since: datetime, until: datetime, feeder_id: str | None = None
) -> Sequence[FeederPeak]:
    """Quarters that begin in [since, until), oldest first."""
    statement = (
        select(FeederPeak)
        .where(col(FeederPeak.quarter_at) >= since, col(FeederPeak.quarter_at) < until)
        .order_by(col(FeederPeak.quarter_at), col(FeederPeak.feeder_id))
    )
    if feeder_id is not None:
        statement = statement.where(FeederPeak.feeder_id == feeder_id)
    return uow.session.exec(statement).all()
