"""Which job was done for which period, once each: the memory of the timetable.

Schedules are code and live in no database; what was missed while the service was down is found by
asking which periods have no finished row.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Field, SQLModel, col, func, select

from service.store.columns import instant
from service.store.unit_of_work import UnitOfWork


class JobRun(SQLModel, table=True):
    """One job for one period ('2026-02', '2026-03-02'); unfinished until `finished_at`."""

    __tablename__ = "job_run"

    job: str = Field(primary_key=True, max_length=40)
    period: str = Field(primary_key=True, max_length=20)
    started_at: datetime = instant()
    finished_at: datetime | None = instant(default=None)
    attempts: int = 1


def begin_run(uow: UnitOfWork, job: str, period: str, now: datetime) -> bool:
    """Note that a job begins for a period; False if it was finished for it before."""
    row = uow.session.get(JobRun, (job, period))
    if row is not None and row.finished_at is not None:
        return False
    if row is None:
        row = JobRun(job=job, period=period, started_at=now)
    else:
        row.attempts += 1
    uow.session.add(row)
    uow.session.flush()
    return True


def finish_run(uow: UnitOfWork, job: str, period: str, now: datetime) -> None:
    """Note that a job is done for a period. Nothing happens if it never began."""
    row = uow.session.get(JobRun, (job, period))
    if row is not None and row.finished_at is None:
        row.finished_at = now
        uow.session.add(row)
        uow.session.flush()


def is_finished(uow: UnitOfWork, job: str, period: str) -> bool:
    """Whether a job is done for a period."""
    row = uow.session.get(JobRun, (job, period))
    return row is not None and row.finished_at is not None


def last_finished(uow: UnitOfWork, job: str) -> datetime | None:
    """When a job was last finished for any period."""
    return uow.session.exec(select(func.max(JobRun.finished_at)).where(JobRun.job == job)).one()


def runs_of(uow: UnitOfWork, job: str, limit: int = 40) -> Sequence[JobRun]:
    """The last periods of a job, newest first."""
    statement = (
        select(JobRun).where(JobRun.job == job).order_by(col(JobRun.period).desc()).limit(limit)
    )
    return uow.session.exec(statement).all()
