"""Spans of time by the compound's clock: a month, and the same part of the month before."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from service.billing.months import after, month_of
from service.clock import to_ms


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` up to, not including, `until`; both aware, UTC."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        """How long it is; 0 when it ends before it begins."""
        return max(0.0, (self.until - self.since).total_seconds())

    @property
    def since_ms(self) -> int:
        """Its beginning in milliseconds since 1970."""
        return to_ms(self.since)

    @property
    def until_ms(self) -> int:
        """Its end in milliseconds since 1970."""
        return to_ms(self.until)

    def up_to(self, now: datetime) -> "Span":
        """The part of it that is over."""
        return Span(self.since, max(self.since, min(self.until, now)))


def before(month: str) -> str:
    """The month in front of one: '2027-01' -> '2026-12'."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - (number == 1):04d}-{(number - 2) % 12 + 1:02d}"


def months_before(month: str, count: int) -> str:
    """So many months in front of one."""
    for _ in range(count):
        month = before(month)
    return month


def month_span(month: str, zone: tzinfo) -> Span:
    """A month ('2026-10') from midnight to midnight by the compound's clock."""
    return Span(_midnight_of(month, zone), _midnight_of(after(month), zone))


def month_so_far(now: datetime, zone: tzinfo) -> Span:
    """This month up to now."""
    return Span(_midnight_of(month_of(now, zone), zone), now)


def same_part_of_last_month(now: datetime, zone: tzinfo) -> Span:
    """Last month up to the same day and time of day; all of it where it has no such day."""
    local = now.astimezone(zone)
    last = before(month_of(now, zone))
    days = monthrange(int(last[:4]), int(last[5:]))[1]
    whole = month_span(last, zone)
    if local.day > days:
        return whole
    then = local.replace(year=int(last[:4]), month=int(last[5:])).astimezone(UTC)
    return Span(whole.since, min(then, whole.until))


def last_days(now: datetime, days: int) -> Span:
    """The last so many times 24 hours."""
    return Span(now - timedelta(days=days), now)


def _midnight_of(month: str, zone: tzinfo) -> datetime:
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=zone).astimezone(UTC)
