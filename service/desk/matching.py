"""Whose money is it? A payment finds its household by what was written with it, or not at all.

Two things count: the household's own payment word, which is printed on its reminders, and a door
number in the ways people write one (3-201, 3单元201, 三单元二零一室, 3号楼3单元201). Every match
has one reason that can be read. Whatever could be two households stays with a person; an amount
that happens to fit is only ever a suggestion.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from service.words import N_, Sentence

BOTH_AFTER = timedelta(days=60)
"""For so long after a move a payment that names only the door may be the old household's."""

MOST_SUGGESTED = 5

_CHECK = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""23 letters: a prime, so the weighted check catches every wrong digit and every swap."""
_WORD = re.compile(r"(?<![0-9A-Z])BM[\s-]*(\d{1,6})[\s-]*([A-Z])(?![0-9A-Z])")

_HAN_DIGITS = {"〇": 0, "零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6,
               "七": 7, "八": 8, "九": 9}  # fmt: skip
_HAN = "".join(_HAN_DIGITS) + "十百"
_DASHES = re.compile(r"[\u2010-\u2015\u2212\ufe63~_\u30fc]")
_DRAWN_DASH = re.compile(r"(?<=\d)[一ー](?=\d)")
"""On a Chinese keyboard the numeral one is at hand for a dash: 3一201."""

_BUILDING = "号楼|栋|幢|座|号院|区"
_PART = rf"(?:\d{{1,5}}[A-Z]?|[A-Z]|[{_HAN}]{{1,5}})"
_BETWEEN = rf"\s*(?:-|#|{_BUILDING}|单元|门洞|门|楼|层|号)\s*"
_RUN = re.compile(
    rf"(?<![0-9A-Z.])(?:{_PART}(?:{_BETWEEN})+)+{_PART}(?![0-9A-Z.]|\s*[月日年元块度])"
)
_PIECES = re.compile(rf"({_PART})((?:{_BETWEEN})*)")
_SPACED = re.compile(r"(?<![0-9A-Z.])(\d{1,2})\s+(\d{3,4}[A-Z]?)(?![0-9A-Z.]|\s*[月日年元块度])")

_MORE_ROOMS = re.compile(r"\s*[、,和及&/]\s*(\d{1,4}[A-Z]?)(?![0-9A-Z.-]|\s*[月日年元块度])")

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """A household behind a door, from a day to a day by the compound's clock."""

    household_id: int
    door: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Whose a payment is, or nobody's; the reason in either case, and who else it could be."""

    household_id: int | None
    reason: Sentence
    candidates: tuple[int, ...] = ()


def payment_word(household_id: int) -> str:
    """What a household writes with its payment so that it finds home: 'BM12Z'."""
    digits = str(household_id)
    weighted = sum(weight * int(digit) for weight, digit in enumerate(digits, start=1))
    return f"BM{digits}{_CHECK[(weighted * 7 + len(digits)) % len(_CHECK)]}"


def words_in(text: str) -> tuple[list[int], list[str]]:
    """The households that payment words in a text name, and the words that are mistyped."""
    good, bad = [], []
    for found in _WORD.finditer(_plain(text)):
        household_id = int(found[1])
        right = payment_word(household_id) == f"BM{found[1]}{found[2]}"
        if right:
            good.append(household_id)
        else:
            bad.append(f"BM{found[1]}{found[2]}")
    return good, bad


class Doors:
    """Every door that was ever lived behind, found in the ways people write it."""

    def __init__(self, homes: Iterable[Home]):
        self.homes: dict[int, Home] = {}
        self._behind: dict[str, list[Home]] = {}
        self._by_key: dict[Key, set[str]] = {}
        for home in sorted(homes, key=lambda home: (home.since, home.household_id)):
            self.homes[home.household_id] = home
            self._behind.setdefault(home.door, []).append(home)
            self._by_key.setdefault(_key(home.door), set()).add(home.door)

    def named_in(self, text: str) -> set[str]:
        """The doors of ours that a text names."""
        found: set[str] = set()
        for parts in _runs(text):
            found |= self._by_key.get(_key_of_parts([part for part, _ in parts]), set()) or set(
                self._shortened(parts)
            )
        return found

    def _shortened(self, parts: Sequence[tuple[str, str]]) -> Iterator[str]:
        """Without the building in front (1号楼3单元201) or the floor in between (3单元2楼201)."""
        kept = list(parts)
        if len(kept) > 2 and re.search(_BUILDING, kept[0][1]):
            kept = kept[1:]
        if (
            len(kept) > 2
            and re.search("楼|层", kept[-2][1])
            and kept[-1][0].startswith(kept[-2][0])
        ):
            del kept[-2]
        if len(kept) < len(parts):
            yield from self._by_key.get(_key_of_parts([part for part, _ in kept]), set())

    def at(self, door: str, day: date) -> list[Home]:
        """Who may mean a door on a day: who lived there, and who moved out shortly before."""
        behind = self._behind.get(door, [])
        return [
            home
            for home in behind
            if (home.since <= day or home is behind[0])
            and (home.until is None or day <= home.until + BOTH_AFTER)
        ]


