"""What the room of piles can do: enrol, keep what was said, and put a command into the outbox."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Table, bindparam
from sqlmodel import col, update

from service.clock import from_ms, to_ms
from service.piles.board import Board, BootNow, OutletNow, PileNow
from service.piles.commands import GIVE_UP_MS, RESEND_MS, Order, command_payload
from service.piles.messages import Hello, Outgoing, topic_down
from service.piles.received import Received
from service.piles.records import (
    Boot,
    BootOffset,
    Command,
    DeadLetter,
    Pile,
    PileStatus,
    boot_row,
    commands_to_send,
    pile_rows,
    status_rows,
)
from service.store import UnitOfWork

BOOTS: Table = Boot.__table__  # type: ignore[attr-defined]
SAVE_BOOT = (
    update(BOOTS)
    .where(BOOTS.c.no == bindparam("boot"))
    .values({name: bindparam(name) for name in ("offset_ms", "last_heard_ms", "received")})
)

UNCOUNTED = -1
"""A life whose hello was never heard is taken for older than any that was counted."""


def enrol(uow: UnitOfWork, piles: Iterable[Pile]) -> int:
    """Add piles that are not there yet; how many were given."""
    rows = [pile.model_dump() for pile in piles]
    uow.insert_new(Pile, rows)
    return len(rows)


def hang_boards(uow: UnitOfWork, wanted: Iterable[str], version_id: int, now: datetime) -> int:
    """The price boards on these piles were printed for a tariff version and hang now; how many."""
    ids = set(wanted)
    rows = [row for row in pile_rows(uow) if row.id in ids]
    for row in rows:
        row.board_tariff_id, row.board_printed_at = version_id, now
        uow.session.add(row)
    uow.session.flush()
    return len(rows)


def load_board(uow: UnitOfWork) -> Board:
    """The board as far as it is stored: who the piles are and when they were last heard."""
    board = Board()
    statuses = {row.pile: row for row in status_rows(uow)}
    for row in pile_rows(uow):
        outlets = {n: OutletNow(row.id, n) for n in range(1, row.outlets + 1)}
        pile = PileNow(
            row.id,
            row.number,
            row.entrance,
            row.feeder_id,
            outlets,
            outlet_limit_w=row.outlet_limit_w,
            place=row.place,
            in_service=row.in_service,
        )
        status = statuses.get(row.id)
        if status:
            _take_status(uow, board, pile, status)
        board.piles[row.id] = pile
    return board


def _take_status(uow: UnitOfWork, board: Board, pile: PileNow, status: PileStatus) -> None:
    pile.said, pile.conn_id, pile.serial = status.said, status.conn_id, status.serial
    pile.model, pile.fw, pile.clock = status.model, status.fw, status.clock
    pile.rssi_dbm, pile.temp_c, pile.config_rev = status.rssi_dbm, status.temp_c, status.config_rev
    pile.heard_ms = pile.serial_ms = status.heard_ms
    pile.blocked_until_ms = to_ms(status.blocked_until) if status.blocked_until else 0
    if status.boot_id:
        pile.boot = find_boot(uow, board, pile.id, status.boot_id)


def find_boot(uow: UnitOfWork, board: Board, pile: str, boot_id: str) -> BootNow | None:
    """One life of a pile, from memory or from the store."""
    found = board.boots.get((pile, boot_id))
    if found is None:
        row = boot_row(uow, pile, boot_id)
        if row is None or row.no is None:
            return None
        found = BootNow(
            no=row.no,
            pile=pile,
            boot_id=boot_id,
            rank=row.boot_count if row.boot_count is not None else UNCOUNTED,
            offset_ms=row.offset_ms,
            received=Received.from_text(row.received),
            last_heard_ms=row.last_heard_ms,
        )
        board.boots[pile, boot_id] = found
    return found


def open_boot(uow: UnitOfWork, board: Board, pile: str, boot_id: str, received_ms: int) -> BootNow:
    """One life of a pile; a new one if it was never heard of."""
    found = find_boot(uow, board, pile, boot_id)
    if found is None:
        row = Boot(
            pile=pile, boot_id=boot_id, first_heard_ms=received_ms, last_heard_ms=received_ms
        )
        uow.session.add(row)
        uow.session.flush()
        found = find_boot(uow, board, pile, boot_id)
        assert found, "a row that was just written is there"  # noqa: S101
    return found


def count_boot(uow: UnitOfWork, boot: BootNow, hello: Hello) -> None:
    """A hello tells which life of the pile this is."""
    boot.rank = hello.boot_count
    statement = update(Boot).where(col(Boot.no) == boot.no).values(boot_count=hello.boot_count)
    uow.session.execute(statement)


def save_boots(uow: UnitOfWork, boots: Iterable[BootNow]) -> None:
    """Write what changed of each boot: the stored seqs, the offset, when it was last heard."""
    rows = [
        {
            "boot": boot.no,
            "offset_ms": boot.offset_ms,
            "last_heard_ms": boot.last_heard_ms,
            "received": boot.received.as_text(),
        }
        for boot in boots
    ]
    if rows:
        uow.session.connection().execute(SAVE_BOOT, rows)


def note_offsets(uow: UnitOfWork, boots: Iterable[BootNow], now_ms: int) -> None:
    """Keep by which offset the service goes from now on, of boots whose offset was bettered."""
    rows = [{"boot_no": boot.no, "offset_ms": boot.offset_ms, "noted_ms": now_ms} for boot in boots]
    uow.insert_new(BootOffset, rows)


def save_status(uow: UnitOfWork, piles: Iterable[PileNow]) -> None:
    """Write the last birth, death and heartbeat of piles."""
    rows = [
        {
            "pile": pile.id,
            "said": pile.said,
            "boot_no": pile.boot.no if pile.boot else None,
            "boot_id": pile.boot.boot_id if pile.boot else None,
            "conn_id": pile.conn_id,
            "serial": pile.serial,
            "model": pile.model,
            "fw": pile.fw,
            "clock": pile.clock,
            "rssi_dbm": pile.rssi_dbm,
            "temp_c": pile.temp_c,
            "config_rev": pile.config_rev,
            "heard_ms": pile.heard_ms,
            "blocked_until": from_ms(pile.blocked_until_ms) if pile.blocked_until_ms else None,
        }
        for pile in piles
    ]
    uow.upsert(PileStatus, rows, ["pile"])


def command(
    uow: UnitOfWork, pile: PileNow, order: Order, command_id: str, now_ms: int, asked_by: str
) -> Command | None:
    """Put a command into the outbox; None if the pile has no connection to address it to."""
    uptime_ms = pile.uptime_at(now_ms)
    if pile.conn_id is None or uptime_ms is None:
        return None
    row = Command(
        id=command_id,
        pile=pile.id,
        outlet=order.outlet,
        session_id=order.session_id,
        cmd=order.cmd,
        payload=command_payload(order, command_id, pile.conn_id, now_ms, uptime_ms),
        valid_s=order.valid_s,
        issued_ms=now_ms,
        next_send_ms=now_ms,
        asked_by=asked_by,
    )
    uow.insert(row)
    return row


def commands_due(uow: UnitOfWork, now_ms: int) -> list[Outgoing]:
    """What must be sent to piles now."""
    return [
        Outgoing(
            topic_down(row.pile, "cmd"),
            row.payload.encode(),
            expires_s=max(1, row.valid_s - (now_ms - row.issued_ms) // 1000),
            command_id=row.id,
        )
        for row in commands_to_send(uow, now_ms)
    ]


def command_was_sent(uow: UnitOfWork, command_id: str, now_ms: int) -> None:
    """Note a sending, and when to send again: once, 15 s after the first, with the same id."""
    row = uow.session.get(Command, command_id)
    if row is None or row.closed_ms is not None:
        return
    row.sent += 1
    row.status = "sent" if row.status == "waiting" else row.status
    again = row.sent == 1 and row.valid_s * 1000 > RESEND_MS
    row.next_send_ms = row.issued_ms + RESEND_MS if again else None
    uow.session.add(row)


def take_result(
    uow: UnitOfWork, command_id: str, status: str, code: str | None, now_ms: int
) -> Command | None:
    """Note what became of a command. A later word (done) is never undone by an earlier one."""
    row = uow.session.get(Command, command_id)
    if row is None:
        return None
    row.next_send_ms = None
    if status == "accepted":
        row.status = status if row.closed_ms is None else row.status
    elif row.status not in ("done", "rejected", "failed", "expired"):
        row.status, row.code, row.closed_ms = status, code, now_ms
    uow.session.add(row)
    return row


def close_command(uow: UnitOfWork, command_id: str, status: str, now_ms: int) -> None:
    """Stop waiting for a command."""
    row = uow.session.get(Command, command_id)
    if row is not None and row.closed_ms is None:
        row.status, row.closed_ms, row.next_send_ms = status, now_ms, None
        uow.session.add(row)


def give_up_moment(row: Command) -> int:
    """When a command without any result is given up (ms)."""
    return row.issued_ms + GIVE_UP_MS


def set_aside(uow: UnitOfWork, received_ms: int, topic: str, payload: bytes, reason: str) -> None:
    """Keep a message that could not be taken, as evidence."""
    uow.session.add(
        DeadLetter(
            received_ms=received_ms, topic=topic[:200], payload=payload[:8192], reason=reason[:200]
        )
    )


def set_in_service(
    uow: UnitOfWork, pile: PileNow, in_service: bool, reason: str | None, now: datetime
) -> None:
    """The operator's wish; what the pile itself says stays a matter of its own."""
    row = uow.session.get(Pile, pile.id)
    if row is not None:
        row.in_service, row.out_of_service_reason = in_service, None if in_service else reason
        row.out_of_service_at = None if in_service else now
        uow.session.add(row)
        uow.after_commit(lambda: setattr(pile, "in_service", in_service))


def arrange(uow: UnitOfWork, pile: PileNow, entrance: int, place: str, feeder_id: str) -> bool:
    """Where a pile hangs, and on which cable; False if it was so already.

    Whether the cable may change (nothing may be charging there) is asked by the caller.
    """
    row = uow.session.get(Pile, pile.id)
    wanted = (entrance, place, feeder_id)
    if row is None or (row.entrance, row.place, row.feeder_id) == wanted:
        return False
    row.entrance, row.place, row.feeder_id = wanted
    uow.session.add(row)

    def tell() -> None:
        pile.entrance, pile.place, pile.feeder_id = wanted

    uow.after_commit(tell)
    return True
