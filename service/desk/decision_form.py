"""The form in which the owners' decision on a draft is recorded, read field by field.

Errors are named by their field: 'outcome', 'decided', 'votes_for', 'votes_against', 'remark',
'consent', 'scope'. Whether the votes suffice is for the owners' own rules to say (Civil Code,
article 278, asks for a quorum too); here only what cannot be meant is refused.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from service.desk.draft_form import Errors, midnight, no_day, read_day
from service.desk.drafts import LONGEST_REASON, Decision
from service.words import N_, Sentence

APPROVED, REFUSED = "approved", "refused"
LONGEST_AGO = timedelta(days=400)
"""A decision that is recorded more than a year later has a wrong year."""

MOST_VOTES = 99_999
LONGEST_SCOPE = 200


@dataclass(frozen=True, slots=True)
class TypedDecision:
    """The form as it was typed."""

    outcome: str = ""
    decided: str = ""
    votes_for: str = ""
    votes_against: str = ""
    remark: str = ""
    consent: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class ReadDecision:
    """A form that was read: a decision, or what is wrong with which field."""

    decision: Decision | None
    errors: Errors = field(default_factory=dict)


def read_decision(
    form: TypedDecision, now: datetime, zone: tzinfo, *, needs_consent: bool
) -> ReadDecision:
    """Read the form. `needs_consent`: the prices of the draft change during the day."""
    errors: Errors = {}
    if form.outcome not in (APPROVED, REFUSED):
        errors["outcome"] = Sentence(N_("Choose whether it was approved or refused."))
    decided_at = _past_day(form.decided, "decided", now, zone, errors)
    votes_for = _votes(form.votes_for, "votes_for", errors)
    votes_against = _votes(form.votes_against, "votes_against", errors)
    remark = form.remark.strip()
    _sensible(form.outcome, votes_for, votes_against, remark, errors)
    consent_at, scope = None, ""
    if needs_consent and form.outcome == APPROVED:
        consent_at = _past_day(form.consent, "consent", now, zone, errors)
        scope = form.scope.strip()
        if not scope:
            errors["scope"] = Sentence(
                N_("Write who agreed, like: all owners, meeting of 1 March.")
            )
        elif len(scope) > LONGEST_SCOPE:
            message = N_("Keep it below {most} characters.")
            errors["scope"] = Sentence(message, {"most": LONGEST_SCOPE})
    if errors or decided_at is None or votes_for is None or votes_against is None:
        return ReadDecision(None, errors)
    is_approved = form.outcome == APPROVED
    return ReadDecision(
        Decision(is_approved, decided_at, votes_for, votes_against, remark, consent_at, scope)
    )


def _past_day(text: str, name: str, now: datetime, zone: tzinfo, errors: Errors) -> datetime | None:
    day = read_day(text)
    if day is None or not 1971 < day.year < 9000:
        errors[name] = no_day()
        return None
    at = midnight(day, zone)
    if at > now:
        errors[name] = Sentence(N_("This day is still to come; record it when it has happened."))
    elif at < now - LONGEST_AGO:
        errors[name] = Sentence(N_("That is more than a year ago: is the year right?"))
    return at


def _votes(text: str, name: str, errors: Errors) -> int | None:
    plain = unicodedata.normalize("NFKC", text).strip()
    if not re.fullmatch(r"[0-9]{1,9}", plain):
        errors[name] = Sentence(N_("Write the number of votes in digits, like 132."))
        return None
    if int(plain) > MOST_VOTES:
        errors[name] = Sentence(N_("So many votes there cannot be."))
        return None
    return int(plain)


def _sensible(
    outcome: str, votes_for: int | None, votes_against: int | None, remark: str, errors: Errors
) -> None:
    if len(remark) > LONGEST_REASON:
        message = N_("Keep it below {most} characters.")
        errors["remark"] = Sentence(message, {"most": LONGEST_REASON})
    if votes_for is None or votes_against is None:
        return
    if outcome == APPROVED and votes_for <= votes_against:
        message = N_("With no more votes for it than against, it was not approved.")
        errors["outcome"] = Sentence(message)
    if outcome == REFUSED and votes_for >= votes_against and not remark:
        message = N_(
            "Not fewer voted for it than against: say here why it is refused all the same."
        )
        errors["remark"] = Sentence(message)
