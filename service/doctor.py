"""`beimen doctor`: is this set-up sound? Every finding says what is wrong and how to mend it."""

import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from service.billing.actions import tariff_in_force, tariff_versions
from service.billing.timeline import is_right
from service.clock import Clock
from service.feeders.actions import load_tree
from service.feeders.tree import BadTreeError, check_piles
from service.households.codes import key_of
from service.piles.records import pile_rows
from service.quantities import show_numbers
from service.settings import Settings
from service.store import Store
from service.store.engine import open_engine
from service.store.revision import newest_revision, revision_of
from service.words import N_, Sentence

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN_FILE = stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `trouble` is None when it is in order."""

    subject: str
    trouble: Sentence | None = None


def examine(settings: Settings, clock: Clock) -> list[Finding]:
    """Look at everything; the findings in the order in which one would mend them."""
    findings = [
        Finding("secret key", _secret_key(settings)),
        Finding("address", _address(settings)),
        Finding("broker", _broker(settings)),
        Finding("service phone", _phone(settings)),
    ]
    return [*findings, *_database(settings, clock)]


def _secret_key(settings: Settings) -> Sentence | None:
    try:
        key_of(settings.secret_key.get_secret_value())
    except ValueError as error:
        return Sentence(N_("{reason}."), {"reason": str(error)})
    return None


def _address(settings: Settings) -> Sentence | None:
    if settings.demo and settings.http_host not in LOOPBACK:
        return Sentence(N_("A demo may listen on this machine only: BEIMEN_HTTP_HOST=127.0.0.1."))
    if settings.public_url.startswith("https://") or settings.demo:
        return None
    return Sentence(
        N_("BEIMEN_PUBLIC_URL is not https: sign-ins could be read. Put a proxy with TLS in front.")
    )


def _broker(settings: Settings) -> Sentence | None:
    if settings.mqtt_host not in LOOPBACK and settings.mqtt_tls_ca is None:
        return Sentence(
            N_("The broker is on another machine without TLS: set BEIMEN_MQTT_TLS_CA, port 8883.")
        )
    try:
        socket.create_connection((settings.mqtt_host, settings.mqtt_port), 3).close()
    except OSError as error:
        return Sentence(
            N_("No broker answers at {host}:{port} ({why}). Is Mosquitto running?"),
            {"host": settings.mqtt_host, "port": settings.mqtt_port, "why": error.strerror or ""},
        )
    return None


def _phone(settings: Settings) -> Sentence | None:
    if settings.service_phone:
        return None
    return Sentence(N_("BEIMEN_SERVICE_PHONE is empty; a price board must show a phone number."))


def _database(settings: Settings, clock: Clock) -> Iterator[Finding]:
    store = Store(open_engine(settings.database_url))
    try:
        yield Finding("database file", _database_file(settings))
        behind = _migrations(store)
        yield Finding("tables", behind)
        if behind is None:
            yield from (Finding(name, look(store, clock)) for name, look in CONTENTS)
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        yield Finding(
            "database", Sentence(N_("The database does not answer: {why}."), {"why": reason})
        )
    finally:
        store.close()


def _database_file(settings: Settings) -> Sentence | None:
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    path = Path(url.database)
    if path.exists() and path.stat().st_mode & OPEN_FILE:
        return Sentence(
            N_("{path} can be read by everybody on this machine: chmod 600 {path}."),
            {"path": str(path)},
        )
    return None


def _migrations(store: Store) -> Sentence | None:
    if revision_of(store.engine) == newest_revision():
        return None
    return Sentence(N_("The tables are not those of this program; run: beimen migrate"))


def _piles(store: Store, _clock: Clock) -> Sentence | None:
    with store.reading() as uow:
        piles = pile_rows(uow)
        if not piles:
            return Sentence(N_("No pile is enrolled; run: beimen seed"))
        try:
            check_piles(load_tree(uow), {pile.id: pile.feeder_id for pile in piles})
        except BadTreeError as error:
            return error.sentence
    return None


def _tariff(store: Store, clock: Clock) -> Sentence | None:
    with store.reading() as uow:
        if tariff_in_force(uow, clock.now()) is None:
            return Sentence(N_("No price is in force, so nothing can be sold."))
    return None


def _boards(store: Store, clock: Clock) -> Sentence | None:
    now = clock.now()
    with store.reading() as uow:
        versions = tariff_versions(uow)
        old = [
            pile.number
            for pile in pile_rows(uow)
            if not is_right(versions, pile.board_tariff_id, pile.board_printed_at, now)
        ]
    if not versions or not old:
        return None
    return Sentence(
        N_(
            "No price board, or an old one, hangs on {count} piles ({piles}): "
            "print and hang them, see /committee/boards."
        ),
        {"count": len(old), "piles": show_numbers(old)},
    )


Look = Callable[[Store, Clock], Sentence | None]
CONTENTS: tuple[tuple[str, Look], ...] = (
    ("piles and feeders", _piles),
    ("price", _tariff),
    ("price boards", _boards),
)
