"""One WebSocket to Wiro: reads frames, registers tokens, knows when it is of no more use."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import aiohttp

from bot.wiro import frames
from bot.wiro.transport import NETWORK_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.clock import Clock

log = logging.getLogger(__name__)

FRAME_BYTES = 8 * 1024 * 1024
"""Largest frame; that of Wiro's own SDKs."""

CLOSE_TIMEOUT_S = 2.0
"""How long the other side's goodbye is waited for."""

SEND_TIMEOUT_S = 5.0
"""A connection that does not take a short frame in this time is as good as broken."""


class Connection:
    """One WebSocket, the tokens it was given, and the task that reads it."""

    def __init__(
        self, ws: aiohttp.ClientWebSocketResponse, *, clock: Clock, hear: Callable[[bytes | str], None]
    ) -> None:
        self._ws = ws
        self._clock = clock
        self._hear = hear
        self._tokens: set[str] = set()
        self._opened_at_s = clock.monotonic_s()
        self.is_broken = False
        self.spent = asyncio.Event()
        """Set when another connection is needed: this one broke, or has carried its share."""
        self._reader = asyncio.create_task(self._read(), name="wiro-socket-reader")

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        url: str,
        *,
        clock: Clock,
        hear: Callable[[bytes | str], None],
        heartbeat_s: float,
        timeout_s: float,
    ) -> Self:
        """A connection that stands; `hear` is given each frame as it comes.

        Raises:
            aiohttp.ClientError, OSError: It does not stand within `timeout_s`, or not at all.
        """
        async with clock.timeout(timeout_s):
            ws = await session.ws_connect(
                url,
                heartbeat=heartbeat_s,
                max_msg_size=FRAME_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
            )
        return cls(ws, clock=clock, hear=hear)

    @property
    def carried(self) -> int:
        """How many tokens it has ever been given."""
        return len(self._tokens)

    @property
    def age_s(self) -> float:
        """Seconds since it was opened."""
        return self._clock.monotonic_s() - self._opened_at_s

    async def register(self, token: str) -> bool:
        """Ask for a task's events, once; False when that cannot be done.

        A token that is already known here is not asked for again.
        """
        if self.is_broken:
            return False
        if token in self._tokens:
            return True
        self._tokens.add(token)
        try:
            async with self._clock.timeout(SEND_TIMEOUT_S):
                await self._ws.send_str(frames.register(token))
        except NETWORK_ERRORS as error:
            log.info("event socket: registering failed (%s)", type(error).__name__)
            self._break()
            return False
        return True

    async def close(self) -> None:
        """Say goodbye and wait for the reader's end."""
        self._break()
        try:
            with suppress(*NETWORK_ERRORS):
                await self._ws.close(code=aiohttp.WSCloseCode.GOING_AWAY)
        finally:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if not self._reader.cancelled() and (error := self._reader.exception()) is not None:
            log.error("event socket: the reader failed", exc_info=error)

    async def _read(self) -> None:
        try:
            async for message in self._ws:
                if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    self._hear(message.data)
                elif message.type is aiohttp.WSMsgType.ERROR:
                    log.info("event socket: %s", type(message.data).__name__)
                    break
        finally:
            self._break()

    def _break(self) -> None:
        self.is_broken = True
        self.spent.set()
