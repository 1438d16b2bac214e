"""Helpers, guests, passkeys and staff in the records of both databases."""

from datetime import timedelta

import pytest

from service.clock import FixedClock
from service.households import actions
from service.households.access import Role
from service.households.csv_import import HouseholdRow
from service.households.guests import MOST_HELPERS, Limit
from service.households.outcomes import Reason, Refused, SignedIn
from service.households.records import (
    Passkey,
    SignIn,
    Staff,
    forget_agents,
    forget_passes,
    households_with_codes,
    households_with_phones,
    phones_of,
)
from service.store import Store

KEY = b"a key of the tests, long enough"


@pytest.fixture
def homes(store: Store, clock: FixedClock) -> tuple[int, int]:
    with store.writing() as uow:
        rows = [HouseholdRow(n, f"1-10{n}", 1) for n in (1, 2)]
        added = actions.add_households(uow, rows, clock.now(), KEY)
        assert isinstance(added, list)
        return added[0].id or 0, added[1].id or 0


def enter(store: Store, clock: FixedClock, code: str) -> SignedIn | Refused:
    with store.writing() as uow:
        return actions.redeem_code(uow, code, clock.now(), KEY, "a phone")


def bearer(store: Store, clock: FixedClock, entered: SignedIn | Refused):  # type: ignore[no-untyped-def]
    assert isinstance(entered, SignedIn)
    with store.reading() as uow:
        return actions.sign_in_of(uow, entered.secret, clock.now(), KEY)


def test_helper_and_guest_come_in_by_their_pass_and_leave_with_it(
    store: Store, clock: FixedClock, homes: tuple[int, int]
):
    one, two = homes
    limit = Limit(None, 200, 2, clock.now() + timedelta(days=3))
    with store.writing() as uow:
        helper = actions.invite_helper(uow, one, "  my \n daughter ", clock.now(), KEY)
        guest = actions.give_guest_pass(uow, one, "", limit, clock.now(), KEY)
        assert isinstance(helper, actions.Invited)
        assert isinstance(guest, actions.Invited)
        assert helper.row.label == "my daughter"
    for invited, role in ((helper, Role.HELPER), (guest, Role.GUEST)):
        entered = enter(store, clock, invited.code)
        found = bearer(store, clock, entered)
        assert (found.role, found.household_id, found.pass_id) == (role, one, invited.row.id)
        assert enter(store, clock, invited.code).reason is Reason.BAD_CODE  # type: ignore[union-attr]
        with store.writing() as uow:
            assert actions.end_shared(uow, two, invited.row.id or 0, clock.now()) is None
        assert bearer(store, clock, entered) is not None, "a stranger ended nothing"
        with store.writing() as uow:
            assert actions.end_shared(uow, one, invited.row.id or 0, clock.now()) is not None
        assert bearer(store, clock, entered) is None
    with store.reading() as uow:
        assert actions.shared_passes(uow, one, "helper", clock.now()) == []


def test_an_invitation_that_nobody_used_ends_and_a_used_one_of_a_helper_stays(
    store: Store, clock: FixedClock, homes: tuple[int, int]
):
    with store.writing() as uow:
        used = actions.invite_helper(uow, homes[0], "", clock.now(), KEY)
        unused = actions.invite_helper(uow, homes[0], "", clock.now(), KEY)
        assert isinstance(used, actions.Invited)
        assert isinstance(unused, actions.Invited)
    entered = enter(store, clock, used.code)
    clock.advance(4 * 86_400)
    assert isinstance(enter(store, clock, unused.code), Refused)
    assert bearer(store, clock, entered).role == Role.HELPER
    with store.reading() as uow:
        good = actions.shared_passes(uow, homes[0], "helper", clock.now())
    assert [one.id for one in good] == [used.row.id]


def test_a_household_has_only_so_many_helpers_and_a_wrong_limit_makes_no_guest(
    store: Store, clock: FixedClock, homes: tuple[int, int]
):
    now = clock.now()
    with store.writing() as uow:
        for _ in range(MOST_HELPERS):
            made = actions.invite_helper(uow, homes[0], "", now, KEY)
            assert isinstance(made, actions.Invited)
        more = actions.invite_helper(uow, homes[0], "", now, KEY)
        assert isinstance(more, Refused)
        assert str(MOST_HELPERS) in more.sentence.in_language("en")
        day = now + timedelta(days=1)
        for limit in (Limit(None, None, 1, day), Limit(1, 1, 1, day), Limit(1, None, None, day),
                      Limit(1, None, 1, now), Limit(1, None, 1, None)):  # fmt: skip
            no = actions.give_guest_pass(uow, homes[0], "", limit, now, KEY)
            assert isinstance(no, Refused)
            assert no.reason is Reason.BAD_LIMIT
        assert isinstance(actions.invite_helper(uow, 999, "", now, KEY), Refused)


