"""An evening of simulated piles through the whole house: the check of the books against the
registers of the simulator, which shares no code with it."""

from datetime import timedelta

import pytest

from service.usage.actions import check_books, figures
from service.usage.spans import Span
from tests.support.compound import Compound


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_after_an_evening_every_watt_hour_of_the_registers_is_accounted_for(store, clock):
    compound = Compound(store, clock, "quiet_evening", seed=7)
    span = Span(clock.now() - timedelta(hours=1), clock.now() + timedelta(days=1))
    compound.run(8 * 3600, tick_every=120)
    with store.reading() as uow:
        check = check_books(uow, span, clock.now())
        found = figures(uow, span, clock.now(), compound.house.settings.zone)
    assert check.agrees, check
    assert check.total.billed_wh > 0
    assert found.visits.started >= 10

    truth = compound.world.oracle
    over = [one for one in truth.sessions.values() if one.ended_ms is not None]
    sold = check.total.billed_wh + check.total.held_wh
    assert sold <= sum(one.energy_wh for one in over) <= check.total.moved_wh
    # what no reading has told of yet is at most the last minutes of those who still charge
    assert 0 <= truth.metered_wh() - check.total.moved_wh <= 40 * len(truth.sessions)
