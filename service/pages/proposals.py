"""The routes of one proposed price: what it would have cost, its notice, the owners' decision."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.actions import accounts, tariff_in_force
from service.billing.ledger import Account
from service.billing.months import A_MONTH, month_of
from service.desk.actions.drafts import Decided, decide_draft, draft_of
from service.desk.decision_form import TypedDecision, read_decision
from service.desk.draft_form import Errors
from service.desk.drafts import Draft
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import House
from service.flow.whatif import what_if
from service.households.records import every_household
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.prices_view import (
    BandText,
    WhatIfView,
    bands_of,
    draft_text,
    whatif_view,
)
from service.pages.say_time import month as month_words
from service.usage.spans import before
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Drafting = Annotated[Visitor, Depends(guard("tariff.draft"))]
Publishing = Annotated[Visitor, Depends(guard("tariff.publish"))]
DraftId = Annotated[int, InPath(ge=1, le=2**31 - 1)]
Month = Annotated[str | None, Query(pattern=f"^{A_MONTH.pattern}$")]
HERE = "/committee/prices/drafts"

SAID = {
    "kept": N_("The proposal is kept. Nothing is priced by it before the owners have approved it."),
    "approved": N_("Recorded. The new price is published and starts on its day."),
    "refused": N_("Recorded. The proposal stays here to be read; no price changes."),
}
NOT_RECORDED = N_("Nothing was recorded, and nothing you typed is lost. Look at the marked places.")


def typed_decision(
    outcome: Annotated[str, Form()] = "",
    decided: Annotated[str, Form()] = "",
    votes_for: Annotated[str, Form()] = "",
    votes_against: Annotated[str, Form()] = "",
    remark: Annotated[str, Form()] = "",
    consent: Annotated[str, Form()] = "",
    scope: Annotated[str, Form()] = "",
) -> TypedDecision:
    """The form as it was posted."""
    return TypedDecision(outcome, decided, votes_for, votes_against, remark, consent, scope)


TypedVote = Annotated[TypedDecision, Depends(typed_decision)]
Mark = Annotated[str, Form()]


@router.get("/committee/prices/drafts/{draft_id}")
def see_draft(request: Request, visitor: Drafting, draft_id: DraftId, said: str = "") -> Response:
    """A proposal beside the price in force, with what last month would have cost in short."""
    house = house_of(request)
    draft = find_draft(house, draft_id)
    context = {
        "draft": draft_text(draft, house.settings.zone),
        "now_bands": _bands_now(house, draft),
        "view": _look_back(house, draft, None),
        "said": Sentence(SAID[said]) if said in SAID else None,
    }
    return draw(request, "price_draft.html", context)


@router.get("/committee/prices/drafts/{draft_id}/what-if")
def see_what_if(
    request: Request, visitor: Drafting, draft_id: DraftId, month: Month = None
) -> Response:
    """Household by household: a month as it was billed and as it would have been."""
    house = house_of(request)
    draft = find_draft(house, draft_id)
    last, this = _last_month(house, draft), month_of(house.clock.now(), house.settings.zone)
    context = {
        "draft": draft_text(draft, house.settings.zone),
        "view": _look_back(house, draft, month),
        "months": [(key, month_words(key)) for key in dict.fromkeys((last, this))],
        "is_running": (month or last) == this,
    }
    return draw(request, "price_whatif.html", context)


@router.get("/committee/prices/drafts/{draft_id}/notice")
def notice(request: Request, visitor: Drafting, draft_id: DraftId) -> Response:
    """The proposal on one A4 sheet for the notice board; no household is named on it."""
    house = house_of(request)
    draft = find_draft(house, draft_id)
    context = {
        "draft": draft_text(draft, house.settings.zone),
        "now_bands": _bands_now(house, draft),
        "view": _look_back(house, draft, None),
        "address": f"{house.settings.public_url.rstrip('/')}/me/prices",
    }
    return draw(request, "price_notice.html", context)


@router.get("/committee/prices/drafts/{draft_id}/decision")
def decision(request: Request, visitor: Publishing, draft_id: DraftId) -> Response:
    """The form in which a decision is recorded."""
    draft = find_draft(house_of(request), draft_id)
    if not draft.is_open:
        return RedirectResponse(f"{HERE}/{draft_id}", status_code=303)
    return _decision_form(request, draft, TypedDecision(), {})


@router.post("/committee/prices/drafts/{draft_id}/decision")
def decide(
    request: Request, visitor: Publishing, draft_id: DraftId, form: TypedVote, mark: Mark = ""
) -> Response:
    """Record what the owners decided; an approved draft is published at once."""
    house = house_of(request)
    settings = house.settings
    draft = find_draft(house, draft_id)
    needs_consent = not draft.proposal.version.is_flat
    read = read_decision(form, house.clock.now(), settings.zone, needs_consent=needs_consent)
    if read.decision is None:
        return _decision_form(request, draft, form, read.errors)
    with house.work() as work:
        outcome = decide_draft(
            work.uow, draft_id, read.decision, settings.government_price_e4, mark, work.now,
            settings.zone, visitor.staff_id,
        )  # fmt: skip
        if isinstance(outcome, Decided):
            votes = f"{read.decision.votes_for}:{read.decision.votes_against}"
            version = outcome.version.id if outcome.version else None
            note_deed(
                work, visitor, "tariff.publish", f"draft {draft_id}",
                outcome=form.outcome, votes=votes, version=version, mark=mark,
            )  # fmt: skip
    if isinstance(outcome, Decided):
        said = outcome.draft.state
        return RedirectResponse(f"{HERE}/{draft_id}?said={said}", status_code=303)
    if outcome is None:
        raise no_entry(Reason.NOT_FOUND)
    fresh = find_draft(house, draft_id)
    return _decision_form(request, fresh, form, {"draft": outcome.reasons[0]})


def _decision_form(request: Request, draft: Draft, form: TypedDecision, errors: Errors) -> Response:
    context = {
        "draft": draft_text(draft, house_of(request).settings.zone),
        "form": form,
        "errors": errors,
        "error": errors.get("draft") or (Sentence(NOT_RECORDED) if errors else None),
    }
    return draw(request, "price_decision.html", context, 422 if errors else 200)


def find_draft(house: House, draft_id: int) -> Draft:
    """A draft by its number. NoEntryError where there is none."""
    with house.store.reading() as uow:
        draft = draft_of(uow, draft_id)
    if draft is None:
        raise no_entry(Reason.NOT_FOUND)
    return draft


def _bands_now(house: House, draft: Draft) -> tuple[BandText, ...]:
    """The price beside which the proposal stands: that of now, or for an approved one the price
    that it ends."""
    now = house.clock.now()
    starts_at = draft.proposal.version.starts_at
    at = starts_at - timedelta(seconds=1) if draft.version_id else now
    with house.store.reading() as uow:
        holds = tariff_in_force(uow, at)
    return bands_of(holds) if holds else ()


def _last_month(house: House, draft: Draft) -> str:
    at: datetime = draft.decision.decided_at if draft.decision else house.clock.now()
    return before(month_of(at, house.settings.zone))


def _look_back(house: House, draft: Draft, month: str | None) -> WhatIfView:
    zone = house.settings.zone
    # long reads stay outside the house's lock, so that no pile waits for a figure
    with house.store.reading() as uow:
        wanted = month or _last_month(house, draft)
        effect = what_if(uow, draft.proposal.version, wanted, zone)
        doors = {row.id or 0: row.door for row in every_household(uow)}
        invested = accounts(uow).get(Account.INVESTMENT, 0)
    return whatif_view(effect, doors, invested)
