"""Wiro's call to `callbackUrl` when a task has ended."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.wiro.addresses import is_loopback
from sandbox.wiro.faults import Fault, Point

if TYPE_CHECKING:
    from sandbox.wiro.tasks import Task
    from sandbox.wiro.world import World

_TRIES = 3
_PAUSE_S = 2.0
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_log = logging.getLogger(__name__)


class Callbacks:
    """Posts a task's row to its callback address, three times at most, until it is answered with 200.

    Only addresses of this machine are called: a sandbox reaches nothing else.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None
        self._calls: set[asyncio.Task[None]] = set()

    def task_ended(self, task: Task) -> None:
        """Start to call back, when the task has an address and ever left the queue."""
        if not task.was_accepted or not is_loopback(task.callback_url):
            return
        faults = self._world.faults.take_all_at(Point.CALLBACK, url=task.callback_url, task=task.id)
        if "callback_never" in faults:
            return
        for _ in range(2 if "callback_twice" in faults else 1):
            call = asyncio.create_task(self._call(task, faults), name=f"wiro callback {task.id}")
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def stop(self) -> None:
        """Drop what is not delivered."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    async def _call(self, task: Task, faults: dict[str, Fault]) -> None:
        if late := faults.get("callback_late"):
            await self._world.clock.sleep(late["seconds"])
        row = task.row(self._world.now_s(), self._world.skew_s())
        content: dict[str, Any] = row
        if "callback_bare" not in faults:
            content = {"total": "1", "errors": [], "tasklist": [row], "result": True}
        for attempt in range(_TRIES):
            if attempt:
                await self._world.clock.sleep(_PAUSE_S)
            if await self._post(task.callback_url, content, as_form="callback_form" in faults):
                return
        _log.warning("nobody took the callback of task %s", task.id)

    async def _post(self, url: str, content: dict[str, Any], *, as_form: bool) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        body: dict[str, Any] = {"data": _as_form(content)} if as_form else {"json": content}
        try:
            async with self._session.post(url, **body) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def _as_form(content: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in content.items()}
