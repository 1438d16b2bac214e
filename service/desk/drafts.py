"""A tariff that is only proposed: its prices, the reason for it, and what the owners decided.

    open --(the owners agree)--> approved: its version is published
    open --(they do not)-------> refused: it stays to be read

An open draft may be edited. Its mark says which edition of it was on the notice that people voted
on, so that a draft edited in between is not approved by mistake.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from service.billing import facts
from service.billing.ledger import digest
from service.billing.tariff import Band, TariffVersion, check
from service.words import N_, Sentence

ONE_BAND = "flat"
"""The name of the only band where one price holds round the clock; no page shows it."""

LONGEST_NAME = 20
LONGEST_REASON = 400


class DraftState(StrEnum):
    """Where a draft stands."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a draft proposes: a version without a number, and why."""

    version: TariffVersion
    why: str = ""

    @property
    def mark(self) -> str:
        """A few letters that stand for exactly these prices, times, start and reason."""
        bare = replace(self.version, id=0, consent_at=None, consent_scope="")
        return digest([facts.of_tariff(bare), self.why])[:8]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the owners decided, and when. The consent is needed for more than one band."""

    is_approved: bool
    decided_at: datetime
    votes_for: int
    votes_against: int
    remark: str = ""
    consent_at: datetime | None = None
    consent_scope: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is kept. `drafted_by` and `decided_by` are ids of staff, never names."""

    id: int
    proposal: Proposal
    state: DraftState
    drafted_at: datetime
    drafted_by: int | None
    decision: Decision | None = None
    decided_by: int | None = None
    version_id: int | None = None

    @property
    def is_open(self) -> bool:
        """May it still be edited and decided?"""
        return self.state is DraftState.OPEN


def doubts(proposal: Proposal, government_price_e4: int, now: datetime) -> list[Sentence]:
    """Every reason why this may not even be proposed. Consent is not asked yet: the owners give it
    with their vote."""
    agreed = replace(proposal.version, consent_at=now, consent_scope="-")
    reasons = check(agreed, government_price_e4)
    if proposal.version.starts_at <= now:
        reasons.append(late_start())
    if len(proposal.why) > LONGEST_REASON:
        reasons.append(Sentence(N_("Keep it below {most} characters."), {"most": LONGEST_REASON}))
    return reasons


def late_start() -> Sentence:
    """A price never changes backwards."""
    return Sentence(
        N_("A new price starts at the midnight of a day to come, so choose a later day.")
    )


def agreed_version(proposal: Proposal, decision: Decision) -> TariffVersion:
    """The version to publish; the consent is kept only where the prices change during the day."""
    if proposal.version.is_flat:
        return proposal.version
    return replace(
        proposal.version, consent_at=decision.consent_at, consent_scope=decision.consent_scope
    )


def bands_to_rows(bands: Iterable[Band]) -> list[dict[str, Any]]:
    """Bands as plain values to be kept; the half-hours as 48 characters."""
    return [
        {
            "name": band.name,
            "electricity_e4": band.electricity_e4,
            "service_e4": band.service_e4,
            "slots": facts.slots_text(band.slots),
        }
        for band in bands
    ]


def bands_from_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[Band, ...]:
    """The bands of such values."""
    return tuple(
        Band(
            str(row["name"]),
            int(row["electricity_e4"]),
            int(row["service_e4"]),
            facts.slots_from(str(row["slots"])),
        )
        for row in rows
    )
