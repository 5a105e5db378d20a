"""The bot with hooks at the named points: `python -m tests.faults.real.breakable TRACE [STRIKE…]`.

It is `python -m bot run` in all else: the same entry, the same settings. Each point that is reached becomes a
line of the trace, and at a strike the process sends itself the signal. Standard input leads its clock: a line
is the time that it shows now and the rate at which it runs on.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import json
import os
import sys
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from bot import __main__ as entry
from sandbox.clock import SandboxClock
from tests.faults.real.points import POINTS, Strike, When

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Hooks:
    """Counts what is reached, writes it down, and strikes."""

    def __init__(self, trace: str, strikes: Sequence[Strike]) -> None:
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._strikes = {(each.point, each.when, each.hit): each.blow for each in strikes}
        self._hits: Counter[tuple[str, When]] = Counter()

    def install(self) -> None:
        """Put every point's hooks around its function."""
        for name, target in POINTS.items():
            module, _, path = target.partition(":")
            owner_name, _, attribute = path.partition(".")
            owner = getattr(importlib.import_module(module), owner_name)
            setattr(owner, attribute, self._around(name, getattr(owner, attribute)))

    def _around(self, point: str, original: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(original):

            @functools.wraps(original)
            async def hooked_coroutine(*args: Any, **more: Any) -> Any:
                self._reach(point, When.BEFORE)
                answer = await original(*args, **more)
                self._reach(point, When.AFTER)
                return answer

            return hooked_coroutine

        @functools.wraps(original)
        def hooked(*args: Any, **more: Any) -> Any:
            self._reach(point, When.BEFORE)
            answer = original(*args, **more)
            self._reach(point, When.AFTER)
            return answer

        return hooked

    def _reach(self, point: str, when: When) -> None:
        self._hits[point, when] += 1
        hit = self._hits[point, when]
        blow = self._strikes.get((point, when, hit))
        line = json.dumps({"point": point, "when": when, "hit": hit, "blow": blow})
        os.write(self._trace, f"{line}\n".encode())
        if blow is not None:
            os.kill(os.getpid(), blow.signal)


class LedClock:
    """A `bot.clock.Clock` that shows the sandbox's time."""

    def __init__(self) -> None:
        self._clock = SandboxClock()
        self._timeouts: WeakKeyDictionary[asyncio.Timeout, float] = WeakKeyDictionary()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time_s(), UTC)

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()

    async def sleep(self, delay_s: float) -> None:
        await self._clock.sleep(max(0.0, delay_s))

    def timeout(self, delay_s: float | None) -> asyncio.Timeout:
        if delay_s is None:
            return asyncio.timeout(None)
        timeout = asyncio.timeout(delay_s / self._clock.rate)
        self._timeouts[timeout] = self._clock.monotonic_s() + delay_s
        return timeout

    def lead(self, time_s: float, rate: float) -> None:
        """Show that time, and go on at that rate, also for those who wait already."""
        self._clock.rate = rate
        self._clock.offset_s += time_s - self._clock.time_s()
        now_s, loop = self._clock.monotonic_s(), asyncio.get_running_loop()
        for timeout, until_s in list(self._timeouts.items()):
            with suppress(RuntimeError):  # its block has not begun, or is over
                timeout.reschedule(loop.time() + (until_s - now_s) / rate)


def follow_orders(clock: LedClock, loop: asyncio.AbstractEventLoop) -> None:
    """Lead the clock as standard input says, in a thread that ends with the process."""

    def read() -> None:
        for line in sys.stdin:
            time_s, rate = map(float, line.split())
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(clock.lead, time_s, rate)

    threading.Thread(target=read, daemon=True, name="orders").start()


def main(arguments: Sequence[str]) -> int:
    """Run the bot with its hooks; return its exit code."""
    entry._leave_when_asked()
    trace, *strikes = arguments
    Hooks(trace, [Strike.from_text(each) for each in strikes]).install()
    process = importlib.import_module("bot.process")

    def clock() -> LedClock:
        led = LedClock()
        follow_orders(led, asyncio.get_running_loop())
        return led

    process.SystemClock = clock  # type: ignore[attr-defined]
    return entry.main(["run"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
