"""Ledgers as CSV: one line an entry, times in UTC, money in dollars. Pure."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.limits import NANO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.store.export import LedgerEntry

COLUMNS = (
    "ledger",
    "entry",
    "at",
    "kind",
    "task",
    "of",
    "scope",
    "member",
    "window",
    "held",
    "settled",
    "cap",
    "granted",
    "until",
    "by",
    "why",
    "estimate",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_header() -> str:
    """The line with the names of the columns."""
    return lines([COLUMNS])


def csv_lines(entries: Iterable[LedgerEntry]) -> str:
    """A line for each entry. What it adds to `held` and `settled` sums up to what is held and used."""
    return lines(_row(each) for each in entries)


def dollars(nano_usd: int) -> str:
    """An amount of money with as many decimals as it needs."""
    return f"{(Decimal(nano_usd) / NANO_PER_USD).normalize():f}"


def lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _row(entry: LedgerEntry) -> tuple[object, ...]:
    return (
        "money" if entry.is_money else "quota",
        entry.id,
        _time(entry.at),
        entry.kind.value,
        "" if entry.task is None else f"#{entry.task}",
        entry.whose,
        entry.scope_id,
        entry.user_id,
        entry.window,
        dollars(entry.held) if entry.is_money else entry.held,
        dollars(entry.settled) if entry.is_money else entry.settled,
        entry.cap,
        entry.granted or "",
        _time(entry.until),
        entry.actor_id,
        _words(entry.why),
        "yes" if entry.is_estimate else "",
    )


def _time(when: datetime | None) -> str:
    return "" if when is None else when.isoformat(timespec="seconds")


def _words(written: str | None) -> str:
    """What a person wrote, so that no spreadsheet takes it for a formula."""
    words = written or ""
    return f"'{words}" if words.startswith(_FORMULA) else words
