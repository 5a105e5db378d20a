"""Wiro's socket, poured into the inbox of one job."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from bot.log import get_logger
from bot.wiro import Reconnected

if TYPE_CHECKING:
    from types import TracebackType

    from bot.jobs.ports import Events
    from bot.jobs.work import Work

log = get_logger(__name__)


class Listener:
    """`async with` it: the events of the job's task arrive in its inbox. Without a socket it is deaf."""

    def __init__(self, events: Events | None, work: Work) -> None:
        self._events = events
        self._work = work
        self._registered = False
        self._pump: asyncio.Task[None] | None = None

    @property
    def hears(self) -> bool:
        """Whether the task's end would be told, so that nobody need ask for it."""
        return self._registered and self._events is not None and self._events.connected

    async def __aenter__(self) -> Self:
        token = self._work.job.socket_token
        if self._events is not None and token:
            self._pump = asyncio.create_task(self._listen(self._events, token), name="listener")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump

    async def _listen(self, events: Events, token: str) -> None:
        try:
            async with events.subscribe(token) as subscription:
                async for event in subscription:
                    self._registered = self._registered or isinstance(event, Reconnected)
                    self._work.inbox.put(event)
        except Exception:
            log.exception("the socket's events were lost; the task is polled")
        finally:
            self._registered = False
