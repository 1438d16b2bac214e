"""The life of a session, as the same table read aloud, and its laws."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sessions.lifecycle import (
    OPEN,
    TABLE,
    Effect,
    Event,
    NoSuchStep,
    State,
    Step,
    step,
)

# What a pile can say, in the order in which it happens; messages come in any order.
TOLD_BY_PILE = (Event.STARTED, Event.OVER, Event.SETTLED)

STORIES = """
queued    admitted     starting   switch_on
queued    left_queue   cancelled
queued    stop_asked   cancelled
starting  started      charging
starting  not_started  cancelled
starting  gave_up      cancelled
starting  stop_asked   stopping   switch_off
starting  settled      settled
charging  stop_asked   stopping   switch_off
charging  over         ended
charging  settled      settled
stopping  stop_asked   stopping
stopping  over         ended
ended     settled      settled
ended     doubted      held
ended     stranded     held
settled   settled      settled
settled   started      settled
held      settled      held
held      found        settled
held      decided      settled
held      let_go       waived
waived    settled      waived
waived    doubted      waived
waived    started      waived
cancelled started      cancelled  switch_off charging_without_order
cancelled settled      settled
cancelled doubted      held
"""


@pytest.mark.parametrize("line", STORIES.strip().splitlines())
def test_the_table_reads_as_the_story_goes(line):
    before, event, after, *effects = line.split()
    expected = Step(State(after), tuple(Effect(name) for name in effects))
    assert step(State(before), Event(event)) == expected


def test_a_pair_that_is_not_in_the_table_is_refused_by_name():
    refused = step(State.SETTLED, Event.ADMITTED)
    assert refused == NoSuchStep(State.SETTLED, Event.ADMITTED)


@pytest.mark.parametrize("order", list(permutations(TOLD_BY_PILE)))
def test_the_order_in_which_the_piles_words_arrive_changes_nothing(order):
    state = State.STARTING
    for event in order:
        taken = step(state, event)
        assert isinstance(taken, Step)
        state = taken.state
    assert state is State.SETTLED


@given(st.lists(st.sampled_from(TOLD_BY_PILE), max_size=12))
def test_a_repeated_word_of_a_pile_never_undoes_a_later_truth(events):
    state, rank = State.STARTING, list(State).index
    for event in events:
        taken = step(state, event)
        assert isinstance(taken, Step)
        assert rank(taken.state) >= rank(state)
        state = taken.state


@given(st.lists(st.sampled_from(list(Event)), max_size=30))
def test_a_relay_is_switched_on_at_most_once_per_session(events):
    state, switched_on = State.QUEUED, 0
    for event in events:
        taken = step(state, event)
        if isinstance(taken, Step):
            switched_on += Effect.SWITCH_ON in taken.effects
            state = taken.state
    assert switched_on <= 1


def test_only_what_is_held_can_be_decided():
    for event in (Event.DECIDED, Event.LET_GO):
        assert [state for state in State if isinstance(step(state, event), Step)] == [State.HELD]


@given(st.lists(st.sampled_from([*TOLD_BY_PILE, Event.DOUBTED, Event.STRANDED]), max_size=12))
def test_what_a_person_let_go_no_pile_brings_back(events):
    state = State.WAIVED
    for event in events:
        taken = step(state, event)
        state = taken.state
    assert state is State.WAIVED


def test_once_over_a_session_never_holds_the_outlet_again():
    for (before, _), taken in TABLE.items():
        if before not in OPEN:
            assert taken.state not in OPEN
