"""The page behind the QR code of an outlet, before and after sign-in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.pages.glance import Glance
from service.pages.price_view import PriceView
from service.pages.say_time import moment
from service.pages.session_view import state_word
from service.pages.start_form import Offers
from service.piles.board import Face
from service.sessions.records import Session
from service.words import N_, Sentence

MOST_OTHERS = 4
NO_OFFERS = Offers()

WHY_NOT = {
    Face.IN_USE: N_("Somebody is charging here. Please take a free outlet."),
    Face.FULL: N_("A bike is full and still plugged in here. Please take another outlet."),
    Face.SILENT: N_(
        "This pile has not been heard from, so nothing can be started. Please take another outlet."
    ),
    Face.OUT_OF_ORDER: N_("This outlet is out of order. Please take another one."),
}
NOBODY_CAN = N_("Signed in as staff: residents start here with their own phone.")


@dataclass(frozen=True, slots=True)
class OutletFacts:
    """What was looked up for one outlet."""

    glance: Glance
    others: Sequence[Glance]
    now: datetime
    price: PriceView | None
    is_resident: bool = False
    is_staff: bool = False
    door: str = ""
    key: str = ""
    fault: Sentence | None = None
    last: Session | None = None
    offers: Offers = NO_OFFERS
    may_wish: bool = False


@dataclass(frozen=True, slots=True)
class LastHere:
    """The household's last charge on this outlet."""

    id: str
    word: Sentence
    when: Sentence


@dataclass(frozen=True, slots=True)
class OutletView:
    """Everything the template writes."""

    glance: Glance
    since: Sentence | None
    heard: str | None
    fault: Sentence | None
    price: PriceView | None
    may_start: bool
    needs_sign_in: bool
    why_not: Sentence | None
    others: tuple[Glance, ...]
    door: str
    key: str
    last: LastHere | None
    stage_was: str
    offers: Offers
    may_wish: bool
    may_blink: bool
    is_free: bool

    @property
    def number(self) -> int:
        """The number of the pile."""
        return self.glance.pile_number

    @property
    def outlet(self) -> int:
        """The number of the outlet."""
        return self.glance.outlet


def outlet_view(facts: OutletFacts, zone: tzinfo, stage_was: str = "") -> OutletView:
    """The page of an outlet at this moment. `stage_was`: the state the open page was drawn with."""
    seen = facts.glance
    # a full bike may be the visitor's own, so a start there is offered too: the pile decides
    startable = seen.face in (Face.FREE, Face.FULL) and facts.price is not None
    return OutletView(
        glance=seen,
        since=seen.since_sentence(facts.now, zone),
        heard=seen.heard_time(zone),
        fault=facts.fault if seen.face is Face.OUT_OF_ORDER else None,
        price=facts.price,
        may_start=startable and facts.is_resident,
        needs_sign_in=startable and not facts.is_resident and not facts.is_staff,
        why_not=_why_not(facts, startable=startable),
        others=tuple(_nearest_free(facts)),
        door=facts.door,
        key=facts.key,
        last=_last(facts, zone),
        stage_was=stage_was,
        offers=facts.offers,
        may_wish=facts.may_wish and not _free_on_this_pile(facts),
        may_blink=facts.is_resident and seen.face not in (Face.SILENT, Face.OUT_OF_ORDER),
        is_free=seen.face is Face.FREE,
    )


def _why_not(facts: OutletFacts, *, startable: bool) -> Sentence | None:
    if startable:
        return Sentence(NOBODY_CAN) if facts.is_staff else None
    message = WHY_NOT.get(facts.glance.face)
    return Sentence(message) if message else None


def _nearest_free(facts: OutletFacts) -> list[Glance]:
    """The others of this pile, then free ones nearby: the same entrance first, then the nearest."""
    seen = facts.glance
    same_pile = [o for o in facts.others if o.pile == seen.pile and o.outlet != seen.outlet]
    if seen.face is Face.FREE:
        return same_pile
    free = [o for o in facts.others if o.pile != seen.pile and o.face is Face.FREE]
    free.sort(key=lambda o: (o.entrance != seen.entrance, abs(o.pile_number - seen.pile_number)))
    return same_pile + free[:MOST_OTHERS]


def _free_on_this_pile(facts: OutletFacts) -> bool:
    seen = [facts.glance, *(one for one in facts.others if one.pile == facts.glance.pile)]
    return any(one.face is Face.FREE for one in seen)


def _last(facts: OutletFacts, zone: tzinfo) -> LastHere | None:
    row = facts.last
    if row is None:
        return None
    when = moment(row.ended_at or row.requested_at, facts.now, zone)
    return LastHere(row.id, state_word(row.state), when)
