"""Households move in and out, get codes and cards, sign in; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from service.clock import FixedClock
from service.households import actions, codes, records
from service.households.access import Role
from service.households.codes import key_of
from service.households.csv_import import HouseholdRow
from service.households.outcomes import Actor, Reason, Refused, SignedIn, refused
from service.households.records import AuditEntry, Household, Pass, Resident, SignIn, Staff
from service.store import Store

KEY = key_of("a key of the tests, long enough")
CARD = "04A2B7119C5A80"


def add_door(store: Store, clock: FixedClock, door: str = "3-201", **more: object) -> int:
    row = HouseholdRow(row=2, door=door, entrance=3, **more)  # type: ignore[arg-type]
    with store.writing() as uow:
        added = actions.add_households(uow, [row], clock.now(), KEY)
        assert isinstance(added, list)
        assert added[0].id is not None
        return added[0].id


def code_for(store: Store, clock: FixedClock, household_id: int) -> str:
    with store.writing() as uow:
        code = actions.new_code(uow, household_id, clock.now(), KEY)
    assert isinstance(code, str)
    return code


def redeem(store: Store, clock: FixedClock, code: str) -> SignedIn | Refused:
    with store.writing() as uow:
        return actions.redeem_code(uow, code, clock.now(), KEY, "a phone")


def who(store: Store, clock: FixedClock, secret: str) -> tuple[str, int | None] | None:
    with store.reading() as uow:
        found = actions.sign_in_of(uow, secret, clock.now(), KEY)
    return (found.role, found.household_id) if found else None


def staff_member(store: Store, role: str = Role.COMMITTEE, login: str = "li") -> int:
    with store.writing() as uow:
        member = actions.add_staff(uow, login, role, "Desk", "a hash")
        assert isinstance(member, Staff)
        assert member.id is not None
        return member.id


def test_a_household_is_found_by_its_door_as_a_person_says_it(store: Store, clock: FixedClock):
    household_id = add_door(store, clock, "3-201A")
    with store.reading() as uow:
        found = actions.find_household(uow, " 3-201a ")
        assert found is not None
        assert found.id == household_id
        assert found.moved_in_at == clock.now()
        assert actions.find_household(uow, "3-202") is None


def test_rows_are_added_with_residents_and_card_and_only_the_label_is_kept(
    store: Store, clock: FixedClock
):
    household_id = add_door(store, clock, residents=3, label="=HYPERLINK(1)", card_uid=CARD)
    with store.reading() as uow:
        labels = [r.label for r in uow.session.exec(select(Resident).order_by("id"))]
        holder = actions.household_of_card(uow, CARD.lower(), KEY)
    assert labels == ["=HYPERLINK(1)", "", ""]
    assert isinstance(holder, Household)
    assert holder.id == household_id


def test_one_taken_door_keeps_the_whole_file_out(store: Store, clock: FixedClock):
    add_door(store, clock, "3-201", card_uid=CARD)
    rows = [
        HouseholdRow(row=2, door="3-202", entrance=3),
        HouseholdRow(row=3, door="3-201", entrance=3),
        HouseholdRow(row=4, door="3-203", entrance=3, card_uid=CARD),
    ]
    with store.writing() as uow:
        errors = actions.add_households(uow, rows, clock.now(), KEY)
    assert isinstance(errors, tuple)
    assert [e.row for e in errors] == [3, 4]
    assert errors[0].sentence.in_language("en") == "Door 3-201 already has a household."
    with store.reading() as uow:
        assert [h.door for h in records.households(uow)] == ["3-201"]


def test_the_database_itself_allows_one_living_household_per_door(store: Store, clock: FixedClock):
    add_door(store, clock)
    with pytest.raises(IntegrityError), store.writing() as uow:
        records.add(uow, Household(door="3-201", entrance=3, moved_in_at=clock.now()))


def test_a_code_signs_in_once(store: Store, clock: FixedClock):
    household_id = add_door(store, clock)
    code = code_for(store, clock, household_id)
    first = redeem(store, clock, code.lower().replace("-", " "))
    assert isinstance(first, SignedIn)
    assert first.role == Role.RESIDENT
    assert who(store, clock, first.secret) == (Role.RESIDENT, household_id)
    second = redeem(store, clock, code)
    assert isinstance(second, Refused)
    assert second.reason == Reason.BAD_CODE


def test_wrong_used_old_and_revoked_codes_get_the_very_same_answer(store: Store, clock: FixedClock):
    household_id = add_door(store, clock)
    used, old, revoked = (code_for(store, clock, household_id) for _ in range(3))
    redeem(store, clock, used)
    with store.writing() as uow:
        live = {p.digest: p.id for p in records.passes_of(uow, household_id)}
        digest = codes.digest(KEY, "code", revoked.replace("-", ""))
        assert actions.revoke_pass(uow, live[digest] or 0, clock.now())
        assert not actions.revoke_pass(uow, live[digest] or 0, clock.now())
    answers = {redeem(store, clock, code) == refused_code() for code in (used, revoked, "hello")}
    clock.advance(actions.CODE_LASTS.total_seconds())
    answers.add(redeem(store, clock, old) == refused_code())
    assert answers == {True}


def refused_code() -> Refused:
    return refused(Reason.BAD_CODE)


def test_no_plain_secret_is_in_the_database(store: Store, clock: FixedClock):
    household_id = add_door(store, clock, card_uid=CARD)
    code = code_for(store, clock, household_id)
    signed_in = redeem(store, clock, code)
    assert isinstance(signed_in, SignedIn)
    with store.writing() as uow:
        api = actions.new_api_secret(uow, household_id, clock.now(), KEY, "my program")
    assert isinstance(api, str)
    with store.reading() as uow:
        kept = [str(row.model_dump()) for row in uow.session.exec(select(Pass))]
        kept += [str(row.model_dump()) for row in uow.session.exec(select(SignIn))]
    for secret in (code, code.replace("-", ""), signed_in.secret, api, CARD):
        assert all(secret not in row for row in kept)


def test_another_key_opens_nothing(store: Store, clock: FixedClock):
    code = code_for(store, clock, add_door(store, clock))
    with store.writing() as uow:
        other = key_of("a key of somewhere else, also long")
        assert isinstance(actions.redeem_code(uow, code, clock.now(), other), Refused)


def test_a_sign_in_ends_by_itself_after_its_time(store: Store, clock: FixedClock):
    signed_in = redeem(store, clock, code_for(store, clock, add_door(store, clock)))
    assert isinstance(signed_in, SignedIn)
    clock.advance(signed_in.lasts_seconds - 1)
    assert who(store, clock, signed_in.secret) is not None
    clock.advance(1)
    assert who(store, clock, signed_in.secret) is None


def test_signing_out_ends_this_browser_and_signing_out_everywhere_ends_all_of_the_household_only(
    store: Store, clock: FixedClock
):
    ours, theirs = add_door(store, clock), add_door(store, clock, "3-202")
    phones = [redeem(store, clock, code_for(store, clock, h)) for h in (ours, ours, theirs)]
    a, b, c = (phone for phone in phones if isinstance(phone, SignedIn))
    with store.writing() as uow:
        assert actions.sign_out(uow, a.sign_in_id, clock.now())
        assert not actions.sign_out(uow, a.sign_in_id, clock.now())
    assert [who(store, clock, phone.secret) is not None for phone in (a, b, c)] == [
        False, True, True,
    ]  # fmt: skip
    with store.writing() as uow:
        assert actions.sign_out_everywhere(uow, clock.now(), household_id=ours) == 1
        assert actions.sign_out_everywhere(uow, clock.now()) == 0
    assert who(store, clock, b.secret) is None
    assert who(store, clock, c.secret) == (Role.RESIDENT, theirs)


def test_who_moves_out_can_no_longer_enter_and_the_next_household_starts_afresh(
    store: Store, clock: FixedClock
):
    before = add_door(store, clock, residents=2, label="Wang", card_uid=CARD)
    phone = redeem(store, clock, code_for(store, clock, before))
    unused = code_for(store, clock, before)
    assert isinstance(phone, SignedIn)
    with store.writing() as uow:
        assert actions.move_out(uow, before, clock.now())
        assert not actions.move_out(uow, before, clock.now())
    after = add_door(store, clock)
    assert after != before
    assert who(store, clock, phone.secret) is None
    assert redeem(store, clock, unused) == refused_code()
    with store.writing() as uow:
        assert list(uow.session.exec(select(Resident))) == []
        blocked = actions.household_of_card(uow, CARD, KEY)
        assert isinstance(blocked, Refused)
        assert blocked.reason == Reason.BLOCKED_CARD
        for refusal in (
            actions.new_code(uow, before, clock.now(), KEY),
            actions.add_card(uow, before, CARD, clock.now(), KEY),
            actions.new_api_secret(uow, before, clock.now(), KEY, ""),
        ):
            assert isinstance(refusal, Refused)
        assert isinstance(actions.add_card(uow, after, CARD, clock.now(), KEY), Pass)
        again = actions.household_of_card(uow, CARD, KEY)
    assert isinstance(again, Household)
    assert again.id == after


def test_a_card_belongs_to_one_household(store: Store, clock: FixedClock):
    ours, theirs = add_door(store, clock), add_door(store, clock, "3-202")
    with store.writing() as uow:
        first = actions.add_card(uow, ours, CARD, clock.now(), KEY, "grandmother")
        again = actions.add_card(uow, ours, "04:a2:b7:11:9c:5a:80", clock.now(), KEY)
        taken = actions.add_card(uow, theirs, CARD, clock.now(), KEY)
        strange = actions.add_card(uow, theirs, "12345", clock.now(), KEY)
        unknown = actions.household_of_card(uow, "00112233", KEY)
        no_card = actions.household_of_card(uow, "'; drop table pass --", KEY)
    assert first == again
    assert [getattr(r, "reason", None) for r in (taken, strange, unknown, no_card)] == [
        Reason.CARD_TAKEN, Reason.NOT_A_CARD, Reason.UNKNOWN_CARD, Reason.UNKNOWN_CARD,
    ]  # fmt: skip


def test_a_program_acts_for_a_household_with_its_own_secret_until_it_is_revoked(
    store: Store, clock: FixedClock
):
    household_id = add_door(store, clock)
    code = code_for(store, clock, household_id)
    with store.writing() as uow:
        secret = actions.new_api_secret(uow, household_id, clock.now(), KEY, "my program")
        assert isinstance(secret, str)
        found = actions.bearer_of(uow, secret, KEY)
        assert found is not None
        assert (found.role, found.household_id) == (Role.RESIDENT, household_id)
        assert actions.bearer_of(uow, code, KEY) is None
        row = next(p for p in records.passes_of(uow, household_id) if p.kind == "api")
        actions.revoke_pass(uow, row.id or 0, clock.now())
        assert actions.bearer_of(uow, secret, KEY) is None


def test_a_staff_account_has_one_of_the_staff_roles_and_a_name_of_its_own(store: Store):
    staff_member(store, login=" Li ")
    with store.writing() as uow:
        taken = actions.add_staff(uow, "li", Role.VIEWER)
        strange = actions.add_staff(uow, "wang", "emperor")
        resident = actions.add_staff(uow, "wang", Role.RESIDENT)
        assert [m.login for m in records.staff(uow)] == ["li"]
    assert [getattr(r, "reason", None) for r in (taken, strange, resident)] == [
        Reason.LOGIN_TAKEN, Reason.UNKNOWN_ROLE, Reason.UNKNOWN_ROLE,
    ]  # fmt: skip


def test_the_role_is_the_account_s_of_today_not_of_the_day_of_the_sign_in(
    store: Store, clock: FixedClock
):
    staff_id = staff_member(store)
    with store.writing() as uow:
        signed_in = actions.sign_in_staff(uow, staff_id, clock.now(), KEY)
        assert isinstance(signed_in, SignedIn)
        uow.session.get_one(Staff, staff_id).role = Role.VIEWER
    assert who(store, clock, signed_in.secret) == (Role.VIEWER, None)


def test_a_disabled_account_is_out_in_every_browser_and_cannot_be_told_from_an_unknown_one(
    store: Store, clock: FixedClock
):
    staff_id = staff_member(store)
    with store.writing() as uow:
        signed_in = actions.sign_in_staff(uow, staff_id, clock.now(), KEY)
        code = actions.new_staff_code(uow, staff_id, clock.now(), KEY)
        assert isinstance(signed_in, SignedIn)
        assert actions.staff_to_check(uow, "LI") == (staff_id, "a hash")
        actions.disable_staff(uow, staff_id, clock.now())
    assert who(store, clock, signed_in.secret) is None
    assert redeem(store, clock, code) == refused_code()
    with store.writing() as uow:
        assert actions.staff_to_check(uow, "li") == actions.staff_to_check(uow, "nobody")
        assert isinstance(actions.sign_in_staff(uow, staff_id, clock.now(), KEY), Refused)
        assert isinstance(actions.sign_in_staff(uow, 10**6, clock.now(), KEY), Refused)


def test_a_new_password_ends_every_older_sign_in_and_code(store: Store, clock: FixedClock):
    staff_id = staff_member(store)
    with store.writing() as uow:
        first, second = (actions.new_staff_code(uow, staff_id, clock.now(), KEY) for _ in "ab")
    signed_in = redeem(store, clock, first)
    assert isinstance(signed_in, SignedIn)
    assert (signed_in.role, signed_in.staff_id) == (Role.COMMITTEE, staff_id)
    with store.writing() as uow:
        actions.set_password(uow, staff_id, "another hash", clock.now())
        assert actions.staff_to_check(uow, "li") == (staff_id, "another hash")
    assert who(store, clock, signed_in.secret) is None
    assert redeem(store, clock, second) == refused_code()


def test_a_staff_code_is_good_for_a_day(store: Store, clock: FixedClock):
    staff_id = staff_member(store)
    with store.writing() as uow:
        code = actions.new_staff_code(uow, staff_id, clock.now(), KEY)
    clock.advance(timedelta(days=1).total_seconds())
    assert redeem(store, clock, code) == refused_code()


def test_the_audit_trail_tells_who_did_what_from_where_and_undoes_with_its_transaction(
    store: Store, clock: FixedClock
):
    actor = Actor(Role.COMMITTEE, 7, "203.0.113.9")
    with store.writing() as uow:
        actions.audit(uow, clock.now(), actor, "tariff.publish", "tariff 4", {"e4": 4870})
    with pytest.raises(ZeroDivisionError), store.writing() as uow:
        actions.audit(uow, clock.now(), actor, "month.close", "2026-02")
        raise ZeroDivisionError
    with store.writing() as uow:
        actions.audit(uow, clock.advance(5), Actor(Role.RESIDENT, 1), "session.start", "LB-017/2")
    with store.reading() as uow:
        newest, first = records.audit_trail(uow, 10)
        assert isinstance(newest, AuditEntry)
        assert (newest.action, newest.subject, newest.actor_id) == ("session.start", "LB-017/2", 1)
        assert (first.detail, first.from_address) == ({"e4": 4870}, "203.0.113.9")
        assert [
            e.id for e in records.audit_trail(uow, 10, records.TrailWish(before_id=newest.id))
        ] == [first.id]


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE audit_entry SET action = 'nothing'",
        "UPDATE audit_entry SET from_address = '203.0.113.9'",
        "UPDATE audit_entry SET from_address = '', detail = '{}'",
        "UPDATE audit_entry SET from_address = '', actor_id = NULL",
        "DELETE FROM audit_entry",
        "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry",
        "TRUNCATE audit_entry",
    ],
)
def test_the_database_refuses_to_change_the_audit_trail(
    store: Store, clock: FixedClock, attempt: str
):
    dialect = store.engine.dialect.name
    if ("REPLACE" in attempt and dialect != "sqlite") or (
        "TRUNCATE" in attempt and dialect == "sqlite"
    ):
        pytest.skip("no such statement there")
    with store.writing() as uow:
        actor = Actor(Role.COMMITTEE, 1, "203.0.113.7")
        actions.audit(uow, clock.now(), actor, "month.close", "2026-02", {"month": "2026-02"})
    refused = pytest.raises(IntegrityError, match="what was done stays written")
    with refused, store.writing() as uow:
        uow.session.connection().exec_driver_sql(attempt)
    with store.reading() as uow:
        assert [e.action for e in records.audit_trail(uow, 10)] == ["month.close"]


def test_only_from_where_a_deed_was_done_is_forgotten(store: Store, clock: FixedClock):
    actor = Actor(Role.COMMITTEE, 1, "203.0.113.7")
    with store.writing() as uow:
        actions.audit(uow, clock.now(), actor, "month.close", "2026-02", {"month": "2026-02"})
        uow.session.flush()
        assert records.forget_addresses(uow, clock.now()) == 0
        assert records.forget_addresses(uow, clock.now() + timedelta(seconds=1)) == 1
        assert records.forget_addresses(uow, clock.now() + timedelta(seconds=1)) == 0
    with store.reading() as uow:
        (entry,) = records.audit_trail(uow, 10)
    assert (entry.action, entry.subject, entry.actor_id) == ("month.close", "2026-02", 1)
    assert (entry.detail, entry.from_address) == ({"month": "2026-02"}, "")


def test_of_eight_phones_that_redeem_one_code_at_once_one_gets_in(store: Store, clock: FixedClock):
    code = code_for(store, clock, add_door(store, clock))
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: redeem(store, clock, code), range(8)))
    assert [isinstance(outcome, SignedIn) for outcome in outcomes].count(True) == 1
