"""The two times of the stand-in, and ids made of one of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.clock import SandboxClock

EPOCH_MS = 1_420_070_400_000
"""Discord's ids count milliseconds from the start of 2015."""


class Times:
    """Calendar time follows the sandbox's clock whole; pace follows real seconds and the clock's offset.

    Token lives, timestamps and link expiry are calendar. The three seconds for a response and the rate-limit
    buckets are pace: the bot's process answers in real time, however fast the sandbox's days go by.
    """

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._last_id = 0

    def now_s(self) -> float:
        """Unix time in the sandbox."""
        return self._clock.time_s()

    def pace_s(self) -> float:
        """Seconds from an arbitrary start, for deadlines that real processes must meet."""
        return time.monotonic() + self._clock.offset_s

    def new_id(self) -> int:
        """A snowflake of this moment, greater than every one before."""
        self._last_id = max(snowflake(self.now_s()), self._last_id + 1)
        return self._last_id


def snowflake(at_s: float, number: int = 0) -> int:
    """The `number`th id of a moment of Unix time."""
    return (int(at_s * 1000) - EPOCH_MS << 22) + number


def iso(at_s: float) -> str:
    """A moment as Discord writes it."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="microseconds")
