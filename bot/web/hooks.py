"""`POST /hooks/wiro/{token}`: Wiro says that something happened to a task.

Nothing that arrives is believed or even looked at: the token names a job, and its tracker asks Wiro itself.
Who calls learns nothing: every well-formed token is answered alike.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from aiohttp import web

from bot.log import get_logger
from bot.web.limits import Limiter, Rate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.clock import Clock
    from bot.web.metrics import Metrics

log = get_logger(__name__)

MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 5.0
MAX_HINTS = 64
"""Hints on their way to their trackers at once; more are dropped: the safety poll finds what they meant."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_PER_TOKEN = Rate(burst=5, per_s=0.5)
_OVERALL = Rate(burst=200, per_s=50)


class WiroHook:
    """Turns callbacks into hints, within bounds.

    Args:
        on_hint: Told the token of a job whose task should be looked at now.
        clock: Time.
        metrics: Counts the requests.
    """

    def __init__(self, on_hint: Callable[[str], Awaitable[object]], clock: Clock, metrics: Metrics) -> None:
        self._on_hint = on_hint
        self._clock = clock
        self._metrics = metrics
        self._per_token = Limiter(_PER_TOKEN, clock)
        self._overall = Limiter(_OVERALL, clock)
        self._hints: dict[str, asyncio.Task[None]] = {}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one callback."""
        token = request.match_info["token"]
        if not _TOKEN.fullmatch(token):
            return self._refuse(404, "refused")
        if not (self._overall.allows() and self._per_token.allows(token)):
            return self._refuse(429, "limited", {"Retry-After": "2"})
        try:
            async with self._clock.timeout(BODY_TIMEOUT_S):
                await request.read()  # so that the connection can be used again; bounded by the application
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(413, "refused")
        except TimeoutError:
            return self._refuse(408, "refused")
        self._metrics.hook_call("taken")
        self._pass_on(token)
        return web.Response(text="ok\n")

    async def close(self) -> None:
        """Let go of the hints that are still on their way."""
        for task in list(self._hints.values()):
            task.cancel()
        await asyncio.gather(*self._hints.values(), return_exceptions=True)

    def _refuse(self, status: int, result: str, headers: dict[str, str] | None = None) -> web.Response:
        self._metrics.hook_call(result)
        response = web.Response(status=status, headers=headers)
        response.force_close()  # the body may not have been read
        return response

    def _pass_on(self, token: str) -> None:
        if token in self._hints or len(self._hints) >= MAX_HINTS:
            return
        task = asyncio.create_task(self._hint(token), name="wiro hook")
        self._hints[token] = task
        task.add_done_callback(lambda _done: self._hints.pop(token, None))

    async def _hint(self, token: str) -> None:
        try:
            await self._on_hint(token)
        except Exception:  # a border: the caller has its answer already
            log.exception("a callback of Wiro could not be passed on")
