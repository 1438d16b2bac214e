"""What the stories of this room look at, and the few steps that most of them begin with."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from service.alerts.records import Incident, open_rows
from service.billing.actions import statement_of
from service.billing.records import BilledSession, BillLine
from service.billing.statement import StatementView
from service.flow import House, ticks
from service.flow.requests import Started, StartRequest, start
from service.piles.records import DeadLetter
from service.sessions.records import Session, SettlementCopy, session_row, settlements_of
from service.store import Store
from tests.support.small import PaperPile


def session_of(house: House, session_id: str) -> Session:
    with house.store.reading() as uow:
        row = session_row(uow, session_id)
        assert row is not None
        return row


def state_of(house: House, session_id: str) -> str:
    return session_of(house, session_id).state


def incidents(house: House) -> list[str]:
    """The codes of what is open and not yet cleared, in the order in which it began."""
    with house.store.reading() as uow:
        return [row.code for row in open_rows(uow) if row.cleared_at is None]


def incident_rows(house: House) -> Sequence[Incident]:
    with house.store.reading() as uow:
        return list(open_rows(uow))


def billed(store: Store) -> list[BilledSession]:
    with store.reading() as uow:
        return list(uow.session.exec(select(BilledSession).order_by(col(BilledSession.entry_id))))


def lines_of(store: Store) -> list[BillLine]:
    with store.reading() as uow:
        return list(uow.session.exec(select(BillLine)))


def copies(house: House, session_id: str) -> list[SettlementCopy]:
    with house.store.reading() as uow:
        return list(settlements_of(uow, session_id))


def dead_letters(house: House) -> list[DeadLetter]:
    with house.store.reading() as uow:
        return list(uow.session.exec(select(DeadLetter).order_by(col(DeadLetter.id))))


def statement(house: House, household_id: int, month: str) -> StatementView | None:
    with house.store.reading() as uow:
        return statement_of(uow, household_id, month)


def charging(house: House, pile: PaperPile, asked: StartRequest) -> str:
    """A session that the pile has confirmed; its order number. A second passes."""
    started = start(house, asked)
    assert isinstance(started, Started), started
    for command in pile.commands():
        if command["cmd"] == "start":
            pile.result(command["command_id"], "done", session_id=started.session_id)
    house.clock.advance(1)  # type: ignore[attr-defined]
    return started.session_id


def settle(pile: PaperPile, session_id: str, start_wh: int, end_wh: int, **more: Any) -> str:
    """The pile sends the final record of a session; the word it is answered with."""
    return send_record(pile, pile.settlement(session_id, start_wh, end_wh, **more))


def send_record(pile: PaperPile, record: dict[str, Any]) -> str:
    pile.say("session", record)
    (acked,) = pile.last_told("session_ack")["acked"]
    assert acked["settlement_seq"] == record["settlement_seq"]
    assert acked["session_id"] == record["session_id"]
    return str(acked["result"])


def post_now(house: House) -> None:
    """Price and post what is settled, without waiting for late readings."""
    ticks.post_settled(house, timedelta(0))
