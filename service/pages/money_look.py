"""Counts what waits at the committee's desk, room by room."""

from dataclasses import dataclass

from service.billing.actions import balances, tariff_versions
from service.billing.timeline import is_right
from service.desk.actions.owing import arrears
from service.desk.records.drafts import draft_rows
from service.desk.records.received import count_unmatched
from service.desk.records.written import waiting_rows
from service.flow.house import House
from service.households.records import households
from service.piles.records import pile_rows
from service.store import UnitOfWork
from service.usage.records import held
from service.usage.records.account import open_questions


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each wait; money in fen."""

    held: int
    questions: int
    waiting: int
    unmatched: int
    late: int
    late_fen: int
    owed_fen: int
    drafts: int
    boards: int
    doors: int


def counts(house: House, uow: UnitOfWork) -> Counts:
    """Everything at this moment."""
    now, zone = house.clock.now(), house.settings.zone
    owing = arrears(uow, now, house.settings.reminder_after_days, zone)
    versions = tariff_versions(uow)
    late = [one.overdue_fen for one in owing if one.overdue_fen > 0]
    return Counts(
        held=held(uow),
        questions=open_questions(uow),
        waiting=len(waiting_rows(uow)),
        unmatched=count_unmatched(uow, now),
        late=len(late),
        late_fen=sum(late),
        owed_fen=sum(fen for fen in balances(uow).values() if fen > 0),
        drafts=sum(row.state == "open" for row in draft_rows(uow)),
        boards=sum(
            not is_right(versions, pile.board_tariff_id, pile.board_printed_at, now)
            for pile in pile_rows(uow)
        ),
        doors=len(households(uow)),
    )
