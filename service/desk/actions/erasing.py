"""Forgetting people while the books stay whole.

The Personal Information Protection Law wants the shortest time that is needed (article 19,
chinadataregulation.com); the Civil Code gives the owners their accounts (article 282). So who paid
and what people wrote is erased after a set time, and no figure, seal, statement or proof rests on
any of it: docs/personal-data.md has the whole table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.desk.records.erasing import forget_words
from service.desk.records.received import forget_payers, remove_drafts
from service.households.records import forget_addresses, forget_agents, forget_passes
from service.store import UnitOfWork

DRAFTS_LAST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many of each were forgotten."""

    drafts: int
    payers: int
    words: int
    passes: int
    agents: int
    addresses: int


def erase(uow: UnitOfWork, now: datetime, after_days: int) -> Erased:
    """Forget everything personal that is older than it needs to be. May run again at any time."""
    before = now - timedelta(days=after_days)
    return Erased(
        drafts=remove_drafts(uow, now - DRAFTS_LAST),
        payers=forget_payers(uow, before),
        words=forget_words(uow, before),
        passes=forget_passes(uow, before),
        agents=forget_agents(uow, before),
        addresses=forget_addresses(uow, before),
    )
