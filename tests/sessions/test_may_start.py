"""Every no has a reason, a sentence in two languages, and says what to do."""

from dataclasses import replace

import pytest

from service.sessions.may_start import SENTENCES, Circumstances, Reason, may_start

ALL_IS_WELL = Circumstances(
    pile="LB-017",
    outlet=2,
    outlet_exists=True,
    in_service=True,
    pile_silent=False,
    pile_blocked=False,
    outlet_fault=False,
    outlet_busy=False,
    household_may=True,
    tariff_in_force=True,
)


def test_a_free_outlet_may_be_started():
    assert may_start(ALL_IS_WELL) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"outlet_exists": False}, Reason.OUTLET_UNKNOWN),
        ({"in_service": False}, Reason.OUT_OF_SERVICE),
        ({"pile_silent": True}, Reason.PILE_SILENT),
        ({"pile_blocked": True}, Reason.PILE_BLOCKED),
        ({"outlet_fault": True}, Reason.OUTLET_FAULT),
        ({"outlet_busy": True}, Reason.OUTLET_BUSY),
        ({"household_may": False}, Reason.HOUSEHOLD_UNKNOWN),
        ({"tariff_in_force": False}, Reason.NO_TARIFF),
        ({"cap_wh": 0}, Reason.CAP_TOO_SMALL),
    ],
)
def test_each_reason_against_a_start_is_named(change, reason):
    refused = may_start(replace(ALL_IS_WELL, **change))
    assert refused
    assert refused.reason is reason
    assert refused.sentence.in_language("en").endswith(".")


def test_two_piles_with_the_same_name_block_every_start_rule_28():
    """Rule 28: a broken memory falls back to a default id, so two piles can show the same one."""
    refused = may_start(replace(ALL_IS_WELL, pile_blocked=True))
    assert refused
    assert refused.reason is Reason.PILE_BLOCKED


def test_a_busy_outlet_is_said_to_be_busy_even_when_its_pile_is_silent():
    both = replace(ALL_IS_WELL, outlet_busy=True, pile_silent=True)
    refused = may_start(both)
    assert refused
    assert refused.reason is Reason.OUTLET_BUSY


def test_a_spending_cap_that_buys_something_is_no_reason():
    assert may_start(replace(ALL_IS_WELL, cap_wh=1)) is None


def test_the_sentences_never_blame_and_always_end():
    for message in SENTENCES.values():
        assert message[0].isupper()
        assert message.endswith(".")
        assert "error" not in message.lower()
