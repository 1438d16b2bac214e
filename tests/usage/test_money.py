"""The ledger in the committee's words, month by month."""

from service.usage.money import MonthMoney, Movement, by_month, of_month


def test_a_month_of_income_payments_and_costs():
    march = [
        Movement("2026-03", "session", "receivable", 690),
        Movement("2026-03", "session", "electricity_income", -490),
        Movement("2026-03", "session", "service_income", -200),
        Movement("2026-03", "payment", "receivable", -500),
        Movement("2026-03", "payment", "cash", 500),
        Movement("2026-03", "voucher", "repairs", 120),
        Movement("2026-03", "voucher", "cash", -120),
        Movement("2026-03", "voucher", "grid_cost", 300),
    ]
    money = of_month(march, "2026-03")
    assert money == MonthMoney("2026-03", 490, 200, 500, 420)
    assert (money.billed_fen, money.net_fen) == (690, 270)


def test_what_is_taken_back_is_taken_off_again():
    moved = [
        Movement("2026-03", "session", "electricity_income", -490),
        Movement("2026-04", "session", "electricity_income", 490),
        Movement("2026-04", "payment", "receivable", 500),
    ]
    march, april = by_month(moved)
    assert (march.electricity_fen, april.electricity_fen, april.payments_fen) == (490, -490, -500)


def test_a_month_in_which_nothing_moved_is_a_month_of_zeros():
    assert of_month([], "2026-03") == MonthMoney("2026-03")
