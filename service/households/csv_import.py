"""Households from a spreadsheet: every row is checked before any is stored, and errors name rows.

What comes out of a spreadsheet program in China is UTF-8 with or without a mark, or GBK; doors
like 3-20 turn into dates, card numbers into 4.2E+13. Each of these gets a sentence that says how to
mend it. A label that looks like a formula is kept as the text it is: exports take the sting out.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.households.codes import read_card_uid
from service.words import N_, Sentence

MOST_BYTES = 1 << 20
MOST_ROWS = 20_000
MOST_RESIDENTS = 20
LONGEST_LABEL = 40

COLUMNS = {
    "door": "door", "门号": "door", "房号": "door",
    "entrance": "entrance", "入口": "entrance", "单元": "entrance",
    "residents": "residents", "人数": "residents",
    "label": "label", "称呼": "label",
    "card_uid": "card_uid", "卡号": "card_uid",
}  # fmt: skip
"""The names a column may have in the first line."""

_DOOR = re.compile(r"[0-9A-Z\u4e00-\u9fff]+(?:-[0-9A-Z\u4e00-\u9fff]+)*")
_DATE = re.compile(r"[A-Z]{3}-\d{1,4}|\d{1,4}-[A-Z]{3}|\d+月\d+日|\d{4}-\d{1,2}-\d{1,2}")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+\d+")


@dataclass(frozen=True, slots=True)
class HouseholdRow:
    """One household to be added; `residents` is a number of people, not their names."""

    row: int
    door: str
    entrance: int
    residents: int = 0
    label: str = ""
    card_uid: str | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in a row; row 1 is the line of column names, row 0 the file as a whole."""

    row: int
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Import:
    """What a file says: rows that can be added and everything that has to be mended first."""

    rows: tuple[HouseholdRow, ...]
    errors: tuple[RowError, ...]
    encoding: str = ""


def read_households(data: bytes) -> Import:
    """Read a CSV file of households. Never raises: all that is wrong is in `errors`."""
    if len(data) > MOST_BYTES:
        return _whole(N_("The file is larger than {limit} KiB."), limit=MOST_BYTES // 1024)
    text, encoding = _decode(data)
    if text is None:
        return _whole(N_("The file is neither UTF-8 nor GBK text. Save it as 'CSV UTF-8'."))
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error:
        return _whole(N_("The file is not a CSV table. Save it as 'CSV UTF-8'."))
    if len(lines) > MOST_ROWS:
        return _whole(N_("The file has more than {limit} rows."), limit=MOST_ROWS)
    header = [COLUMNS.get(name.strip().casefold()) for name in lines[0]] if lines else []
    if "door" not in header or "entrance" not in header:
        return _whole(N_("The first row must name the columns: at least 'door' and 'entrance'."))
    rows: list[HouseholdRow] = []
    errors: list[RowError] = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        values = {
            name: cell.strip()
            for name, cell in zip(header, cells, strict=False)
            if name is not None
        }
        found, problems = read_row(number, values)
        errors += [RowError(number, problem) for problem in problems]
        if found:
            rows.append(found)
    errors += _repeats(rows)
    return Import(tuple(rows), tuple(sorted(errors, key=lambda e: e.row)), encoding)


def _whole(message: str, **values: object) -> Import:
    return Import((), (RowError(0, Sentence(message, values)),))


def _decode(data: bytes) -> tuple[str | None, str]:
    # GB18030 reads every GBK file and the rare characters of names besides
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding, "strict")
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    return None, ""


def _delimiter(text: str) -> str:
    first_line = text.split("\n", 1)[0]
    return max(",;\t", key=first_line.count)


def read_row(number: int, values: dict[str, str]) -> tuple[HouseholdRow | None, list[Sentence]]:
    """One household from the texts of its columns (of a file or a form), or what is wrong."""
    problems: list[Sentence] = []
    door = values.get("door", "").upper().replace("—", "-")
    door_problem = _wrong_door(door)
    if door_problem:
        problems.append(door_problem)
    entrance = _whole_number(values.get("entrance", ""), 1, 99)
    if entrance is None:
        problems.append(_not_a_number(N_("entrance"), values.get("entrance", ""), 1, 99))
    residents = _whole_number(values.get("residents", "") or "0", 0, MOST_RESIDENTS)
    if residents is None:
        problems.append(_not_a_number(N_("residents"), values["residents"], 0, MOST_RESIDENTS))
    label = values.get("label", "")
    if len(label) > LONGEST_LABEL:
        problems.append(
            Sentence(N_("The label is longer than {limit} characters."), {"limit": LONGEST_LABEL})
        )
    typed_card = values.get("card_uid", "").upper()
    card_uid = read_card_uid(typed_card) if typed_card else None
    if typed_card and card_uid is None:
        problems.append(_wrong_card(typed_card))
    if problems or entrance is None or residents is None:
        return None, problems
    return HouseholdRow(number, door, entrance, residents, label, card_uid), []


def _wrong_door(door: str) -> Sentence | None:
    if not door:
        return Sentence(N_("The door is missing."))
    if _DATE.fullmatch(door):
        return Sentence(
            N_("'{door}' was turned into a date. Format the column as text and type it again."),
            {"door": door},
        )
    if len(door) > 16 or not _DOOR.fullmatch(door):
        return Sentence(
            N_("'{door}' is not a door like 3-201: letters, digits and hyphens, at most 16."),
            {"door": door[:40]},
        )
    return None


def _wrong_card(typed: str) -> Sentence:
    if _SCIENTIFIC.fullmatch(typed):
        return Sentence(
            N_(
                "The card number {card} was shortened. Format the column as text and type it again."
            ),
            {"card": typed},
        )
    return Sentence(
        N_("'{card}' is not a card number: 8, 14 or 20 characters of 0-9 and A-F."),
        {"card": typed[:40]},
    )


def _whole_number(text: str, least: int, most: int) -> int | None:
    number = int(text) if text.isdecimal() and len(text) <= 9 else -1
    return number if least <= number <= most else None


def _not_a_number(column: str, text: str, least: int, most: int) -> Sentence:
    return Sentence(
        N_("'{text}' is no {column}: a whole number from {least} to {most}."),
        {"text": text[:40], "column": Sentence(column), "least": least, "most": most},
    )


def _repeats(rows: Iterable[HouseholdRow]) -> Iterator[RowError]:
    doors: dict[str, int] = {}
    cards: dict[str, int] = {}
    for row in rows:
        first = doors.setdefault(row.door, row.row)
        if first != row.row:
            yield RowError(
                row.row,
                Sentence(
                    N_("Door {door} is already in row {row}."), {"door": row.door, "row": first}
                ),
            )
        if row.card_uid:
            first = cards.setdefault(row.card_uid, row.row)
            if first != row.row:
                yield RowError(
                    row.row, Sentence(N_("This card is already in row {row}."), {"row": first})
                )
