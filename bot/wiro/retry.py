"""When a call is made again and how long it waits before: a policy as data, and the loop that follows it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

import stamina

from bot.wiro.errors import MalformedAnswer, RateLimited, ServiceUnavailable, WiroError
from bot.wiro.wire import number

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from bot.clock import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")

TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How a call that may be repeated is repeated. The defaults are those of Wiro's own SDKs."""

    attempts: int = 3
    """In all, the first one included."""
    base_s: float = 0.5
    """Wait after the first failure; doubled with each further one."""
    cap_s: float = 4.0
    """Longest wait of our own choosing."""
    jitter: float = 0.2
    """Each wait is scaled by a factor between 1 - jitter and 1 + jitter."""
    retry_after_cap_s: float = 20.0
    """Longest `Retry-After` that is waited for; a longer one is the caller's matter."""
    attempt_timeout_s: float = 12.0
    """A repeatable attempt that takes longer counts as failed, so that there is time for another."""

    def delay_s(self, error: WiroError, failures: int, luck: float) -> float | None:
        """Seconds to wait before the next attempt; None when there should be none.

        Args:
            error: Why the last attempt failed.
            failures: How many have failed, that one included.
            luck: A random number in [0, 1).
        """
        if failures >= self.attempts or not is_transient(error):
            return None
        own_s = min(self.cap_s, self.base_s * 2.0 ** (failures - 1))
        own_s *= 1 - self.jitter + 2 * self.jitter * luck
        wish_s = error.retry_after_s if isinstance(error, RateLimited | ServiceUnavailable) else None
        if wish_s is None:
            return own_s
        return max(own_s, wish_s) if wish_s <= self.retry_after_cap_s else None


class Repeater:
    """Repeats what fails, by a policy and within a deadline.

    Deadlines are the clock's; the waits between attempts are stamina's own, on the event loop.
    """

    def __init__(self, policy: RetryPolicy, clock: Clock, rng: random.Random) -> None:
        self.policy = policy
        self._clock = clock
        self._rng = rng

    async def run(self, attempt: Callable[[], Awaitable[T]], *, name: str, timeout_s: float) -> T:
        """Return what `attempt()` returns, after as many attempts as the policy allows.

        Raises:
            WiroError: What the last attempt raised; `ServiceUnavailable` when time was up before that.
        """
        failed: list[WiroError] = []
        ends_at_s = self._clock.monotonic_s() + timeout_s

        def backoff_s(error: Exception) -> float | bool:
            if not isinstance(error, WiroError):
                return False
            failed.append(error)
            delay_s = self.policy.delay_s(error, len(failed), self._rng.random())
            if delay_s is None or self._clock.monotonic_s() + delay_s >= ends_at_s:
                return False
            log.info("%s failed (%s), again in %.1f s", name, error, delay_s)
            return delay_s

        try:
            async with self._clock.timeout(timeout_s):
                async for context in stamina.retry_context(on=backoff_s, attempts=None, timeout=None):
                    with context:
                        return await attempt()
        except TimeoutError as error:
            raise failed[-1] if failed else ServiceUnavailable(f"{name}: no answer in time") from error
        raise AssertionError("stamina ends only with a value or an error")  # pragma: no cover


def is_transient(error: WiroError) -> bool:
    """Whether the same call may do better in a moment."""
    if isinstance(error, MalformedAnswer | RateLimited):
        return True
    if isinstance(error, ServiceUnavailable):
        return error.status is None or error.status in TRANSIENT_STATUSES
    return False


def parse_retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for, by a number or a date; None when it says nothing."""
    if not header:
        return None
    seconds = number(header)
    if seconds is None:
        moment = parse_http_date(header)
        if moment is None:
            return None
        seconds = (moment - now).total_seconds()
    return max(0.0, seconds)


def parse_http_date(header: str | None) -> datetime | None:
    """The moment of an HTTP date; None when it is none."""
    if not header:
        return None
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
