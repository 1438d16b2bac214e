"""The routes of prices: what holds, held and will hold, and the form in which one is proposed."""

from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.actions import tariff_in_force, tariff_versions
from service.billing.months import after, month_of
from service.billing.outcomes import Refused
from service.billing.records.queries import tariff_rows
from service.billing.tariff import MOST_BANDS
from service.desk.actions.drafts import Kept, add_draft, change_draft, drafts
from service.desk.draft_form import Errors, TypedBand, TypedDraft, read_draft, typed
from service.desk.drafts import Proposal
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import Work
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.prices_view import DraftText, draft_text, prices_view
from service.pages.proposals import DraftId, find_draft
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Drafting = Annotated[Visitor, Depends(guard("tariff.draft"))]

MOST_ROWS_SHOWN = 8
BAND_NAMES = (N_("Peak"), N_("Valley"), N_("Shoulder"), N_("Sharp peak"), N_("Deep valley"))

LOST_NOTHING = N_("Nothing was kept yet, and nothing you typed is lost. Look at the marked places.")


def typed_draft(
    start: Annotated[str, Form()] = "",
    why: Annotated[str, Form()] = "",
    name: Annotated[list[str] | None, Form()] = None,
    times: Annotated[list[str] | None, Form()] = None,
    electricity: Annotated[list[str] | None, Form()] = None,
    service: Annotated[list[str] | None, Form()] = None,
) -> TypedDraft:
    """The form as it was posted; each row has its part of every list."""
    columns = (name or (), times or (), electricity or (), service or ())
    rows = [TypedBand(*row) for row in zip_longest(*columns, fillvalue="")]
    return TypedDraft(start, why, tuple(rows[:MOST_ROWS_SHOWN]) or (TypedBand(),))


TypedForm = Annotated[TypedDraft, Depends(typed_draft)]
Do = Annotated[str, Form()]
Mark = Annotated[str, Form()]


@router.get("/committee/prices")
def prices(request: Request, visitor: Drafting) -> Response:
    """Every price there is, was and will be, and what is proposed."""
    house = house_of(request)
    zone = house.settings.zone
    with house.store.reading() as uow:
        published = {row.id: row.published_at for row in tariff_rows(uow)}
        view = prices_view(tariff_versions(uow), published, house.clock.now(), zone)
        proposals = [draft_text(draft, zone) for draft in drafts(uow)]
    return draw(request, "prices.html", {"view": view, "drafts": proposals})


# --- drafting ------------------------------------------------------------------------------------


@router.get("/committee/prices/new")
def new(request: Request, visitor: Drafting) -> Response:
    """A form that begins with the price in force and the first of a month to come."""
    house = house_of(request)
    now, zone = house.clock.now(), house.settings.zone
    with house.store.reading() as uow:
        holds = tariff_in_force(uow, now)
    form = typed(Proposal(holds), zone) if holds else TypedDraft()
    start = f"{after(month_of(now, zone))}-01"
    return _form(request, replace(form, start=start, why=""), {})


@router.post("/committee/prices/new")
def draft_new(request: Request, visitor: Drafting, form: TypedForm, do: Do = "keep") -> Response:
    """Keep a proposal, or show the form with a band more or fewer."""
    house = house_of(request)

    def keep(work: Work, proposal: Proposal) -> Kept | Refused | None:
        price_e4 = house.settings.government_price_e4
        return add_draft(work.uow, proposal, price_e4, work.now, visitor.staff_id)

    return _take(request, visitor, form, do, None, keep)


@router.get("/committee/prices/drafts/{draft_id}/edit")
def edit(request: Request, visitor: Drafting, draft_id: DraftId) -> Response:
    """The form of an open draft."""
    house = house_of(request)
    draft = find_draft(house, draft_id)
    if not draft.is_open:
        return RedirectResponse(f"/committee/prices/drafts/{draft_id}", status_code=303)
    form = typed(draft.proposal, house.settings.zone)
    return _form(request, form, {}, draft_id, draft.proposal.mark)


@router.post("/committee/prices/drafts/{draft_id}/edit")
def draft_again(
    request: Request,
    visitor: Drafting,
    draft_id: DraftId,
    form: TypedForm,
    do: Do = "keep",
    mark: Mark = "",
) -> Response:
    """Change an open draft, unless somebody else has in the meantime."""
    house = house_of(request)

    def keep(work: Work, proposal: Proposal) -> Kept | Refused | None:
        price_e4 = house.settings.government_price_e4
        return change_draft(work.uow, draft_id, proposal, price_e4, mark, work.now)

    return _take(request, visitor, form, do, (draft_id, mark), keep)


def _take(
    request: Request,
    visitor: Visitor,
    form: TypedDraft,
    do: str,
    editing: tuple[int, str] | None,
    keep: Callable[[Work, Proposal], Kept | Refused | None],
) -> Response:
    house = house_of(request)
    draft_id, mark = editing or (None, "")
    if do in ("more", "fewer"):
        count = len(form.bands) + (1 if do == "more" else -1)
        return _form(request, form.with_bands(count), {}, draft_id, mark)
    settings = house.settings
    read = read_draft(form, settings.government_price_e4, house.clock.now(), settings.zone)
    if read.proposal is None:
        return _form(request, form, read.errors, draft_id, mark)
    with house.work() as work:
        outcome = keep(work, read.proposal)
        if isinstance(outcome, Kept):
            subject, new_mark = f"draft {outcome.draft.id}", outcome.draft.proposal.mark
            note_deed(work, visitor, "tariff.draft", subject, mark=new_mark, replaced=mark)
    if isinstance(outcome, Kept):
        address = f"/committee/prices/drafts/{outcome.draft.id}?said=kept"
        return RedirectResponse(address, status_code=303)
    if outcome is None:
        raise no_entry(Reason.NOT_FOUND)
    return _refused(request, form, outcome, draft_id)


def _refused(
    request: Request, form: TypedDraft, outcome: Refused, draft_id: int | None
) -> Response:
    """Somebody was quicker: what stands there now is shown beside what was typed."""
    house = house_of(request)
    errors = {"draft": outcome.reasons[0]}
    if draft_id is None:
        return _form(request, form, errors)
    other = find_draft(house, draft_id)
    shown = draft_text(other, house.settings.zone)
    return _form(request, form, errors, draft_id, other.proposal.mark, shown)


def _form(
    request: Request,
    form: TypedDraft,
    errors: Errors,
    draft_id: int | None = None,
    mark: str = "",
    meanwhile: DraftText | None = None,
) -> Response:
    context = {
        "form": form,
        "errors": errors,
        "draft_id": draft_id,
        "mark": mark,
        "meanwhile": meanwhile,
        "ceiling_e4": house_of(request).settings.government_price_e4,
        "names": BAND_NAMES,
        "has_times": len(form.bands) > 1 or bool(form.bands[0].name + form.bands[0].times),
        "most": MOST_BANDS,
        "error": errors.get("draft") or (Sentence(LOST_NOTHING) if errors else None),
    }
    return draw(request, "price_form.html", context, 422 if errors else 200)
