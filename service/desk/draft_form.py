"""The form of a draft: what was typed, field by field, and what is wrong with which field.

Nothing typed is lost: the form is shown again as it was, with a sentence next to each field that
cannot be taken. Errors are named by their field: 'start', 'why', 'bands' and, for each band by its
place, 'name-0', 'times-0', 'electricity-0', 'service-0'.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from service.billing.tariff import (
    MOST_BANDS,
    WHOLE_DAY,
    Band,
    TariffVersion,
    electricity_doubts,
    service_doubts,
    show_slots,
)
from service.desk.drafts import (
    LONGEST_NAME,
    LONGEST_REASON,
    ONE_BAND,
    Proposal,
    doubts,
    late_start,
)
from service.desk.slots import BadTimesError, parse_slots
from service.quantities import PLAIN_NUMBER, BadQuantityError, parse_price_e4, show_price
from service.words import N_, Sentence

Errors = dict[str, Sentence]
FURTHEST = timedelta(days=3 * 366)
"""A start later than in three years is a typing mistake."""

_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")


@dataclass(frozen=True, slots=True)
class TypedBand:
    """One row of the form."""

    name: str = ""
    times: str = ""
    electricity: str = ""
    service: str = ""

    @property
    def is_blank(self) -> bool:
        """Was nothing typed into it?"""
        return not (self.name + self.times + self.electricity + self.service).strip()


@dataclass(frozen=True, slots=True)
class TypedDraft:
    """The form as it was typed."""

    start: str = ""
    why: str = ""
    bands: tuple[TypedBand, ...] = (TypedBand(),)

    def with_bands(self, count: int) -> "TypedDraft":
        """The same with so many rows: what was typed stays, new ones are blank."""
        wanted = min(max(count, 1), MOST_BANDS)
        bands = (*self.bands, *(TypedBand() for _ in range(wanted)))[:wanted]
        return TypedDraft(self.start, self.why, bands)


@dataclass(frozen=True, slots=True)
class ReadDraft:
    """A form that was read: a proposal, or what is wrong with which field."""

    proposal: Proposal | None
    errors: Errors = field(default_factory=dict)


def typed(proposal: Proposal, zone: tzinfo) -> TypedDraft:
    """A proposal as it would be typed."""
    version = proposal.version
    return TypedDraft(
        version.starts_at.astimezone(zone).date().isoformat(),
        proposal.why,
        tuple(
            TypedBand(
                "" if version.is_flat else band.name,
                "" if version.is_flat else show_slots(band.slots),
                show_price(band.electricity_e4),
                show_price(band.service_e4),
            )
            for band in version.bands
        ),
    )


def read_draft(
    form: TypedDraft, government_price_e4: int, now: datetime, zone: tzinfo
) -> ReadDraft:
    """Read the form. Rows that are wholly blank do not count."""
    errors: Errors = {}
    starts_at = _start(form.start, now, zone, errors)
    why = form.why.strip()
    if len(why) > LONGEST_REASON:
        errors["why"] = Sentence(N_("Keep it below {most} characters."), {"most": LONGEST_REASON})
    places = [place for place, row in enumerate(form.bands) if not row.is_blank] or [0]
    if len(places) > MOST_BANDS:
        message = N_("A tariff has 1 to {most} bands a day, not {count}.")
        errors["bands"] = Sentence(message, {"most": MOST_BANDS, "count": len(places)})
        return ReadDraft(None, errors)
    typed_rows = [form.bands[i] if form.bands else TypedBand() for i in places]
    is_alone = len(places) == 1
    bands = tuple(
        _band(row, place, government_price_e4, errors, is_alone=is_alone)
        for place, row in zip(places, typed_rows, strict=True)
    )
    _names(places, bands, errors)
    if not any(name.startswith("times-") for name in errors):
        _cover(places, bands, errors)
    if errors or starts_at is None:
        return ReadDraft(None, errors)
    proposal = Proposal(TariffVersion(0, starts_at, bands), why)
    left = doubts(proposal, government_price_e4, now)
    return ReadDraft(None, {"bands": left[0]}) if left else ReadDraft(proposal)


def read_day(text: str) -> date | None:
    """A day as a date field or a person writes it: '2026-04-01', '2026/4/1', '2026年4月1日'."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _DATE.fullmatch(plain)
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins by the compound's clock, as an aware UTC time."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def no_day() -> Sentence:
    """What to write instead of something that is no date."""
    return Sentence(N_("Write a date that exists, like 2026-04-01."))


def _start(text: str, now: datetime, zone: tzinfo, errors: Errors) -> datetime | None:
    day = read_day(text)
    if day is None:
        errors["start"] = no_day()
        return None
    starts_at = midnight(day, zone) if 1971 < day.year < 9000 else None
    if starts_at is None or starts_at > now + FURTHEST:
        errors["start"] = Sentence(N_("That is years away: is the year right?"))
    elif starts_at <= now:
        errors["start"] = late_start()
    return starts_at


def _band(
    row: TypedBand, place: int, government_price_e4: int, errors: Errors, *, is_alone: bool
) -> Band:
    """A row as a band; what cannot be read is 0 or no time at all, and told in `errors`."""
    name = ONE_BAND if is_alone else row.name.strip()
    shown = Sentence(N_("all day")) if is_alone else name[:LONGEST_NAME]
    electricity = _price(row.electricity, f"electricity-{place}", errors)
    for doubt in electricity_doubts(shown, electricity, government_price_e4):
        errors[f"electricity-{place}"] = doubt
    service = _price(row.service, f"service-{place}", errors)
    for doubt in service_doubts(shown, service):
        errors[f"service-{place}"] = doubt
    slots = WHOLE_DAY
    if not is_alone or row.times.strip():
        try:
            slots = parse_slots(row.times)
        except BadTimesError as error:
            errors[f"times-{place}"] = error.sentence
    return Band(name, electricity, service, slots)


def _price(text: str, name: str, errors: Errors) -> int:
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        return parse_price_e4(plain)
    except BadQuantityError:
        message = N_("Write a price in yuan per kWh, like 0.487.")
        if PLAIN_NUMBER.fullmatch(plain):
            message = N_("Too many digits: a price has at most four after the point, like 0.487.")
        errors[name] = Sentence(message)
        return 0


def _names(places: Sequence[int], bands: Sequence[Band], errors: Errors) -> None:
    seen: set[str] = set()
    for place, band in zip(places, bands, strict=True):
        if not band.name or band.name in seen:
            errors[f"name-{place}"] = Sentence(N_("Every band needs a name of its own."))
        elif len(band.name) > LONGEST_NAME or not band.name.isprintable():
            message = N_("A name of at most {most} letters, please.")
            errors[f"name-{place}"] = Sentence(message, {"most": LONGEST_NAME})
        seen.add(band.name)


def _cover(places: Sequence[int], bands: Sequence[Band], errors: Errors) -> None:
    covered: set[int] = set()
    for place, band in zip(places, bands, strict=True):
        if doubled := covered & band.slots:
            message = N_("{times} belongs to another band already.")
            errors[f"times-{place}"] = Sentence(message, {"times": show_slots(doubled)})
        covered |= band.slots
    if gap := WHOLE_DAY - covered:
        message = N_("{times} has no price: the bands must fill the whole day.")
        errors["bands"] = Sentence(message, {"times": show_slots(gap)})
