"""Ledgers as CSV: one line an entry, times in UTC, money in dollars. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.csvfile import csv_rows, dollars_cell, time_cell, words_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def csv_header() -> str:
    """The line with the names of the columns."""
    return csv_rows([COLUMNS])


def csv_lines(entries: Iterable[LedgerEntry]) -> str:
    """A line for each entry. What it adds to `held` and `settled` sums up to what is held and used."""
    return csv_rows(_row(each) for each in entries)


def _row(entry: LedgerEntry) -> tuple[object, ...]:
    amount = dollars_cell if entry.is_money else str
    return (
        "money" if entry.is_money else "quota",
        entry.id,
        time_cell(entry.at),
        entry.kind.value,
        "" if entry.task is None else f"#{entry.task}",
        entry.whose,
        entry.scope_id,
        entry.user_id,
        entry.window,
        amount(entry.held),
        amount(entry.settled),
        entry.cap,
        entry.granted or "",
        time_cell(entry.until),
        entry.actor_id,
        words_cell(entry.why),
        "yes" if entry.is_estimate else "",
    )
