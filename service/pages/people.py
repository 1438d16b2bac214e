"""A household decides who charges on its account: phones, keys, helpers, guests."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import Reason, Visitor, guard, no_entry, passkeys_possible, sign_out_everywhere
from service.flow.guests import taken_by
from service.households import guests
from service.households.actions import (
    Invited,
    end_passkey,
    end_shared,
    give_guest_pass,
    household_of,
    invite_helper,
    shared_passes,
    sign_out,
)
from service.households.actions.passes import GUEST, HELPER
from service.households.outcomes import Reason as HouseholdReason
from service.households.outcomes import Refused, refused
from service.households.records import SignIn, passkeys_of, phones_of
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.labels_view import is_local, qr_svg
from service.pages.people_view import PeopleFacts, people_view
from service.pages.say_time import full_day, moment
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Manage = Annotated[Visitor, Depends(guard("passes.manage_own"))]
Id = Annotated[int, InPath(ge=1, le=2**53)]
Label = Annotated[str, Form(max_length=60)]

HOME = "/me/people"
SAID = {
    "ended": N_("It is ended. That phone can do nothing any more."),
    "phone": N_("That phone is signed out."),
    "key": N_("That key opens nothing any more."),
    "kept": N_("Done. Next time this phone signs you in by itself."),
}


@router.get(HOME)
def people(request: Request, visitor: Manage, said: str = "") -> Response:
    """Who may charge on this household's account."""
    return _page(request, visitor, said=said)


@router.post(f"{HOME}/helpers")
def new_helper(request: Request, visitor: Manage, label: Label = "") -> Response:
    """Invite a helper: a code and its QR, shown once."""
    house, own = house_of(request), visitor.household_id or 0
    with house.work() as work:
        made = invite_helper(work.uow, own, label, work.now, house.key)
        if isinstance(made, Invited):
            note_deed(work, visitor, "passes.manage_own", f"pass {made.row.id}", what=HELPER)
    if isinstance(made, Refused):
        return _page(request, visitor, error=made.sentence)
    return _invited(request, made)


@router.post(f"{HOME}/guests")
def new_guest(
    request: Request,
    visitor: Manage,
    label: Label = "",
    most: Annotated[str, Form(max_length=12)] = "",
    charges: Annotated[int, Form()] = 1,
    days: Annotated[int, Form()] = 1,
) -> Response:
    """Give a guest pass: a code and its QR, shown once."""
    house, own = house_of(request), visitor.household_id or 0
    with house.work() as work:
        limit = read_limit(most, charges)
        made: Invited | Refused = refused(HouseholdReason.BAD_LIMIT)
        if limit is not None and days in guests.DAYS:
            until = work.now + timedelta(days=days)
            wanted = guests.Limit(limit.energy_wh, limit.fen, limit.charges, until)
            made = give_guest_pass(work.uow, own, label, wanted, work.now, house.key)
        if isinstance(made, Invited):
            note_deed(
                work, visitor, "passes.manage_own", f"pass {made.row.id}", what=GUEST,
                most=most, charges=charges, days=days,
            )  # fmt: skip
    if isinstance(made, Refused):
        return _page(request, visitor, error=made.sentence)
    return _invited(request, made)


def read_limit(most: str, charges: int) -> guests.Limit | None:
    """The limit that was picked ('fen:200', 'wh:1000'); None if it is not on the list."""
    if charges not in guests.COUNTS:
        return None
    offers = {f"fen:{fen}": (None, fen) for fen in guests.AMOUNTS_FEN}
    offered = {**offers, **{f"wh:{wh}": (wh, None) for wh in guests.ENERGIES_WH}}.get(most)
    return guests.Limit(*offered, charges, None) if offered else None


@router.post(f"{HOME}/passes/{{pass_id}}/end")
def end_pass(request: Request, visitor: Manage, pass_id: Id) -> Response:
    """A helper or a guest is to stop; what charges now goes on, the household may end it."""
    with house_of(request).work() as work:
        ended = end_shared(work.uow, visitor.household_id or 0, pass_id, work.now)
        if ended is None:
            raise no_entry(Reason.NOT_FOUND)
        note_deed(
            work, visitor, "passes.manage_own", f"pass {pass_id}", what="ended", kind=ended.kind
        )
    return _back("ended")


@router.post(f"{HOME}/phones/{{sign_in_id}}/sign-out")
def sign_phone_out(request: Request, visitor: Manage, sign_in_id: Id) -> Response:
    """One phone of this household is signed out."""
    with house_of(request).work() as work:
        row = work.uow.session.get(SignIn, sign_in_id)
        if row is None or row.household_id != visitor.household_id:
            raise no_entry(Reason.NOT_FOUND)
        sign_out(work.uow, sign_in_id, work.now)
        note_deed(work, visitor, "sign_in.revoke_own", f"sign-in {sign_in_id}")
    return _back("phone")


@router.post(f"{HOME}/sign-out-all")
def sign_all_out(request: Request, visitor: Manage) -> Response:
    """Every phone, this one too; helpers and guests as well."""
    sign_out_everywhere(request)
    return RedirectResponse("/", status_code=303)


@router.post(f"{HOME}/keys/{{passkey_id}}/end")
def end_key(request: Request, visitor: Manage, passkey_id: Id) -> Response:
    """A phone's key opens nothing any more."""
    with house_of(request).work() as work:
        if not end_passkey(work.uow, visitor.household_id or 0, passkey_id, work.now):
            raise no_entry(Reason.NOT_FOUND)
        note_deed(work, visitor, "passes.manage_own", f"passkey {passkey_id}", what="ended")
    return _back("key")


def _page(
    request: Request, visitor: Visitor, *, said: str = "", error: Sentence | None = None
) -> Response:
    house, own = house_of(request), visitor.household_id or 0
    with house.look() as work:
        now, uow = work.now, work.uow
        household = household_of(uow, own)
        given = shared_passes(uow, own, GUEST, now)
        helpers = shared_passes(uow, own, HELPER, now)
        let_in = {one.id for one in (*given, *helpers)}
        facts = PeopleFacts(
            door=household.door if household else "",
            now=now,
            this_sign_in=visitor.sign_in_id,
            phones=[one for one in phones_of(uow, own, now) if one.pass_id not in let_in],
            passkeys=passkeys_of(uow, own),
            helpers=helpers,
            guests=given,
            taken=taken_by(uow, given, house.tariff(uow, None, now)),
        )
    view = people_view(facts, house.settings.zone)
    context: dict[str, object] = {
        "view": view,
        "said": Sentence(SAID[said]) if said in SAID else None,
        "error": error,
        "passkeys": passkeys_possible(house.settings.public_url),
        "path": HOME,
        "query": {},
    }
    return draw(request, "people.html", context, 422 if error else 200)


def _invited(request: Request, made: Invited) -> Response:
    """The code of a helper or a guest; the only time that anybody sees it."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    base = house.settings.public_url.rstrip("/")
    address = f"{base}/sign-in?code={quote(made.code)}"
    until = made.row.expires_at or now
    context: dict[str, object] = {
        "kind": made.row.kind,
        "label": made.row.label,
        "code": made.code,
        "address": address,
        "qr": qr_svg(address),
        "until": moment(until, now, zone),
        "day": full_day(until, zone),
        "row": made.row,
        "local": is_local(base),
        "path": HOME,
        "query": {},
    }
    return draw(request, "invited.html", context)


def _back(said: str) -> Response:
    return RedirectResponse(f"{HOME}?said={said}", status_code=303)
