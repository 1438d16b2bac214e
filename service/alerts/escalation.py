"""When nobody answers something critical: who is next in line is told, once.

A reminder goes to the same people again; an escalation goes to others, because those who should
have answered may be asleep or out of reach.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.alerts.digest import Concern, Digest, headline_of, worst_first
from service.piles.faults import Severity
from service.words import N_, say


@dataclass(frozen=True, slots=True)
class EscalationRules:
    """How long those who are told first have, in seconds."""

    after_s: int = 900


def waits_since(concern: Concern) -> datetime | None:
    """Since when a critical incident waits for a person; None when none is needed now.

    Silence by a person counts as an answer while it lasts; what came back waits anew.
    """
    is_critical = concern.severity is Severity.CRITICAL
    if not is_critical or not concern.is_active or concern.is_answered:
        return None
    moments = (concern.show_at, concern.reopened_at, concern.snoozed_until)
    return max(moment for moment in moments if moment is not None)


def is_due(concern: Concern, now: datetime, rules: EscalationRules) -> bool:
    """Should the next in line be told of this incident now? Once for each time it waits."""
    since = waits_since(concern)
    if since is None or now - since < timedelta(seconds=rules.after_s):
        return False
    return concern.escalated_at is None or concern.escalated_at < since


def plan(concerns: Sequence[Concern], now: datetime, rules: EscalationRules) -> Digest | None:
    """What to tell the next in line now, in one notification; None when there is nothing."""
    due = [concern for concern in concerns if is_due(concern, now, rules)]
    return Digest(urgent=True, concerns=tuple(sorted(due, key=worst_first))) if due else None


def title(planned: Digest, now: datetime, language: str) -> str:
    """The first line: that nobody has answered, for how long, and the worst of it."""
    waiting = [since for one in planned.concerns if (since := waits_since(one)) is not None]
    minutes = int((now - min(waiting)).total_seconds()) // 60
    what = headline_of(planned, language)
    return say(
        language, N_("NOBODY ANSWERED for {minutes} min: {what}"), minutes=minutes, what=what
    )
