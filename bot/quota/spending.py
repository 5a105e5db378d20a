"""Spending in a period: its days, its sums, and a file of it. Pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from bot.csvfile import csv_rows, dollars_cell
from bot.quota.windows import day_window

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from datetime import datetime

    from bot.store.spending import Spent

Key = TypeVar("Key", bound="Hashable")

COLUMNS = ("day", "member", "tool", "tasks", "spent", "held")


class Period(StrEnum):
    """For how long back."""

    TODAY = "today"
    WEEK = "week"
    DAYS_30 = "days_30"
    MONTH = "month"


def days_of(period: Period, now: datetime) -> Sequence[str]:
    """The windows of the period's days, today's the last."""
    count = {
        Period.TODAY: 1,
        Period.WEEK: 7,
        Period.DAYS_30: 30,
        Period.MONTH: int(day_window(now)[-2:]),
    }[period]
    return [day_window(now - timedelta(days=back)) for back in reversed(range(count))]


def sums(spent: Iterable[Spent], key: Callable[[Spent], Key]) -> Mapping[Key, int]:
    """What was spent by each key, the most first."""
    found: dict[Key, int] = defaultdict(int)
    for each in spent:
        found[key(each)] += each.settled
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def by_tool_and_day(spent: Iterable[Spent], days: Sequence[str]) -> Mapping[str | None, Sequence[int]]:
    """What was spent with each tool on each of the days, the tool with the most first."""
    spent = list(spent)
    cells = sums(spent, lambda each: (each.tool, each.day))
    tools = sums(spent, lambda each: each.tool)
    return {tool: [cells.get((tool, day), 0) for day in days] for tool, amount in tools.items() if amount > 0}


def spending_csv(spent: Iterable[Spent]) -> bytes:
    """A line for each day, member and tool, in dollars; they sum up to what the server's members spent."""
    rows = [
        (each.day, each.user_id, each.tool or "", each.tasks, *map(dollars_cell, (each.settled, each.held)))
        for each in spent
    ]
    return csv_rows([COLUMNS, *rows]).encode()
