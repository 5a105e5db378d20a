from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.quota import windows


@pytest.mark.parametrize(
    ("at", "day", "week", "month"),
    [
        ("2026-11-21T12:00:00+00:00", "2026-11-21", "2026-W47", "2026-11"),
        ("2026-11-21T23:59:59.999999+00:00", "2026-11-21", "2026-W47", "2026-11"),
        ("2026-11-23T00:00:00+00:00", "2026-11-23", "2026-W48", "2026-11"),
        ("2027-01-01T00:00:00+00:00", "2027-01-01", "2026-W53", "2027-01"),
        ("2024-12-30T08:00:00+00:00", "2024-12-30", "2025-W01", "2024-12"),
        ("2026-11-22T01:00:00+03:00", "2026-11-21", "2026-W47", "2026-11"),
    ],
)
def test_windows_are_named_in_utc(at: str, day: str, week: str, month: str) -> None:
    now = datetime.fromisoformat(at)
    assert (windows.day_window(now), windows.week_window(now), windows.month_window(now)) == (
        day,
        week,
        month,
    )


@pytest.mark.parametrize(
    ("at", "day", "week", "month"),
    [
        ("2026-11-21T12:00:00+00:00", "2026-11-22", "2026-11-23", "2026-12-01"),
        ("2026-11-23T00:00:00+00:00", "2026-11-24", "2026-11-30", "2026-12-01"),
        ("2026-12-31T23:59:00+00:00", "2027-01-01", "2027-01-04", "2027-01-01"),
        ("2028-01-31T05:00:00+00:00", "2028-02-01", "2028-02-07", "2028-02-01"),
        ("2026-11-22T01:00:00+03:00", "2026-11-22", "2026-11-23", "2026-12-01"),
    ],
)
def test_next_windows_begin_at_midnight_in_utc(at: str, day: str, week: str, month: str) -> None:
    now = datetime.fromisoformat(at)
    expected = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (day, week, month)]
    assert [windows.next_day(now), windows.next_week(now), windows.next_month(now)] == expected


def test_a_window_ends_exactly_where_the_next_one_begins() -> None:
    now = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-7)))
    for _ in range(500):
        now += timedelta(hours=17)
        for name, end in (
            (windows.day_window, windows.next_day),
            (windows.week_window, windows.next_week),
            (windows.month_window, windows.next_month),
        ):
            last = end(now) - timedelta(microseconds=1)
            assert name(last) == name(now) != name(end(now))
