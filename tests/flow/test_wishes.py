"""A household waits for a free outlet: told within a tick, not after its own start, not forever."""

from datetime import timedelta

from service.flow import House, ticks
from service.flow.house import Outcomes
from service.flow.requests import start, stop
from service.flow.wishes import unwish
from service.flow.wishes import wish as ask_for
from service.sessions.records import Wish, session_row, wish_of
from tests.flow.looking import charging

HOUSEHOLD = 3


def ask(house: House, **where: object) -> None:
    with house.work() as work:
        ask_for(work, HOUSEHOLD, **where)  # type: ignore[arg-type]


def kept(house: House) -> Wish | None:
    with house.store.reading() as uow:
        row = wish_of(uow, HOUSEHOLD)
        if row is not None:
            uow.session.expunge(row)
        return row


def told(house: House) -> tuple[str | None, int | None]:
    row = kept(house)
    assert row is not None
    return row.told_pile, row.told_outlet


def both_taken(pile) -> None:
    pile.heartbeat([{"outlet": 1, "state": "charging"}, {"outlet": 2, "state": "charging"}])


def test_who_waits_is_told_when_the_plug_is_pulled(house, pile):
    heard: list[Outcomes] = []
    house.listeners.append(heard.append)
    both_taken(pile)
    ask(house, pile="LB-001")
    assert told(house) == (None, None)
    ticks.tick(house)
    assert told(house) == (None, None)
    heard.clear()
    pile.heartbeat([{"outlet": 1, "state": "charging"}, {"outlet": 2, "state": "empty"}])
    ticks.tick(house)
    assert told(house) == ("LB-001", 2)
    assert any(HOUSEHOLD in outcomes.households for outcomes in heard), "open pages are told"


def test_what_is_free_already_is_told_at_once(house, pile):
    ask(house, entrance=house.board.piles["LB-001"].entrance)
    assert told(house) == ("LB-001", 1)


def test_a_full_bike_that_is_still_plugged_in_is_not_free(house, pile):
    pile.heartbeat([{"outlet": 1, "state": "full"}, {"outlet": 2, "state": "charging"}])
    ask(house, pile="LB-001")
    ticks.tick(house)
    assert told(house) == (None, None)


def test_a_second_wish_replaces_the_first_and_it_can_be_taken_back(house, pile):
    both_taken(pile)
    ask(house, pile="LB-001")
    ask(house, entrance=2)
    row = kept(house)
    assert row is not None
    assert (row.pile, row.entrance) == (None, 2)
    with house.work() as work:
        assert unwish(work, HOUSEHOLD)
        assert not unwish(work, HOUSEHOLD)
    assert kept(house) is None


def test_ones_own_start_ends_the_wish(house, pile, wish, clock):
    both = [{"outlet": 1, "state": "charging"}, {"outlet": 2, "state": "empty"}]
    pile.heartbeat(both)
    ask(house, pile="LB-001")
    clock.advance(1)
    start(house, wish(household_id=HOUSEHOLD, outlet=2))
    ticks.tick(house)
    assert kept(house) is None


def test_a_charge_that_ran_before_does_not_end_it(house, pile, wish, clock):
    session_id = charging(house, pile, wish(household_id=HOUSEHOLD))
    clock.advance(1)
    ask(house, pile="LB-001")
    ticks.tick(house)
    assert kept(house) is not None
    stop(house, session_id, "resident")


def test_the_morning_ends_it(house, pile, clock):
    both_taken(pile)
    ask(house, pile="LB-001")
    clock.at += timedelta(hours=12)
    ticks.tick(house)
    assert kept(house) is None


def test_a_start_keeps_by_when_it_should_be_ready(house, pile, wish, clock):
    at = clock.now() + timedelta(hours=9)
    started = start(house, wish(ready_by_at=at))
    with house.look() as work:
        row = session_row(work.uow, started.session_id)
        assert row is not None
        assert row.ready_by_at == at
