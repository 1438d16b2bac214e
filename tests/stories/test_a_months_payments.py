"""A month of payments, in the ways in which people pay.

Statements go out, people pay through WeChat, the treasurer takes in the export twice, two payments
are nobody's, and on the sixth of May everybody knows who is late, to the fen.
"""

import pytest

from service.billing import actions as billing
from service.billing.actions import accounts, balances, statement_of, verify
from service.billing.ledger import Account
from service.chores import post_received, remind
from service.clock import FixedClock
from service.desk.actions import payments, received
from service.desk.actions.owing import arrears
from service.desk.arrears import totals
from service.desk.intake import Fate
from service.desk.matching import payment_word
from service.desk.records import PaymentFile, PaymentRow
from service.desk.records.received import rows_in
from service.flow import House, books
from service.households.actions import find_household
from tests.billing.books import a_session
from tests.billing.days import FLAT, SHANGHAI
from tests.desk.exports import Row, wechat, wechat_row
from tests.jobs.conftest import PaperMessenger, secret
from tests.support.compound import at

MARCH = {"1-101": 12_000, "1-102": 8_000, "2-101": 20_000, "2-102": 5_000, "3-101": 9_000}
"""What each door charged in March, in Wh. At 0.487 + 0.20 yuan: 8.24, 5.50, 13.74, 3.44, 6.18."""

OWED = {"1-101": 824, "1-102": 550, "2-101": 1374, "2-102": 344, "3-101": 618}


@pytest.fixture
def homes(house: House, clock: FixedClock) -> dict[str, int]:
    """Five households have charged in March; their statements are published on 6 April."""
    clock.at = at("2026-03-20 10:00")
    with house.work() as work:
        found = {door: find_household(work.uow, door).id for door in MARCH}
        bills = [
            a_session(f"S{number}", found[door], "2026-03-18 23:10", wh, FLAT)
            for number, (door, wh) in enumerate(MARCH.items())
        ]
        billing.post_sessions(work.uow, bills, work.now, SHANGHAI)
    clock.at = at("2026-04-06 09:00")
    books.end_month(house, "2026-03")
    with house.store.reading() as uow:
        assert balances(uow) == {found[door]: fen for door, fen in OWED.items()}
    return found


def number(day: int, place: int) -> str:
    return f"4200002345202604{day:02d}{place:010d}"


def paid(day: int, place: int, note: str, yuan: str, **more: str) -> Row:
    return wechat_row(number(day, place), note, f"¥{yuan}", f"2026-04-{day:02d} 12:00:00", **more)


def take_in(house: House, *rows: Row) -> dict[Fate, int]:
    with house.work() as work:
        file = received.send_in(work.uow, wechat(*rows), work.now, 1)
        assert isinstance(file, PaymentFile), file
        seen = received.dry_run(work.uow, file.id or 0, work.now, SHANGHAI, house.key)
        assert isinstance(seen, received.DryRun)
        taken = received.take_in(work.uow, seen, seen.seal, True, work.now, 1)
        assert isinstance(taken, PaymentFile), taken
    post_received(house)
    fates = [one.fate for one in seen.planned]
    return {fate: fates.count(fate) for fate in Fate if fate in fates}


def owed_by_door(house: House, homes: dict[str, int]) -> dict[str, int]:
    with house.store.reading() as uow:
        found = balances(uow)
    return {door: found[home] for door, home in homes.items() if home in found}


def test_a_month_s_wechat_export_is_taken_in_twice_and_every_fen_finds_its_place(
    house: House, homes: dict[str, int], clock: FixedClock
):
    # half-way through April the treasurer exports once, to see how it goes
    clock.at = at("2026-04-15 20:00")
    first = (
        paid(8, 1, "转账备注:1-101电费", "8.24"),
        paid(9, 2, "一单元102", "5.50", payer="小陈"),
        paid(10, 3, "电费", "13.74", payer="王阿姨"),
        paid(11, 4, "停车费 3-101", "150.00", way="支出", state="支付成功"),
        paid(12, 5, "1-101", "8.24", state="已全额退款"),
    )
    assert take_in(house, *first) == {Fate.MATCHED: 2, Fate.UNMATCHED: 1, Fate.PASSED_OVER: 2}
    assert owed_by_door(house, homes) == {"2-101": 1374, "2-102": 344, "3-101": 618}

    # one payment is nobody's; the amount suggests who, a person decides
    with house.work() as work:
        (row,) = rows_in(work.uow, "unmatched")
        assert row.amount_fen == OWED["2-101"]
        place = (row.file_id, row.row)
        done = payments.match_by_hand(work.uow, place, homes["2-101"], work.now, SHANGHAI, 1)
        assert isinstance(done, PaymentRow)

    # at the end of the month the whole of April is exported: the first half comes again
    clock.at = at("2026-05-01 09:00")
    whole = (
        *first,
        paid(20, 6, f"充电 {payment_word(homes['2-102'])}", "10.00"),
        paid(21, 7, "谢谢", "6.00"),
        paid(22, 8, "2-101", "1.005"),
    )
    assert take_in(house, *whole) == {
        Fate.MATCHED: 1, Fate.UNMATCHED: 1, Fate.KNOWN: 3, Fate.PASSED_OVER: 2, Fate.WRONG: 1,
    }  # fmt: skip
    assert owed_by_door(house, homes) == {"2-102": -656, "3-101": 618}

    # April is ready to be closed once the last payment is seen to: it was a gift
    with house.work() as work:
        assert received.unmatched(work.uow, "2026-04", SHANGHAI) == 1
        (row,) = rows_in(work.uow, "unmatched")
        payments.ignore(work.uow, (row.file_id, row.row), "for the garden", work.now, 1)
        assert received.unmatched(work.uow, "2026-04", SHANGHAI) == 0
    clock.at = at("2026-05-06 09:00")
    books.end_month(house, "2026-04")

    # what was paid stands on April's statements, what was paid too much is carried over
    with house.store.reading() as uow:
        paid_in_april = {
            door: statement_of(uow, home, "2026-04").payments_fen
            for door, home in homes.items()
            if door != "3-101"
        }
        assert paid_in_april == {"1-101": 824, "1-102": 550, "2-101": 1374, "2-102": 1000}
        found = arrears(uow, clock.now(), 30, SHANGHAI)
        assert totals(found).balance_fen == accounts(uow)[Account.RECEIVABLE] == 618 - 656
        late = [one for one in found if one.overdue_fen]
        assert [(one.household_id, one.overdue_fen) for one in late] == [(homes["3-101"], 618)]
        assert accounts(uow)[Account.BANK] == 824 + 550 + 1374 + 1000
        assert verify(uow).misfits == ()

    # and the committee is told: one household, 6.18 yuan, no door
    urls = {"committee_notify_urls": [secret("mailto://committee@beimen.example")]}
    house.settings = house.settings.model_copy(update=urls)
    messenger = PaperMessenger()
    assert remind(house, messenger)
    ((_, title, body),) = messenger.sent
    assert "6.18" in title
    assert "3-101" not in title + body
