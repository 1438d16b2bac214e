"""What the room answers: a yes with what was made, or a refusal with its reason and sentence."""

from dataclasses import dataclass
from enum import StrEnum

from service.words import N_, Sentence


class Reason(StrEnum):
    """Why this room says no; the door turns it into an HTTP status."""

    BAD_CODE = "bad_code"
    BAD_SIGN_IN = "bad_sign_in"
    BAD_PASSKEY = "bad_passkey"
    UNKNOWN_CARD = "unknown_card"
    BLOCKED_CARD = "blocked_card"
    CARD_TAKEN = "card_taken"
    NOT_A_CARD = "not_a_card"
    NO_SUCH_HOUSEHOLD = "no_such_household"
    LOGIN_TAKEN = "login_taken"
    UNKNOWN_ROLE = "unknown_role"
    NOT_A_LOGIN = "not_a_login"
    LAST_OF_COMMITTEE = "last_of_committee"
    TOO_MANY_PASSES = "too_many_passes"
    BAD_LIMIT = "bad_limit"


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
    Reason.BAD_PASSKEY: N_(
        "This phone's key does not open anything here. Sign in with a code on paper; "
        "after that the phone can make a new key."
    ),
    Reason.UNKNOWN_ROLE: N_("There is no such role."),
    Reason.NOT_A_LOGIN: N_(
        "A sign-in name has 2 to 40 small letters, digits, dots or hyphens, and begins with a "
        "letter."
    ),
    Reason.LAST_OF_COMMITTEE: N_(
        "This is the last member of the committee who can sign in. Add another one first: "
        "otherwise nobody could manage anything any more."
    ),
    Reason.TOO_MANY_PASSES: N_(
        "There are {most} of these already. End one that is not needed any more."
    ),
    Reason.BAD_LIMIT: N_("Please choose a limit from the list."),
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
    pass_id: int | None = None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a secret stands for, at this moment."""

    role: str
    household_id: int | None
    staff_id: int | None
    sign_in_id: int | None
    pass_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, for the audit trail: a role and an id, never a name."""

    role: str
    id: int | None = None
    from_address: str = ""


def refused(reason: Reason, **values: object) -> Refused:
    """The refusal with its customary sentence. KeyError if it has none (a bug)."""
    return Refused(reason, Sentence(SENTENCES[reason], values))
