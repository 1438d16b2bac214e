"""Staff accounts as the committee sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.households.access import Role
from service.households.records import Staff
from service.pages.say_time import moment
from service.words import N_, Sentence

ROLES = {
    Role.COMMITTEE: N_("Committee"),
    Role.GATEHOUSE: N_("Gatehouse"),
    Role.MAINTENANCE: N_("Maintenance"),
    Role.VIEWER: N_("Figures only"),
}
MAY = {
    Role.COMMITTEE: N_("money, households, prices, people"),
    Role.GATEHOUSE: N_("starts and stops for others, sees the wall"),
    Role.MAINTENANCE: N_("repairs piles, sees no household"),
    Role.VIEWER: N_("sees figures, no persons"),
}


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One account."""

    id: int
    login: str
    display: str
    role: Sentence
    last: Sentence | None
    has_password: bool
    is_disabled: bool
    is_self: bool


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role to pick, with what it may do."""

    key: str
    word: Sentence
    may: Sentence


def role_word(role: str) -> Sentence:
    """A staff role as people say it."""
    return Sentence(ROLES[Role(role)])


def role_choices() -> tuple[RoleChoice, ...]:
    """The roles of staff; the committee last, because it may do most."""
    order = (Role.GATEHOUSE, Role.MAINTENANCE, Role.VIEWER, Role.COMMITTEE)
    return tuple(RoleChoice(one.value, Sentence(ROLES[one]), Sentence(MAY[one])) for one in order)


def staff_lines(
    rows: Sequence[Staff],
    last: Mapping[int, datetime],
    own_id: int | None,
    now: datetime,
    zone: tzinfo,
) -> tuple[StaffLine, ...]:
    """Every account, those that work first."""
    lines = [
        StaffLine(
            row.id or 0,
            row.login,
            row.display,
            role_word(row.role),
            moment(last[row.id or 0], now, zone) if row.id in last else None,
            row.password_hash is not None,
            row.disabled_at is not None,
            row.id == own_id,
        )
        for row in rows
    ]
    return tuple(sorted(lines, key=lambda one: (one.is_disabled, one.login)))
