"""A year of prices in one story: from the draft to the vote, to the board, to the next bill.

Every figure is worked out here by hand. The compound sells at 0.487 + 0.20 yuan/kWh; the owners
agree to cheaper nights from April on.
"""

from dataclasses import replace
from datetime import timedelta

from service.billing.actions import statement_of, tariff_in_force, tariff_versions, verify
from service.billing.actions.reading import load_blocks
from service.billing.records.queries import sessions_of_month
from service.billing.statement import arithmetic
from service.billing.tariff import Band, TariffVersion
from service.billing.timeline import is_right
from service.desk.actions.drafts import Decided, Kept, add_draft, decide_draft
from service.desk.drafts import Decision, Proposal
from service.flow.whatif import what_if
from service.piles.actions import hang_boards
from service.piles.records import pile_rows
from tests.billing.days import PEAK_SLOTS, VALLEY_SLOTS
from tests.flow.looking import charging, post_now, settle
from tests.support.compound import at

APRIL = at("2026-04-01 00:00")
CHEAPER_NIGHTS = Proposal(
    TariffVersion(
        0,
        APRIL,
        (Band("peak", 4870, 3000, PEAK_SLOTS), Band("valley", 2860, 1000, VALLEY_SLOTS)),
    ),
    "the cable is full in the evening",
)


def a_charge(pile, house, wish, clock, evening: str) -> str:
    """21:00 to 23:00, 0.600 kWh: 0.400 before ten o'clock, 0.200 after."""
    clock.at = max(clock.at, at(f"{evening} 21:00"))
    pile.heartbeat()
    session_id = charging(house, pile, wish(key=f"scan of {evening}"))
    start = at(f"{evening} 21:00")
    for minutes, wh in ((1, 1000), (60, 1400), (119, 1590)):
        clock.at = start + timedelta(minutes=minutes)
        pile.meter(pile.reading(wh=wh, session_id=session_id))
    clock.at = start + timedelta(minutes=120)
    settle(pile, session_id, 1000, 1600, duration_s=7200)
    post_now(house)
    return session_id


def lines(house, session_id: str, month: str) -> list[str]:
    with house.store.reading() as uow:
        for block in load_blocks(uow, sessions_of_month(uow, month)):
            if block.bill.session_id == session_id:
                return [
                    f"{x.band_name}: {arithmetic(x).in_language('en')}" for x in block.priced.lines
                ]
    return []


def boards_that_are_wrong(house, clock) -> int:
    with house.store.reading() as uow:
        versions = tariff_versions(uow)
        return sum(
            not is_right(versions, row.board_tariff_id, row.board_printed_at, clock.now())
            for row in pile_rows(uow)
        )


def test_from_a_draft_to_the_price_in_force_while_old_bills_stay(house, pile, wish, clock):
    the_lis = wish().household_id
    zone, ceiling = house.settings.zone, house.settings.government_price_e4

    # March is sold at one price round the clock
    march = a_charge(pile, house, wish, clock, "2026-03-02")
    old_lines = lines(house, march, "2026-03")
    assert old_lines == [
        "flat: 0.600 kWh × 0.487 = 0.2922000 → 0.29 (+0.0022000)",
        "flat: 0.600 kWh × 0.20 = 0.1200000 → 0.12 (0.0000000)",
    ]

    # the committee drafts cheaper nights and looks at what March would have cost
    with house.store.writing() as uow:
        kept = add_draft(uow, CHEAPER_NIGHTS, ceiling, clock.now(), by=1)
    assert isinstance(kept, Kept)
    with house.store.reading() as uow:
        seen = what_if(uow, CHEAPER_NIGHTS.version, "2026-03", zone).households[the_lis]
        assert tariff_in_force(uow, APRIL).id == 1, "a draft prices nothing"
    # peak 0.400 x 0.487 = 0.1948, x 0.30 = 0.12; valley 0.200 x 0.286 = 0.0572, x 0.10 = 0.02
    assert (seen.old_fen, seen.new_electricity_fen, seen.new_service_fen) == (41, 25, 14)
    assert seen.estimated == 0

    # the owners agree; the boards for April are printed and hung the same week
    agreed = Decision(
        True, at("2026-03-08 00:00"), 132, 18,
        consent_at=at("2026-03-08 00:00"), consent_scope="all owners, meeting of 8 March",
    )  # fmt: skip
    clock.at = at("2026-03-09 10:00")
    with house.store.writing() as uow:
        mark = CHEAPER_NIGHTS.mark
        decided = decide_draft(uow, kept.draft.id, agreed, ceiling, mark, clock.now(), zone, by=2)
        assert isinstance(decided, Decided), decided
        hang_boards(uow, [row.id for row in pile_rows(uow)], decided.version.id, clock.now())
    assert boards_that_are_wrong(house, clock) == 0

    # a charge that begins on the last evening of March keeps the old price past midnight
    clock.at = at("2026-03-31 23:30")
    pile.heartbeat()
    across = charging(house, pile, wish(key="the last scan of March"))
    clock.at = at("2026-04-01 00:30")
    pile.meter(pile.reading(wh=1100, session_id=across))
    settle(pile, across, 1000, 1200, duration_s=3600)
    post_now(house)
    assert lines(house, across, "2026-04") == [
        "flat: 0.200 kWh × 0.487 = 0.0974000 → 0.10 (-0.0026000)",
        "flat: 0.200 kWh × 0.20 = 0.0400000 → 0.04 (0.0000000)",
    ]

    # the next evening is billed by the new one, as the draft had foretold for the same charge
    assert boards_that_are_wrong(house, clock) == 0, "they were printed for this day"
    april = a_charge(pile, house, wish, clock, "2026-04-01")
    assert lines(house, april, "2026-04") == [
        "peak: 0.400 kWh × 0.487 = 0.1948000 → 0.19 (+0.0048000)",
        "peak: 0.400 kWh × 0.30 = 0.1200000 → 0.12 (0.0000000)",
        "valley: 0.200 kWh × 0.286 = 0.0572000 → 0.06 (-0.0028000)",
        "valley: 0.200 kWh × 0.10 = 0.0200000 → 0.02 (0.0000000)",
    ]
    with house.store.reading() as uow:
        assert statement_of(uow, the_lis, "2026-04").lines_fen == 14 + seen.new_fen
        assert lines(house, march, "2026-03") == old_lines, "what was billed stays as it was"
        assert tariff_versions(uow)[1] == replace(
            CHEAPER_NIGHTS.version, id=2,
            consent_at=agreed.consent_at, consent_scope=agreed.consent_scope,
        )  # fmt: skip
        assert verify(uow).misfits == ()
