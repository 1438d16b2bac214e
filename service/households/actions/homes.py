"""Households let in and out, and found by their door."""

from collections.abc import Sequence
from datetime import datetime

from service.households import codes
from service.households.actions.passes import CARD, add_pass, id_of
from service.households.csv_import import HouseholdRow, RowError
from service.households.outcomes import Reason, refused
from service.households.records import (
    Household,
    Resident,
    add,
    forget_residents,
    household_at,
    live_digests,
    living_doors,
    revoke_passes,
    revoke_passkeys,
    revoke_sign_ins,
)
from service.store import UnitOfWork
from service.words import N_, Sentence


def check_households(
    uow: UnitOfWork, rows: Sequence[HouseholdRow], key: bytes
) -> tuple[RowError, ...]:
    """What the database knows against these rows: doors lived in, cards in use. The dry run."""
    taken_doors = living_doors(uow, (row.door for row in rows))
    digests = {row.row: codes.digest(key, CARD, row.card_uid) for row in rows if row.card_uid}
    taken_cards = live_digests(uow, digests.values())
    errors = []
    for row in rows:
        if row.door in taken_doors:
            sentence = Sentence(N_("Door {door} already has a household."), {"door": row.door})
            errors.append(RowError(row.row, sentence))
        if digests.get(row.row) in taken_cards:
            errors.append(RowError(row.row, refused(Reason.CARD_TAKEN).sentence))
    return tuple(errors)


def add_households(
    uow: UnitOfWork, rows: Sequence[HouseholdRow], now: datetime, key: bytes
) -> list[Household] | tuple[RowError, ...]:
    """Add them all with their residents and cards, or none and the errors by row."""
    errors = check_households(uow, rows, key)
    if errors:
        return errors
    added = [Household(door=row.door, entrance=row.entrance, moved_in_at=now) for row in rows]
    add(uow, *added)
    for household, row in zip(added, rows, strict=True):
        labels = [row.label, *[""] * (row.residents - 1)] if row.residents or row.label else []
        add(uow, *(Resident(household_id=id_of(household), label=label) for label in labels))
        if row.card_uid:
            add_pass(uow, CARD, codes.digest(key, CARD, row.card_uid), now, household=household)
    return added


def move_out(uow: UnitOfWork, household_id: int, now: datetime) -> bool:
    """The household leaves: passes and sign-ins end, residents are forgotten, its books stay."""
    household = uow.session.get(Household, household_id)
    if household is None or household.moved_out_at is not None:
        return False
    household.moved_out_at = now
    revoke_passes(uow, now, household_id=household_id)
    revoke_passkeys(uow, now, household_id)
    revoke_sign_ins(uow, now, household_id=household_id)
    forget_residents(uow, household_id)
    return True


def find_household(uow: UnitOfWork, door: str) -> Household | None:
    """The household living behind a door as a person says it ('3-201'), or None."""
    return household_at(uow, door.strip().upper())


def household_of(uow: UnitOfWork, household_id: int) -> Household | None:
    """A household by its id, moved out or not."""
    return uow.session.get(Household, household_id)
