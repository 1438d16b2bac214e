"""The door: who knocks (sign-in), what they may do, and how a no is said over HTTP.

An app is built so: `install(app, settings, store, clock)`, then routers whose every route has
`Depends(guard("..."))`, then `check_routes(app)`.
"""

from service.door.forms import form_token
from service.door.frame import install, show_refusals_with
from service.door.guard import GuardedApp, check_routes, guard
from service.door.passkey import passkeys_possible
from service.door.passkey_sign_in import make_passkey, passkey_options, sign_in_with_passkey
from service.door.problems import No, NoEntryError, Reason, no_entry, refuse, safe_next, status_of
from service.door.sign_in import (
    change_password,
    sign_in_with_code,
    sign_in_with_password,
    sign_out,
    sign_out_everywhere,
)
from service.door.visitor import Visitor, who

__all__ = [
    "GuardedApp",
    "No",
    "NoEntryError",
    "Reason",
    "Visitor",
    "change_password",
    "check_routes",
    "form_token",
    "guard",
    "install",
    "make_passkey",
    "no_entry",
    "passkey_options",
    "passkeys_possible",
    "refuse",
    "safe_next",
    "show_refusals_with",
    "sign_in_with_code",
    "sign_in_with_passkey",
    "sign_in_with_password",
    "sign_out",
    "sign_out_everywhere",
    "status_of",
    "who",
]
