"""What the owners decided, as somebody types it in."""

from dataclasses import replace

import pytest

from service.desk.decision_form import TypedDecision, read_decision
from tests.billing.days import SHANGHAI, local
from tests.desk.proposals import AGREED, AGREED_WITH_CONSENT, DECISION_FORM, NOW

WITH_CONSENT = replace(DECISION_FORM, consent="2026-03-01", scope="all owners, meeting of 1 March")


def errors(form: TypedDecision, *, needs_consent: bool = False) -> dict[str, str]:
    found = read_decision(form, NOW, SHANGHAI, needs_consent=needs_consent)
    assert (found.decision is None) == bool(found.errors)
    return {name: sentence.in_language("en") for name, sentence in found.errors.items()}


def test_an_approval_has_its_day_and_its_votes():
    assert read_decision(DECISION_FORM, NOW, SHANGHAI, needs_consent=False).decision == AGREED


def test_prices_by_the_hour_need_the_day_and_scope_of_the_consent():
    read = read_decision(WITH_CONSENT, NOW, SHANGHAI, needs_consent=True)
    assert read.decision == AGREED_WITH_CONSENT
    assert set(errors(DECISION_FORM, needs_consent=True)) == {"consent", "scope"}
    late = replace(WITH_CONSENT, consent="2026-03-03", scope="x" * 201)
    assert set(errors(late, needs_consent=True)) == {"consent", "scope"}


def test_a_refusal_needs_no_consent():
    declined = replace(DECISION_FORM, outcome="refused", votes_for="18", votes_against="132")
    read = read_decision(declined, NOW, SHANGHAI, needs_consent=True)
    assert read.decision is not None
    assert not read.decision.is_approved
    assert read.decision.consent_at is None


@pytest.mark.parametrize("votes", ["", "many", "-3", "12.5", "1e3", "１2x"])
def test_votes_that_are_no_numbers_are_said_at_their_field(votes: str):
    sentence = "Write the number of votes in digits, like 132."
    assert errors(replace(DECISION_FORM, votes_for=votes)) == {"votes_for": sentence}
    assert errors(replace(DECISION_FORM, votes_against=votes)) == {"votes_against": sentence}


def test_full_width_digits_are_digits():
    read = read_decision(replace(DECISION_FORM, votes_for="１３２"), NOW, SHANGHAI,
                         needs_consent=False)  # fmt: skip
    assert read.decision == AGREED


def test_more_votes_than_there_can_be_are_a_slip():
    assert errors(replace(DECISION_FORM, votes_for="100000")) == {
        "votes_for": "So many votes there cannot be."
    }


def test_an_approval_without_a_majority_contradicts_itself():
    assert "not approved" in errors(replace(DECISION_FORM, votes_for="18"))["outcome"]


def test_a_refusal_against_the_majority_says_why():
    refused = replace(DECISION_FORM, outcome="refused", remark="")
    assert "say here why" in errors(refused)["remark"]
    assert errors(replace(refused, remark="no quorum: 150 of 212 were there")) == {}


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("", "Write a date that exists"),
        ("2026-02-30", "Write a date that exists"),
        ("9999-12-31", "Write a date that exists"),
        ("2026-03-03", "still to come"),
        ("2024-03-01", "is the year right"),
    ],
)
def test_a_day_that_cannot_be_meant_is_refused(day: str, says: str):
    assert says in errors(replace(DECISION_FORM, decided=day))["decided"]


def test_without_an_outcome_nothing_is_decided():
    assert set(errors(replace(DECISION_FORM, outcome=""))) == {"outcome"}
    assert set(errors(TypedDecision())) == {"outcome", "decided", "votes_for", "votes_against"}
    assert "400" in errors(replace(DECISION_FORM, remark="r" * 401))["remark"]


def test_a_decision_of_today_can_be_recorded_today():
    today = replace(DECISION_FORM, decided="2026-03-02")
    read = read_decision(today, NOW, SHANGHAI, needs_consent=False)
    assert read.decision is not None
    assert read.decision.decided_at == local("2026-03-02")
