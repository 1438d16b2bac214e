"""The first days of a compound: households from a list, piles in their places, codes on paper.

A compound that runs already sees the same page as a list of what is done.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.desk.records.running import any_charged
from service.door import Visitor, guard
from service.flow.house import Work
from service.households.actions import CODE_LASTS, add_households, check_households, new_codes
from service.households.csv_import import MOST_BYTES, Import, RowError, read_households
from service.households.records import (
    Household,
    households,
    households_with_codes,
    households_with_phones,
    staff,
)
from service.pages.begin_view import BeginFacts, import_view, steps
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.labels_view import is_local, qr_svg
from service.pages.prices_view import door_key
from service.pages.say_time import full_day
from service.piles.records import pile_rows
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Manage = Annotated[Visitor, Depends(guard("households.manage"))]
Passes = Annotated[Visitor, Depends(guard("passes.manage_any"))]

HOME = "/committee/begin"
BODY_LIMIT = 3 * MOST_BYTES
"""The list itself, written in base64 and once more for the address line of a form."""

NO_FILE = N_("Choose a file first.")
EXAMPLE = "门号,单元,人数,称呼,卡号\n1-101,1,3,,\n1-102,1,2,,04A2B7119C5A80\n2-101,2,4,,\n"


@router.get(HOME)
def guide(request: Request, visitor: Manage, said: str = "", count: int = 0) -> Response:
    """What is done, and what comes next."""
    house = house_of(request)
    with house.look() as work:
        facts = _facts(work)
    every = steps(facts)
    context: dict[str, object] = {
        "steps": every,
        "next": next((one.key for one in every if not one.is_done), ""),
        "done": sum(one.is_done for one in every),
        "taken": max(0, count) if said == "taken" else 0,
        "local": facts.local,
    }
    return draw(request, "begin.html", context)


def _facts(work: Work) -> BeginFacts:
    house, uow = work.house, work.uow
    living = {one.id or 0 for one in households(uow)}
    phones = households_with_phones(uow, work.now) & living
    rows = pile_rows(uow)
    return BeginFacts(
        households=len(living),
        with_phone=len(phones),
        with_code=len((households_with_codes(uow, work.now) & living) - phones),
        piles=len(rows),
        placed=sum(bool(row.place) for row in rows),
        heard=sum(not pile.is_silent(work.now_ms) for pile in house.board.piles.values()),
        has_price=house.tariff(uow, None, work.now) is not None,
        boards=sum(row.board_printed_at is not None for row in rows),
        committee=sum(
            one.role == "committee" and one.disabled_at is None and one.password_hash is not None
            for one in staff(uow)
        ),
        sessions=int(any_charged(uow)),
        local=is_local(house.settings.public_url),
    )


# --- households from a list -----------------------------------------------------------------------


@router.get(f"{HOME}/import")
def ask_for_list(request: Request, visitor: Manage) -> Response:
    """Ask for a file, and show what it looks like."""
    return _ask(request)


@router.get(f"{HOME}/example.csv")
def example(request: Request, visitor: Manage) -> Response:
    """A list to fill in."""
    headers = {"Content-Disposition": 'attachment; filename="beimen-households.csv"'}
    return Response(EXAMPLE.encode("utf-8-sig"), media_type="text/csv", headers=headers)


@dataclass(frozen=True, slots=True)
class SentList:
    """A list, and who has sent it in."""

    visitor: Visitor
    data: bytes


async def sent_list(request: Request, visitor: Manage) -> SentList:
    """The file of the form, read only once the guard has let its sender pass."""
    upload = (await request.form()).get("file")
    data = await upload.read(MOST_BYTES + 1) if isinstance(upload, UploadFile) else b""
    return SentList(visitor, data)


@router.post(f"{HOME}/import", max_body_size=BODY_LIMIT)
def dry_run(request: Request, sent: Annotated[SentList, Depends(sent_list)]) -> Response:
    """What would happen; nothing is written."""
    if not sent.data:
        return _ask(request, Sentence(NO_FILE))
    read = read_households(sent.data)
    with house_of(request).look() as work:
        errors = _errors(work, read)
    return _show(request, sent.data, read, errors)


@router.post(f"{HOME}/import/take-in", max_body_size=BODY_LIMIT)
def take_in(
    request: Request, visitor: Manage, data: Annotated[str, Form(max_length=2 * MOST_BYTES)] = ""
) -> Response:
    """Take the same list in, all of it or nothing; it is read and checked once more."""
    house = house_of(request)
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return _ask(request, Sentence(NO_FILE))
    read = read_households(content)
    with house.work() as work:
        errors = _errors(work, read)
        if read.rows and not errors:
            added = add_households(work.uow, read.rows, work.now, house.key)
            if isinstance(added, tuple):
                raise RuntimeError("a list that was just checked does not fit")
            note_deed(work, visitor, "households.manage", "list", what="imported", count=len(added))
    if errors or not read.rows:
        return _show(request, content, read, errors)
    return RedirectResponse(f"{HOME}?said=taken&count={len(read.rows)}", status_code=303)


def _errors(work: Work, read: Import) -> list[RowError]:
    found = [*read.errors, *check_households(work.uow, read.rows, work.house.key)]
    return sorted(found, key=lambda one: one.row)


def _ask(request: Request, error: Sentence | None = None) -> Response:
    context: dict[str, object] = {"error": error, "path": f"{HOME}/import", "query": {}}
    return draw(request, "begin_import.html", context, 422 if error else 200)


def _show(request: Request, data: bytes, read: Import, errors: list[RowError]) -> Response:
    house = house_of(request)
    with house.look():
        known = {pile.entrance for pile in house.board.piles.values()}
    context: dict[str, object] = {
        "view": import_view(read.rows, errors, read.encoding, known),
        "data": base64.b64encode(data).decode() if not errors and read.rows else "",
        "path": f"{HOME}/import",
        "query": {},
    }
    return draw(request, "begin_dry_run.html", context, 422 if errors else 200)


# --- codes on paper -------------------------------------------------------------------------------


@router.get(f"{HOME}/codes")
def ask_for_codes(request: Request, visitor: Passes) -> Response:
    """Whose codes shall be printed: entrance by entrance."""
    house = house_of(request)
    with house.look() as work:
        living = households(work.uow)
        phones = households_with_phones(work.uow, work.now)
        waiting = households_with_codes(work.uow, work.now)
    entrances = sorted({one.entrance for one in living})
    rows = [
        {
            "entrance": entrance,
            "households": sum(one.entrance == entrance for one in living),
            "phones": sum(one.entrance == entrance and one.id in phones for one in living),
            "codes": sum(
                one.entrance == entrance and one.id in waiting and one.id not in phones
                for one in living
            ),
        }
        for entrance in entrances
    ]
    context = {"rows": rows, "local": is_local(house.settings.public_url)}
    return draw(request, "begin_codes.html", context)


@router.post(f"{HOME}/codes")
def print_codes(
    request: Request,
    visitor: Passes,
    entrance: Annotated[int, Form(ge=1, le=99)],
    everybody: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """New codes for an entrance on slips to cut apart; the only time that anybody sees them."""
    house = house_of(request)
    with house.work() as work:
        wanted = _wanted(work, entrance, everybody=everybody == "yes")
        made = new_codes(work.uow, wanted, work.now, house.key)
        if made:
            subject = f"entrance {entrance}"
            note_deed(work, visitor, "passes.manage_any", subject, what="codes", count=len(made))
        now = work.now
    base = house.settings.public_url.rstrip("/")
    slips = [(home.door, code, qr_svg(f"{base}/sign-in?code={quote(code)}")) for home, code in made]
    context: dict[str, object] = {
        "entrance": entrance,
        "sheets": [slips[start : start + 8] for start in range(0, len(slips), 8)],
        "count": len(slips),
        "address": f"{base}/sign-in",
        "until": full_day(now + CODE_LASTS, house.settings.zone),
        "local": is_local(base),
        "path": f"{HOME}/codes",
        "query": {},
    }
    return draw(request, "begin_slips.html", context)


def _wanted(work: Work, entrance: int, *, everybody: bool) -> list[Household]:
    phones = set() if everybody else households_with_phones(work.uow, work.now)
    living = [one for one in households(work.uow) if one.entrance == entrance]
    return sorted(
        (one for one in living if one.id not in phones), key=lambda one: door_key(one.door)
    )
