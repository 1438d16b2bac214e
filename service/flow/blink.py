"""A resident makes a pile blink: the way to know that the code on it is ours and not a sticker.

It is the command that maintenance has for finding a pile; residents may give it now and then, so
that nobody can make a pile blink all night.
"""

from service.flow import orders
from service.flow.house import Work
from service.piles.board import PileNow
from service.piles.commands import Order
from service.piles.records import commands_since
from service.sessions.order import ulid
from service.words import N_, Sentence

BLINK_S = 20
AGAIN_AFTER_MS = 20_000
MOST, MOST_IN_MS = 5, 600_000
"""A household may do it five times in ten minutes."""

BLINKS_ALREADY = N_("It is blinking already. Look at the lamp; you can repeat it in half a minute.")
ENOUGH = N_("That was often enough for now. You can repeat it in ten minutes.")
SILENT = N_(
    "This pile has not been heard from, so it cannot be told to blink. "
    "Compare the number on the sticker, or take another pile."
)


def blink(work: Work, pile: PileNow, outlet: int, asked_by: str) -> Sentence | None:
    """Make an outlet's lamp blink for 20 s; None once the command is on its way, else why not."""
    if not pile.can_be_told(work.now_ms):
        return Sentence(SILENT)
    lately = commands_since(work.uow, "locate", ulid(work.now_ms - MOST_IN_MS, bytes))
    if any(one.pile == pile.id and work.now_ms - one.issued_ms < AGAIN_AFTER_MS for one in lately):
        return Sentence(BLINKS_ALREADY)
    if sum(one.asked_by == asked_by for one in lately) >= MOST:
        return Sentence(ENOUGH)
    orders.send(work, pile, Order("locate", outlet, None, {"for_s": BLINK_S}), asked_by)
    return None
