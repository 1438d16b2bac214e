"""A proposed tariff on its way: drafted, edited, put to the vote, published or kept refused."""

# ruff: noqa: S608 - the SQL of these tests is put together from constants
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from service.billing import actions as books
from service.billing.outcomes import Refused
from service.billing.tariff import TariffVersion
from service.desk.actions.drafts import (
    Decided,
    Kept,
    add_draft,
    change_draft,
    decide_draft,
    draft_of,
    drafts,
)
from service.desk.drafts import DraftState, Proposal, doubts
from service.desk.whatif import sum_up
from service.flow.whatif import what_if
from service.store import Store, UnitOfWork
from tests.billing.books import THE_LIS, THE_WANGS, a_session, misfits, post, publish, undone, words
from tests.billing.days import FLAT, GOVERNMENT_E4, SHANGHAI, TWO_BANDS, local
from tests.billing.test_laws import some_sessions
from tests.desk.proposals import (
    AGREED,
    AGREED_WITH_CONSENT,
    APRIL,
    BY_DAY_AND_NIGHT,
    DEARER,
    DECLINED,
    NOW,
)

DRAFTER, RECORDER = 3, 4


def drafted(uow: UnitOfWork, proposal: Proposal = DEARER) -> int:
    kept = add_draft(uow, proposal, GOVERNMENT_E4, NOW, DRAFTER)
    assert isinstance(kept, Kept), kept
    return kept.draft.id


def decide(uow, draft_id, decision=AGREED, mark=DEARER.mark, now=NOW):
    return decide_draft(uow, draft_id, decision, GOVERNMENT_E4, mark, now, SHANGHAI, RECORDER)


# --- drafting ------------------------------------------------------------------------------------


def test_a_draft_comes_back_as_it_was_proposed_and_prices_nothing(store: Store):
    with store.writing() as uow:
        publish(uow)
        number = drafted(uow, BY_DAY_AND_NIGHT)
    with store.reading() as uow:
        draft = draft_of(uow, number)
        assert draft.proposal == BY_DAY_AND_NIGHT
        assert (draft.state, draft.drafted_by, draft.decision) == (DraftState.OPEN, DRAFTER, None)
        assert [version.id for version in books.tariff_versions(uow)] == [1]
        assert books.tariff_in_force(uow, APRIL).bands == FLAT.bands


def test_drafts_are_listed_with_the_newest_first(store: Store):
    with store.writing() as uow:
        numbers = [drafted(uow), drafted(uow, BY_DAY_AND_NIGHT)]
        assert [draft.id for draft in drafts(uow)] == numbers[::-1]
        assert draft_of(uow, 99) is None


NEVER = (
    (TariffVersion.flat(APRIL, 4880, 2000), "government"),
    (TariffVersion.flat(APRIL, 4870, -1), "negative"),
    (TariffVersion.flat(NOW, 4870, 2000), "later day"),
    (replace(TWO_BANDS, starts_at=APRIL, bands=TWO_BANDS.bands[:1]), "No band covers"),
)


def test_what_could_never_be_published_cannot_be_proposed(store: Store):
    with store.writing() as uow:
        for version, says in NEVER:
            assert says in words(add_draft(uow, Proposal(version), GOVERNMENT_E4, NOW, DRAFTER))
        assert drafts(uow) == []


def test_a_reason_as_long_as_a_letter_is_refused():
    assert doubts(replace(DEARER, why="w" * 401), GOVERNMENT_E4, NOW)
    assert not doubts(replace(DEARER, why="w" * 400), GOVERNMENT_E4, NOW)


def test_an_open_draft_may_be_edited(store: Store):
    with store.writing() as uow:
        number = drafted(uow)
        edited = change_draft(uow, number, BY_DAY_AND_NIGHT, GOVERNMENT_E4, DEARER.mark, NOW)
        assert isinstance(edited, Kept)
        assert draft_of(uow, number).proposal == BY_DAY_AND_NIGHT
        assert change_draft(uow, 99, DEARER, GOVERNMENT_E4, DEARER.mark, NOW) is None


def test_two_who_edit_at_once_do_not_overwrite_each_other(store: Store):
    with store.writing() as uow:
        number = drafted(uow)
        change_draft(uow, number, BY_DAY_AND_NIGHT, GOVERNMENT_E4, DEARER.mark, NOW)
        second = change_draft(uow, number, DEARER, GOVERNMENT_E4, DEARER.mark, NOW)
        assert "Somebody changed this draft" in words(second)
        assert draft_of(uow, number).proposal == BY_DAY_AND_NIGHT


def test_an_edit_is_held_to_the_same_rules(store: Store):
    with store.writing() as uow:
        number = drafted(uow)
        dear = Proposal(TariffVersion.flat(APRIL, 4880, 2000))
        refusal = change_draft(uow, number, dear, GOVERNMENT_E4, DEARER.mark, NOW)
        assert "government" in words(refusal)


def test_every_change_of_a_proposal_changes_its_mark():
    others = [
        replace(DEARER, why="another reason"),
        Proposal(replace(DEARER.version, starts_at=APRIL + timedelta(days=1)), DEARER.why),
        Proposal(TariffVersion.flat(APRIL, 4870, 3001), DEARER.why),
        BY_DAY_AND_NIGHT,
    ]
    assert len({one.mark for one in [DEARER, *others]}) == 5
    agreed = Proposal(replace(DEARER.version, id=7, consent_at=NOW), DEARER.why)
    assert agreed.mark == DEARER.mark


# --- the decision --------------------------------------------------------------------------------


