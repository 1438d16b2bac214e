"""The table of who may do what, walked cell by cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.households.access import (
    ACCESS,
    SIGN_IN_LASTS,
    STAFF_ROLES,
    Charge,
    Role,
    may,
    may_follow,
    may_touch,
)

ROLES = (
    "public", "resident", "helper", "guest", "gatehouse", "maintenance", "committee", "viewer",
)  # fmt: skip

EXPECTED = """
outlet.see                yes yes yes yes yes yes yes yes
price.see                 yes yes yes yes yes yes yes yes
books.see                 yes yes yes yes yes yes yes yes
static.see                yes yes yes yes yes yes yes yes
health.see                yes yes yes yes yes yes yes yes
openapi.see               yes yes yes yes yes yes yes yes
sign_in.use               yes yes yes yes yes yes yes yes
sign_in.revoke_own        -   yes yes yes yes yes yes yes
password.change_own       -   -   -   -   yes yes yes yes
session.start_here        -   yes yes yes -   -   -   -
session.follow            -   yes yes yes -   -   -   -
session.end_here          -   yes yes yes -   -   -   -
outlet.blink              -   yes yes yes -   -   -   -
outlet.blink              -   yes yes yes -   -   -   -
sharing.see_own           -   -   yes yes -   -   -   -
session.start             -   yes -   -   -   -   -   -
session.see_own           -   yes -   -   -   -   -   -
session.stop_own          -   yes -   -   -   -   -   -
statement.see_own         -   yes -   -   -   -   -   -
statement.question_own    -   yes -   -   -   -   -   -
passes.manage_own         -   yes -   -   -   -   -   -
wish.keep_own             -   yes -   -   -   -   -   -
wish.keep_own             -   yes -   -   -   -   -   -
board.see                 -   -   -   -   yes -   yes -
session.start_for_door    -   -   -   -   yes -   yes -
session.see_any           -   -   -   -   yes -   yes -
session.stop_any          -   -   -   -   yes yes yes -
entrance.cut              -   -   -   -   yes yes yes -
feeder.see                -   -   -   -   yes yes yes -
incident.see              -   -   -   -   yes yes yes -
incident.handle           -   -   -   -   -   yes yes -
pile.see                  -   -   -   -   yes yes yes -
pile.operate              -   -   -   -   -   yes -   -
pile.manage               -   -   -   -   -   yes yes -
pile.messages.see         -   -   -   -   -   yes -   -
labels.print              -   -   -   -   -   yes yes -
statement.see_any         -   -   -   -   -   -   yes -
month.close               -   -   -   -   -   -   yes -
entry.write               -   -   -   -   -   -   yes -
entry.approve             -   -   -   -   -   -   yes -
voucher.see               -   -   -   -   -   -   yes -
held.decide               -   -   -   -   -   -   yes -
question.answer           -   -   -   -   -   -   yes -
tariff.draft              -   -   -   -   -   -   yes -
tariff.publish            -   -   -   -   -   -   yes -
payment.record            -   -   -   -   -   -   yes -
correction.make           -   -   -   -   -   -   yes -
export.make               -   -   -   -   -   -   yes -
feeder.manage             -   -   -   -   -   -   yes -
households.manage         -   -   -   -   -   -   yes -
passes.manage_any         -   -   -   -   -   -   yes -
staff.manage              -   -   -   -   -   -   yes -
audit.see                 -   -   -   -   -   -   yes -
usage.see                 -   -   -   -   -   -   yes yes
metrics.see               -   -   -   -   -   yes yes yes
"""

CELLS = [
    (role, line.split()[0], cell == "yes")
    for line in EXPECTED.strip().splitlines()
    for role, cell in zip(ROLES, line.split()[1:], strict=True)
]


@pytest.mark.parametrize(("role", "action", "allowed"), CELLS)
def test_each_role_may_exactly_what_the_table_says(role: str, action: str, allowed: bool):
    assert may(role, action) is allowed


def test_no_action_is_missing_from_this_walk():
    assert {action for _, action, _ in CELLS} == set(ACCESS)


@given(st.text(max_size=30), st.text(max_size=30))
def test_what_is_not_in_the_table_is_refused(role: str, action: str):
    assert not may(role, action) or (role in ROLES and action in ACCESS)
    assert not may("committee ", "audit.see")
    assert not may("committee", "audit.see_all")


@given(st.sampled_from(ROLES), st.sampled_from(["session.see", "session.stop", "statement.see"]),
       st.none() | st.integers(1, 5), st.integers(1, 5))  # fmt: skip
def test_a_stranger_s_household_is_touched_only_by_those_who_may_touch_any(
    role: str, action: str, own: int | None, whose: int
):
    allowed = may_touch(role, action, own, whose)
    if allowed and own != whose:
        assert may(role, f"{action}_any")
        assert role in STAFF_ROLES
    if role == "resident":
        assert allowed is (own == whose)
    if role in ("public", "viewer", "helper", "guest"):
        assert not allowed


def test_every_role_that_signs_in_has_its_time_and_money_asks_most_often():
    assert set(SIGN_IN_LASTS) == set(Role) - {Role.PUBLIC}
    assert min(SIGN_IN_LASTS, key=SIGN_IN_LASTS.__getitem__) is Role.COMMITTEE


def test_a_viewer_maintenance_and_whoever_is_let_in_see_no_household():
    about_people = {"session.see_any", "statement.see_any", "households.manage", "board.see",
                    "audit.see", "passes.manage_any", "export.make"}  # fmt: skip
    for role in ("viewer", "maintenance", "helper", "guest"):
        assert not [action for action in about_people if may(role, action)]


CHARGES = st.builds(Charge, st.none() | st.integers(1, 3), st.none() | st.integers(1, 3),
                    st.booleans())  # fmt: skip


@given(
    st.sampled_from(ROLES), st.none() | st.integers(1, 3), st.none() | st.integers(1, 3), CHARGES
)
def test_a_charge_is_followed_by_its_household_its_helpers_and_the_guest_who_started_it(
    role: str, own: int | None, own_pass: int | None, charge: Charge
):
    follows = may_follow(role, own, own_pass, charge)
    if follows:
        assert role in ("resident", "helper", "guest")
        assert own == charge.household_id is not None
    if role == "guest":
        same = own is not None and own == charge.household_id
        assert follows is (same and own_pass is not None and own_pass == charge.pass_id)
    if role == "helper" and follows and own_pass != charge.pass_id:
        assert charge.is_open, "what is over is the household's affair"
    if role == "resident":
        assert follows is (own is not None and own == charge.household_id)


def test_a_helper_and_a_guest_may_only_charge_and_sign_out():
    may_not_more = {
        "session.start_here", "session.follow", "session.end_here", "sharing.see_own",
        "sign_in.revoke_own", "outlet.blink",
    }  # fmt: skip
    for role in (Role.HELPER, Role.GUEST):
        assert {a for a in ACCESS if may(role, a) and not may("public", a)} == may_not_more
