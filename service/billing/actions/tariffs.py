"""Publishing a tariff version, and which one holds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from service.billing import facts
from service.billing.actions.posting import append
from service.billing.ledger import Cause, Draft
from service.billing.outcomes import Published, Refused
from service.billing.records import TariffBandRow, TariffVersionRow
from service.billing.records.queries import (
    add_rows,
    band_rows,
    lock_books,
    tariff_rows,
)
from service.billing.tariff import Band, TariffVersion, check, in_force
from service.store import UnitOfWork
from service.words import N_, Sentence


def publish_tariff(
    uow: UnitOfWork,
    draft: TariffVersion,
    government_price_e4: int,
    now: datetime,
    zone: tzinfo,
    by: str = "",
) -> Published | Refused:
    """Publish a draft: from its start on it prices the sessions that begin. The same one again is
    answered with the version that is already there."""
    lock_books(uow)
    versions = tariff_versions(uow)
    if versions and replace(versions[-1], id=draft.id) == draft:
        return Published(versions[-1])
    reasons = check(draft, government_price_e4)
    if versions and draft.starts_at <= now:
        reasons.append(Sentence(N_("A new tariff starts in the future: no past price changes.")))
    if draft.consent_at is not None and draft.consent_at > now:
        reasons.append(Sentence(N_("The owners' consent cannot be dated in the future.")))
    if reasons:
        return Refused(tuple(reasons))
    version = replace(draft, id=versions[-1].id + 1 if versions else 1)
    _add_version(uow, version, now, by)
    written = Draft(
        Cause.TARIFF, str(version.id), now, (), written_by=by, facts=facts.of_tariff(version)
    )
    append(uow, [written], now, zone)
    return Published(version)


def _add_version(uow: UnitOfWork, version: TariffVersion, now: datetime, by: str) -> None:
    row = {
        "id": version.id,
        "starts_at": version.starts_at,
        "published_at": now,
        "published_by": by,
        "consent_at": version.consent_at,
        "consent_scope": version.consent_scope,
    }
    bands = [
        {
            "version_id": version.id,
            "position": position,
            "name": band.name,
            "electricity_e4": band.electricity_e4,
            "service_e4": band.service_e4,
            "slots": facts.slots_text(band.slots),
        }
        for position, band in enumerate(version.bands)
    ]
    add_rows(uow, TariffVersionRow, [row])
    add_rows(uow, TariffBandRow, bands)


def tariff_versions(uow: UnitOfWork) -> list[TariffVersion]:
    """Every published version, in the order in which they were published."""
    return _load(uow, tariff_rows(uow))


def tariff_version(uow: UnitOfWork, version_id: int) -> TariffVersion | None:
    """One published version by its number."""
    row = uow.session.get(TariffVersionRow, version_id)
    return _load(uow, [row])[0] if row else None


def tariff_in_force(uow: UnitOfWork, at: datetime) -> TariffVersion | None:
    """The version that prices a session started at this moment; None before the first."""
    return in_force(tariff_versions(uow), at)


def _load(uow: UnitOfWork, rows: Sequence[TariffVersionRow]) -> list[TariffVersion]:
    bands: dict[int, list[Band]] = {row.id: [] for row in rows}
    for band in band_rows(uow, bands):
        slots = facts.slots_from(band.slots)
        bands[band.version_id].append(Band(band.name, band.electricity_e4, band.service_e4, slots))
    return [
        TariffVersion(
            row.id, row.starts_at, tuple(bands[row.id]), row.consent_at, row.consent_scope
        )
        for row in rows
    ]
