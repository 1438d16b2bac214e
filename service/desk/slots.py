"""Times of a band as people type them: '22:00-08:00', '8-11, 18:00-22:00', '22点至8点'."""

import re
import unicodedata

from service.billing.tariff import SLOTS_A_DAY, show_slot, show_slots
from service.words import N_, Sentence

LONGEST_TIMES = 400
"""Every other half-hour of a day, 24 spans, is 310 characters."""
_TIME = r"([0-9]{1,2})(?:[:.点时]([0-9]{2})?)?"
_SPAN = re.compile(rf"{_TIME}-{_TIME}")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−~〜至到", "-"))


class BadTimesError(ValueError):
    """Times that cannot be read; `sentence` says what is wrong and how to write them."""

    def __init__(self, sentence: Sentence):
        super().__init__(sentence.message)
        self.sentence = sentence


def parse_slots(text: str) -> frozenset[int]:
    """The half-hours (0 to 47) that a text names. BadTimesError with a sentence.

    Full-width characters and the dashes of Chinese keyboards are taken too; a span may cross
    midnight.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    parts = [part for part in re.split(r"[,;、]", re.sub(r"\s+", "", plain)) if part]
    if not parts:
        raise BadTimesError(Sentence(N_("Write from when to when it holds, like 22:00-08:00.")))
    if len(plain) > LONGEST_TIMES:
        raise _unreadable(text)
    slots: set[int] = set()
    for part in parts:
        found = _SPAN.fullmatch(part)
        if found is None:
            raise _unreadable(part)
        span = _between(*(_slot(*found.group(i, i + 1)) for i in (1, 3)))
        if doubled := slots & span:
            message = N_("{times} is named twice here.")
            raise BadTimesError(Sentence(message, {"times": show_slots(doubled)}))
        slots |= span
    return frozenset(slots)


def _unreadable(text: str) -> BadTimesError:
    message = N_(
        "“{text}” cannot be read as times. Write them like 22:00-08:00, several with commas."
    )
    return BadTimesError(Sentence(message, {"text": text[:30]}))


def _slot(hours: str, minutes: str | None) -> int:
    hour, minute = int(hours), int(minutes or "0")
    time = f"{hour:02d}:{minute:02d}"
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        raise BadTimesError(Sentence(N_("There is no time {time}."), {"time": time}))
    if minute % 30:
        message = N_("Prices change at full or half hours only, not at {time}.")
        raise BadTimesError(Sentence(message, {"time": time}))
    return hour * 2 + minute // 30


def _between(start: int, end: int) -> set[int]:
    if start == end:
        message = N_("From {time} to {time} is no time at all; the whole day is 00:00-24:00.")
        raise BadTimesError(Sentence(message, {"time": show_slot(start)}))
    if start < end:
        return set(range(start, end))
    return {*range(start, SLOTS_A_DAY), *range(end)}
