"""What is still open when a month is over, in plain words. Each may be mended, or left open with a
reason that is printed on the account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.billing.outcomes import LeftOpen
from service.words import N_, Sentence

LONGEST_REASON = 200
LONG_NUMBER = 7
"""So many digits in a row are a phone number or the like, and not for a public page."""


class What(StrEnum):
    """A kind of open thing."""

    HELD = "held"
    UNSETTLED = "unsettled"
    WAITING = "waiting"
    UNMATCHED = "unmatched"
    GRID_BILL = "grid_bill"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One kind of open thing of a month and how many there are. `held_for` counts the reasons of
    held sessions."""

    what: What
    count: int
    held_for: tuple[tuple[str, int], ...] = ()


_WORDS = {
    What.HELD: N_("Charges that wait for a decision: {count}"),
    What.UNSETTLED: N_("Charges whose final record has not come yet: {count}"),
    What.WAITING: N_("Entries that wait for a second signature: {count}"),
    What.UNMATCHED: N_("Payments that belong to no household yet: {count}"),
    What.GRID_BILL: N_("The grid's bill is missing"),
}

_MEANING = {
    What.HELD: N_("Left open, they are billed or let go in a later month, once somebody decides."),
    What.UNSETTLED: N_("Left open, they are billed in a later month, when their record comes."),
    What.WAITING: N_("Left open, they count in a later month, once they are signed."),
    What.UNMATCHED: N_("Left open, they are taken off the debts of a later month."),
    What.GRID_BILL: N_(
        "Left open, cost, net and loss are published as 'not known yet', never as 0."
    ),
}


def words_of(item: LeftOpen | OpenItem) -> Sentence:
    """What is open, and how many."""
    return Sentence(_WORDS[What(item.what)], {"count": item.count})


def meaning_of(what: What) -> Sentence:
    """What becomes of it if the month is closed all the same."""
    return Sentence(_MEANING[what])


def without_reason(items: Sequence[OpenItem], reasons: Mapping[str, str]) -> list[OpenItem]:
    """Of what is open, that for which nobody gave a reason to close all the same."""
    return [item for item in items if not reasons.get(item.what, "").strip()]


def with_reasons(items: Sequence[OpenItem], reasons: Mapping[str, str]) -> list[LeftOpen]:
    """What is left open, each with its reason; an empty one where the service closed by itself."""
    return [LeftOpen(item.what, item.count, reasons.get(item.what, "").strip()) for item in items]


def why_not_public(reason: str, doors: Sequence[str]) -> Sentence | None:
    """Why a reason may not stand on the public account; None if it may. Names nobody can see here:
    the page asks for them not to be written."""
    if len(reason) > LONGEST_REASON:
        return Sentence(N_("A reason has at most {most} characters."), {"most": LONGEST_REASON})
    digits = longest = 0
    for character in reason:
        digits = digits + 1 if character.isdigit() else 0
        longest = max(longest, digits)
    if longest >= LONG_NUMBER:
        return Sentence(N_("A reason is printed in public: leave out telephone numbers."))
    door = next((door for door in doors if door in reason), None)
    if door is not None:
        message = N_("A reason is printed in public: leave out the door {door}.")
        return Sentence(message, {"door": door})
    return None
