"""Column types that make both engines give back the same Python values."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from bot.model import Output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import StrEnum

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

W = TypeVar("W", bound="StrEnum")

GeneratedId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A key that the database draws; SQLite only generates for a column that is exactly INTEGER."""


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970: SQLite would drop the zone."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Microseconds since 1970."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        """An aware datetime in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


class Words(TypeDecorator[W]):
    """A member of a `StrEnum`, kept as its word."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, enum: type[W]) -> None:
        super().__init__()
        self.enum = enum
        self._plain = {member: member.value for member in enum}

    def process_bind_param(self, value: W | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        """The plain word: a driver may treat a subclass of `str` in its own way."""
        return None if value is None else self._plain[value]

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> W | None:  # noqa: ARG002  # SQLAlchemy's signature
        """The member."""
        return None if value is None else self.enum(value)


class FreeText(TypeDecorator[str]):
    """Words from outside, without what PostgreSQL cannot keep: NUL and halves of surrogate pairs."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        """The text that can be kept."""
        return None if value is None else value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


class TextTuple(TypeDecorator["tuple[str, ...]"]):
    """A tuple of short strings, kept as JSON."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: sa.Dialect) -> list[str] | None:  # noqa: ARG002  # SQLAlchemy's signature
        """A JSON array."""
        return None if value is None else list(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> tuple[str, ...] | None:  # noqa: ARG002  # SQLAlchemy's signature
        """The tuple."""
        return None if value is None else tuple(value)


class IdTuple(TypeDecorator["tuple[int, ...]"]):
    """A few of Discord's ids, kept as JSON."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Sequence[int] | None, dialect: sa.Dialect) -> list[int] | None:  # noqa: ARG002  # SQLAlchemy's signature
        """A JSON array."""
        return None if value is None else list(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> tuple[int, ...] | None:  # noqa: ARG002  # SQLAlchemy's signature
        """The tuple."""
        return None if value is None else tuple(value)


class Outputs(TypeDecorator["tuple[Output, ...]"]):
    """What Wiro made, kept as JSON."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Sequence[Output] | None, dialect: sa.Dialect) -> list[Any] | None:  # noqa: ARG002  # SQLAlchemy's signature
        """A JSON array of objects."""
        return None if value is None else [asdict(output) for output in value]

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> tuple[Output, ...] | None:  # noqa: ARG002  # SQLAlchemy's signature
        """The outputs."""
        return None if value is None else tuple(Output(**output) for output in value)
