"""Prices, proposals and what they would have cost, as the committee reads and prints them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.tariff import TariffVersion, in_force, show_slots
from service.billing.timeline import Reign, reigns
from service.desk.drafts import Draft, DraftState
from service.desk.whatif import Amounts, PayBack, WhatIf, pay_back
from service.pages.say_time import full_day, month
from service.words import N_, Sentence

ABOUT_YEARS_FROM = 24
"""From two years on a pay-back is told in years too; nobody thinks in 260 months."""


@dataclass(frozen=True, slots=True)
class BandText:
    """One band of the day, both parts of its price apart. In 0.0001 yuan per kWh."""

    name: str | Sentence
    times: str
    electricity_e4: int
    service_e4: int

    @property
    def together_e4(self) -> int:
        """Both parts together."""
        return self.electricity_e4 + self.service_e4


@dataclass(frozen=True, slots=True)
class VersionText:
    """A published version. `until` is None for the last one; `replaced` never came into force."""

    id: int
    bands: tuple[BandText, ...]
    since: Sentence
    until: Sentence | None
    published: Sentence
    consent: Sentence | None
    replaced: bool = False

    @property
    def is_flat(self) -> bool:
        """One price round the clock."""
        return len(self.bands) == 1


@dataclass(frozen=True, slots=True)
class PricesView:
    """Every published version where it belongs; the past with the newest first."""

    now: VersionText | None
    coming: tuple[VersionText, ...]
    past: tuple[VersionText, ...]


@dataclass(frozen=True, slots=True)
class DecisionText:
    """What the owners decided."""

    is_approved: bool
    day: Sentence
    votes_for: int
    votes_against: int
    remark: str
    consent: Sentence | None


@dataclass(frozen=True, slots=True)
class DraftText:
    """A proposal as it is read."""

    id: int
    bands: tuple[BandText, ...]
    start: Sentence
    why: str
    mark: str
    state: str
    state_word: Sentence
    drafted: Sentence
    decision: DecisionText | None
    version_id: int | None

    @property
    def is_open(self) -> bool:
        """May it still be edited and decided?"""
        return self.state == DraftState.OPEN

    @property
    def is_flat(self) -> bool:
        """One price round the clock."""
        return len(self.bands) == 1


STATE_WORDS = {
    DraftState.OPEN: N_("not decided yet"),
    DraftState.APPROVED: N_("approved by the owners"),
    DraftState.REFUSED: N_("refused by the owners"),
}


def bands_of(version: TariffVersion) -> tuple[BandText, ...]:
    """The bands as printed; the only one of a flat price is called 'all day'."""
    return tuple(
        BandText(
            Sentence(N_("all day")) if version.is_flat else band.name,
            show_slots(band.slots),
            band.electricity_e4,
            band.service_e4,
        )
        for band in version.bands
    )


def prices_view(
    versions: Sequence[TariffVersion],
    published: Mapping[int, datetime],
    now: datetime,
    zone: tzinfo,
) -> PricesView:
    """All versions; `published` says when each was published, by its number."""
    holds = in_force(versions, now)
    found = [_version(reign, published, zone) for reign in reigns(versions)]
    ruled = {text.id for text in found}
    never = [
        _version(Reign(one, one.starts_at, None), published, zone, replaced=True)
        for one in versions
        if one.id not in ruled
    ]
    starts = {version.id: version.starts_at for version in versions}
    past = [text for text in found if starts[text.id] <= now and (not holds or text.id != holds.id)]
    return PricesView(
        now=next((text for text in found if holds and text.id == holds.id), None),
        coming=tuple(text for text in found if starts[text.id] > now),
        past=tuple(sorted([*past, *never], key=lambda text: -text.id)),
    )


def _version(
    reign: Reign, published: Mapping[int, datetime], zone: tzinfo, *, replaced: bool = False
) -> VersionText:
    version = reign.version
    return VersionText(
        version.id,
        bands_of(version),
        full_day(reign.since, zone),
        full_day(reign.until, zone) if reign.until else None,
        full_day(published[version.id], zone),
        _consent(version.consent_at, version.consent_scope, zone),
        replaced,
    )


def _consent(at: datetime | None, scope: str, zone: tzinfo) -> Sentence | None:
    if at is None:
        return None
    message = N_("Consent of the owners of {day}: {scope}")
    return Sentence(message, {"day": full_day(at, zone), "scope": scope})


def draft_text(draft: Draft, zone: tzinfo) -> DraftText:
    """A draft for people."""
    version, decision = draft.proposal.version, draft.decision
    told = None
    if decision is not None:
        told = DecisionText(
            decision.is_approved,
            full_day(decision.decided_at, zone),
            decision.votes_for,
            decision.votes_against,
            decision.remark,
            _consent(decision.consent_at, decision.consent_scope, zone),
        )
    return DraftText(
        id=draft.id,
        bands=bands_of(version),
        start=full_day(version.starts_at, zone),
        why=draft.proposal.why,
        mark=draft.proposal.mark,
        state=draft.state,
        state_word=Sentence(STATE_WORDS[draft.state]),
        drafted=full_day(draft.drafted_at, zone),
        decision=told,
        version_id=draft.version_id,
    )


# --- what last month would have cost -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DoorRow:
    """One household's month, both ways."""

    door: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class OwnProposal:
    """An open proposal and one household's last month by it."""

    draft: DraftText
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class PayBackText:
    """The pay-back by one service fee, with its arithmetic."""

    label: Sentence
    income_fen: int
    quotient: str | None
    span: Sentence


