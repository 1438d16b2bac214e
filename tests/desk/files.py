"""What a person does with a payment file, in a few words; and the household it is about."""

from datetime import datetime
from zoneinfo import ZoneInfo

from service.billing.outcomes import Refused
from service.desk.actions import payments, received
from service.desk.intake import Fate
from service.desk.records import PaymentFile, PaymentRow
from service.desk.records.received import rows_in
from service.households import actions as households
from service.households.csv_import import HouseholdRow
from service.store import UnitOfWork
from tests.support.compound import at

SHANGHAI = ZoneInfo("Asia/Shanghai")
KEY = b"a key of the tests, long enough"
DOORS = ("3-201", "3-202", "1-101")
NOW = at("2026-03-20 10:00")


def move_in(uow: UnitOfWork, *doors: str) -> dict[str, int]:
    rows = [HouseholdRow(2, door, 3) for door in doors or DOORS]
    added = households.add_households(uow, rows, at("2026-03-01 08:00"), KEY)
    assert isinstance(added, list)
    return {one.door: one.id or 0 for one in added}


def ref(number: int) -> str:
    return f"42000023452026030212345678{number:02d}"


def send(uow: UnitOfWork, data: bytes, now: datetime = NOW) -> int:
    sent = received.send_in(uow, data, now, by=7)
    assert isinstance(sent, PaymentFile), sent
    return sent.id or 0


def look(uow: UnitOfWork, file_id: int, now: datetime = NOW) -> received.DryRun:
    seen = received.dry_run(uow, file_id, now, SHANGHAI, KEY)
    assert isinstance(seen, received.DryRun), seen
    return seen


def take(uow: UnitOfWork, data: bytes, now: datetime = NOW) -> received.DryRun:
    """Send in, look, take in, post: what a person does in a minute."""
    seen = look(uow, send(uow, data, now), now)
    taken = received.take_in(uow, seen, seen.seal, False, now, 7)
    assert isinstance(taken, PaymentFile), taken
    while payments.post_matched(uow, now, SHANGHAI):
        pass
    return seen


def said_of(seen: received.DryRun) -> list[tuple[Fate, str]]:
    return [(one.fate, one.why.in_language("en")) for one in seen.planned]


def why_no(outcome: object) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.reasons[0].in_language("en")


def only_row(uow: UnitOfWork, state: str) -> PaymentRow:
    (row,) = rows_in(uow, state)
    return row
