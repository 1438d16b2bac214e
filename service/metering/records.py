"""Every reading that a pile ever sent, once."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Index, PrimaryKeyConstraint, func, text
from sqlmodel import Field, SQLModel, col, select

from service.store import UnitOfWork
from service.store.columns import big

_IN_SESSION = text("session_id IS NOT NULL")


class Reading(SQLModel, table=True):
    """A cumulative register value and the samples taken with it.

    Named by the message that brought it (boot, seq) and its place in that message. The time of a
    reading is its uptime plus the offset of its boot; `received_ms` is evidence.
    """

    __table_args__ = (
        PrimaryKeyConstraint("boot_no", "seq", "place"),
        Index(
            "ix_reading_session",
            "session_id",
            sqlite_where=_IN_SESSION,
            postgresql_where=_IN_SESSION,
        ),
        {"sqlite_with_rowid": False},
    )

    boot_no: int = big()
    seq: int = big()
    place: int
    outlet: int
    register_id: str = Field(max_length=16)
    energy_total_wh: int | None = big(default=None)
    power_w: float | None = None
    voltage_v: float | None = None
    current_ma: int | None = None
    temp_c: float | None = None
    uptime_ms: int = big()
    received_ms: int = big()
    reason: str
    session_id: str | None = Field(default=None, max_length=32)


def of_session(uow: UnitOfWork, session_id: str) -> Sequence[Reading]:
    """The readings that carry this order number, in no particular order."""
    return uow.session.exec(select(Reading).where(Reading.session_id == session_id)).all()


def of_sessions(uow: UnitOfWork, session_ids: Iterable[str]) -> dict[str, list[Reading]]:
    """The same for many sessions at once."""
    wanted = list(session_ids)
    found: dict[str, list[Reading]] = {session_id: [] for session_id in wanted}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        for row in uow.session.exec(select(Reading).where(col(Reading.session_id).in_(part))):
            found[row.session_id or ""].append(row)
    return found


class RegisterValue(NamedTuple):
    """What a split of energy needs of a reading, and no more of it."""

    session_id: str
    boot_no: int
    uptime_ms: int
    energy_total_wh: int
    register_id: str


def register_values(uow: UnitOfWork, session_ids: Sequence[str]) -> list[RegisterValue]:
    """The register values of some hundreds of sessions, in no particular order; plain rows, because
    a month has half a million of them."""
    columns = [getattr(Reading, name) for name in RegisterValue._fields]
    statement = select(*columns).where(
        col(Reading.session_id).in_(session_ids), col(Reading.energy_total_wh).is_not(None)
    )
    return [RegisterValue._make(row) for row in uow.session.connection().execute(statement)]


def extremes(uow: UnitOfWork, session_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """The lowest and highest register value seen in each session."""
    statement = (
        select(
            Reading.session_id, func.min(Reading.energy_total_wh), func.max(Reading.energy_total_wh)
        )
        .where(col(Reading.session_id).in_(list(session_ids)))
        .group_by(col(Reading.session_id))
    )
    rows = uow.session.exec(statement).all()
    return {
        str(session_id): (low, high)
        for session_id, low, high in rows
        if low is not None and high is not None
    }


def latest_of_boot(uow: UnitOfWork, boot_no: int, limit: int = 40) -> Sequence[Reading]:
    """The last readings of one life of a pile, newest first."""
    statement = (
        select(Reading)
        .where(Reading.boot_no == boot_no)
        .order_by(col(Reading.seq).desc(), col(Reading.place).desc())
        .limit(limit)
    )
    return uow.session.exec(statement).all()