def match(note: str, payer: str, day: date, doors: Doors) -> Match:
    """Whose a payment is by what was written with it, and by its payer's name if that has a door.

    `day`: when it came, by the compound's clock.
    """
    text = f"{note}  {payer}"
    words, mistyped = words_in(text)
    named = doors.named_in(note) | doors.named_in(payer)
    known = sorted({one for one in words if one in doors.homes})
    if known:
        return _by_word(known, named, doors)
    if mistyped or words:
        said = mistyped[0] if mistyped else payment_word(words[0])
        message = N_("The payment word {word} has a mistake.")
        by_door = _by_door(sorted(named), day, doors)
        meant = (by_door.household_id,) if by_door.household_id else by_door.candidates
        return Match(None, Sentence(message, {"word": said}), meant)
    return _by_door(sorted(named), day, doors)


def _by_word(known: Sequence[int], named: set[str], doors: Doors) -> Match:
    home = doors.homes[known[0]]
    values = {"word": payment_word(home.household_id), "door": home.door}
    if len(known) > 1 or named - {home.door}:
        others = sorted(named | {doors.homes[one].door for one in known})
        message = N_("The note names several households: {doors}.")
        return Match(None, Sentence(message, {"doors": ", ".join(others)}), tuple(known))
    return Match(home.household_id, Sentence(N_("by its payment word {word}"), values))


def _by_door(named: Sequence[str], day: date, doors: Doors) -> Match:
    if not named:
        return Match(None, Sentence(N_("No door and no payment word was written with it.")))
    if len(named) > 1:
        message = N_("The note names several doors: {doors}.")
        both = tuple(home.household_id for door in named for home in doors.at(door, day))
        return Match(None, Sentence(message, {"doors": ", ".join(named)}), both)
    door = named[0]
    homes = doors.at(door, day)
    if not homes:
        message = N_("Nobody lived behind door {door} on that day.")
        return Match(None, Sentence(message, {"door": door}))
    if len(homes) > 1:
        message = N_("Door {door} changed hands shortly before: it may be either household's.")
        return Match(
            None, Sentence(message, {"door": door}), tuple(home.household_id for home in homes)
        )
    return Match(homes[0].household_id, Sentence(N_("by door {door}"), {"door": door}))


def suggestions(
    amount_fen: int, candidates: Sequence[int], owed_fen: Mapping[int, int]
) -> tuple[int, ...]:
    """Households to offer to a person: those the note may mean, then those who owe this very
    amount. Never more than a suggestion."""
    fitting = [one for one in sorted(owed_fen) if owed_fen[one] == amount_fen]
    if len(fitting) > MOST_SUGGESTED:
        fitting = []
    return tuple(dict.fromkeys([*candidates, *fitting]))[:MOST_SUGGESTED]


def _plain(text: str) -> str:
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", text)).upper().replace("第", "")
    return _DRAWN_DASH.sub("-", plain)


def _runs(text: str) -> Iterator[list[tuple[str, str]]]:
    """What in a text is built like a door: its parts, each with what stands behind it."""
    plain = _plain(text)
    found = False
    for run in _RUN.finditer(plain):
        found = True
        parts = [(_number(part), behind) for part, behind in _PIECES.findall(run[0])]
        yield parts
        more = _MORE_ROOMS.match(plain, run.end())
        while more:  # 3-201、202: one payment for two
            yield [*parts[:-1], (more[1], "")]
            more = _MORE_ROOMS.match(plain, more.end())
    if not found:
        for spaced in _SPACED.finditer(plain):
            yield [(_number(spaced[1]), "-"), (_number(spaced[2]), "")]


def _key(door: str) -> Key:
    return _key_of_parts([_number(part) for part in _plain(door).split("-")])


def _key_of_parts(parts: Sequence[str]) -> Key:
    return tuple(part.lstrip("0") or "0" for part in parts)


def _number(part: str) -> str:
    """A part of a door with Chinese numerals as digits: 二零一, 二百零一 and 201 are the same."""
    if not part or part[0] not in _HAN:
        return part
    if "十" not in part and "百" not in part:
        return "".join(str(_HAN_DIGITS[sign]) for sign in part)
    total, digit = 0, 0
    for sign in part:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
        else:
            total += (digit or 1) * (10 if sign == "十" else 100)
            digit = 0
    return str(total + digit)
