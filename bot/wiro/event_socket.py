"""Wiro's event socket: one shared connection that follows many tasks and mends itself."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.wiro import frames
from bot.wiro.connection import Connection
from bot.wiro.models import Reconnected
from bot.wiro.subscription import Subscription
from bot.wiro.transport import NETWORK_ERRORS, network_words

if TYPE_CHECKING:
    from types import TracebackType

    import aiohttp

    from bot.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketPolicy:
    """When a connection is given up, renewed and tried again."""

    connect_timeout_s: float = 10.0
    heartbeat_s: float = 20.0
    """Between pings; one that is not answered in half that time ends the connection."""
    max_tokens: int = 1000
    """A connection that has carried so many tasks is renewed: there is no frame that takes a token back."""
    max_age_s: float = 6 * 3600.0
    base_s: float = 0.5
    """Wait before the first new try; doubled with each further one."""
    cap_s: float = 30.0
    settled_s: float = 30.0
    """A connection that lasted so long was a good one: after it, waits begin at `base_s` again."""

    def delay_s(self, failures: int, luck: float) -> float:
        """Seconds to wait after so many failures in a row: the doubled base, or down to half of that."""
        return min(self.cap_s, self.base_s * 2.0 ** min(failures - 1, 32)) * (0.5 + luck / 2)


class EventSocket:
    """Follows tasks over one connection: `async with` it, then `subscribe` for each task.

    The connection is opened at once, in the background. When it breaks (also silently, which its pings
    notice) it is opened again with growing, jittered waits, and every task that is followed is registered
    again. It is renewed when it has carried many tasks or is old: the new connection stands before the old
    one is closed.

    Args:
        session: Carries the connection; stays the caller's.
        url: Such as "wss://socket.wiro.ai/v1".
        clock: Time.
        rng: Spreads the waits.
        policy: When a connection is given up, renewed and tried again.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        clock: Clock,
        rng: random.Random | None = None,
        policy: SocketPolicy | None = None,
    ) -> None:
        self._session = session
        self._url = url
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._policy = policy or SocketPolicy()
        self._followers: dict[str, list[Subscription]] = {}
        self._share = self._policy.max_tokens
        self._current: Connection | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep(), name="wiro-socket-keeper")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        for subscription in [each for followers in self._followers.values() for each in followers]:
            subscription.close()

    @property
    def connected(self) -> bool:
        """Whether events can arrive now. A connection that died silently counts until its ping tells."""
        return self._current is not None and not self._current.is_broken

    def subscribe(self, token: str) -> Subscription:
        """A subscription to a task's events by its `socketaccesstoken`; it begins with its `async with`."""
        return Subscription(self, token)

    async def follow(self, subscription: Subscription) -> None:
        """Begin to deliver; `Subscription` calls this."""
        self._followers.setdefault(subscription.token, []).append(subscription)
        connection = self._current
        if connection is not None and await connection.register(subscription.token):
            self._announce(subscription)
            if connection.carried >= self._share:
                connection.spent.set()

    def unfollow(self, subscription: Subscription) -> None:
        """Stop delivering; `Subscription` calls this."""
        followers = self._followers.get(subscription.token, [])
        if subscription in followers:
            followers.remove(subscription)
        if not followers:
            self._followers.pop(subscription.token, None)

    async def _keep(self) -> None:
        """Have a good connection at all times, until cancelled."""
        failures = 0
        try:
            while True:
                try:
                    await self._take_over(await self._open())
                    lasted_s = await self._until_spent()
                except NETWORK_ERRORS as error:
                    failures += 1
                    log.warning("event socket: no connection (%s)", network_words(error))
                except Exception:
                    failures += 1
                    log.exception("event socket: a fault of its own")
                else:
                    if self.connected:
                        continue  # worn, not broken: it stays until its successor stands
                    failures = 1 if lasted_s >= self._policy.settled_s else failures + 1
                    log.info("event socket: lost after %.0f s", lasted_s)
                await self._clock.sleep(self._policy.delay_s(failures, self._rng.random()))
        finally:
            connection, self._current = self._current, None
            if connection is not None:
                await connection.close()

    async def _open(self) -> Connection:
        return await Connection.open(
            self._session,
            self._url,
            clock=self._clock,
            hear=self._hear,
            heartbeat_s=self._policy.heartbeat_s,
            timeout_s=self._policy.connect_timeout_s,
        )

    async def _take_over(self, fresh: Connection) -> None:
        """Make `fresh` the connection, register all that is followed, then close its predecessor."""
        # First the swap: whoever begins to follow from here on registers on the new one.
        predecessor, self._current = self._current, fresh
        # More tasks than the policy's share may be followed at once; renewing would then never end.
        self._share = max(self._policy.max_tokens, 2 * len(self._followers))
        try:
            for token in list(self._followers):
                if await fresh.register(token):
                    for subscription in self._followers.get(token, []):
                        self._announce(subscription)
        finally:
            if predecessor is not None:
                await predecessor.close()

    async def _until_spent(self) -> float:
        """Wait until the connection is broken, worn or old; returns how many seconds it lasted."""
        connection = self._current
        if connection is None:
            return 0.0
        with suppress(TimeoutError):
            async with self._clock.timeout(self._policy.max_age_s - connection.age_s):
                await connection.spent.wait()
        return connection.age_s

    def _announce(self, subscription: Subscription) -> None:
        subscription.put(Reconnected(at=self._clock.now(), first=not subscription.was_registered))
        subscription.was_registered = True

    def _hear(self, data: bytes | str) -> None:
        try:
            frame = frames.read(data, self._clock.now())
        except frames.BadFrameError as error:
            log.warning("event socket: ignored %s", error)
            return
        if frame is not None:
            for subscription in self._followers.get(frame.token, []):
                subscription.put(frame.event)
