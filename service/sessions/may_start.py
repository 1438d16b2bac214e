"""May this outlet be switched on for this household? Every no has a reason and a sentence."""

from dataclasses import dataclass
from enum import StrEnum

from service.words import N_, Sentence


class Reason(StrEnum):
    """Why a start or a stop is refused."""

    OUTLET_UNKNOWN = "outlet_unknown"
    OUTLET_BUSY = "outlet_busy"
    OUTLET_FAULT = "outlet_fault"
    OUT_OF_SERVICE = "out_of_service"
    PILE_SILENT = "pile_silent"
    PILE_BLOCKED = "pile_blocked"
    NO_TARIFF = "no_tariff"
    HOUSEHOLD_UNKNOWN = "household_unknown"
    CAP_TOO_SMALL = "cap_too_small"
    NO_SUCH_SESSION = "no_such_session"
    NOT_YOURS = "not_yours"
    GUEST_ENDED = "guest_ended"
    GUEST_USED_UP = "guest_used_up"
    GUEST_WAITS = "guest_waits"
    BAD_REQUEST = "bad_request"


@dataclass(frozen=True, slots=True)
class Refused:
    """A no to a person: a reason for programs and a sentence for people."""

    reason: Reason
    sentence: Sentence


SENTENCES = {
    Reason.OUTLET_UNKNOWN: N_(
        "There is no outlet {outlet} on pile {pile}. Please scan the code on the outlet again."
    ),
    Reason.OUTLET_BUSY: N_("This outlet is being used by someone else. Please take another one."),
    Reason.OUTLET_FAULT: N_(
        "This outlet is out of order and maintenance knows. Please take another one."
    ),
    Reason.OUT_OF_SERVICE: N_("This pile is out of service. Please take another one."),
    Reason.PILE_SILENT: N_(
        "The pile does not answer. Nothing was started and nothing is charged. "
        "Please try again in a minute or take another outlet."
    ),
    Reason.PILE_BLOCKED: N_(
        "Two piles answer to this number, so it is blocked until maintenance has looked. "
        "Please take another one."
    ),
    Reason.NO_TARIFF: N_(
        "No price is in force, so nothing may be sold. Please tell the gatehouse."
    ),
    Reason.HOUSEHOLD_UNKNOWN: N_(
        "This household is not registered or has moved out. Please ask the gatehouse."
    ),
    Reason.CAP_TOO_SMALL: N_("This limit does not pay for any energy. Please choose a higher one."),
    Reason.NO_SUCH_SESSION: N_("There is no such session."),
    Reason.NOT_YOURS: N_("This session belongs to another household."),
    Reason.GUEST_ENDED: N_(
        "Your guest pass has ended. Please ask whoever gave it to you for a new one."
    ),
    Reason.GUEST_USED_UP: N_(
        "Your guest pass is used up. Please ask whoever gave it to you for a new one."
    ),
    Reason.GUEST_WAITS: N_(
        "What is left on your guest pass is kept for a charge that runs, or that is not settled "
        "yet. Please try again when it is over."
    ),
}


def refuse(reason: Reason, **values: object) -> Refused:
    """A refusal with its sentence."""
    return Refused(reason, Sentence(SENTENCES[reason], values))


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of an outlet and a household at the moment of asking."""

    pile: str
    outlet: int
    outlet_exists: bool
    in_service: bool
    pile_silent: bool
    pile_blocked: bool
    outlet_fault: bool
    outlet_busy: bool
    household_may: bool
    tariff_in_force: bool
    cap_wh: int | None = None


def may_start(seen: Circumstances) -> Refused | None:
    """The first reason against a start, or None. Room on the feeder is asked afterwards."""
    checks = (
        (not seen.outlet_exists, Reason.OUTLET_UNKNOWN),
        (not seen.household_may, Reason.HOUSEHOLD_UNKNOWN),
        (not seen.in_service, Reason.OUT_OF_SERVICE),
        (seen.pile_blocked, Reason.PILE_BLOCKED),
        (seen.outlet_busy, Reason.OUTLET_BUSY),
        (seen.outlet_fault, Reason.OUTLET_FAULT),
        (seen.pile_silent, Reason.PILE_SILENT),
        (not seen.tariff_in_force, Reason.NO_TARIFF),
        (seen.cap_wh is not None and seen.cap_wh <= 0, Reason.CAP_TOO_SMALL),
    )
    for applies, reason in checks:
        if applies:
            return refuse(reason, pile=seen.pile, outlet=seen.outlet)
    return None
