"""Two guests' starts at once: the pass is asked in the unit that starts, so one of them waits."""

import threading
from datetime import timedelta

import pytest

from service.clock import FixedClock
from service.flow.requests import Started, StartRequest, start
from service.households.actions import Invited, give_guest_pass
from service.households.guests import Limit
from service.sessions.may_start import Reason, Refused
from service.sessions.records import of_passes
from service.store import Store
from tests.support.compound import seeded_house
from tests.support.small import PaperPile


@pytest.mark.parametrize("charges", [1, 5])
def test_of_starts_at_the_same_moment_one_gets_what_the_pass_has(
    store: Store, clock: FixedClock, charges: int
):
    house = seeded_house(store, clock)
    for number in (1, 2):
        pile = PaperPile(house, clock, id=f"LB-00{number}", serial=f"S-{number}",
                         boot_id=f"b{number}000000", conn_id=f"c{number}000000")  # fmt: skip
        pile.hello()
        pile.heartbeat()
    limit = Limit(800, None, charges, clock.now() + timedelta(days=1))
    with store.writing() as uow:
        made = give_guest_pass(uow, 1, "", limit, clock.now(), house.key)
        assert isinstance(made, Invited)
        pass_id = made.row.id or 0
    answers: list[Started | Refused] = []
    ready = threading.Barrier(4)

    def tap(pile: str, outlet: int) -> None:
        wish = StartRequest(pile, outlet, 1, "qr", "guest", f"{pile}/{outlet}", pass_id=pass_id)
        ready.wait()
        answers.append(start(house, wish))

    taps = [
        threading.Thread(target=tap, args=(pile, outlet))
        for pile in ("LB-001", "LB-002")
        for outlet in (1, 2)
    ]
    for one in taps:
        one.start()
    for one in taps:
        one.join(30)
    refused = [one for one in answers if isinstance(one, Refused)]
    assert len(answers) == 4
    assert len(refused) == 3
    expected = Reason.GUEST_USED_UP if charges == 1 else Reason.GUEST_WAITS
    assert {one.reason for one in refused} == {expected}
    with store.reading() as uow:
        assert [row.max_energy_wh for row in of_passes(uow, [pass_id])] == [800]
