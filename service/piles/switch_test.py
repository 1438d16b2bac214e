"""Does the switch of an outlet open and close? What can be said of it without opening the box.

It opens if after an off command nothing flows; that means something only while a plug is in. It
closes if a charge has drawn energy. The wire contract has no command that moves a switch for a
test, so the first half is tried on purpose and the second is taken from the last charge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.words import N_, Sentence

NO_FLOW_W = 1.0
"""A switch that is open lets nothing through; meters of this class show below 1 W then."""

ANSWERED = frozenset({"done", "rejected", "failed"})


class Mark(StrEnum):
    """How a verdict is shown."""

    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class OffCommand:
    """An off command that named no session, and what became of it."""

    at: datetime
    status: str
    code: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the outlet has said since: the power of its newest sample, and whether a plug is in."""

    power_w: float | None
    sampled_at: datetime | None
    is_plugged: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a test says, in a sentence."""

    mark: Mark
    sentence: Sentence


def judge_opening(off: OffCommand, seen: Seen) -> Verdict:
    """Does the switch open?"""
    if off.status in ("unanswered", "expired"):
        return _says(
            Mark.UNSURE, N_("No answer came. See whether the pile is connected, try again.")
        )
    if off.code == "relay_welded":
        return _says(
            Mark.BAD,
            N_("The pile says that its switch does not open. Use the breaker, then repair."),
        )
    measured = seen.sampled_at is not None and seen.sampled_at >= off.at
    if off.status not in ANSWERED or not measured or seen.power_w is None:
        return _says(Mark.UNSURE, N_("Waiting for the answer and a fresh measurement."))
    watts = {"watts": round(seen.power_w)}
    if seen.power_w >= NO_FLOW_W:
        return _says(
            Mark.BAD,
            N_("Told to switch off, and still {watts} W flow: the switch sticks. Use the breaker."),
            watts,
        )
    if not seen.is_plugged:
        message = N_(
            "Nothing flows, but no plug is in, so a stuck switch would not show. "
            "Plug in something that draws, then test again."
        )
        return _says(Mark.UNSURE, message)
    return _says(
        Mark.GOOD, N_("It opens: told to switch off, and nothing flows though a plug is in.")
    )


def judge_closing(last_drew: object | None) -> Verdict:
    """Does the switch close? `last_drew`: when a charge last drew energy there, in words."""
    if last_drew is None:
        return _says(Mark.UNSURE, N_("No charge has drawn energy here yet."))
    message = N_("It closes: a charge drew energy here, begun {when}.")
    return _says(Mark.GOOD, message, {"when": last_drew})


def _says(mark: Mark, message: str, values: Mapping[str, object] | None = None) -> Verdict:
    return Verdict(mark, Sentence(message, values or {}))
