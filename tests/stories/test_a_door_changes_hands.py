"""A door changes hands in mid-month, on the day on which a charge of the old household runs.

The pile goes silent before it could be stopped; its record arrives three days after the move. It
lands on the statement of the household that started, which pays it from its new home by its payment
word; the household that came sees nothing of it and pays nothing of it.
"""

from datetime import timedelta

from service.billing.actions import balance, balances, statement_of, verify
from service.billing.outcomes import Refused
from service.chores import forget, post_received
from service.desk.actions import moving, received
from service.desk.actions.owing import arrears
from service.desk.matching import payment_word
from service.desk.records import PaymentFile
from service.flow import books, ticks
from service.flow.requests import start, stop
from service.households import actions as households
from service.households.csv_import import HouseholdRow
from service.seed import Plan, demo_cards
from service.sessions.may_start import Refused as NotStarted
from service.sessions.records import of_household
from tests.desk.exports import wechat, wechat_row
from tests.flow.looking import send_record, session_of, state_of
from tests.support.compound import at


def running(pile, wish, clock, door: str) -> str:
    """Somebody of a door charges."""
    pile.event("plugged", 1)
    started = start(pile.house, wish(door))
    assert not isinstance(started, NotStarted), started
    (command,) = pile.commands()
    pile.result(
        command["command_id"], "done", outlet=1, session_id=started.session_id,
        energy_total_wh=1000,
    )  # fmt: skip
    clock.advance(600)
    pile.meter(pile.reading(wh=1100, session_id=started.session_id, reason="start"))
    return started.session_id


def import_file(house, *rows) -> received.DryRun:
    zone = house.settings.zone
    with house.work() as work:
        file = received.send_in(work.uow, wechat(*rows), work.now, 1)
        assert isinstance(file, PaymentFile), file
        seen = received.dry_run(work.uow, file.id or 0, work.now, zone, house.key)
        assert isinstance(seen, received.DryRun)
        received.take_in(work.uow, seen, seen.seal, False, work.now, 1)
    post_received(house)
    return seen


def test_the_old_household_pays_its_own_and_the_new_one_nothing(house, pile, wish, clock):
    zone, door = house.settings.zone, "1-101"
    clock.at = at("2026-03-14 18:00")
    pile.heartbeat()
    with house.store.reading() as uow:
        wangs = households.find_household(uow, door).id

    # 14 March, 18:10: the Wangs charge, and come to the desk to move out; not while it runs
    session = running(pile, wish, clock, door)
    with house.work() as work:
        refused = moving.leave(work.uow, wangs, work.now)
    assert isinstance(refused, Refused)

    # it is asked to stop; the pile has gone silent, so nothing is confirmed, and they may go
    stop(house, session, "committee:1")
    assert state_of(house, session) == "stopping"
    with house.work() as work:
        left = moving.leave(work.uow, wangs, work.now)
        assert isinstance(left, moving.Left)
        assert (left.balance_fen, left.to_come) == (0, 1)

    # the Lis move in an hour later; the Wangs' card opens nothing any more
    clock.advance(3600)
    row = HouseholdRow(1, door, 1, residents=2)
    with house.work() as work:
        moved = households.move_in(work.uow, row, work.now, house.key)
        assert isinstance(moved, households.MovedIn)
        lis = moved.household.id
        card = next(one.card_uid for one in demo_cards_of(house) if one.household == door)
        blocked = households.household_of_card(work.uow, card, house.key)
    assert getattr(blocked, "reason", None) == "blocked_card"
    assert lis != wangs

    # at 19:40 the pile ends the charge by itself: 613 Wh. Nobody hears it for three days
    clock.advance(1800)
    record = pile.settlement(session, 1000, 1613, duration_s=5400, stop_reason="full")
    clock.at = at("2026-03-17 09:00")
    pile.heartbeat()
    assert send_record(pile, record) == "stored"
    clock.advance(700)
    ticks.tick_slowly(house)

    # 0.613 kWh: 0.30 electricity and 0.12 service fee, on the Wangs' account alone
    assert session_of(house, session).household_id == wangs
    with house.store.reading() as uow:
        assert balances(uow) == {wangs: 42}
        assert statement_of(uow, lis, "2026-03") is None
        assert list(of_household(uow, lis, 10)) == []

    # April: statements are published; the Wangs have one, although they are gone
    clock.at = at("2026-04-06 09:00")
    books.end_month(house, "2026-03")
    with house.store.reading() as uow:
        statement = statement_of(uow, wangs, "2026-03")
        assert statement is not None
        assert statement.closing_fen == 42
        assert statement_of(uow, lis, "2026-03") is None

    # the Lis pay ahead and write only the door: shortly after a move that may be either's.
    # the Wangs pay from their new home, with the word of their final sheet
    clock.at = at("2026-04-10 09:00")
    seen = import_file(
        house,
        wechat_row("4200002345202604080000000001", "1-101电费", "¥20.00", "2026-04-08 10:00:00"),
        wechat_row("4200002345202604080000000002", payment_word(wangs), "¥0.42",
                   "2026-04-09 10:00:00"),
    )  # fmt: skip
    assert [one.fate for one in seen.planned] == ["unmatched", "matched"]
    assert set(seen.planned[0].candidates) == {wangs, lis}
    with house.store.reading() as uow:
        assert balance(uow, wangs) == 0
        assert arrears(uow, clock.now(), 30, zone) == []

    # two months after the move the door alone says enough
    clock.at = at("2026-06-01 09:00")
    row = wechat_row("4200002345202605300000000003", "一单元101", "¥5.00", "2026-05-30 10:00:00")
    seen = import_file(house, row)
    assert [one.household_id for one in seen.planned] == [lis]

    # half a year later nothing of the Wangs but their number is left, and every figure still fits
    clock.at = at("2026-03-14 19:00") + timedelta(days=181)
    forget(house)
    with house.store.reading() as uow:
        assert statement_of(uow, wangs, "2026-03").closing_fen == 42
        assert verify(uow).misfits == ()


def demo_cards_of(house):
    """The cards of the small compound, as the seed gave them."""
    return demo_cards(Plan(piles=4, households=8))
