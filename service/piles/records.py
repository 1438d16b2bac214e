"""What is known of piles: who they are, what they said, and what they were told."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Index, PrimaryKeyConstraint, bindparam, func, text
from sqlmodel import Field, SQLModel, col, select

from service.store import UnitOfWork
from service.store.columns import BigId, big, instant


class Pile(SQLModel, table=True):
    """A box on the wall. What the operator wants (`in_service`) and what the pile says are two
    different things; what it says is in PileStatus. `board_tariff_id` is the tariff version that
    the price board on it was printed for, `board_printed_at` when it was hung."""

    id: str = Field(primary_key=True, max_length=23)
    number: int = Field(unique=True)
    entrance: int
    place: str = Field(default="", max_length=60, description="where it hangs, for people")
    feeder_id: str
    outlets: int = 2
    outlet_limit_w: int = 1000
    in_service: bool = True
    out_of_service_reason: str | None = None
    out_of_service_at: datetime | None = instant(default=None)
    enrolled_at: datetime = instant()
    board_printed_at: datetime | None = instant(default=None)
    board_tariff_id: int | None = None


class PileStatus(SQLModel, table=True):
    """The last birth, death and heartbeat of a pile, kept across a restart of the service."""

    pile: str = Field(primary_key=True, max_length=23)
    said: str = "unknown"
    boot_no: int | None = big(default=None)
    boot_id: str | None = None
    conn_id: str | None = None
    serial: str | None = None
    model: str | None = None
    fw: str | None = None
    clock: str = "none"
    rssi_dbm: int | None = None
    temp_c: float | None = None
    config_rev: int = 0
    heard_ms: int = big(default=0)
    blocked_until: datetime | None = instant(default=None)


class Boot(SQLModel, table=True):
    """One life of a pile, from power-up to power-down.

    `offset_ms` = the smallest (received - uptime) heard live: uptime + offset is the time of an
    event by the service's clock, with no pile clock needed (wire contract, section 5).
    """

    __table_args__ = (Index("uq_boot_pile_boot_id", "pile", "boot_id", unique=True),)

    no: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    pile: str = Field(max_length=23)
    boot_id: str
    boot_count: int | None = big(default=None)
    offset_ms: int | None = big(default=None)
    first_heard_ms: int = big()
    last_heard_ms: int = big()
    received: str = Field(default="0", description="which seqs are stored: see received.py")


class BootOffset(SQLModel, table=True):
    """Every step by which an offset was learned: the heartbeats that taught it are not kept, and
    without their steps nobody could say later by which offset a bill was made."""

    __tablename__ = "boot_offset"
    __table_args__ = (
        PrimaryKeyConstraint("boot_no", "offset_ms"),
        {"sqlite_with_rowid": False},
    )

    boot_no: int = big()
    offset_ms: int = big()
    noted_ms: int = big(description="from when on the service went by it")


class PileMessage(SQLModel, table=True):
    """A numbered uplink as it came: the fact that everything else is folded from."""

    __table_args__ = (
        PrimaryKeyConstraint("boot_no", "seq"),
        {"sqlite_with_rowid": False},
    )

    boot_no: int = big()
    seq: int = big()
    kind: str
    received_ms: int = big()
    payload: str


class Command(SQLModel, table=True):
    """The outbox: a command is written with the decision that caused it, then sent."""

    __table_args__ = (
        Index(
            "ix_command_open",
            "next_send_ms",
            sqlite_where=text("closed_ms IS NULL"),
            postgresql_where=text("closed_ms IS NULL"),
        ),
    )

    id: str = Field(primary_key=True, max_length=26)
    pile: str = Field(max_length=23)
    outlet: int | None = None
    session_id: str | None = Field(default=None, index=True)
    cmd: str
    payload: str
    valid_s: int
    issued_ms: int = big()
    next_send_ms: int | None = big(default=None)
    sent: int = 0
    status: str = "waiting"
    code: str | None = None
    closed_ms: int | None = big(default=None)
    asked_by: str = ""


class DeadLetter(SQLModel, table=True):
    """A message that could not be taken, with the reason; evidence, never silently dropped."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    received_ms: int = big()
    topic: str
    payload: bytes
    reason: str


TO_SEND = (
    select(Command)
    .where(col(Command.closed_ms).is_(None), col(Command.next_send_ms) <= bindparam("now_ms"))
    .order_by(col(Command.issued_ms), col(Command.id))
)
NEXT_SENDING = select(func.min(Command.next_send_ms)).where(col(Command.closed_ms).is_(None))
"""Built once: a start waits for both, and building a statement costs more than running it."""


def pile_rows(uow: UnitOfWork) -> Sequence[Pile]:
    """Every pile, by its number."""
    return uow.session.exec(select(Pile).order_by(col(Pile.number))).all()


def status_rows(uow: UnitOfWork) -> Sequence[PileStatus]:
    """The last known status of every pile that ever spoke."""
    return uow.session.exec(select(PileStatus)).all()


def boot_row(uow: UnitOfWork, pile: str, boot_id: str) -> Boot | None:
    """One life of a pile by its boot_id."""
    return uow.session.exec(select(Boot).where(Boot.pile == pile, Boot.boot_id == boot_id)).first()


def boots_of(uow: UnitOfWork, pile: str) -> Sequence[Boot]:
    """All lives of a pile, oldest first."""
    return uow.session.exec(select(Boot).where(Boot.pile == pile).order_by(col(Boot.no))).all()


