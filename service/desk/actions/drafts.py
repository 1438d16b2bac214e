"""Drafting a tariff, editing it while it is open, and recording what the owners decided."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.actions import publish_tariff
from service.billing.outcomes import Published, Refused
from service.billing.tariff import TariffVersion
from service.desk.drafts import (
    Decision,
    Draft,
    DraftState,
    Proposal,
    agreed_version,
    bands_from_rows,
    bands_to_rows,
    doubts,
)
from service.desk.records.drafts import TariffDraft, draft_row, draft_rows
from service.store import UnitOfWork
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as it is kept now."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Decided:
    """A draft that nobody changes any more, and the version that was published, if it was."""

    draft: Draft
    version: TariffVersion | None


def add_draft(
    uow: UnitOfWork, proposal: Proposal, government_price_e4: int, now: datetime, by: int | None
) -> Kept | Refused:
    """Keep a new draft; `by` is an id of staff. Nothing is priced by it."""
    reasons = doubts(proposal, government_price_e4, now)
    if reasons:
        return Refused(tuple(reasons))
    row = TariffDraft(
        starts_at=proposal.version.starts_at,
        bands=bands_to_rows(proposal.version.bands),
        why=proposal.why,
        drafted_at=now,
        drafted_by=by,
    )
    uow.session.add(row)
    uow.session.flush()
    return Kept(_draft(row))


def change_draft(
    uow: UnitOfWork,
    draft_id: int,
    proposal: Proposal,
    government_price_e4: int,
    seen_mark: str,
    now: datetime,
) -> Kept | Refused | None:
    """Change an open draft that still is as it was seen; None if there is no such draft."""
    row = draft_row(uow, draft_id, to_change=True)
    if row is None:
        return None
    reasons = [*_moved_on(_draft(row), seen_mark), *doubts(proposal, government_price_e4, now)]
    if reasons:
        return Refused(tuple(reasons))
    row.starts_at, row.why = proposal.version.starts_at, proposal.why
    row.bands = bands_to_rows(proposal.version.bands)
    row.drafted_at = now
    uow.session.add(row)
    uow.session.flush()
    return Kept(_draft(row))


def decide_draft(
    uow: UnitOfWork,
    draft_id: int,
    decision: Decision,
    government_price_e4: int,
    seen_mark: str,
    now: datetime,
    zone: tzinfo,
    by: int | None,
) -> Decided | Refused | None:
    """Record the owners' decision, once. An approved draft is published with its start date.

    A draft that was edited after it was seen is refused: other prices than those voted on never
    come into force. None if there is no such draft.
    """
    row = draft_row(uow, draft_id, to_change=True)
    if row is None:
        return None
    draft = _draft(row)
    reasons = _moved_on(draft, seen_mark)
    if reasons:
        return Refused(tuple(reasons))
    version = None
    if decision.is_approved:
        agreed = agreed_version(draft.proposal, decision)
        staff = f"committee:{by}" if by else "committee"
        outcome = publish_tariff(uow, agreed, government_price_e4, now, zone, staff)
        if not isinstance(outcome, Published):
            return outcome
        version = outcome.version
    _keep(row, decision, version, by)
    uow.session.add(row)
    uow.session.flush()
    return Decided(_draft(row), version)


def draft_of(uow: UnitOfWork, draft_id: int) -> Draft | None:
    """One draft."""
    row = draft_row(uow, draft_id)
    return _draft(row) if row else None


def drafts(uow: UnitOfWork) -> list[Draft]:
    """Every draft there ever was, the newest first."""
    return [_draft(row) for row in draft_rows(uow)]


def _moved_on(draft: Draft, seen_mark: str) -> list[Sentence]:
    if not draft.is_open:
        return [Sentence(N_("This draft was decided; it stays as it is."))]
    if draft.proposal.mark != seen_mark:
        message = N_("Somebody changed this draft since you opened it. Look at it again first.")
        return [Sentence(message)]
    return []


def _keep(
    row: TariffDraft, decision: Decision, version: TariffVersion | None, by: int | None
) -> None:
    row.state = DraftState.APPROVED if decision.is_approved else DraftState.REFUSED
    row.decided_at, row.decided_by = decision.decided_at, by
    row.votes_for, row.votes_against = decision.votes_for, decision.votes_against
    row.remark = decision.remark
    if version is not None:
        row.version_id = version.id
        row.consent_at, row.consent_scope = version.consent_at, version.consent_scope


def _draft(row: TariffDraft) -> Draft:
    version = TariffVersion(0, row.starts_at, bands_from_rows(row.bands))
    decision = None
    if row.decided_at is not None:
        decision = Decision(
            row.state == DraftState.APPROVED,
            row.decided_at,
            row.votes_for or 0,
            row.votes_against or 0,
            row.remark,
            row.consent_at,
            row.consent_scope,
        )
    return Draft(
        row.id or 0,
        Proposal(version, row.why),
        DraftState(row.state),
        row.drafted_at,
        row.drafted_by,
        decision,
        row.decided_by,
        row.version_id,
    )
