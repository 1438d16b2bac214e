"""What the room answers: a yes with what was made, or a refusal with its reason and sentence."""

from dataclasses import dataclass
from enum import StrEnum

from service.words import N_, Sentence


class Reason(StrEnum):
    """Why this room says no; the door turns it into an HTTP status."""

    BAD_CODE = "bad_code"
    BAD_SIGN_IN = "bad_sign_in"
    UNKNOWN_CARD = "unknown_card"
    BLOCKED_CARD = "blocked_card"
    CARD_TAKEN = "card_taken"
    NOT_A_CARD = "not_a_card"
    NO_SUCH_HOUSEHOLD = "no_such_household"
    LOGIN_TAKEN = "login_taken"
    UNKNOWN_ROLE = "unknown_role"


SENTENCES = {
    Reason.BAD_CODE: N_(
        "This code is wrong, used or too old. Check the letters on the paper, "
        "or ask the committee or the gatehouse for a new one."
    ),
    Reason.BAD_SIGN_IN: N_("Name or password is wrong."),
    Reason.UNKNOWN_CARD: N_("This card is not registered. Ask the gatehouse."),
    Reason.BLOCKED_CARD: N_("This card is blocked. Ask the gatehouse."),
    Reason.CARD_TAKEN: N_("This card already belongs to another household."),
    Reason.NOT_A_CARD: N_("A card number has 8, 14 or 20 characters of 0-9 and A-F."),
    Reason.NO_SUCH_HOUSEHOLD: N_("There is no such household."),
    Reason.LOGIN_TAKEN: N_("This sign-in name is taken. Choose another."),
    Reason.UNKNOWN_ROLE: N_("There is no such role."),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A no to a person: a reason for programs and a sentence for people."""

    reason: Reason
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new sign-in. `secret` is shown to the browser once; only its digest is kept."""

    sign_in_id: int
    secret: str
    role: str
    household_id: int | None
    staff_id: int | None
    lasts_seconds: int


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a secret stands for, at this moment."""

    role: str
    household_id: int | None
    staff_id: int | None
    sign_in_id: int | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, for the audit trail: a role and an id, never a name."""

    role: str
    id: int | None = None
    from_address: str = ""


def refused(reason: Reason) -> Refused:
    """The refusal with its customary sentence. KeyError if it has none (a bug)."""
    return Refused(reason, Sentence(SENTENCES[reason]))
