"""Column types that are the same on SQLite and PostgreSQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

from service.clock import from_ms, to_ms

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit key that SQLite still counts up by itself."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, stored as milliseconds since 1970: sorts, compares and costs the same
    on both databases, and never loses its zone."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else to_ms(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else from_ms(value)


def instant(**options: Any) -> Any:
    """A field of type Instant: `started_at: datetime = instant()`."""
    return Field(sa_type=Instant, **options)


def big(**options: Any) -> Any:
    """A 64-bit integer field (`int` alone is 32-bit on PostgreSQL)."""
    return Field(sa_type=BigInteger, **options)