@dataclass(frozen=True, slots=True)
class WhatIfView:
    """A month under the draft's prices. `investment_fen` is None while the books know of none."""

    month_key: str
    month: Sentence
    rows: tuple[DoorRow, ...]
    total: Amounts
    more: int
    less: int
    same: int
    average_old_fen: int
    average_new_fen: int
    estimated: int
    investment_fen: int | None
    pay_backs: tuple[PayBackText, ...]


def whatif_view(effect: WhatIf, doors: Mapping[int, str], investment_fen: int) -> WhatIfView:
    """The page of a what-if; `doors` by household."""
    rows = [DoorRow(doors.get(h, "–"), amounts) for h, amounts in effect.households.items()]
    total = effect.total
    invested = investment_fen if investment_fen > 0 else None
    fees = (
        (Sentence(N_("as billed")), total.old_service_fen),
        (Sentence(N_("by this proposal")), total.new_service_fen),
    )
    return WhatIfView(
        month_key=effect.month,
        month=month(effect.month),
        rows=tuple(sorted(rows, key=lambda row: door_key(row.door))),
        total=total,
        more=effect.more,
        less=effect.less,
        same=effect.same,
        average_old_fen=effect.average_fen(total.old_fen),
        average_new_fen=effect.average_fen(total.new_fen),
        estimated=total.estimated,
        investment_fen=invested,
        pay_backs=tuple(_pay_back(label, pay_back(invested, fen)) for label, fen in fees)
        if invested
        else (),
    )


def _pay_back(label: Sentence, found: PayBack) -> PayBackText:
    if found.months is None or found.tenths is None:
        return PayBackText(label, found.income_fen, None, Sentence(N_("never")))
    quotient = f"{found.tenths // 10}.{found.tenths % 10}"
    span = Sentence(N_("{months} months"), {"months": found.months})
    if found.months >= ABOUT_YEARS_FROM:
        message = N_("{months} months, about {years} years")
        span = Sentence(message, {"months": found.months, "years": found.years})
    return PayBackText(label, found.income_fen, quotient, span)


def door_key(door: str) -> list[tuple[int, int, str]]:
    """Sorts '2-101' before '10-101'."""
    parts = re.split(r"(\d+)", door)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
