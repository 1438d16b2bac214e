"""Law 2 of the books: billed + held + let go + unattributed Wh = the movement, to the Wh."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.usage.balance import Balance, Claim, Kind, Seen, balances, total

HERE = ("LB-001", 1, "a17")


def seen(low: int, high: int, since: int = 0, until: int = 100) -> Seen:
    return Seen(HERE, low, high, since, until)


def sold(start: int, end: int, kind: Kind = Kind.BILLED, at: int = 50, wh: int | None = None):
    return Claim(HERE, kind, start, end, end - start if wh is None else wh, at)


def the_balance(readings: list[Seen], claims: list[Claim]) -> Balance:
    return total(balances(readings, claims).values())


def test_what_was_sold_held_and_trickled_is_what_the_register_moved():
    claims = [sold(1000, 1600), sold(1603, 2000), sold(2000, 2100, Kind.HELD)]
    found = the_balance([seen(1000, 2104)], claims)
    assert found == Balance(
        moved_wh=1104, billed_wh=997, held_wh=100, unbilled_wh=0, unattributed_wh=7, doubled_wh=0
    )
    assert found.agrees


def test_what_a_person_let_go_is_accounted_for_and_not_called_a_trickle():
    found = the_balance([seen(1000, 1700)], [sold(1000, 1600), sold(1600, 1700, Kind.WAIVED)])
    assert (found.billed_wh, found.waived_wh, found.unattributed_wh) == (600, 100, 0)
    assert found.agrees


def test_a_watt_hour_sold_twice_is_found_and_named():
    found = the_balance([seen(1000, 2000)], [sold(1000, 1600), sold(1500, 2000)])
    assert (found.doubled_wh, found.difference_wh, found.agrees) == (100, -100, False)


@pytest.mark.parametrize(("billed", "difference"), [(599, 1), (601, -1)])
def test_a_bill_that_is_one_watt_hour_off_the_register_is_found(billed: int, difference: int):
    found = the_balance([seen(1000, 1600)], [sold(1000, 1600, wh=billed)])
    assert (found.difference_wh, found.agrees) == (difference, False)


def test_readings_that_were_lost_take_nothing_away_from_a_settlement():
    assert the_balance([seen(1000, 1300)], [sold(1000, 1600)]).agrees
    assert the_balance([], [sold(1000, 1600)]).agrees
    assert the_balance([seen(1000, 1100)], [sold(5000, 5100)]).unattributed_wh == 4000 - 100 + 100


def test_a_register_that_began_anew_is_two_stretches_not_a_fall():
    lives = [seen(9000, 9500, 0, 100), seen(0, 300, 200, 300)]
    claims = [sold(9000, 9400, at=90), sold(0, 250, at=250)]
    found = the_balance(lives, claims)
    assert (found.moved_wh, found.billed_wh, found.unattributed_wh) == (800, 650, 150)
    assert found.agrees


def test_the_same_values_in_two_stretches_belong_to_their_own_time():
    lives = [seen(0, 500, 0, 100), seen(0, 500, 200, 300)]
    found = the_balance(lives, [sold(100, 400, at=80), sold(100, 400, at=280)])
    assert (found.moved_wh, found.doubled_wh, found.agrees) == (1000, 0, True)


@dataclass
class Life:
    """What one register truly did, as the oracle of the law."""

    readings: list[Seen] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    moved: int = 0
    idle: int = 0
    books: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))


def lived(seed: int, boots: int, sessions: int) -> Life:
    """Boots that go on where the last one was, or begin anew; sessions and trickle in between."""
    dice, life, value, at = random.Random(seed), Life(), random.Random(seed).randrange(10**6), 0
    for boot in range(boots):
        if boot and dice.random() < 0.4:
            value = dice.randrange(0, max(1, value))
        low, began = value, at
        for _ in range(dice.randrange(sessions + 1)):
            trickle, energy = dice.choice((0, 0, 1, 5)), dice.randrange(0, 900)
            value, at = value + trickle, at + 10
            kind = dice.choice(list(Kind))
            life.claims.append(sold(value, value + energy, kind, at + 5))
            value, at = value + energy, at + 10
            life.idle += trickle
            life.books[kind] += energy
        life.readings.append(seen(low, value, began, at))
        life.moved += value - low
        at += 1000
    dice.shuffle(life.claims)
    return life


@given(st.integers(0, 10**9), st.integers(1, 5), st.integers(0, 8))
@settings(max_examples=300, deadline=None)
def test_whatever_a_register_lived_through_every_watt_hour_is_accounted_for(seed, boots, sessions):
    life = lived(seed, boots, sessions)
    found = the_balance(life.readings, life.claims)
    assert found == Balance(
        moved_wh=life.moved,
        billed_wh=life.books[Kind.BILLED],
        held_wh=life.books[Kind.HELD],
        waived_wh=life.books[Kind.WAIVED],
        unbilled_wh=life.books[Kind.UNBILLED],
        unattributed_wh=life.idle,
        doubled_wh=0,
    )
    assert found.agrees


@given(st.integers(0, 10**9))
@settings(max_examples=100, deadline=None)
def test_one_session_posted_twice_is_off_by_exactly_its_energy(seed):
    life = lived(seed, 1, 6)
    twice = next((claim for claim in life.claims if claim.energy_wh), None)
    if twice is None:
        return
    found = the_balance(life.readings, [*life.claims, twice])
    assert found.doubled_wh == twice.energy_wh == -found.difference_wh
