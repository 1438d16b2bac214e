"""Who comes in the evening: 110 bikes of 200 households, their habits, their packs, their cards.

Sources: 0.59 charges per bike and day (a Shanghai compound: about 400 charged daily of 682 bikes,
shine.cn); arrivals around 18:30 with a spread of 1.75 h (our estimate, from a published Monte
Carlo script with 18:00 and 90 min). Depth of discharge and stay are assumptions, tuned so that the
daily peak of 110 bikes has its median near 6.6 kW.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from random import Random

from simulator.packs import Pack, PackKind, catalogue
from simulator.times import DAY, HOUR, MINUTE

EVENING_H = 18.5
SPREAD_H = 1.75
SPREAD_BETWEEN_H = 1.2
SPREAD_WITHIN_H = math.sqrt(SPREAD_H**2 - SPREAD_BETWEEN_H**2)
CHARGES_PER_DAY = 0.59
NEED_WH = 530.0
"""Median wall energy missing when a bike comes."""
NEED_SPREAD = 0.42
FORBIDDEN_BELOW_H, FORBIDDEN_ABOVE_H = 6.0, 23.8


@dataclass(frozen=True)
class Card:
    """A card of a household, as the service knows it."""

    household: str
    entrance: int
    card_uid: str


@dataclass(frozen=True)
class Resident:
    """A bike, whose it is, and its habits. Hours are of the compound's local day."""

    household: str
    entrance: int
    card_uid: str
    kind: PackKind
    peak_factor: float
    likely: float
    comes_h: float
    need_wh: float
    overnight: float
    """How often it stays until the morning."""

    def pack(self, needs_wh: float) -> Pack:
        """Its battery on its charger, with so much wall energy missing."""
        return Pack(self.kind, min(needs_wh, self.kind.wall_wh), self.peak_factor)


@dataclass(frozen=True)
class Visit:
    """One charge: when the bike comes and goes (ms UTC), and what its pack misses (Wh)."""

    resident: Resident
    comes_ms: int
    leaves_ms: int
    needs_wh: float


def read_cards(path: Path) -> list[Card]:
    """The cards file: [{"household": "3-201", "entrance": 3, "card_uid": "..."}].

    ValueError with a sentence when it is not that.
    """
    try:
        rows = json.loads(path.read_text())
        cards = [Card(str(r["household"]), int(r["entrance"]), str(r["card_uid"])) for r in rows]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{path} is not a list of cards with household, entrance and card_uid: {error!r}"
        ) from None
    if not cards:
        raise ValueError(f"{path} holds no cards")
    return cards


def made_up_cards(households: int = 200, entrances: int = 4) -> list[Card]:
    """Cards for a compound without a service: the same ones every time."""
    per = households // entrances
    return [
        Card(f"{e}-{n // 4 + 1}{n % 4 + 1:02d}", e, f"04A2{e:02X}{n:02X}9C5A80")
        for e in range(1, entrances + 1)
        for n in range(per)
    ]


def settle_in(cards: list[Card], bikes: int, seed: int) -> list[Resident]:
    """Give `bikes` bikes to the households of the cards: one each first, then second ones."""
    rng = Random(f"{seed}:residents")
    households = {card.household: card for card in cards}
    order = list(households.values())
    rng.shuffle(order)
    kinds = catalogue()
    weights = [kind.share for kind in kinds]
    residents: list[Resident] = []
    for n in range(bikes):
        card = order[n % len(order)]
        kind = rng.choices(kinds, weights)[0]
        residents.append(
            Resident(
                card.household,
                card.entrance,
                card.card_uid,
                kind,
                peak_factor=max(0.9, min(1.1, rng.gauss(1.0, 0.03))),
                likely=min(1.0, max(0.15, rng.gauss(CHARGES_PER_DAY, 0.18))),
                comes_h=rng.gauss(EVENING_H, SPREAD_BETWEEN_H),
                need_wh=NEED_WH * math.sqrt(kind.battery_wh / 900),
                overnight=rng.choice((0.2, 0.5, 0.9)),
            )
        )
    return residents


def visit_of(resident: Resident, midnight_ms: int, seed: int, busier: float = 1.0) -> Visit | None:
    """Whether and when this bike comes on the day that begins at `midnight_ms` (local, as UTC ms).

    `busier` scales how likely it is.
    """
    rng = Random(f"{seed}:{resident.household}:{resident.card_uid}:{midnight_ms // DAY}")
    comes = rng.random() < resident.likely * busier
    hour = rng.gauss(resident.comes_h, SPREAD_WITHIN_H)
    needs = resident.need_wh * math.exp(rng.gauss(0, NEED_SPREAD))
    stays_overnight = rng.random() < resident.overnight
    short_h, morning_h = rng.uniform(2.5, 6.0), 24 + rng.gauss(7.2, 0.6)
    if not comes:
        return None
    hour = min(FORBIDDEN_ABOVE_H, max(FORBIDDEN_BELOW_H, hour))
    comes_ms = midnight_ms + round(hour * HOUR)
    leaves_ms = comes_ms + round(short_h * HOUR)
    if stays_overnight or hour + short_h > 23.5:
        leaves_ms = midnight_ms + round(max(morning_h, 28.5) * HOUR)
    return Visit(resident, comes_ms, max(leaves_ms, comes_ms + 20 * MINUTE), needs)