def test_who_moves_out_takes_helpers_guests_and_keys_along_and_is_forgotten_in_the_right_order(
    store: Store, clock: FixedClock, homes: tuple[int, int]
):
    now, one = clock.now(), homes[0]
    with store.writing() as uow:
        helper = actions.invite_helper(uow, one, "", now, KEY)
        key = actions.keep_passkey(uow, one, "credential", "public", 0, "a phone", now)
        assert isinstance(helper, actions.Invited)
        assert isinstance(key, Passkey)
        by_key = actions.sign_in_resident(uow, key, now, KEY)
    entered = enter(store, clock, helper.code)
    with store.writing() as uow:
        actions.move_out(uow, one, now)
    assert bearer(store, clock, entered) is None
    assert bearer(store, clock, by_key) is None
    with store.writing() as uow:
        row = uow.session.get_one(Passkey, key.id)
        assert isinstance(actions.sign_in_resident(uow, row, now, KEY), Refused)
        assert forget_passes(uow, now + timedelta(days=1)) == 4


def test_what_a_household_calls_its_guests_is_erased_with_their_passes(
    store: Store, clock: FixedClock, homes: tuple[int, int]
):
    now = clock.now()
    limit = Limit(500, None, 1, now + timedelta(days=1))
    with store.writing() as uow:
        ended = actions.give_guest_pass(uow, homes[0], "cousin", limit, now, KEY)
        over = actions.give_guest_pass(uow, homes[0], "uncle", limit, now, KEY)
        helper = actions.invite_helper(uow, homes[0], "daughter", now, KEY)
        assert isinstance(ended, actions.Invited)
        assert isinstance(over, actions.Invited)
        assert isinstance(helper, actions.Invited)
        actions.end_shared(uow, homes[0], ended.row.id or 0, now)
        assert forget_agents(uow, now + timedelta(days=2)) == 1
        uow.session.expire_all()
        assert [one.row.label for one in (ended, over, helper)] == ["", "", "daughter"]


def test_a_passkey_is_kept_once_counted_up_and_ended_with_its_sign_ins(
    store: Store, clock: FixedClock, homes: tuple[int, int]
):
    now, (one, two) = clock.now(), homes
    with store.writing() as uow:
        key = actions.keep_passkey(uow, one, "credential", "public", 4, "", now)
        assert isinstance(key, Passkey)
        again = actions.keep_passkey(uow, two, "credential", "other", 0, "", now)
        assert isinstance(again, Refused), "a credential belongs to one household"
        assert isinstance(actions.use_passkey(uow, key.id or 0, 4, 5, now), Passkey)
        late = actions.use_passkey(uow, key.id or 0, 4, 5, now)
        assert isinstance(late, Refused), "somebody else counted in between"
        entered = actions.sign_in_resident(uow, key, now, KEY)
        assert not actions.end_passkey(uow, two, key.id or 0, now)
        assert actions.end_passkey(uow, one, key.id or 0, now)
        assert not actions.end_passkey(uow, one, key.id or 0, now)
        assert isinstance(actions.use_passkey(uow, key.id or 0, 5, 6, now), Refused)
    assert bearer(store, clock, entered) is None


def test_phones_codes_and_helpers_are_told_apart(
    store: Store, clock: FixedClock, homes: tuple[int, int]
):
    now, (one, two) = clock.now(), homes
    with store.writing() as uow:
        made = actions.new_codes(uow, [actions.household_of(uow, h) for h in homes], now, KEY)  # type: ignore[misc]
        helper = actions.invite_helper(uow, two, "", now, KEY)
        assert isinstance(helper, actions.Invited)
    enter(store, clock, made[0][1])
    enter(store, clock, helper.code)
    with store.reading() as uow:
        assert households_with_phones(uow, now) == {one}
        assert households_with_codes(uow, now) == {two}
        assert len(phones_of(uow, one, now)) == 1
        assert len(phones_of(uow, two, now)) == 1
        assert phones_of(uow, two, now + timedelta(days=400)) == []


def test_the_committee_never_loses_its_last_member_who_has_a_password(
    store: Store, clock: FixedClock
):
    now = clock.now()
    with store.writing() as uow:
        first = actions.add_staff(uow, "li", Role.COMMITTEE, password_hash="x")
        assert isinstance(first, Staff)
        hired = actions.hire(uow, "wang", Role.COMMITTEE, "", now, KEY)
        assert isinstance(hired, tuple)
        assert actions.may_go(uow, first.id or 0) is not None, "wang never came in"
        assert actions.may_go(uow, hired[0].id or 0) is None
        actions.set_password(uow, hired[0].id or 0, "y", now)
        assert actions.may_go(uow, first.id or 0) is None
        actions.disable_staff(uow, first.id or 0, now)
        assert actions.may_go(uow, hired[0].id or 0) is not None
        code = actions.enable_staff(uow, first.id or 0, now, KEY)
    entered = enter(store, clock, code)
    assert isinstance(entered, SignedIn)
    with store.writing() as uow:
        assert actions.reset_staff(uow, first.id or 0, now, KEY)
        assert uow.session.get_one(SignIn, entered.sign_in_id).revoked_at is not None
