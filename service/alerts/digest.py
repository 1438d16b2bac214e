"""From incidents to as few notifications as possible, and none too late.

Notifications are made from incidents, never from messages, so a pile that repeats itself a hundred
times is told once. Whatever is due at one moment goes out together. Critical incidents go at once
and are repeated until somebody answers; ordinary ones collect for a while and keep a distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from service.alerts.subject import headline
from service.piles.faults import Severity
from service.words import N_, Sentence, say

MOST_LINES = 20
MOST_PLACES = 8


@dataclass(frozen=True, slots=True)
class DigestRules:
    """How notifications are spaced, in seconds. Critical ones know no window: rule 25 of the
    domain wants them out within 10 s of receipt."""

    window_s: int = 60
    gap_s: int = 300
    cooldown_s: int = 900
    remind_s: int = 1800
    retry_s: tuple[int, ...] = (30, 60, 120, 300, 900, 1800)


@dataclass(frozen=True, slots=True)
class Concern:
    """What the digest needs to know of an open incident."""

    incident_id: int
    code: str
    severity: Severity
    entrance: int | None
    place: Sentence
    detail: Sentence | None
    show_at: datetime
    is_active: bool
    is_answered: bool
    snoozed_until: datetime | None = None
    notified_at: datetime | None = None
    reopened_at: datetime | None = None
    escalated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """One notification to be made now."""

    urgent: bool
    concerns: tuple[Concern, ...]


def is_due(concern: Concern, now: datetime, rules: DigestRules) -> bool:
    """Should people be told (again) about this incident now?

    The first time: when it is shown; a critical one even if it is over already. Again: when it
    came back after its cooldown and nobody has answered. Repeated: critical ones, every half hour
    until answered. Never: information only, or silenced by a person.
    """
    if concern.severity is Severity.INFO or concern.show_at > now:
        return False
    if concern.snoozed_until is not None and concern.snoozed_until > now:
        return False
    is_critical = concern.severity is Severity.CRITICAL
    if concern.notified_at is None:
        return concern.is_active or is_critical
    if not concern.is_active or concern.is_answered:
        return False
    quiet_s = (now - concern.notified_at).total_seconds()
    came_back = concern.reopened_at is not None and concern.reopened_at > concern.notified_at
    return (came_back and quiet_s >= rules.cooldown_s) or (
        is_critical and quiet_s >= rules.remind_s
    )


def plan(
    concerns: Sequence[Concern],
    now: datetime,
    rules: DigestRules,
    last_ordinary_at: datetime | None,
) -> Digest | None:
    """What to tell people now, in one notification; None when there is nothing, or not yet.

    With something critical due everything due goes along. Otherwise the oldest has to have waited
    `window_s`, so that a burst comes together, and `gap_s` have to lie between two of these.
    """
    due = [concern for concern in concerns if is_due(concern, now, rules)]
    if not due:
        return None
    urgent = any(concern.severity is Severity.CRITICAL for concern in due)
    if not urgent:
        waited = now - min(_due_since(concern, rules) for concern in due)
        if waited < timedelta(seconds=rules.window_s):
            return None
        if last_ordinary_at is not None and now - last_ordinary_at < timedelta(seconds=rules.gap_s):
            return None
    return Digest(urgent, tuple(sorted(due, key=worst_first)))


def retry_at(attempts: int, now: datetime, rules: DigestRules) -> datetime:
    """When to try again after `attempts` failures."""
    place = min(attempts, len(rules.retry_s)) - 1
    return now + timedelta(seconds=rules.retry_s[place])


def title(digest: Digest, language: str) -> str:
    """The first line: the worst of it, and how many more."""
    what = headline_of(digest, language)
    return say(language, N_("URGENT: {what}"), what=what) if digest.urgent else what


def headline_of(digest: Digest, language: str) -> str:
    """What is worst, where, and how many more."""
    worst, more = digest.concerns[0], len(digest.concerns) - 1
    what = headline(worst.code, language)
    values = {"what": what, "place": worst.place.in_language(language), "more": more}
    if more:
        return say(language, N_("{what}, {place}, and {more} more"), **values)
    return say(language, N_("{what}, {place}"), **values)


def body(digest: Digest, language: str) -> str:
    """Everything else, by entrance; the same trouble at many piles is one line."""
    lines: list[str] = []
    in_order = sorted(digest.concerns, key=lambda c: (c.entrance or 0, *worst_first(c)))
    for entrance, group in groupby(in_order, key=lambda c: c.entrance):
        if entrance is not None:
            lines.append(say(language, N_("Entrance {entrance}"), entrance=entrance))
        for code, alike in groupby(group, key=lambda c: c.code):
            lines.append(_line(code, list(alike), language))
    if len(lines) > MOST_LINES:
        left = len(lines) - MOST_LINES
        lines = [*lines[:MOST_LINES], say(language, N_("... and {left} more lines"), left=left)]
    return "\n".join(lines)


def _line(code: str, alike: list[Concern], language: str) -> str:
    what = headline(code, language)
    places = [concern.place.in_language(language) for concern in alike[:MOST_PLACES]]
    if len(alike) > MOST_PLACES:
        places.append(say(language, N_("and {left} more"), left=len(alike) - MOST_PLACES))
    line = f"- {what}: {', '.join(places)}"
    detail = alike[0].detail
    return f"{line}. {detail.in_language(language)}" if len(alike) == 1 and detail else line


def worst_first(concern: Concern) -> tuple[int, str, datetime, int]:
    """A key to sort by: what is critical first, then alike together, then oldest first."""
    return (-concern.severity.rank, concern.code, concern.show_at, concern.incident_id)


def _due_since(concern: Concern, rules: DigestRules) -> datetime:
    if concern.notified_at is None:
        return concern.show_at
    return concern.notified_at + timedelta(seconds=rules.cooldown_s)
