"""What is handed to the press is what the books say: every text is there, every sum is right."""

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.billing.pricing import Piece
from service.pages.paper.facts import Letterhead, Proof, statements_facts
from service.quantities import parse_fen, show_kwh, show_yuan
from tests.billing.days import PEAK, VALLEY
from tests.pages.papers import HEAD, a_block, a_page, a_view, corrected, facts_of, paid

amounts = st.integers(-9_999_999, 9_999_999)
energies = st.one_of(
    st.integers(0, 9_000),
    st.tuples(st.integers(0, 4_000), st.integers(0, 4_000), st.booleans()).map(
        lambda two: [Piece(PEAK, two[0], interpolated=two[2]), Piece(VALLEY, two[1])]
    ),
)
views = st.builds(
    lambda charges, opening, payments, corrections: a_view(
        *(a_block(n, wh) for n, wh in enumerate(charges)),
        opening=opening,
        payments=[paid(abs(fen) or 1) for fen in payments],
        corrections=[corrected(fen) for fen in corrections],
    ),
    st.lists(energies, max_size=4),
    amounts,
    st.lists(amounts, max_size=3),
    st.lists(amounts, max_size=3),
)


def the_paper(*views_, language="en"):
    return facts_of(*views_, language=language)["papers"][0]


@settings(max_examples=60)
@given(views)
def test_every_printed_sum_is_the_sum_of_what_is_printed_and_the_one_of_the_ledger(view):
    paper = the_paper(view)
    lines = [line for charge in paper["charges"] for line in charge["lines"]]
    assert sum(parse_fen(line["amount"]) for line in lines) == view.lines_fen
    assert parse_fen(paper["total"]["amount"]) == view.lines_fen
    exact = sum((Decimal(line["exact"]) for line in lines), Decimal(0))
    left = sum((Decimal(line["remainder"]) for line in lines), Decimal(0))
    assert Decimal(paper["total"]["exact"]) == exact
    assert Decimal(paper["total"]["remainder"]) == left == exact - Decimal(view.lines_fen) / 100
    assert show_kwh(view.energy_wh) in paper["total"]["words"]
    assert sum(parse_fen(row["amount"]) for row in paper["sums"]) == view.closing_fen
    moved = sum(parse_fen(row["amount"]) for row in paper["movements"])
    assert moved == view.corrections_fen - view.payments_fen
    assert abs(parse_fen(paper["closing"]["amount"])) == abs(view.closing_fen)


@settings(max_examples=60)
@given(views)
def test_the_sum_at_the_foot_can_be_followed_with_a_pencil(view):
    said, result = the_paper(view)["check"].split(" = ")
    signs = re.findall(r" ([+-]) ", f" + {said}")
    numbers = re.split(r" [+-] ", said)
    by_pencil = sum(
        parse_fen(number) * (1 if sign == "+" else -1)
        for sign, number in zip(signs, numbers, strict=True)
    )
    assert by_pencil == parse_fen(result) == view.closing_fen


@settings(max_examples=30)
@given(energies)
def test_each_line_is_energy_times_price_rounded_once_with_its_remainder(wh):
    (charge,) = the_paper(a_view(a_block(1, wh)))["charges"]
    for line in charge["lines"]:
        exact = Decimal(line["kwh"]) * Decimal(line["price"])
        assert Decimal(line["exact"]) == exact
        assert Decimal(line["amount"]) + Decimal(line["remainder"]) == exact
        assert abs(Decimal(line["remainder"])) <= Decimal("0.005")


def test_a_charge_says_where_when_how_much_by_the_meter_and_why_it_stopped():
    (charge,) = the_paper(a_view(a_block(1)))["charges"]
    assert charge["when"] == "2 March 04:00 – 07:00"
    assert charge["place"] == "Pile 17 · outlet 2"
    assert charge["meter"] == "Meter 402.118 → 402.731 = 0.613 kWh, 3 h"
    assert charge["why"] == "The battery is full and the power is off."
    assert charge["total"] == "0.42 yuan"
    assert [line["part"] for line in charge["lines"]] == ["electricity", "service fee"]


def test_a_charge_over_midnight_names_both_days():
    (charge,) = the_paper(a_view(a_block(31)))["charges"]
    assert charge["when"] == "15 March 22:00 – 16 March 01:00"


def test_bands_are_named_where_there_is_more_than_one():
    wh = [Piece(PEAK, 400, interpolated=True), Piece(VALLEY, 600)]
    (charge,) = the_paper(a_view(a_block(1, wh, late=True)))["charges"]
    assert [line["part"] for line in charge["lines"]] == [
        "electricity (peak)", "service fee (peak)", "electricity (valley)", "service fee (valley)",
    ]  # fmt: skip
    assert len(charge["marks"]) == 2


@pytest.mark.parametrize(
    ("fen", "published", "said"),
    [
        (1, True, "Please pay at the committee's desk"),
        (0, True, "Nothing has to be paid."),
        (-1, True, "this is taken off the next statement"),
        (1, False, "the month is still open"),
    ],
)
def test_a_statement_says_what_is_to_be_done(fen, published, said):
    view = a_view(opening=fen, **({} if published else {"published_at": None}))
    assert said in the_paper(view)["ask"][0]


def test_what_was_paid_ahead_is_said_and_not_asked_for():
    paper = the_paper(a_view(opening=-1234))
    assert paper["closing"] == {"words": "Paid ahead, yuan", "amount": show_yuan(1234)}


def test_whom_to_ask_stands_on_every_statement():
    asked = the_paper(a_view())["ask"]
    assert "0358-000-0000" in asked[1]
    assert "12345" in asked[2]
    assert "12315" in asked[2]
    nobody = Letterhead("北门小区", "", HEAD.made)
    facts = statements_facts([a_page(a_view())], nobody, "en")
    assert facts["papers"][0]["ask"][1] == "Questions: at the committee's desk."


def test_a_proof_is_printed_where_there_is_one():
    assert the_paper(a_view())["qr"] is None
    proof = Proof("https://example.org/check#", "BEIMEN-PROOF-1/X", "AAAA-BBBB")
    (paper,) = facts_of(a_view(), proof=proof)["papers"]
    assert paper["qr"] == ["https://example.org/check#", "BEIMEN-PROOF-1/X"]
    assert "AAAA-BBBB" in paper["qr_words"]
