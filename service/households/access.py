"""Who may do what: one table, action by roles. What is not in it is refused.

Every route of the door names one action of this table, and a test walks it role by role, so this
file is the whole answer to "who can see this?". Maintenance sees piles but no household, the
viewer sees figures but no person, the gatehouse helps at the door but sees no bills.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Role(StrEnum):
    """The eight kinds of visitor. Piles are not among them: they have their own door, the broker.

    A helper starts, sees and stops what charges for somebody else's household; a guest only what
    they started themselves, within the limits of their pass. Neither sees any account.
    """

    PUBLIC = "public"
    RESIDENT = "resident"
    HELPER = "helper"
    GUEST = "guest"
    GATEHOUSE = "gatehouse"
    MAINTENANCE = "maintenance"
    COMMITTEE = "committee"
    VIEWER = "viewer"


STAFF_ROLES = frozenset({Role.GATEHOUSE, Role.MAINTENANCE, Role.COMMITTEE, Role.VIEWER})

_EVERYONE = frozenset(Role)
_SIGNED_IN = _EVERYONE - {Role.PUBLIC}
_RESIDENT = frozenset({Role.RESIDENT})
_LET_IN = frozenset({Role.HELPER, Role.GUEST})
_WHO_CHARGES = _RESIDENT | _LET_IN
_ON_DUTY = frozenset({Role.GATEHOUSE, Role.MAINTENANCE, Role.COMMITTEE})
_DESK = frozenset({Role.GATEHOUSE, Role.COMMITTEE})
_REPAIR = frozenset({Role.MAINTENANCE, Role.COMMITTEE})
_MAINTENANCE = frozenset({Role.MAINTENANCE})
_COMMITTEE = frozenset({Role.COMMITTEE})

ACCESS: dict[str, frozenset[Role]] = {
    # anybody who scans the label or opens the address
    "outlet.see": _EVERYONE,
    "price.see": _EVERYONE,
    "books.see": _EVERYONE,
    "static.see": _EVERYONE,
    "health.see": _EVERYONE,
    "openapi.see": _EVERYONE,
    "sign_in.use": _EVERYONE,
    "sign_in.revoke_own": _SIGNED_IN,
    "password.change_own": STAFF_ROLES,
    # at an outlet, with one's own phone; which charges one may follow is asked of each
    "session.start_here": _WHO_CHARGES,
    "session.follow": _WHO_CHARGES,
    "session.end_here": _WHO_CHARGES,
    "outlet.blink": _WHO_CHARGES,
    "sharing.see_own": _LET_IN,
    # a household's own affairs
    "session.start": _RESIDENT,
    "session.see_own": _RESIDENT,
    "session.stop_own": _RESIDENT,
    "statement.see_own": _RESIDENT,
    "statement.question_own": _RESIDENT,
    "passes.manage_own": _RESIDENT,
    "wish.keep_own": _RESIDENT,
    # at the gate, day and night
    "board.see": _DESK,
    "session.start_for_door": _DESK,
    "session.see_any": _DESK,
    "session.stop_any": _ON_DUTY,
    "entrance.cut": _ON_DUTY,
    "feeder.see": _ON_DUTY,
    # repairs
    "incident.see": _ON_DUTY,
    "incident.handle": _REPAIR,
    "pile.see": _ON_DUTY,
    "pile.operate": _MAINTENANCE,
    "pile.manage": _REPAIR,
    "pile.messages.see": _MAINTENANCE,
    "labels.print": _REPAIR,
    # money and people
    "statement.see_any": _COMMITTEE,
    "month.close": _COMMITTEE,
    "entry.write": _COMMITTEE,
    "entry.approve": _COMMITTEE,
    "voucher.see": _COMMITTEE,
    "held.decide": _COMMITTEE,
    "question.answer": _COMMITTEE,
    "tariff.draft": _COMMITTEE,
    "tariff.publish": _COMMITTEE,
    "payment.record": _COMMITTEE,
    "correction.make": _COMMITTEE,
    "export.make": _COMMITTEE,
    "feeder.manage": _COMMITTEE,
    "households.manage": _COMMITTEE,
    "passes.manage_any": _COMMITTEE,
    "staff.manage": _COMMITTEE,
    "audit.see": _COMMITTEE,
    # figures without persons
    "usage.see": frozenset({Role.COMMITTEE, Role.VIEWER}),
    "metrics.see": frozenset({Role.VIEWER, Role.MAINTENANCE, Role.COMMITTEE}),
}

SIGN_IN_LASTS: dict[Role, timedelta] = {
    Role.RESIDENT: timedelta(days=365),
    Role.HELPER: timedelta(days=365),
    Role.GUEST: timedelta(days=62),
    Role.GATEHOUSE: timedelta(days=7),
    Role.MAINTENANCE: timedelta(days=7),
    Role.COMMITTEE: timedelta(hours=12),
    Role.VIEWER: timedelta(days=7),
}
"""A phone is bound once a year; the desk where money is closed asks every day. A guest's ends with
the pass, a little after it."""


def may(role: str, action: str) -> bool:
    """Whether the role may do the action; an unknown role or action may not."""
    return role in ACCESS.get(action, frozenset())


def may_touch(role: str, action: str, own: int | None, whose: int) -> bool:
    """Whether a visitor of household `own` may do `action` to something of household `whose`.

    `action` is named without its ending: 'statement.see' asks for 'statement.see_own' or
    'statement.see_any', whichever fits.
    """
    if may(role, f"{action}_any"):
        return True
    return own is not None and own == whose and may(role, f"{action}_own")


@dataclass(frozen=True, slots=True)
class Charge:
    """What must be known of a charge to decide who may follow it."""

    household_id: int | None
    pass_id: int | None
    is_open: bool


def may_follow(role: str, own: int | None, own_pass: int | None, charge: Charge) -> bool:
    """Whether a visitor let in by pass `own_pass` to household `own` may see and end a charge.

    The household sees all of its own, a helper what runs and what they started, a guest only what
    they started.
    """
    if own is None or charge.household_id != own or not may(role, "session.follow"):
        return False
    if role == Role.RESIDENT:
        return True
    started_it = own_pass is not None and charge.pass_id == own_pass
    return started_it or (role == Role.HELPER and charge.is_open)
