"""The windows in which quota and money are counted, all in UTC: days, ISO weeks and months."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

ENDLESS = ""
"""The one window of what is counted at once and not over time."""


def day_window(now: datetime) -> str:
    """The day: "2026-11-21"."""
    return now.astimezone(UTC).date().isoformat()


def week_window(now: datetime) -> str:
    """The ISO week: "2026-W47". Its year is that of its Thursday."""
    year, week, _ = now.astimezone(UTC).isocalendar()
    return f"{year:04d}-W{week:02d}"


def month_window(now: datetime) -> str:
    """The month: "2026-11"."""
    return f"{now.astimezone(UTC):%Y-%m}"


def next_day(now: datetime) -> datetime:
    """When the next day begins."""
    return _midnight(now) + timedelta(days=1)


def next_week(now: datetime) -> datetime:
    """When the next ISO week begins: on Monday."""
    return _midnight(now) + timedelta(days=8 - now.astimezone(UTC).isoweekday())


def next_month(now: datetime) -> datetime:
    """When the next month begins."""
    return (_midnight(now).replace(day=1) + timedelta(days=32)).replace(day=1)


def end_of(window: str) -> datetime:
    """When a day or a month ends, by its window."""
    first = datetime.fromisoformat(window if window.count("-") > 1 else f"{window}-01").replace(tzinfo=UTC)
    return next_day(first) if window.count("-") > 1 else next_month(first)


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)