def last_boots(uow: UnitOfWork, pile: str, limit: int) -> Sequence[Boot]:
    """The newest lives of a pile, newest first."""
    statement = select(Boot).where(Boot.pile == pile).order_by(col(Boot.no).desc()).limit(limit)
    return uow.session.exec(statement).all()


def off_commands(uow: UnitOfWork, pile: str, since_ms: int) -> Sequence[Command]:
    """The off commands to a pile that named no session, newest first."""
    statement = (
        select(Command)
        .where(
            Command.pile == pile,
            Command.cmd == "stop",
            Command.session_id == "any",
            Command.issued_ms >= since_ms,
        )
        .order_by(col(Command.issued_ms).desc())
    )
    return uow.session.exec(statement).all()


def boots_by_no(uow: UnitOfWork, numbers: Iterable[int]) -> dict[int, Boot]:
    """Boots by their number."""
    wanted = set(numbers)
    rows = uow.session.exec(select(Boot).where(col(Boot.no).in_(wanted))).all() if wanted else []
    return {boot.no: boot for boot in rows if boot.no is not None}


def commands_to_send(uow: UnitOfWork, now_ms: int) -> Sequence[Command]:
    """Commands whose time to be sent (again) has come, oldest first."""
    return uow.session.exec(TO_SEND, params={"now_ms": now_ms}).all()


def next_sending_ms(uow: UnitOfWork) -> int | None:
    """When the next command is to be sent; None if none waits."""
    return uow.session.exec(NEXT_SENDING).one()


def commands_unanswered(uow: UnitOfWork, issued_before_ms: int) -> Sequence[Command]:
    """Commands issued before a moment that nobody answered, or that were only accepted."""
    statement = select(Command).where(
        col(Command.closed_ms).is_(None), Command.issued_ms <= issued_before_ms
    )
    return uow.session.exec(statement).all()


class Raw(NamedTuple):
    """A stored message, as far as it must be known to decode it again."""

    seq: int
    kind: str
    received_ms: int
    payload: str


RAW = (PileMessage.seq, PileMessage.kind, PileMessage.received_ms, PileMessage.payload)
AT_ONCE = 2_000
"""Messages that are held in memory together."""


def offset_steps(uow: UnitOfWork, boot_nos: Iterable[int]) -> dict[int, list[BootOffset]]:
    """How the offsets of some lives were learned, each in the order of its steps."""
    found: dict[int, list[BootOffset]] = {no: [] for no in boot_nos}
    statement = (
        select(BootOffset)
        .where(col(BootOffset.boot_no).in_(list(found)))
        .order_by(col(BootOffset.boot_no), col(BootOffset.offset_ms).desc())
    )
    for step in uow.session.exec(statement):
        found[step.boot_no].append(step)
    return found


def next_raw(uow: UnitOfWork, boot_no: int, seq: int, kind: str) -> Raw | None:
    """The first message of a kind with this number or a higher one."""
    statement = (
        select(*RAW)
        .where(PileMessage.boot_no == boot_no, PileMessage.seq >= seq, PileMessage.kind == kind)
        .order_by(col(PileMessage.seq))
        .limit(1)
    )
    row = uow.session.connection().execute(statement).first()
    return None if row is None else Raw._make(row)


def highest_seq(uow: UnitOfWork, boot_no: int) -> int:
    """The highest number that is stored of a life; 0 if none is."""
    statement = select(func.max(PileMessage.seq)).where(PileMessage.boot_no == boot_no)
    return uow.session.exec(statement).one() or 0


def raw_between(uow: UnitOfWork, boot_no: int, first: int, last: int) -> Iterator[Raw]:
    """The messages of a life from one number to another, both included, in their order."""
    while first <= last:
        statement = (
            select(*RAW)
            .where(PileMessage.boot_no == boot_no, col(PileMessage.seq).between(first, last))
            .order_by(col(PileMessage.seq))
            .limit(AT_ONCE)
        )
        rows = uow.session.connection().execute(statement).all()
        yield from map(Raw._make, rows)
        if len(rows) < AT_ONCE:
            return
        first = rows[-1][0] + 1


def last_messages(uow: UnitOfWork, pile: str, limit: int) -> Sequence[PileMessage]:
    """What a pile said last, newest first."""
    statement = (
        select(PileMessage)
        .join(Boot, col(Boot.no) == col(PileMessage.boot_no))
        .where(Boot.pile == pile)
        .order_by(col(PileMessage.boot_no).desc(), col(PileMessage.seq).desc())
        .limit(limit)
    )
    return uow.session.exec(statement).all()


def last_commands(uow: UnitOfWork, pile: str, limit: int) -> Sequence[Command]:
    """What a pile was told last, newest first."""
    statement = (
        select(Command)
        .where(Command.pile == pile)
        .order_by(col(Command.issued_ms).desc())
        .limit(limit)
    )
    return uow.session.exec(statement).all()


def commands_since(uow: UnitOfWork, cmd: str, first_id: str) -> Sequence[Command]:
    """Every command of one kind since an id (ids rise with time), whatever became of it."""
    statement = select(Command).where(Command.cmd == cmd, col(Command.id) >= first_id)
    return uow.session.exec(statement).all()


def dead_letter_count(uow: UnitOfWork) -> int:
    """How many messages were set aside."""
    return uow.session.exec(select(func.count()).select_from(DeadLetter)).one()
