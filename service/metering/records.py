"""Every reading that a pile ever sent, once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BindParameter,
    Index,
    PrimaryKeyConstraint,
    bindparam,
    case,
    func,
    text,
)
from sqlalchemy import select as core_select
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


_AT: BindParameter[int] = bindparam("at")
_UPTIME, _ENERGY = col(Reading.uptime_ms), col(Reading.energy_total_wh)
AROUND = core_select(
    func.max(case((_UPTIME <= _AT, _UPTIME))),
    func.max(case((_UPTIME <= _AT, _ENERGY))),
    func.min(case((_UPTIME >= _AT, _UPTIME))),
    func.min(case((_UPTIME >= _AT, _ENERGY))),
).where(
    col(Reading.session_id) == bindparam("session"),
    col(Reading.boot_no) == bindparam("boot"),
    _ENERGY.is_not(None),
)
"""Built once: a comparison of prices asks it once for each session and border."""


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


class Around(NamedTuple):
    """A register just before (or at) and just after (or at) a moment; None where nothing was read.

    Times are uptimes of the boot that was asked for.
    """

    before_ms: int | None
    before_wh: int | None
    after_ms: int | None
    after_wh: int | None


def currents_of(
    uow: UnitOfWork, session_ids: Sequence[str]
) -> Iterator[tuple[str, int, int | None, float | None]]:
    """What many sessions drew: order number, when it was received (ms), mA, W; of some hundreds of
    thousands of readings only what a curve needs, and not as objects."""
    for start in range(0, len(session_ids), 200):
        statement = select(
            Reading.session_id, Reading.received_ms, Reading.current_ma, Reading.power_w
        ).where(col(Reading.session_id).in_(session_ids[start : start + 200]))
        for session_id, received_ms, current_ma, power_w in uow.session.connection().execute(
            statement
        ):
            yield str(session_id), received_ms, current_ma, power_w


def boots_of_sessions(uow: UnitOfWork, session_ids: Sequence[str]) -> dict[str, list[int]]:
    """In which lives of their piles some hundreds of sessions were read; from the index alone."""
    statement = (
        select(Reading.session_id, Reading.boot_no)
        .where(col(Reading.session_id).in_(session_ids))
        .distinct()
    )
    found: dict[str, list[int]] = {}
    for session_id, boot_no in uow.session.connection().execute(statement):
        found.setdefault(session_id, []).append(boot_no)
    return found


def around(uow: UnitOfWork, session_id: str, boot_no: int, uptime_ms: int) -> Around:
    """Where a session's register stood around a moment of a boot.

    The register of a billed session never falls, so the highest value before and the lowest after
    are its neighbours. A month has half a million readings; this brings four numbers of each.
    """
    values = {"session": session_id, "boot": boot_no, "at": uptime_ms}
    row = uow.session.connection().execute(AROUND, values).one()
    return Around._make(row)


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
