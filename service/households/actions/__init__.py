"""What the room can do: let households in and out, give and take passes, sign people in.

Every action takes an open unit of work and `now`; none commits, sends or reads the clock.
"""

from service.households.actions.entering import (
    AGENT_LENGTH,
    redeem_code,
    sign_in_of,
    sign_in_resident,
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
    new_codes,
    new_staff_code,
    revoke_pass,
)
from service.households.actions.passkeys import end_passkey, keep_passkey, use_passkey
from service.households.actions.sharing import (
    Invited,
    end_shared,
    give_guest_pass,
    invite_helper,
    is_good,
    limit_of,
    shared_passes,
)
from service.households.actions.staff import (
    add_staff,
    disable_staff,
    enable_staff,
    hire,
    login_and_hash,
    may_go,
    reset_staff,
    set_password,
    staff_to_check,
)
from service.households.actions.trail import audit

__all__ = [
    "AGENT_LENGTH",
    "CODE_LASTS",
    "Invited",
    "MovedIn",
    "add_card",
    "add_households",
    "add_staff",
    "audit",
    "bearer_of",
    "branch_off",
    "check_households",
    "disable_staff",
    "enable_staff",
    "end_passkey",
    "end_shared",
    "find_household",
    "give_guest_pass",
    "hand_over",
    "hire",
    "household_of",
    "household_of_card",
    "invite_helper",
    "is_good",
    "keep_passkey",
    "limit_of",
    "login_and_hash",
    "may_go",
    "move_in",
    "move_out",
    "new_api_secret",
    "new_code",
    "new_codes",
    "new_staff_code",
    "redeem_code",
    "reset_staff",
    "revoke_pass",
    "set_password",
    "shared_passes",
    "sign_in_of",
    "sign_in_resident",
    "sign_in_staff",
    "sign_out",
    "sign_out_everywhere",
    "staff_to_check",
    "use_passkey",
]
