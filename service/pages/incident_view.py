"""Incidents as maintenance reads them at night: what, where, since when, how bad, check first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.alerts.escalation import waits_since
from service.alerts.lifecycle import Deed, State, why_not
from service.alerts.records import Incident, IncidentNote, PhotoFacts
from service.alerts.subject import from_pieces
from service.pages.fault_words import check_first, fault_words
from service.pages.say_time import ago, moment, span
from service.piles.faults import Severity
from service.words import N_, Sentence

NEW_S = 120
NEXT = "next"

SEVERITY_WORDS = {
    Severity.CRITICAL: N_("danger"),
    Severity.WARNING: N_("fault"),
    Severity.INFO: N_("for information"),
}

STATE_WORDS = {
    State.RAISED: N_("nobody has seen it yet"),
    State.ACKNOWLEDGED: N_("seen by {by}"),
    State.TAKEN: N_("{by} is on it"),
    State.CLEARED: N_("over by itself, not closed yet"),
    State.CLOSED: N_("closed"),
}


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What was looked up for one incident."""

    row: Incident
    notes: Sequence[IncidentNote] = ()
    pile_number: int | None = None
    feeder_name: str | None = None
    photos: Sequence[PhotoFacts] = ()
    escalate_after_s: int = 900


@dataclass(frozen=True, slots=True)
class PhotoText:
    """A photo, when and by whom."""

    id: int
    when: Sentence
    by: str


@dataclass(frozen=True, slots=True)
class NoteText:
    """What somebody wrote."""

    when: Sentence
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class IncidentView:
    """Everything the template writes of one incident."""

    id: int
    what: Sentence
    where: Sentence
    entrance: int | None
    pile: str | None
    severity: Severity
    severity_word: Sentence
    state: State
    state_word: Sentence
    since: Sentence
    age: Sentence
    count: int
    detail: Sentence | None
    check_first: Sentence
    notes: tuple[NoteText, ...]
    photos: tuple[PhotoText, ...]
    snoozed: Sentence | None
    waiting: Sentence | None
    escalated: Sentence | None
    closed: Sentence | None
    is_new: bool
    may: frozenset[Deed]
    needs_reason: bool

    @property
    def next_deed(self) -> Deed | None:
        """What is usually done next: see it, take it, close it."""
        if self.state is State.TAKEN or self.state is State.CLEARED:
            return Deed.CLOSE
        order = (Deed.ACKNOWLEDGE, Deed.TAKE)
        return next((deed for deed in order if deed in self.may), None)


def incident_view(facts: IncidentFacts, now: datetime, zone: tzinfo) -> IncidentView:
    """One incident at this moment."""
    row = facts.row
    state, severity = row.state(), Severity(row.severity)
    by = row.taken_by or row.acknowledged_by or ""
    return IncidentView(
        id=row.id or 0,
        what=fault_words(row.code),
        where=_where(facts),
        entrance=row.entrance,
        pile=row.pile,
        severity=severity,
        severity_word=Sentence(SEVERITY_WORDS[severity]),
        state=state,
        state_word=Sentence(STATE_WORDS[state], {"by": by}),
        since=moment(row.raised_at, now, zone),
        age=ago((now - row.raised_at).total_seconds()),
        count=row.count,
        detail=from_pieces(row.subject) if row.subject else None,
        check_first=check_first(row.code),
        notes=tuple(NoteText(moment(n.at, now, zone), n.by, n.text) for n in facts.notes),
        photos=tuple(PhotoText(p.id, moment(p.at, now, zone), p.by) for p in facts.photos),
        snoozed=_snoozed(row, now, zone),
        waiting=_waiting(facts, now),
        escalated=_escalated(row, now, zone),
        closed=_closed(row, now, zone),
        is_new=row.closed_at is None and (now - row.raised_at).total_seconds() < NEW_S,
        may=frozenset(deed for deed in Deed if why_not(row.times(), deed) is None),
        needs_reason=row.source == "pile" and row.cleared_at is None,
    )


def _where(facts: IncidentFacts) -> Sentence:
    row = facts.row
    if row.pile is not None:
        number = facts.pile_number if facts.pile_number is not None else row.pile
        if row.outlet is not None:
            values = {"pile": number, "outlet": row.outlet}
            return Sentence(N_("Pile {pile} · outlet {outlet}"), values)
        return Sentence(N_("Pile {pile}"), {"pile": number})
    if row.feeder_id is not None:
        return Sentence(N_("Cable {name}"), {"name": facts.feeder_name or row.feeder_id})
    return Sentence(N_("The service itself"))


def _snoozed(row: Incident, now: datetime, zone: tzinfo) -> Sentence | None:
    if row.snoozed_until is None or row.snoozed_until <= now:
        return None
    return Sentence(
        N_("Silenced until {until}: {reason}"),
        {"until": moment(row.snoozed_until, now, zone), "reason": row.snooze_reason or ""},
    )


def _waiting(facts: IncidentFacts, now: datetime) -> Sentence | None:
    """That somebody should answer at last: said from the moment when the next in line are told."""
    since = waits_since(facts.row.concern())
    waited_s = (now - since).total_seconds() if since is not None else 0.0
    if waited_s < facts.escalate_after_s:
        return None
    return Sentence(N_("Nobody has answered for {span}."), {"span": span(waited_s)})


def _escalated(row: Incident, now: datetime, zone: tzinfo) -> Sentence | None:
    if row.escalated_at is None:
        return None
    message = N_("Nobody had answered, so the first ones were told again {when}.")
    if row.escalated_to == NEXT:
        message = N_("Nobody had answered, so the next in line were told {when}.")
    return Sentence(message, {"when": moment(row.escalated_at, now, zone)})


def _closed(row: Incident, now: datetime, zone: tzinfo) -> Sentence | None:
    if row.closed_at is None:
        return None
    values = {"when": moment(row.closed_at, now, zone), "by": row.closed_by, "note": row.note or ""}
    if not row.closed_by:
        return Sentence(N_("Closed by itself {when}: the cause was gone."), values)
    if not row.note:
        return Sentence(N_("Closed {when} by {by}."), values)
    return Sentence(N_("Closed {when} by {by}: {note}"), values)


def stamp(incidents: Sequence[Incident]) -> str:
    """A number that differs when the list does: which incidents, and who answered them."""
    parts = [
        (row.id, row.state(), row.taken_by or "", row.severity, row.snoozed_until)
        for row in incidents
    ]
    total = 0
    for character in repr(parts):
        total = (total * 31 + ord(character)) % 2**32
    return f"i{total}"
