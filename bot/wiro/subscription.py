"""What one listener has not yet heard of its task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from bot.wiro.models import Reconnected, TaskEvent

if TYPE_CHECKING:
    from types import TracebackType

    from bot.wiro.event_socket import EventSocket

KEPT_EVENTS = 32
"""How many kinds of events are kept for a reader that is slow; Wiro knows fewer."""


class Subscription:
    """The events of one task, in the order in which they came: `async with` it, then `async for`.

    A reader that is slow finds the newest event of each kind (progress apart from plain output), never an
    older one, and always the event that ended the task. The first item is `Reconnected`, and another comes
    after every lost connection. The iteration ends when the socket is closed; leaving it is the reader's
    matter.
    """

    def __init__(self, socket: EventSocket, token: str) -> None:
        self._socket = socket
        self.token = token
        self._unheard: dict[tuple[str, bool], TaskEvent | Reconnected] = {}
        self._news = asyncio.Event()
        self._is_closed = False
        self.was_registered = False

    async def __aenter__(self) -> Self:
        await self._socket.follow(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.unfollow(self)
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TaskEvent | Reconnected:
        while not self._unheard:
            if self._is_closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._unheard.pop(next(iter(self._unheard)))

    def put(self, event: TaskEvent | Reconnected) -> None:
        """Add an event; it takes the place of an unheard one of its kind."""
        kind = _kind(event)
        earlier = self._unheard.pop(kind, None)
        self._unheard[kind] = earlier if earlier is not None and _says_less(event, earlier) else event
        if len(self._unheard) > KEPT_EVENTS:
            oldest = next(key for key, kept in self._unheard.items() if not _ends(kept))
            del self._unheard[oldest]
        self._news.set()

    def close(self) -> None:
        """End the iteration once what is unheard has been heard."""
        self._is_closed = True
        self._news.set()


def _kind(event: TaskEvent | Reconnected) -> tuple[str, bool]:
    return (event.status, event.progress is not None) if isinstance(event, TaskEvent) else ("", False)


def _ends(event: TaskEvent | Reconnected) -> bool:
    return isinstance(event, TaskEvent) and event.is_terminal


def _says_less(event: TaskEvent | Reconnected, earlier: TaskEvent | Reconnected) -> bool:
    """A repeated end without the outputs that the first one had: two connections may overlap."""
    if not (isinstance(event, TaskEvent) and isinstance(earlier, TaskEvent)):
        return False
    return earlier.is_terminal and bool(earlier.outputs) and not event.outputs
