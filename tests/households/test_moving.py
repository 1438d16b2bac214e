"""Households come, divide and join; cards go along, and nobody reads a code twice."""

from service.clock import FixedClock
from service.households import actions
from service.households.csv_import import HouseholdRow
from service.households.outcomes import Reason, Refused, SignedIn
from service.households.records import Household, Pass, live_passes, passes_of, residents_of
from service.store import Store, UnitOfWork
from tests.households.test_actions import CARD, KEY, add_door, redeem

OTHER_CARD = "04A2B7119C5A81"


def moved_in(store: Store, clock: FixedClock, door: str = "3-201", **more: object):
    row = HouseholdRow(row=1, door=door, entrance=3, **more)  # type: ignore[arg-type]
    with store.writing() as uow:
        return actions.move_in(uow, row, clock.now(), KEY)


def cards_of(uow: UnitOfWork, household_id: int) -> list[Pass]:
    return list(live_passes(uow, household_id, "card"))


def whose(uow: UnitOfWork, card: str) -> int | str:
    found = actions.household_of_card(uow, card, KEY)
    return found.reason if isinstance(found, Refused) else found.id or 0


def test_who_moves_in_gets_a_first_code_that_binds_a_phone(store: Store, clock: FixedClock):
    moved = moved_in(store, clock, residents=2, card_uid=CARD)
    assert isinstance(moved, actions.MovedIn)
    signed_in = redeem(store, clock, moved.code)
    assert isinstance(signed_in, SignedIn)
    assert signed_in.household_id == moved.household.id
    with store.reading() as uow:
        assert residents_of(uow, moved.household.id or 0) == 2
        assert whose(uow, CARD) == moved.household.id


def test_behind_a_door_that_is_lived_behind_nobody_moves_in(store: Store, clock: FixedClock):
    add_door(store, clock, card_uid=CARD)
    errors = moved_in(store, clock)
    assert not isinstance(errors, actions.MovedIn)
    assert [e.sentence.in_language("en") for e in errors] == ["Door 3-201 already has a household."]
    taken = moved_in(store, clock, "3-202", card_uid=CARD)
    assert not isinstance(taken, actions.MovedIn)
    assert "already belongs to another household" in taken[0].sentence.in_language("en")


def test_a_card_of_who_moved_out_is_blocked_even_if_it_was_forgotten(
    store: Store, clock: FixedClock
):
    household_id = add_door(store, clock, card_uid=CARD)
    with store.writing() as uow:
        uow.session.get_one(Household, household_id).moved_out_at = clock.now()
    with store.reading() as uow:
        assert whose(uow, CARD) == Reason.BLOCKED_CARD


def test_a_part_of_a_household_becomes_one_of_its_own_with_the_cards_it_takes(
    store: Store, clock: FixedClock
):
    before = add_door(store, clock, residents=4, card_uid=CARD)
    with store.writing() as uow:
        actions.add_card(uow, before, OTHER_CARD, clock.now(), KEY, "grandmother")
        household = uow.session.get_one(Household, before)
        taken = [one.id or 0 for one in cards_of(uow, before)[1:]]
        row = HouseholdRow(1, "3-201B", 3, residents=1)
        moved = actions.branch_off(uow, household, row, taken, clock.now(), KEY)
        assert isinstance(moved, actions.MovedIn)
        after = moved.household.id or 0
        assert (whose(uow, CARD), whose(uow, OTHER_CARD)) == (before, after)
        assert [one.label for one in cards_of(uow, after)] == ["grandmother"]
        assert (residents_of(uow, before), residents_of(uow, after)) == (3, 1)


def test_nobody_takes_along_a_card_that_is_another_s(store: Store, clock: FixedClock):
    ours, theirs = add_door(store, clock), add_door(store, clock, "3-202", card_uid=CARD)
    with store.writing() as uow:
        household = uow.session.get_one(Household, ours)
        stolen = [one.id or 0 for one in cards_of(uow, theirs)]
        row = HouseholdRow(1, "3-201B", 3)
        outcome = actions.branch_off(uow, household, row, stolen, clock.now(), KEY)
        assert isinstance(outcome, Refused)
        assert actions.find_household(uow, "3-201B") is None
        assert whose(uow, CARD) == theirs


def test_when_households_join_the_cards_go_along_and_codes_do_not(store: Store, clock: FixedClock):
    gone, stays = add_door(store, clock, card_uid=CARD), add_door(store, clock, "3-202")
    with store.writing() as uow:
        actions.new_code(uow, gone, clock.now(), KEY)
        into = uow.session.get_one(Household, stays)
        assert actions.hand_over(uow, gone, into, clock.now()) == 1
        assert actions.move_out(uow, gone, clock.now())
        uow.session.flush()
        assert whose(uow, CARD) == stays
        assert list(passes_of(uow, gone)) == []
        assert [one.kind for one in passes_of(uow, stays)] == ["card"]
