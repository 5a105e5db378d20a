"""Tables as CSV that any spreadsheet opens: times in UTC, money in dollars, no formulas. Pure."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.limits import NANO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_rows(rows: Iterable[Iterable[object]]) -> str:
    """A line for each row."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def time_cell(when: datetime | None) -> str:
    """A time to the second; nothing for none."""
    return "" if when is None else when.isoformat(timespec="seconds")


def dollars_cell(nano_usd: int) -> str:
    """An amount of money, exactly."""
    return f"{(Decimal(nano_usd) / NANO_PER_USD).normalize():f}"


def words_cell(written: str | None) -> str:
    """What a person wrote, so that no spreadsheet takes it for a formula."""
    words = written or ""
    return f"'{words}" if words.startswith(_FORMULA) else words
