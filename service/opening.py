"""Opens the compound that the settings name: its store, its key, and the conductor over them.

Verbs that need no broker and no pages stop here.
"""

import secrets

from service.clock import Clock, SystemClock
from service.flow import House
from service.households.codes import key_of
from service.settings import Settings
from service.store import Store
from service.store.engine import open_engine
from service.store.revision import newest_revision, revision_of


class NotReadyError(RuntimeError):
    """The service cannot start as it is set up; the message says what to do."""


def open_house(settings: Settings, clock: Clock | None = None) -> House:
    """The conductor, over a store whose tables are those of this program.

    Raises NotReadyError with a sentence when the key is missing or the tables are not up to date.
    """
    try:
        key = key_of(settings.secret_key.get_secret_value())
    except ValueError as error:
        raise NotReadyError(str(error)) from None
    store = Store(open_engine(settings.database_url))
    if revision_of(store.engine) != newest_revision():
        raise NotReadyError("the tables are not those of this program; run: beimen migrate")
    return House(store, clock or SystemClock(), settings, secrets.token_bytes, key)
