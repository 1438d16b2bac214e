"""What a guest's next charge may take, asked when it starts: the one place where it is enforced.

The pass is locked until the start is committed, so of two starts at once the second sees the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from service.billing.pricing import Component, energy_for
from service.billing.records.queries import lines_of
from service.billing.tariff import TariffVersion
from service.flow.house import Work
from service.households.actions import limit_of
from service.households.actions.passes import GUEST, HELPER
from service.households.guests import GuestNo, Taken, guest_may_start
from service.households.records import Pass, pass_row
from service.quantities import E7_PER_FEN
from service.sessions.lifecycle import State
from service.sessions.may_start import Reason, Refused, refuse
from service.sessions.records import Session, of_passes
from service.store import UnitOfWork

NOTHING_TAKEN = frozenset({State.CANCELLED, State.WAIVED})
_SETTLED = frozenset({State.SETTLED, State.WAIVED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Allowance:
    """The most a charge may take by the pass it is started with; None: the pass sets no limit."""

    energy_wh: int | None = None
    fen: int | None = None


def allowance(
    work: Work, pass_id: int | None, tariff: TariffVersion, *, is_new: bool = True
) -> Allowance | Refused:
    """What the next charge by a pass may take, or why there is none.

    `is_new`: not the continuation of a charge that has its limits already. A helper has no limit
    but the pass must be good; what ends while a page is open refuses its start.
    """
    if pass_id is None or not is_new:
        return Allowance()
    found = pass_row(work.uow, pass_id, lock=True)
    if found is None or found.revoked_at is not None or found.kind not in (HELPER, GUEST):
        return refuse(Reason.GUEST_ENDED)
    if found.kind == HELPER:
        return Allowance()
    taken = taken_by(work.uow, [found], tariff)[pass_id]
    rest = guest_may_start(limit_of(found), taken, work.now)
    if isinstance(rest, GuestNo):
        return refuse(Reason(rest.value))
    most = [] if rest.energy_wh is None else [rest.energy_wh]
    if rest.fen is not None:
        most.append(energy_for(tariff, rest.fen))
    if min(most, default=1) <= 0:
        return refuse(Reason.GUEST_USED_UP)
    return Allowance(min(most, default=None), rest.fen)


def taken_by(
    uow: UnitOfWork, passes: Sequence[Pass], tariff: TariffVersion | None
) -> dict[int, list[Taken]]:
    """What every charge by these passes has taken; one that is not in the books yet counts with
    the most that it may take at the dearest price of `tariff`."""
    ids = [one.id or 0 for one in passes]
    rows = [row for row in of_passes(uow, ids) if row.state not in NOTHING_TAKEN]
    lines = lines_of(uow, [row.id for row in rows])
    found: dict[int, list[Taken]] = {one: [] for one in ids}
    for row in rows:
        billed = sum(line.amount_fen for line in lines[row.id])
        energy_wh = _energy_wh(row)
        if lines[row.id]:
            taken = Taken(energy_wh, billed, is_settled=True)
        else:
            taken = Taken(energy_wh, _at_most_fen(row, energy_wh, tariff), row.state in _SETTLED)
        found[row.pass_id or 0].append(taken)
    return found


def _energy_wh(row: Session) -> int:
    if row.energy_wh is not None and row.state in _SETTLED:
        return row.energy_wh
    return row.max_energy_wh


def _at_most_fen(row: Session, energy_wh: int, tariff: TariffVersion | None) -> int:
    if tariff is None:
        return row.cap_fen or 0
    lines = len(Component) * (1 if tariff.is_flat else len(tariff.bands))
    # every line may round up by half a fen
    worst = -(-energy_wh * tariff.dearest_e4 // E7_PER_FEN) + lines
    return min(worst, row.cap_fen) if row.cap_fen is not None else worst
