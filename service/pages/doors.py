"""Households: moving in and out, dividing and joining, codes and cards."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.outcomes import Refused as BooksRefused
from service.desk.actions.moving import leave, merge
from service.desk.records.running import open_sessions
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import Work
from service.flow.requests import stop
from service.households.actions import (
    MovedIn,
    add_card,
    branch_off,
    find_household,
    household_of,
    move_in,
    new_code,
    revoke_pass,
)
from service.households.csv_import import HouseholdRow, RowError, read_row
from service.households.outcomes import Refused
from service.households.records import Household, Pass
from service.pages.context import asked_by, house_of, note_deed
from service.pages.doors_draw import HOME, code_page, door_page, final_page, list_page, new_page
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Manage = Annotated[Visitor, Depends(guard("households.manage"))]
Passes = Annotated[Visitor, Depends(guard("passes.manage_any"))]
Id = Annotated[int, InPath(ge=1, le=2**31 - 1)]
Short = Annotated[str, Form(max_length=40)]

NO_DOOR = N_("Nobody is registered at door {door}. Write it like 3-201.")


class NewHousehold(BaseModel):
    """What is typed of who moves in."""

    door: str = Field("", max_length=40)
    entrance: str = Field("", max_length=4)
    residents: str = Field("", max_length=4)
    label: str = Field("", max_length=80)
    card_uid: str = Field("", max_length=60)


class Division(BaseModel):
    """What is typed of a household that divides."""

    door: str = Field("", max_length=40)
    residents: str = Field("", max_length=4)
    cards: list[int] = []


@router.get("/committee/doors")
def every_door(request: Request, visitor: Manage, door: str = "") -> Response:
    """All households by entrance; with `door` straight to that one."""
    if not door.strip():
        return list_page(request)
    with house_of(request).store.reading() as uow:
        found = find_household(uow, door[:40])
    if found is None:
        return list_page(request, error=Sentence(NO_DOOR, {"door": door.strip()[:40]}), status=404)
    return RedirectResponse(f"{HOME}/{found.id}", status_code=303)


@router.get("/committee/doors/new")
def new_form(request: Request, visitor: Manage) -> Response:
    """Ask who moves in."""
    return new_page(request)


@router.post("/committee/doors/new")
def somebody_moves_in(
    request: Request, visitor: Manage, form: Annotated[NewHousehold, Form()]
) -> Response:
    """A new household behind a door, and its first code on paper."""
    house, typed = house_of(request), form.model_dump()
    row, problems = read_row(1, {name: value.strip() for name, value in typed.items()})
    if row is None:
        return new_page(request, typed, tuple(problems))
    with house.work() as work:
        moved = move_in(work.uow, row, work.now, house.key)
        if isinstance(moved, MovedIn):
            _note(work, visitor, moved.household, "moved_in")
    if not isinstance(moved, MovedIn):
        return new_page(request, typed, tuple(error.sentence for error in moved))
    return code_page(request, moved.household.id or 0, moved.household.door, moved.code)


@router.get("/committee/doors/{household_id}")
def one_door(request: Request, visitor: Manage, household_id: Id, said: str = "") -> Response:
    """One household and what can be done."""
    return door_page(request, household_id, said=said)


@router.get("/committee/doors/{household_id}/final")
def final(request: Request, visitor: Manage, household_id: Id) -> Response:
    """The account of who leaves."""
    return final_page(request, household_id)


@router.post("/committee/doors/{household_id}/stop")
def stop_all(request: Request, visitor: Manage, household_id: Id) -> Response:
    """Stop everything of this household that charges or waits."""
    house = house_of(request)
    with house.store.reading() as uow:
        running = [one.id for one in open_sessions(uow, household_id)]
    for session_id in running:
        stop(house, session_id, asked_by(visitor), reason="operator")
    with house.work() as work:
        note_deed(
            work, visitor, "session.stop_any", f"household {household_id}", stopped=len(running)
        )
    return _back(household_id, "stopped")


@router.post("/committee/doors/{household_id}/move-out")
def moves_out(request: Request, visitor: Manage, household_id: Id) -> Response:
    """The household leaves; refused while it charges."""
    with house_of(request).work() as work:
        left = leave(work.uow, household_id, work.now)
        if not isinstance(left, BooksRefused):
            _note(work, visitor, left.household, "moved_out", fen=left.balance_fen)
    if isinstance(left, BooksRefused):
        return door_page(request, household_id, error=left.reasons[0])
    return _back(household_id, "left")


@router.post("/committee/doors/{household_id}/split")
def divides(
    request: Request, visitor: Manage, household_id: Id, form: Annotated[Division, Form()]
) -> Response:
    """A part becomes a household of its own, with the cards it takes, and gets its first code."""
    house = house_of(request)
    with house.work() as work:
        household = _living(work, household_id)
        row = _division(household, form)
        moved: object = row
        if isinstance(row, HouseholdRow):
            moved = branch_off(work.uow, household, row, form.cards, work.now, house.key)
        if isinstance(moved, MovedIn):
            _note(work, visitor, moved.household, "divided", was=household_id)
    if isinstance(moved, MovedIn):
        return code_page(request, moved.household.id or 0, moved.household.door, moved.code)
    return door_page(request, household_id, error=_why(moved), typed={"door": form.door})


def _division(household: Household, form: Division) -> HouseholdRow | Sentence:
    typed = {
        "door": form.door.strip(),
        "entrance": str(household.entrance),
        "residents": form.residents.strip(),
    }
    row, problems = read_row(1, typed)
    return problems[0] if row is None else row


def _why(outcome: object) -> Sentence:
    if isinstance(outcome, Sentence):
        return outcome
    if isinstance(outcome, Refused):
        return outcome.sentence
    if isinstance(outcome, tuple):
        error = outcome[0]
        if isinstance(error, RowError):
            return error.sentence
    raise TypeError(f"{outcome!r} is no refusal")


@router.post("/committee/doors/{household_id}/merge")
def joins(
    request: Request,
    visitor: Manage,
    household_id: Id,
    door: Short = "",
    form_key: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """The household goes into another; what it owes waits for a second signature."""
    house = house_of(request)
    by, zone = visitor.staff_id or 0, house.settings.zone
    with house.work() as work:
        into = find_household(work.uow, door)
        if into is None or into.id is None:
            missing = Sentence(NO_DOOR, {"door": door.strip()})
            done = BooksRefused((missing,))
        else:
            outcome = merge(work.uow, household_id, into.id, form_key, by, work.now, zone)
            if not isinstance(outcome, BooksRefused):
                _note(work, visitor, outcome.left.household, "merged", into=into.id)
                said = "merged" if outcome.transfer else "joined"
                return _back(into.id, said)
            done = outcome
    return door_page(request, household_id, error=done.reasons[0], typed={"other": door})


@router.post("/committee/doors/{household_id}/code")
def another_code(request: Request, visitor: Passes, household_id: Id) -> Response:
    """A new code on paper."""
    house = house_of(request)
    with house.work() as work:
        household = _living(work, household_id)
        code = new_code(work.uow, household_id, work.now, house.key)
        if isinstance(code, str):
            note_deed(work, visitor, "passes.manage_any", f"household {household_id}", what="code")
    if not isinstance(code, str):
        return door_page(request, household_id, error=code.sentence)
    return code_page(request, household_id, household.door, code)


@router.post("/committee/doors/{household_id}/cards")
def new_card(
    request: Request,
    visitor: Passes,
    household_id: Id,
    card_uid: Annotated[str, Form(max_length=60)] = "",
    label: Short = "",
) -> Response:
    """Register a card."""
    house = house_of(request)
    with house.work() as work:
        card = add_card(work.uow, household_id, card_uid, work.now, house.key, label.strip())
        if isinstance(card, Pass):
            note_deed(work, visitor, "passes.manage_any", f"household {household_id}", what="card")
    if not isinstance(card, Pass):
        return door_page(request, household_id, error=card.sentence, typed={"card_uid": card_uid})
    return _back(household_id, "card")


@router.post("/committee/doors/{household_id}/cards/{pass_id}/block")
def block_card(request: Request, visitor: Passes, household_id: Id, pass_id: Id) -> Response:
    """A card was lost."""
    with house_of(request).work() as work:
        found = work.uow.session.get(Pass, pass_id)
        if found is None or found.household_id != household_id:
            raise no_entry(Reason.NOT_FOUND)
        revoke_pass(work.uow, pass_id, work.now)
        note_deed(work, visitor, "passes.manage_any", f"household {household_id}", what="blocked")
    return _back(household_id, "blocked")


def _living(work: Work, household_id: Id) -> Household:
    household = household_of(work.uow, household_id)
    if household is None or household.moved_out_at is not None:
        raise no_entry(Reason.NOT_FOUND)
    return household


def _note(
    work: Work, visitor: Visitor, household: Household, what: str, **more: int | None
) -> None:
    subject = f"household {household.id}"
    note_deed(work, visitor, "households.manage", subject, what=what, **more)


def _back(household_id: Id, said: str) -> Response:
    return RedirectResponse(f"{HOME}/{household_id}?said={said}", status_code=303)
