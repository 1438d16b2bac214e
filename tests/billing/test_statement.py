"""What a household reads: every figure with its arithmetic, on screen and in a spreadsheet."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.billing import actions
from service.billing.pricing import Piece, price
from service.billing.spreadsheet import FORMULA_STARTS, HEADINGS, safe, to_csv
from service.billing.statement import (
    Movement,
    SessionBlock,
    StatementView,
    arithmetic,
    farewell,
)
from service.quantities import parse_fen
from service.store import Store
from service.words import Sentence
from tests.billing.books import (
    THE_LIS,
    THE_WANGS,
    a_payment,
    a_session,
    close,
    pay,
    post,
)
from tests.billing.days import FLAT, PEAK, SHANGHAI, TWO_BANDS, VALLEY, local

FULL = {"full": Sentence("The battery is full.")}


def block(session_id: str = "S1", late: bool = False, **session: object) -> SessionBlock:
    return SessionBlock(*a_session(session_id, **session), entry_id=1, late=late)


def a_view(*sessions: SessionBlock, memo: str = "") -> StatementView:
    paid = Movement(7, local("2026-03-10 10:00"), 1000, Sentence("Payment R-0001"), memo)
    back = Movement(8, local("2026-03-11 10:00"), -42, Sentence("Correction of entry 3"), "")
    return StatementView(THE_LIS, "2026-03", 500, sessions, (paid,), (back,), None)


def rows_of(view: StatementView, **how: object) -> list[dict[str, str]]:
    text = to_csv(view, "en", SHANGHAI, FULL, **how).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


# --- with a pencil -------------------------------------------------------------------------------


def test_a_line_unfolds_into_arithmetic_that_a_pencil_can_follow():
    electricity, service = price(FLAT, [Piece(0, 613)]).lines
    said = [arithmetic(line).in_language("en") for line in (electricity, service)]
    assert said == [
        "0.613 kWh × 0.487 = 0.2985310 → 0.30 (-0.0014690)",
        "0.613 kWh × 0.20 = 0.1226000 → 0.12 (+0.0026000)",
    ]
    assert (
        arithmetic(service).in_language("zh_CN")
        == "0.613 度 × 0.20 = 0.1226000 → 0.12（+0.0026000）"
    )


def test_the_totals_of_a_statement_are_the_sums_of_what_is_printed():
    view = a_view(block(wh=613), block("S2", wh=1000))
    assert view.lines_fen == 42 + 69
    assert view.energy_wh == 1613
    assert view.closing_fen == 500 + 111 - 42 - 1000


def test_a_block_says_what_is_unusual_about_it():
    assert block().marks == ()
    late = block(late=True, wh=[Piece(PEAK, 10, interpolated=True)], tariff=TWO_BANDS)
    said = [mark.in_language("en") for mark in late.marks]
    assert said[0].startswith("late")
    assert "between two readings" in said[1]


def test_the_remainder_of_a_session_is_kept_and_shown():
    assert block(wh=613).remainder_e7 == -14_690 + 26_000


def test_rule_5_the_message_at_the_end_of_a_session_says_all_that_the_price_rules_ask_for():
    """Method, kWh, electricity amount, service amount, start, end and reason."""
    bill, priced = a_session(wh=613)
    said = farewell(bill, priced, "20:10", "23:10", FULL["full"]).in_language("en")
    assert said == (
        "LB-017/2, 20:10 to 23:10: 0.613 kWh by the meter. Electricity 0.30 yuan, "
        "service fee 0.12 yuan, together 0.42 yuan. The battery is full."
    )


# --- from the books ------------------------------------------------------------------------------


def test_a_statement_shows_outlet_times_registers_bands_and_why_it_stopped(store: Store):
    pieces = [Piece(PEAK, 400, interpolated=True), Piece(VALLEY, 600)]
    with store.writing() as uow:
        sent = a_session(wh=pieces, tariff=TWO_BANDS)
        post(uow, sent)
        view = actions.statement_of(uow, THE_LIS, "2026-03")
    (printed,) = view.sessions
    assert (printed.bill, printed.priced) == sent
    assert (printed.bill.end_wh - printed.bill.start_wh, printed.bill.stop_reason) == (1000, "full")
    assert [line.band_name for line in printed.priced.lines] == ["peak", "peak", "valley", "valley"]
    assert printed.interpolated


def test_an_open_month_is_a_preview_and_a_closed_one_is_published(store: Store):
    with store.writing() as uow:
        post(uow, a_session())
        preview = actions.statement_of(uow, THE_LIS, "2026-03")
        close(uow)
        published = actions.statement_of(uow, THE_LIS, "2026-03")
    assert preview.published_at is None
    closed = local("2026-04-01 00:05")
    assert published == replace(preview, published_at=closed, closed_at=closed)


def test_the_preview_of_a_later_month_opens_with_everything_before_it(store: Store):
    with store.writing() as uow:
        post(uow, a_session())
        pay(uow, a_payment(fen=2))
        assert actions.statement_of(uow, THE_LIS, "2026-04").opening_fen == 40
        assert actions.statement_of(uow, THE_LIS, "2026-02") is None
        assert actions.statement_of(uow, THE_WANGS, "2026-03") is None


def test_sessions_are_printed_in_the_order_in_which_they_ended(store: Store):
    with store.writing() as uow:
        post(
            uow,
            a_session("c", ended="2026-03-09 20:00"),
            a_session("a", ended="2026-03-11 20:00"),
            a_session("b", ended="2026-03-10 20:00"),
        )
        view = actions.statement_of(uow, THE_LIS, "2026-03")
    assert [printed.bill.session_id for printed in view.sessions] == ["c", "b", "a"]


def test_all_statements_of_a_month_are_the_same_as_one_by_one(store: Store):
    with store.writing() as uow:
        post(uow, *(a_session(f"S{i}", household_id=i % 7, wh=100 * i) for i in range(30)))
        pay(uow, a_payment(household_id=3))
        pay(uow, a_payment("R-2", household_id=99))
        for _ in ("open", "closed"):
            together = actions.statements_of(uow, "2026-03")
            assert [view.household_id for view in together] == [*range(7), 99]
            alone = [actions.statement_of(uow, view.household_id, "2026-03") for view in together]
            assert together == alone
            close(uow)


# --- as a spreadsheet ----------------------------------------------------------------------------


def test_a_spreadsheet_is_marked_so_that_chinese_stays_chinese():
    data = to_csv(a_view(block(), memo="退款"), "en", SHANGHAI)
    assert data.startswith(b"\xef\xbb\xbf")
    assert "退款" in data.decode("utf-8-sig")


def test_there_is_a_row_for_every_printed_line_with_its_arithmetic():
    rows = rows_of(a_view(block(wh=613)))
    assert [row["what"] for row in rows] == [
        "opening balance",
        "S1",
        "S1",
        "Payment R-0001",
        "Correction of entry 3",
        "closing balance",
    ]
    line = rows[1]
    assert (line["kWh"], line["yuan per kWh"], line["amount, yuan"]) == ("0.613", "0.487", "0.30")
    assert line["exact amount, yuan"] == "0.2985310"
    assert line["left over by rounding, yuan"] == "-0.0014690"
    assert (line["register at start, kWh"], line["register at end, kWh"]) == ("402.118", "402.731")
    assert (line["start"], line["end"]) == ("2026-03-02 20:10", "2026-03-02 23:10")
    assert (line["outlet"], line["why it stopped"]) == ("LB-017/2", "The battery is full.")


def test_a_session_without_energy_has_a_row_that_says_0_00():
    rows = rows_of(a_view(block(wh=0)))
    assert (rows[1]["kWh"], rows[1]["amount, yuan"]) == ("0.000", "0.00")


def test_a_reason_without_words_is_shown_as_the_code_of_the_contract():
    text = to_csv(a_view(block()), "en", SHANGHAI).decode("utf-8-sig")
    assert ",full," in text


@given(st.lists(st.integers(0, 3000), max_size=8))
def test_opening_and_every_amount_in_between_make_the_closing_balance(energies):
    view = a_view(*(block(f"S{i}", wh=wh) for i, wh in enumerate(energies)))
    amounts = [parse_fen(row["amount, yuan"]) for row in rows_of(view)]
    assert sum(amounts[:-1]) == amounts[-1] == view.closing_fen


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_a_text_that_a_spreadsheet_would_run_is_quoted(start):
    assert safe(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


nasty = st.text(alphabet=st.sampled_from(list("=+-@\t\r\n＝＋－＠,;\"' 0aA!|()退")), max_size=12)


@given(nasty, nasty, nasty)
def test_no_text_of_anybody_reaches_a_spreadsheet_as_a_formula(memo, session_id, reason):
    printed = block(session_id or "S", wh=613)
    printed = replace(printed, bill=replace(printed.bill, stop_reason=reason))
    rows = rows_of(a_view(printed, memo=memo))
    assert len(rows) == 6
    numbers = {heading for heading in HEADINGS if "yuan" in heading or "kWh" in heading}
    for row in rows:
        for heading, cell in row.items():
            if heading in numbers:
                assert cell == "" or float(cell) is not None
            else:
                assert not cell.startswith(FORMULA_STARTS)
    assert rows[3]["note"] == safe(memo)


def test_every_heading_is_one_column():
    text = to_csv(a_view(), "en", SHANGHAI).decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(text))) == list(HEADINGS)
