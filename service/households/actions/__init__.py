"""What the room can do: let households in and out, give and take passes, sign people in.

Every action takes an open unit of work and `now`; none commits, sends or reads the clock.
"""

from service.households.actions.entering import (
    redeem_code,
    sign_in_of,
    sign_in_staff,
    sign_out,
    sign_out_everywhere,
)
from service.households.actions.homes import (
    add_households,
    check_households,
    find_household,
    household_of,
    move_out,
)
from service.households.actions.moving import MovedIn, branch_off, hand_over, move_in
from service.households.actions.passes import (
    CODE_LASTS,
    add_card,
    bearer_of,
    household_of_card,
    new_api_secret,
    new_code,
    new_staff_code,
    revoke_pass,
)
from service.households.actions.staff import (
    add_staff,
    disable_staff,
    login_and_hash,
    set_password,
    staff_to_check,
)
from service.households.actions.trail import audit

__all__ = [
    "CODE_LASTS",
    "MovedIn",
    "add_card",
    "add_households",
    "add_staff",
    "audit",
    "bearer_of",
    "branch_off",
    "check_households",
    "disable_staff",
    "find_household",
    "hand_over",
    "household_of",
    "household_of_card",
    "login_and_hash",
    "move_in",
    "move_out",
    "new_api_secret",
    "new_code",
    "new_staff_code",
    "redeem_code",
    "revoke_pass",
    "set_password",
    "sign_in_of",
    "sign_in_staff",
    "sign_out",
    "sign_out_everywhere",
    "staff_to_check",
]
