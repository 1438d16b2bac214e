"""Months of the books: 'YYYY-MM' by the compound's clock. As texts they sort as they follow."""

import re
from datetime import datetime, tzinfo

A_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def is_month(text: str) -> bool:
    """Whether a text is a month as the books write it: '2026-10'."""
    return A_MONTH.fullmatch(text) is not None


def month_of(at: datetime, zone: tzinfo) -> str:
    """The month of a moment; it begins at midnight of the compound's clock."""
    return at.astimezone(zone).strftime("%Y-%m")


def after(month: str) -> str:
    """The month that follows: '2026-12' -> '2027-01'."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def books_month(happened_at: datetime, zone: tzinfo, last_closed: str | None) -> str:
    """The month whose statement a fact lands in: its own, or the first one still open.

    This is decided once, when the fact is written, so a closed month never changes, and when
    the closing job runs makes no difference to what is in it.
    """
    own = month_of(happened_at, zone)
    return own if last_closed is None else max(own, after(last_closed))


def span(first: str, last: str) -> list[str]:
    """Every month from the first to the last, both included; empty if last is before first."""
    months = []
    while first <= last:
        months.append(first)
        first = after(first)
    return months
