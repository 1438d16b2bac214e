"""Books for the stories: sessions, payments and closes in a few words."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from service.billing import actions
from service.billing.actions import PaidBy, PaymentReceived, SessionToBill
from service.billing.outcomes import AlreadyPosted, Closed, Posted, Published, Refused
from service.billing.pricing import Piece, Priced, price
from service.billing.tariff import TariffVersion
from service.store import Store, UnitOfWork
from tests.billing.days import FLAT, GOVERNMENT_E4, SHANGHAI, local

THE_LIS, THE_WANGS = 12, 25
Bill = tuple[SessionToBill, Priced]


def a_session(
    session_id: str = "01JNAX3K6ZQ4V8S2T7M9D1C5BH",
    household_id: int = THE_LIS,
    ended: str | datetime = "2026-03-02 23:10",
    wh: int | list[Piece] = 613,
    tariff: TariffVersion = FLAT,
    start_wh: int = 402_118,
) -> Bill:
    """A settled session of some energy (or pieces of it), with its price."""
    ended_at = local(ended) if isinstance(ended, str) else ended
    pieces = [Piece(0, wh)] if isinstance(wh, int) else wh
    priced = price(tariff, pieces)
    bill = SessionToBill(
        session_id,
        household_id,
        "LB-017",
        2,
        ended_at - timedelta(hours=3),
        ended_at,
        "a18",
        start_wh,
        start_wh + priced.energy_wh,
        "full",
    )
    return bill, priced


def a_payment(
    ref: str = "R-0001",
    household_id: int = THE_LIS,
    fen: int = 1000,
    received: str = "2026-03-10 10:00",
    memo: str = "",
) -> PaymentReceived:
    return PaymentReceived(
        ref, household_id, fen, local(received), PaidBy.CASH, "the committee's desk", memo
    )


def publish(uow: UnitOfWork, draft: TariffVersion = FLAT, now: str = "2026-03-01") -> int:
    outcome = actions.publish_tariff(uow, draft, GOVERNMENT_E4, local(now), SHANGHAI, "committee")
    assert isinstance(outcome, Published), outcome
    return outcome.version.id


def post(uow: UnitOfWork, *bills: Bill, now: str = "2026-03-31") -> list[Posted | AlreadyPosted]:
    return actions.post_sessions(uow, bills, local(now), SHANGHAI)


def pay(
    uow: UnitOfWork, payment: PaymentReceived, now: str = "2026-03-31"
) -> Posted | AlreadyPosted | Refused:
    return actions.record_payment(uow, payment, local(now), SHANGHAI)


def close(uow: UnitOfWork, month: str = "2026-03", now: str = "2026-04-01 00:05") -> Closed:
    outcome = actions.close_month(uow, month, local(now), SHANGHAI)
    assert isinstance(outcome, Closed), outcome
    return outcome


def words(refused: object) -> str:
    assert isinstance(refused, Refused), refused
    return " ".join(reason.in_language("en") for reason in refused.reasons)


def misfits(store: Store) -> list[str]:
    with store.reading() as uow:
        return [misfit.in_language("en") for misfit in actions.verify(uow).misfits]


@contextmanager
def undone(store: Store) -> Iterator[UnitOfWork]:
    """A unit of work that is thrown away: an example of its own for a property."""
    with store.writing() as uow:
        yield uow
        uow.session.rollback()
