"""What a page shows of one outlet at a glance: its state, since when, and how old that news is."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.clock import from_ms
from service.pages.say_time import clock_seconds, moment
from service.pages.states import FACES, SINCE
from service.piles.board import Face, OutletNow, PileNow
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class Glance:
    """One outlet. `since` is when the state began, `heard_at` when its pile last spoke."""

    pile: str
    pile_number: int
    outlet: int
    entrance: int
    face: Face
    since: datetime | None
    heard_at: datetime | None

    @property
    def word(self) -> Sentence:
        """The word of its state."""
        return Sentence(FACES[self.face])

    def since_sentence(self, now: datetime, zone: tzinfo) -> Sentence | None:
        """The state with the time it began: 'in use since tonight 19:05'."""
        if self.face is Face.SILENT and self.heard_at is None:
            return Sentence(N_("never heard from"))
        since = self.heard_at if self.face is Face.SILENT else self.since
        message = SINCE.get(self.face)
        if message is None or since is None:
            return None
        return Sentence(message, {"when": moment(since, now, zone)})

    def heard_time(self, zone: tzinfo) -> str | None:
        """When its pile last spoke, to the second."""
        return None if self.heard_at is None else clock_seconds(self.heard_at, zone)


def glance(pile: PileNow, outlet: OutletNow, held_since_ms: int | None, now_ms: int) -> Glance:
    """The outlet now; `held_since_ms` is when the session that holds it began, if one does."""
    face = pile.face(outlet, held=held_since_ms is not None, now_ms=now_ms)
    since_ms = held_since_ms if face is Face.IN_USE and held_since_ms else outlet.state_ms
    return Glance(
        pile=pile.id,
        pile_number=pile.number,
        outlet=outlet.number,
        entrance=pile.entrance,
        face=face,
        since=from_ms(since_ms) if since_ms and pile.in_service else None,
        heard_at=from_ms(pile.heard_ms) if pile.heard_ms else None,
    )
