"""A statement as plain data for the press: every figure and label is a ready text in one language.

The press only places texts. Nothing here is markup, so nothing a person wrote can become any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.pages.statement_page import BlockText, LineText, MovementText, StatementPage
from service.quantities import show_e7, show_kwh, show_price, show_yuan
from service.words import N_, Sentence, say

Facts = dict[str, Any]
"""What a paper is made of: texts, truths, and lists and tables of them, as JSON knows them."""

LANGUAGES = {"zh_CN": ("zh", "cn"), "en": ("en", "gb")}


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands on every paper. `made` is the day it was printed."""

    compound: str
    phone: str
    made: Sentence


@dataclass(frozen=True, slots=True)
class Proof:
    """What leads a phone to the check that a bill is inside the published total."""

    address: str
    link: str
    code: str
    """The month's code, which the public notice shows too."""


class _Words:
    """Says messages in the language of the paper."""

    def __init__(self, language: str):
        self.language = language

    def __call__(self, message: str, **values: object) -> str:
        return say(self.language, message, **values)

    def of(self, sentence: Sentence | None) -> str:
        return "" if sentence is None else sentence.in_language(self.language)


def statements_facts(
    pages: Sequence[StatementPage],
    head: Letterhead,
    language: str,
    proofs: Mapping[str, Proof] | None = None,
    *,
    both_sides: bool = False,
) -> Facts:
    """The facts of `statement.typ`: these households, each on pages of its own.

    `proofs`: by statement number, where the month has them. `both_sides`: for a printer that prints
    on both sides of a sheet, every household begins on a new one.
    """
    say_it = _Words(language)
    first = pages[0] if pages else None
    return {
        **common_facts(head, language),
        "title": say_it(N_("Statements {month}"), month=first.month) if first else head.compound,
        "labels": _labels(say_it),
        "both_sides": both_sides,
        "papers": [
            {
                **_statement(page, head, say_it),
                **_proof((proofs or {}).get(page.number), say_it),
            }
            for page in pages
        ],
    }


def common_facts(head: Letterhead, language: str) -> Facts:
    """What `sheet.typ` needs for any paper; a paper adds its own `title`."""
    say_it = _Words(language)
    short, region = LANGUAGES[language]
    foot = [head.compound, say_it(N_("printed {day}"), day=head.made)]
    if head.phone:
        foot.insert(1, say_it(N_("service phone {phone}"), phone=head.phone))
    return {
        "lang": short,
        "region": region,
        "compound": head.compound,
        "foot": " · ".join(foot),
        # the press puts the numbers in: nobody else knows them
        "page_of": say_it(N_("page {page} of {pages}"), page="{page}", pages="{pages}"),
    }


def _labels(say_it: _Words) -> Facts:
    return {
        "charges": say_it(N_("Charges in detail")),
        "no_charge": say_it(N_("No charge in this month.")),
        "columns": [
            say_it(N_("part")),
            say_it(N_("kWh")),
            say_it(N_("× price")),
            say_it(N_("= exactly")),
            say_it(N_("rounded")),
            say_it(N_("left over")),
        ],
        "rounding": say_it(
            N_(
                "Each line is rounded once, half up, to 0.01 yuan. The last column is what "
                "rounding left over."
            )
        ),
        "movements": say_it(N_("Payments and corrections")),
        "movement_columns": [say_it(N_("day")), say_it(N_("what")), say_it(N_("yuan"))],
        "check": say_it(
            N_("Opening balance + electricity + service fee + corrections - paid = closing balance")
        ),
        "stamp": say_it(N_("Stamp and signature")),
    }


def _statement(page: StatementPage, head: Letterhead, say_it: _Words) -> Facts:
    heading = say_it(N_("Charging statement {month}"), month=page.month)
    return {
        "number": page.number,
        "heading": heading,
        "door": page.door,
        "running": f"{heading} · {page.door} · {page.number}",
        "final": page.is_final,
        "status": _status(page, say_it),
        "sums": _sums(page, say_it),
        "closing": _closing(page, say_it),
        "charges": [_charge(block, say_it) for block in page.blocks],
        "total": _total(page, say_it),
        "movements": [
            *(_movement(one, -one.amount_fen, say_it) for one in page.payments),
            *(_movement(one, one.amount_fen, say_it) for one in page.corrections),
        ],
        "check": _check(page),
        "ask": _ask(page, head, say_it),
    }


def _proof(proof: Proof | None, say_it: _Words) -> Facts:
    if proof is None:
        return {"qr": None}
    words = (
        say_it(N_("Scan to check that this bill is inside the published total.")),
        say_it(N_("Code of the month, the same as on the notice: {code}"), code=proof.code),
    )
    # an address and what follows its '#': the second part is drawn with the small alphabet
    return {"qr": [proof.address, proof.link], "qr_words": "\n".join(words)}


