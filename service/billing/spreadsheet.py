"""A statement as CSV that a spreadsheet opens as it is meant, and that cannot run anything.

One row for each printed line; opening + every amount in between = closing. Texts that a spreadsheet
would take for a formula get an apostrophe in front (OWASP, "CSV Injection"); amounts are written by
us, are plain numbers, and stay numbers. UTF-8 with a byte order mark, or Chinese turns to noise.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from service.billing.pricing import PricedLine
from service.billing.statement import COMPONENT_WORDS, Movement, SessionBlock, StatementView
from service.quantities import show_e7, show_kwh, show_price, show_yuan
from service.words import N_, Sentence, say

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

HEADINGS = (
    N_("what"),
    N_("time"),
    N_("outlet"),
    N_("start"),
    N_("end"),
    N_("register at start, kWh"),
    N_("register at end, kWh"),
    N_("band"),
    N_("part"),
    N_("kWh"),
    N_("yuan per kWh"),
    N_("exact amount, yuan"),
    N_("amount, yuan"),
    N_("left over by rounding, yuan"),
    N_("why it stopped"),
    N_("note"),
)

Row = Mapping[str, str]


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class _Writer:
    def __init__(self, language: str, zone: tzinfo, reasons: Mapping[str, Sentence]):
        self.language, self.zone, self.reasons = language, zone, reasons

    def rows(self, view: StatementView) -> Iterator[Row]:
        yield self.balance(N_("opening balance"), view.opening_fen)
        for block in view.sessions:
            yield from self.session(block)
        for payment in view.payments:
            yield self.movement(payment, -payment.amount_fen)
        for correction in view.corrections:
            yield self.movement(correction, correction.amount_fen)
        yield self.balance(N_("closing balance"), view.closing_fen)

    def balance(self, words: str, fen: int) -> Row:
        return {"what": say(self.language, words), "amount, yuan": show_yuan(fen)}

    def session(self, block: SessionBlock) -> Iterator[Row]:
        bill = block.bill
        reason = self.reasons.get(bill.stop_reason)
        note = "; ".join(mark.in_language(self.language) for mark in block.marks)
        facts = {
            "what": safe(bill.session_id),
            "time": self.clock(bill.ended_at),
            "outlet": safe(f"{bill.pile}/{bill.outlet}"),
            "start": self.clock(bill.started_at),
            "end": self.clock(bill.ended_at),
            "register at start, kWh": show_kwh(bill.start_wh),
            "register at end, kWh": show_kwh(bill.end_wh),
            "why it stopped": safe(
                reason.in_language(self.language) if reason else bill.stop_reason
            ),
            "note": safe(note),
        }
        if not block.priced.lines:
            yield {**facts, "kWh": show_kwh(0), "amount, yuan": show_yuan(0)}
        for line in block.priced.lines:
            yield {**facts, **self.line(line)}

    def line(self, line: PricedLine) -> Row:
        return {
            "band": safe(line.band_name),
            "part": say(self.language, COMPONENT_WORDS[line.component]),
            "kWh": show_kwh(line.energy_wh),
            "yuan per kWh": show_price(line.price_e4),
            "exact amount, yuan": show_e7(line.amount_e7),
            "amount, yuan": show_yuan(line.amount_fen),
            "left over by rounding, yuan": show_e7(line.remainder_e7),
        }

    def movement(self, movement: Movement, amount_fen: int) -> Row:
        return {
            "what": safe(movement.words.in_language(self.language)),
            "time": self.clock(movement.happened_at),
            "amount, yuan": show_yuan(amount_fen),
            "note": safe(movement.memo),
        }

    def clock(self, at: datetime) -> str:
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")


def to_csv(
    view: StatementView,
    language: str,
    zone: tzinfo,
    reasons: Mapping[str, Sentence] | None = None,
    headings: Sequence[str] = HEADINGS,
) -> bytes:
    """The statement as a CSV file. `reasons`: stop reason codes in words; else the code itself."""
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, headings, restval="")
    table.writerow({heading: say(language, heading) for heading in headings})
    table.writerows(_Writer(language, zone, reasons or {}).rows(view))
    return ("\ufeff" + out.getvalue()).encode()