def test_an_approved_draft_is_published_with_its_start(store: Store):
    with store.writing() as uow:
        publish(uow)
        number = drafted(uow)
        decided = decide(uow, number)
        assert isinstance(decided, Decided), decided
        assert decided.version == replace(DEARER.version, id=2)
        assert books.tariff_in_force(uow, APRIL - timedelta(seconds=1)).id == 1
        assert books.tariff_in_force(uow, APRIL).id == 2
    with store.reading() as uow:
        draft = draft_of(uow, number)
        assert (draft.state, draft.version_id) == (DraftState.APPROVED, 2)
        assert (draft.decision, draft.decided_by) == (AGREED, RECORDER)
    assert not misfits(store)


def test_bands_are_published_with_the_consent_that_was_recorded(store: Store):
    with store.writing() as uow:
        publish(uow)
        number = drafted(uow, BY_DAY_AND_NIGHT)
        assert "consent" in words(decide(uow, number, mark=BY_DAY_AND_NIGHT.mark))
        decided = decide(uow, number, AGREED_WITH_CONSENT, BY_DAY_AND_NIGHT.mark)
        assert decided.version.consent_at == AGREED_WITH_CONSENT.consent_at
        assert decided.version.consent_scope == "all owners, meeting of 1 March"
        assert books.tariff_version(uow, 2) == decided.version


def test_a_refused_draft_is_kept_to_be_read_and_publishes_nothing(store: Store):
    with store.writing() as uow:
        publish(uow)
        number = drafted(uow)
        decided = decide(uow, number, DECLINED)
        assert decided.version is None
        assert len(books.tariff_versions(uow)) == 1
    with store.reading() as uow:
        draft = draft_of(uow, number)
        assert (draft.state, draft.decision) == (DraftState.REFUSED, DECLINED)
        assert draft.proposal == DEARER


def test_a_decision_is_recorded_once(store: Store):
    with store.writing() as uow:
        publish(uow)
        number = drafted(uow)
        decide(uow, number)
        for again in (
            decide(uow, number, DECLINED),
            change_draft(uow, number, DEARER, GOVERNMENT_E4, DEARER.mark, NOW),
        ):
            assert "stays as it is" in words(again)
        assert len(books.tariff_versions(uow)) == 2
        assert decide(uow, 99) is None


def test_prices_edited_after_the_vote_are_not_approved_by_it(store: Store):
    with store.writing() as uow:
        publish(uow)
        number = drafted(uow)
        dearer_still = Proposal(TariffVersion.flat(APRIL, 4870, 9000))
        change_draft(uow, number, dearer_still, GOVERNMENT_E4, DEARER.mark, NOW)
        assert "Somebody changed this draft" in words(decide(uow, number))
        assert len(books.tariff_versions(uow)) == 1


def test_a_draft_whose_start_has_passed_is_not_approved_any_more(store: Store):
    with store.writing() as uow:
        publish(uow)
        number = drafted(uow)
        late = decide(uow, number, now=APRIL)
        assert isinstance(late, Refused)
        assert "starts in the future" in words(late)
        assert draft_of(uow, number).is_open


def test_the_database_itself_keeps_what_was_decided(store: Store):
    with store.writing() as uow:
        open_one, refused_one = drafted(uow), drafted(uow)
        decide(uow, refused_one, DECLINED)
    for change in (
        f"UPDATE tariff_draft SET remark = 'other' WHERE id = {refused_one}",
        f"UPDATE tariff_draft SET state = 'open' WHERE id = {refused_one}",
        f"DELETE FROM tariff_draft WHERE id = {refused_one}",
        f"DELETE FROM tariff_draft WHERE id = {open_one}",
    ):
        with pytest.raises(IntegrityError), store.writing() as uow:
            uow.session.connection().exec_driver_sql(change)


# --- what a draft never does ---------------------------------------------------------------------


def test_law_a_draft_never_changes_a_billed_line_and_the_same_price_bills_the_same(store: Store):
    @settings(
        max_examples=10, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip
    @given(some_sessions(), st.sampled_from([DEARER, BY_DAY_AND_NIGHT]))
    def holds(bills, proposal):
        with undone(store) as uow:
            publish(uow)
            publish(
                uow, replace(TWO_BANDS, id=0, starts_at=local("2026-03-02")), "2026-03-01 12:00"
            )
            post(uow, *bills)
            before = [books.statements_of(uow, month) for month in ("2026-02", "2026-03")]
            number = drafted(uow, proposal)
            what_if(uow, proposal.version, "2026-03", SHANGHAI)
            decide(uow, number, AGREED_WITH_CONSENT, proposal.mark)
            after = [books.statements_of(uow, month) for month in ("2026-02", "2026-03")]
            assert after == before
            flat_only = all(bill.priced.version_id == 1 for v in after[1] for bill in v.sessions)
            if flat_only:
                again = what_if(uow, replace(FLAT, id=0), "2026-03", SHANGHAI)
                assert {h: one.new_fen for h, one in again.households.items()} == {
                    view.household_id: view.lines_fen for view in after[1] if view.sessions
                }

    holds()


def test_a_month_is_looked_at_as_the_statements_print_it(store: Store):
    with store.writing() as uow:
        publish(uow)
        post(
            uow,
            a_session("a", THE_LIS, "2026-03-02 20:00", 613),
            a_session("b", THE_WANGS, "2026-03-03 20:00", 1000),
            a_session("c", THE_LIS, "2026-02-03 20:00", 1000),
        )
        found = what_if(uow, DEARER.version, "2026-03", SHANGHAI)
        assert set(found.households) == {THE_LIS, THE_WANGS}
        assert found.households[THE_LIS].old_fen == 42
        assert found.households[THE_LIS].new_fen == 48
        assert what_if(uow, DEARER.version, "2026-01", SHANGHAI) == sum_up("2026-01", [])
