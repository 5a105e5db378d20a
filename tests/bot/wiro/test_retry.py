from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.wiro import (
    AnswerLost,
    AuthError,
    ConcurrencyLimit,
    InvalidInput,
    MalformedAnswer,
    NoTask,
    NotSent,
    RateLimited,
    RetryPolicy,
    ServiceUnavailable,
    WiroError,
)
from bot.wiro.retry import parse_retry_after

POLICY = RetryPolicy(attempts=4, base_s=0.5, cap_s=1.5, jitter=0.2, retry_after_cap_s=20)
DOWN = ServiceUnavailable("down", status=503)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "failures", "luck", "delay_s"),
    [
        (DOWN, 1, 0.5, 0.5),
        (DOWN, 2, 0.5, 1.0),
        (DOWN, 3, 0.5, 1.5),  # capped
        (DOWN, 1, 0.0, 0.4),
        (DOWN, 2, 1.0, 1.2),
        (DOWN, 4, 0.5, None),  # no attempt is left
        (RateLimited("slow", retry_after_s=3), 1, 0.5, 3.0),
        (RateLimited("slow", retry_after_s=0), 1, 0.5, 0.5),
        (RateLimited("slow", retry_after_s=20), 1, 0.5, 20.0),
        (RateLimited("slow", retry_after_s=21), 1, 0.5, None),
        (RateLimited("slow"), 1, 0.5, 0.5),
        (ServiceUnavailable("down", status=503, retry_after_s=2), 1, 0.5, 2.0),
        (ServiceUnavailable("no network"), 1, 0.5, 0.5),
        (MalformedAnswer("html"), 1, 0.5, 0.5),
    ],
)
def test_the_wait_doubles_is_capped_and_heeds_retry_after(
    error: WiroError, failures: int, luck: float, delay_s: float | None
) -> None:
    assert POLICY.delay_s(error, failures, luck) == (
        delay_s if delay_s is None else pytest.approx(delay_s, abs=1e-12)
    )


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_failing_server_is_asked_again(status: int) -> None:
    assert POLICY.delay_s(ServiceUnavailable("x", status=status), 1, 0.5) is not None


@pytest.mark.parametrize(
    "error",
    [
        ServiceUnavailable("moved", status=301),
        ServiceUnavailable("not built", status=501),
        AuthError("no"),
        InvalidInput("no"),
        NoTask("no"),
        ConcurrencyLimit("full", 96),
        NotSent("no"),
        AnswerLost("lost"),
    ],
    ids=lambda error: f"{type(error).__name__}-{error}",
)
def test_what_asking_again_cannot_mend_is_not_asked_again(error: WiroError) -> None:
    assert POLICY.delay_s(error, 1, 0.5) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:59:00 GMT", 0.0),
        ("-1", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds
