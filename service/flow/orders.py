"""Orders to piles: put into the outbox in the unit of work that decided them."""

from service.flow.house import Work
from service.piles import commands
from service.piles.actions import command
from service.piles.board import PileNow
from service.piles.commands import Order
from service.sessions.records import Session


def send(work: Work, pile: PileNow, order: Order, asked_by: str) -> str | None:
    """Put a command into the outbox; its id, or None if the pile has no connection."""
    command_id = work.house.new_id(work.now_ms)
    row = command(work.uow, pile, order, command_id, work.now_ms, asked_by)
    if row is None:
        return None
    work.commands += 1
    work.count("commands", order.cmd)
    return command_id


def switch_on(work: Work, pile: PileNow, row: Session) -> None:
    """Tell the pile to start, with the limits that it enforces by itself."""
    order = commands.start(
        row.outlet,
        row.id,
        max_duration_s=row.max_duration_s,
        max_energy_wh=row.max_energy_wh,
        max_power_w=row.max_power_w,
    )
    command_id = send(work, pile, order, row.asked_by)
    known = work.house.open.get(row.id)
    if known is not None:
        known.command_id = command_id


def switch_off(
    work: Work, pile: PileNow, outlet: int, session_id: str, reason: str, asked_by: str = "service"
) -> None:
    """Tell the pile to stop this session."""
    send(work, pile, commands.stop(outlet, session_id, reason), asked_by)
