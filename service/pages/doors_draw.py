"""The pages of households, each drawn from one look at the store."""

from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions import balance, balances, statement_of
from service.billing.months import month_of
from service.desk.actions.written import payments_waiting
from service.desk.records.running import open_sessions, sessions_to_come
from service.door import Reason, no_entry
from service.households.actions import CODE_LASTS, household_of
from service.households.records import (
    card_counts,
    every_household,
    households,
    live_passes,
    residents_of,
)
from service.pages import look
from service.pages.context import house_of
from service.pages.doors_view import (
    DoorFacts,
    NewCode,
    by_entrance,
    door_view,
    final_sheet,
    gone_and_open,
)
from service.pages.draw import draw
from service.pages.labels_view import is_local, qr_svg
from service.pages.say_time import full_day
from service.store import UnitOfWork
from service.words import N_, Sentence

HOME = "/committee/doors"

SAID = {
    "stopped": N_("The piles are being told to stop. Look again in a minute."),
    "left": N_("The household has moved out. Print its final sheet."),
    "card": N_("The card is registered."),
    "blocked": N_("The card is blocked."),
    "merged": N_(
        "The households are one. What was owed waits as a transfer for a second signature."
    ),
    "joined": N_("The households are one. Nothing was owed."),
}


def list_page(request: Request, *, error: Sentence | None = None, status: int = 200) -> Response:
    """Everybody by entrance, with what they owe."""
    house = house_of(request)
    zone = house.settings.zone
    with house.store.reading() as uow:
        every, owed, cards = every_household(uow), balances(uow), card_counts(uow)
    context: dict[str, object] = {
        "entrances": by_entrance(every, cards, owed, zone),
        "gone": gone_and_open(every, owed, zone),
        "count": sum(one.moved_out_at is None for one in every),
        "error": error,
        "path": HOME,
        "query": {},
    }
    return draw(request, "doors.html", context, status)


def door_page(
    request: Request,
    household_id: int,
    *,
    said: str = "",
    error: Sentence | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    """One household with everything that can be done."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    numbers = look.pile_numbers(house)
    with house.store.reading() as uow:
        facts = _facts(uow, household_id, numbers)
        others = sorted(one.door for one in households(uow) if one.id != household_id)
    with house.look() as work:
        key = house.new_id(work.now_ms)
    context: dict[str, object] = {
        "view": door_view(facts, month_of(now, zone), now, zone),
        "others": others,
        "said": Sentence(SAID[said]) if said in SAID else None,
        "error": error,
        "typed": typed or {},
        "key": key,
        "path": f"{HOME}/{household_id}",
        "query": {},
    }
    return draw(request, "door.html", context, 422 if error else 200)


def new_page(
    request: Request, typed: dict[str, str] | None = None, errors: tuple[Sentence, ...] = ()
) -> Response:
    """The form of who moves in, with what was wrong in it."""
    house = house_of(request)
    with house.look():
        entrances = sorted({pile.entrance for pile in house.board.piles.values()})
    context: dict[str, object] = {
        "typed": typed or {},
        "errors": errors,
        "entrances": entrances,
        "path": f"{HOME}/new",
        "query": {},
    }
    return draw(request, "door_new.html", context, 422 if errors else 200)


def code_page(request: Request, household_id: int, door: str, code: str) -> Response:
    """A new code on paper; the only time that anybody sees it."""
    house = house_of(request)
    base = house.settings.public_url.rstrip("/")
    address = f"{base}/sign-in?code={quote(code)}"
    until = house.clock.now() + CODE_LASTS - timedelta(days=1)
    view = NewCode(
        door,
        household_id,
        code,
        base,
        qr_svg(address),
        full_day(until, house.settings.zone),
        is_local(base),
    )
    context = {"view": view, "path": f"{HOME}/{household_id}", "query": {}}
    return draw(request, "door_code.html", context)


def final_page(request: Request, household_id: int) -> Response:
    """The account of who leaves, on a sheet to sign."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    month, numbers = month_of(now, zone), look.pile_numbers(house)
    with house.store.reading() as uow:
        facts = _facts(uow, household_id, numbers)
        statement = statement_of(uow, household_id, month)
        waiting = payments_waiting(uow).get(household_id, 0)
    view = final_sheet(facts, statement, waiting, month, now, zone)
    return draw(request, "door_final.html", {"view": view, "household_id": household_id})


def _facts(uow: UnitOfWork, household_id: int, numbers: dict[str, int]) -> DoorFacts:
    household = household_of(uow, household_id)
    if household is None:
        raise no_entry(Reason.NOT_FOUND)
    running = open_sessions(uow, household_id)
    held = {one.id for one in running}
    return DoorFacts(
        household,
        residents_of(uow, household_id),
        balance(uow, household_id),
        live_passes(uow, household_id, "card"),
        running,
        [one for one in sessions_to_come(uow, household_id) if one.id not in held],
        numbers,
        frozenset(one.door for one in households(uow)),
    )