def _status(page: StatementPage, say_it: _Words) -> str:
    if page.is_final:
        return say_it(
            N_("Published {day}. It never changes; a correction comes as a line of the next one."),
            day=page.published,
        )
    if page.is_closed:
        return say_it(
            N_("The month is closed: nothing is added any more. It will soon be published.")
        )
    return say_it(N_("This month is still open: more charges may come."))


def _sums(page: StatementPage, say_it: _Words) -> list[Mapping[str, str]]:
    rows = [
        (say_it(N_("Opening balance")), page.opening_fen),
        (say_it(N_("Electricity")), page.electricity_fen),
        (say_it(N_("Service fee")), page.service_fen),
    ]
    if page.corrections:
        rows.append((say_it(N_("Corrections")), page.corrections_fen))
    rows.append((say_it(N_("Paid")), -page.payments_fen))
    return [{"words": words, "amount": show_yuan(fen)} for words, fen in rows]


def _closing(page: StatementPage, say_it: _Words) -> Mapping[str, str]:
    if page.closing_fen >= 0:
        return {"words": say_it(N_("To pay, yuan")), "amount": show_yuan(page.closing_fen)}
    return {"words": say_it(N_("Paid ahead, yuan")), "amount": show_yuan(-page.closing_fen)}


def _charge(block: BlockText, say_it: _Words) -> Facts:
    return {
        "when": say_it.of(block.when),
        "place": say_it.of(block.place),
        "total": say_it(N_("{amount} yuan"), amount=show_yuan(block.total_fen)),
        "meter": say_it(
            N_("Meter {start} → {end} = {kwh} kWh, {length}"),
            start=show_kwh(block.start_wh),
            end=show_kwh(block.end_wh),
            kwh=show_kwh(block.energy_wh),
            length=block.length,
        ),
        "why": say_it.of(block.reason),
        "marks": [say_it.of(mark) for mark in block.marks],
        "lines": [_line(line, say_it) for line in block.lines],
    }


def _line(line: LineText, say_it: _Words) -> Mapping[str, str]:
    part = say_it.of(line.part)
    return {
        "part": part if line.band == "flat" else f"{part} ({line.band})",
        "kwh": show_kwh(line.energy_wh),
        "price": show_price(line.price_e4),
        "exact": show_e7(line.exact_e7),
        "amount": show_yuan(line.amount_fen),
        "remainder": show_remainder(line.remainder_e7),
    }


def _total(page: StatementPage, say_it: _Words) -> Mapping[str, str]:
    lines = [line for block in page.blocks for line in block.lines]
    return {
        "words": say_it(N_("Total for {kwh} kWh"), kwh=show_kwh(page.energy_wh)),
        "exact": show_e7(sum(line.exact_e7 for line in lines)),
        "amount": show_yuan(page.lines_fen),
        "remainder": show_remainder(sum(line.remainder_e7 for line in lines)),
    }


def _movement(one: MovementText, amount_fen: int, say_it: _Words) -> Mapping[str, str]:
    return {
        "day": say_it.of(one.day),
        "words": say_it.of(one.words),
        "memo": one.memo,
        "amount": show_yuan(amount_fen),
    }


def _check(page: StatementPage) -> str:
    """The whole statement as one sum to follow with a pencil."""
    parts = (
        page.opening_fen,
        page.electricity_fen,
        page.service_fen,
        page.corrections_fen,
        -page.payments_fen,
    )
    text = show_yuan(parts[0])
    for fen in parts[1:]:
        text += f" {'-' if fen < 0 else '+'} {show_yuan(abs(fen))}"
    return f"{text} = {show_yuan(page.closing_fen)}"


def _ask(page: StatementPage, head: Letterhead, say_it: _Words) -> list[str]:
    phone = (
        say_it(N_("Questions: service phone {phone}, or the committee's desk."), phone=head.phone)
        if head.phone
        else say_it(N_("Questions: at the committee's desk."))
    )
    return [_what_to_pay(page, say_it), phone, say_it(N_("City hotline 12345, consumers 12315."))]


def _what_to_pay(page: StatementPage, say_it: _Words) -> str:
    if not page.is_closed:
        return say_it(N_("Nothing has to be paid yet: the month is still open."))
    if page.closing_fen > 0:
        return say_it(
            N_(
                "Please pay at the committee's desk, in cash or by transfer, and take the receipt "
                "with you. Write {number} on a transfer."
            ),
            number=page.number,
        )
    if page.closing_fen < 0:
        return say_it(N_("Nothing has to be paid: this is taken off the next statement."))
    return say_it(N_("Nothing has to be paid."))


def show_remainder(remainder_e7: int) -> str:
    """What rounding left over, with its sign: '+0.0026000', '-0.0014690', '0.0000000'."""
    return f"{'+' if remainder_e7 > 0 else ''}{show_e7(remainder_e7)}"
