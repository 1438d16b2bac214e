"""What last month would have cost by other prices: measured from the readings, as a bill is."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete

from service.billing.actions import publish_tariff
from service.billing.outcomes import Published
from service.billing.tariff import TariffVersion
from service.desk.whatif import WhatIf
from service.flow import House
from service.flow.whatif import what_if
from service.metering.records import Reading
from tests.billing.days import TWO_BANDS
from tests.flow.looking import billed, charging, lines_of, post_now, settle
from tests.support.compound import at


def a_charge_across_ten(house: House, pile, wish, clock, day: str) -> str:
    """From 21:00 to 23:00, 300 Wh: 102 before ten o'clock and 198 after."""
    clock.at = at(f"{day} 21:00")
    pile.heartbeat()
    session_id = charging(house, pile, wish(key=f"on {day}"))
    for minutes, wh in ((0, 1000), (59, 1100), (61, 1104), (120, 1300)):
        clock.at = at(f"{day} 21:00") + timedelta(minutes=minutes, seconds=1)
        pile.meter(pile.reading(wh=wh, session_id=session_id))
    settle(pile, session_id, 1000, 1300, duration_s=7200)
    post_now(house)
    return session_id


def look(house: House, version: TariffVersion, month: str = "2026-03") -> WhatIf:
    with house.store.reading() as uow:
        return what_if(uow, version, month, house.settings.zone)


def test_a_charge_across_the_new_border_costs_what_it_will_cost_when_it_is_billed_so(
    house: House, pile, wish, clock
):
    a_charge_across_ten(house, pile, wish, clock, "2026-03-03")
    draft = replace(TWO_BANDS, id=0, starts_at=at("2026-03-04 00:00"))
    before = look(house, draft)
    (amounts,) = before.households.values()
    assert (amounts.estimated, amounts.energy_wh) == (0, 300)
    assert amounts.old_fen == 15 + 6  # 0.300 x 0.487, x 0.20

    with house.store.writing() as uow:
        made = publish_tariff(uow, draft, 4870, clock.now(), house.settings.zone)
    assert isinstance(made, Published)
    the_same = a_charge_across_ten(house, pile, wish, clock, "2026-03-04")
    lines = [line for line in lines_of(house.store) if line.session_id == the_same]
    assert sum(line.amount_fen for line in lines) == amounts.new_fen
    assert [one.tariff_id for one in billed(house.store)] == [1, 2]

    # both evenings by the version that billed the second: nothing of the second moves
    (both,) = look(house, replace(made.version, id=0)).households.values()
    assert both.new_fen == 2 * amounts.new_fen
    # and by the old flat price: nothing of the first
    flat = TariffVersion.flat(at("2026-05-01 00:00"), 4870, 2000)
    assert look(house, flat).total.new_fen == 2 * amounts.old_fen


def test_where_the_readings_are_gone_the_row_is_an_estimate(house: House, pile, wish, clock):
    a_charge_across_ten(house, pile, wish, clock, "2026-03-03")
    with house.store.writing() as uow:
        uow.session.connection().execute(delete(Reading))
    draft = replace(TWO_BANDS, id=0, starts_at=at("2026-03-04 00:00"))
    (amounts,) = look(house, draft).households.values()
    assert (amounts.estimated, amounts.energy_wh) == (1, 300)
    # 150 Wh on each side: 7 + 4 electricity, 3 + 2 service
    assert (amounts.new_electricity_fen, amounts.new_service_fen) == (11, 5)
    flat = TariffVersion.flat(at("2026-05-01 00:00"), 4870, 2000)
    (unchanged,) = look(house, flat).households.values()
    assert (unchanged.estimated, unchanged.change_fen) == (0, 0), "the bill itself is enough"
