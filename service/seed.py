"""A compound to begin with: piles, feeders, households, a price, and the people who run it.

The numbers are those of the first compound: 4 entrances, 200 households, 38 piles of two outlets.
The demo adds cards and accounts that anybody may use; a real compound imports its own households.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.billing.actions import publish_tariff
from service.billing.tariff import TariffVersion
from service.feeders.actions import keep_feeders
from service.feeders.tree import Cable
from service.households.actions import add_households, add_staff, check_households
from service.households.codes import key_of
from service.households.csv_import import HouseholdRow, read_households
from service.households.outcomes import Refused
from service.households.records import households
from service.piles.actions import enrol
from service.piles.records import Pile, pile_rows
from service.settings import Settings
from service.store import Store, UnitOfWork
from service.words import Sentence

ENTRANCES = 4
PER_FLOOR = 3
ENTRANCE_MA = 25_000
SITE_MA = 63_000
PHASES = ("L1", "L2", "L3", "L1")

DEMO_SERVICE_FEE_E4 = 2000
"""0.20 yuan per kWh: 231 yuan a month at 1,155 kWh; a decision of the committee, not ours."""

DEMO_STAFF = (
    ("committee", "committee"),
    ("committee2", "committee"),
    ("gatehouse", "gatehouse"),
    ("maintenance", "maintenance"),
    ("viewer", "viewer"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the compound is."""

    piles: int = 38
    outlets: int = 2
    households: int = 200


@dataclass(frozen=True, slots=True)
class DemoCard:
    """A household card as the simulated residents swipe it."""

    household: str
    entrance: int
    card_uid: str


def seed_compound(store: Store, settings: Settings, now: datetime, plan: Plan) -> bool:
    """Feeders, piles and a price, if the compound has none yet; False if it already has."""
    with store.writing() as uow:
        if pile_rows(uow):
            return False
        keep_feeders(uow, feeders())
        enrol(uow, piles(plan, now))
        draft = TariffVersion.flat(now, settings.government_price_e4, DEMO_SERVICE_FEE_E4)
        publish_tariff(
            uow, draft, settings.government_price_e4, now - timedelta(days=1), settings.zone
        )
    return True


def seed_demo_people(
    store: Store, now: datetime, key: bytes, plan: Plan, hash_of: Callable[[str], str]
) -> list[DemoCard]:
    """Households with cards, and a staff account for each role whose password is its name."""
    cards = demo_cards(plan)
    with store.writing() as uow:
        if not households(uow):
            _add_people(uow, cards, now, key)
            for login, role in DEMO_STAFF:
                if isinstance(add_staff(uow, login, role, password_hash=hash_of(login)), Refused):
                    raise RuntimeError(f"the account {login} could not be made")
    return cards


def _add_people(uow: UnitOfWork, cards: list[DemoCard], now: datetime, key: bytes) -> None:
    rows = [
        HouseholdRow(number, card.household, card.entrance, residents=3, card_uid=card.card_uid)
        for number, card in enumerate(cards, start=2)
    ]
    errors = add_households(uow, rows, now, key)
    if isinstance(errors, tuple):
        raise RuntimeError(f"the demo's households do not fit: {errors[0].sentence.message}")


def feeders() -> list[Cable]:
    """One feeder per entrance under the site's main cable, spread over the phases."""
    site = Cable("site", None, "全部", None, "3P", SITE_MA)
    branches = [
        Cable(feeder_of(entrance), "site", f"{entrance} 单元", entrance, phase, ENTRANCE_MA)
        for entrance, phase in enumerate(PHASES, start=1)
    ]
    return [site, *branches]


def feeder_of(entrance: int) -> str:
    """The id of an entrance's feeder."""
    return f"entrance-{entrance}"


def piles(plan: Plan, now: datetime) -> list[Pile]:
    """LB-001 onwards, spread over the entrances: 38 are 10, 10, 9, 9."""
    return [
        Pile(
            id=f"LB-{number:03d}",
            number=number,
            entrance=(entrance := entrance_of(number, plan.piles)),
            feeder_id=feeder_of(entrance),
            outlets=plan.outlets,
            enrolled_at=now,
        )
        for number in range(1, plan.piles + 1)
    ]


def entrance_of(number: int, count: int) -> int:
    """At which entrance a pile stands."""
    base, extra = divmod(count, ENTRANCES)
    sizes = [base + (entrance <= extra) for entrance in range(1, ENTRANCES + 1)]
    return next(e for e in range(1, ENTRANCES + 1) if number <= sum(sizes[:e]))


def demo_cards(plan: Plan) -> list[DemoCard]:
    """A door and a card number per household; the same in every demo."""
    per_entrance = -(-plan.households // ENTRANCES)
    cards = []
    for index in range(plan.households):
        entrance, place = index // per_entrance + 1, index % per_entrance
        door = f"{entrance}-{place // PER_FLOOR + 1}{place % PER_FLOOR + 1:02d}"
        uid = hashlib.sha256(f"demo card of {door}".encode()).hexdigest()[:14].upper()
        cards.append(DemoCard(door, entrance, uid))
    return cards


def import_households(
    store: Store, data: bytes, now: datetime, secret_key: str, *, dry_run: bool
) -> tuple[int, list[tuple[int, Sentence]]]:
    """Add the households of a CSV file, all or none: how many, and what is wrong by row.

    With `dry_run` nothing is written and the number is how many could be added.
    """
    read = read_households(data)
    key = key_of(secret_key)
    with store.writing() as uow:
        errors = [*read.errors, *check_households(uow, read.rows, key)]
        if errors or dry_run:
            return (0 if errors else len(read.rows)), [(e.row, e.sentence) for e in errors]
        add_households(uow, read.rows, now, key)
    return len(read.rows), []
