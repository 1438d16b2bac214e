"""Statements as CSV that a spreadsheet opens as it is meant, and that cannot run anything.

One row for each printed line; opening + every amount in between = closing. Texts that a spreadsheet
would take for a formula get an apostrophe in front (OWASP, "CSV Injection"); amounts are written by
us, are plain numbers, and stay numbers. UTF-8 with a byte order mark, or Chinese turns to noise.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from service.billing.statement import StatementView
from service.billing.table import HEADINGS, WHOSE, Cell, Figure, Listed, Row, Table
from service.words import Sentence, say

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MARK = "\ufeff"


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def to_csv(
    view: StatementView,
    language: str,
    zone: tzinfo,
    reasons: Mapping[str, Sentence] | None = None,
    headings: Sequence[str] = HEADINGS,
) -> bytes:
    """The statement as a CSV file. `reasons`: stop reason codes in words; else the code itself."""
    rows = Table(language, zone, reasons or {}).whole(view)
    return b"".join(_written([rows], headings, language))


def month_to_csv(
    statements: Iterable[Listed],
    language: str,
    zone: tzinfo,
    reasons: Mapping[str, Sentence] | None = None,
) -> Iterator[bytes]:
    """All statements of a month, one after the other, piece by piece, as one CSV file."""
    table = Table(language, zone, reasons or {})

    def rows_of(one: Listed) -> Iterator[Row]:
        whose: Row = {"door": one.door, "statement number": one.number}
        return ({**whose, **row} for row in table.whole(one.view))

    return _written(map(rows_of, statements), (*WHOSE, *HEADINGS), language)


def _written(
    parts: Iterable[Iterable[Row]], headings: Sequence[str], language: str
) -> Iterator[bytes]:
    out = io.StringIO(newline="")
    table = csv.writer(out)
    out.write(MARK)
    table.writerow([say(language, heading) for heading in headings])
    for rows in parts:
        table.writerows([_text(row.get(heading, "")) for heading in headings] for row in rows)
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
    yield out.getvalue().encode()


def _text(cell: Cell) -> str:
    if isinstance(cell, Figure):
        return cell.text
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    return safe(cell)
