"""The audit trail for the committee: newest first, by action, by who, by day; and as a file."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service.door import Visitor, guard
from service.households.records import (
    AuditEntry,
    TrailWish,
    audit_trail,
    every_household,
    passes_by_id,
    staff,
    trail_actions,
)
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.trail_view import deeds, to_csv
from service.pages.trail_words import deed_words, role_meant, role_words
from service.store import UnitOfWork

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("audit.see"))]

HOME = "/committee/trail"
PAGE = 50
MOST_EXPORTED = 20_000
ROLES = ("committee", "gatehouse", "maintenance", "viewer", "resident", "helper", "guest")


class Filter:
    """What is asked of the trail, as the address says it; what makes no sense is not asked."""

    def __init__(
        self,
        action: Annotated[str, Query(max_length=40)] = "",
        who: Annotated[str, Query(max_length=60)] = "",
        since: Annotated[str, Query(max_length=10)] = "",
        until: Annotated[str, Query(max_length=10)] = "",
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    ):
        self.action, self.who, self.before = action, who.strip(), before
        self.since, self.until = _day(since), _day(until)

    def wish(self, uow: UnitOfWork, zone: tzinfo) -> TrailWish | None:
        """The same for the records; None if nobody is meant by `who`."""
        role, actor_id = role_meant(self.who) or "", None
        if self.who and not role:
            found = _actor(uow, self.who)
            if found is None:
                return None
            role, actor_id = found
        return TrailWish(
            self.action,
            role,
            actor_id,
            _midnight(self.since, zone),
            _midnight(self.until + timedelta(days=1), zone) if self.until else None,
            self.before,
        )

    def address(self, **more: object) -> str:
        """The query of a link that keeps this filter."""
        kept = {
            "action": self.action,
            "who": self.who,
            "since": self.since or "",
            "until": self.until or "",
            **more,
        }
        return urlencode({name: value for name, value in kept.items() if value})


@router.get(HOME)
def trail(request: Request, visitor: See, asked: Annotated[Filter, Depends()]) -> Response:
    """A page of the trail."""
    house = house_of(request)
    zone = house.settings.zone
    with house.store.reading() as uow:
        wish = asked.wish(uow, zone)
        rows = audit_trail(uow, PAGE + 1, wish) if wish else []
        actions, names = trail_actions(uow), _names(uow, rows[:PAGE])
        logins = [one.login for one in staff(uow)]
    shown = rows[:PAGE]
    choices = sorted(
        ((one, deed_words(one)) for one in actions),
        key=lambda one: one[1].in_language(visitor.language),
    )
    context: dict[str, object] = {
        "deeds": deeds(shown, names, zone),
        "asked": asked,
        "actions": choices,
        "roles": [role_words(one) for one in ROLES],
        "logins": logins,
        "unknown": wish is None,
        "older": asked.address(before=shown[-1].id) if len(rows) > PAGE else "",
        "newest": asked.address() if asked.before else None,
        "file": asked.address(),
    }
    return draw(request, "trail.html", context)


@router.get(f"{HOME}.csv")
def trail_file(request: Request, visitor: See, asked: Annotated[Filter, Depends()]) -> Response:
    """The filtered trail as CSV; that it was fetched is an entry of its own."""
    house = house_of(request)
    zone = house.settings.zone
    with house.work() as work:
        wish = asked.wish(work.uow, zone)
        rows = audit_trail(work.uow, MOST_EXPORTED, wish) if wish else []
        names = _names(work.uow, rows)
        note_deed(work, visitor, "export.make", "audit trail", rows=len(rows))
    headers = {"Content-Disposition": 'attachment; filename="beimen-trail.csv"'}
    data = to_csv(rows, names, zone, visitor.language)
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def _names(uow: UnitOfWork, rows: Sequence[AuditEntry]) -> dict[str, str]:
    """Doors and sign-in names of whom these entries tell. A label is the household's own: never."""
    doors = {one.id: one.door for one in every_household(uow)}
    names = {f"household {key}": door for key, door in doors.items()}
    names |= {f"staff {one.id}": one.login for one in staff(uow)}
    let_in = [
        one.actor_id for one in rows if one.actor_role in ("helper", "guest") and one.actor_id
    ]
    found = passes_by_id(uow, sorted(set(let_in)))
    return names | {
        f"pass {key}": f"{doors.get(one.household_id, '')} #{key}" for key, one in found.items()
    }


def _actor(uow: UnitOfWork, typed: str) -> tuple[str, int] | None:
    for member in staff(uow):
        if member.login == typed.casefold():
            return member.role, member.id or 0
    for home in every_household(uow):
        if home.door == typed.upper() and home.moved_out_at is None:
            return "resident", home.id or 0
    return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _midnight(day: date | None, zone: tzinfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None
