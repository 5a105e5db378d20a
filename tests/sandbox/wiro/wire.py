"""A signed client of the stand-in, for its tests."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

from sandbox.wiro.auth import signature

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

    from sandbox.wiro import Task, WiroStandIn

PORTRAIT = "Run/wavymulder/portraitplus"
INPUTS: dict[str, Any] = {
    "prompt": "portrait+ style a fox",
    "negativePrompt": "",
    "samples": 1,
    "steps": 4,
    "scale": "7.5",
    "seed": "123456",
    "clipSkip": 4,
    "width": 64,
    "height": 64,
    "scheduler": "EulerDiscreteScheduler",
}
KEY, SECRET = "sandbox-key", "sandbox-secret"
_nonces = itertools.count(1)


def signed(key: str = KEY, secret: str = SECRET, nonce: str | None = None) -> dict[str, str]:
    nonce = nonce or str(next(_nonces))
    return {"x-api-key": key, "x-nonce": nonce, "x-signature": signature(key, secret, nonce)}


class Wire:
    """Calls, and waits on what the stand-in itself says has changed."""

    def __init__(self, wiro: WiroStandIn, session: aiohttp.ClientSession) -> None:
        self.wiro = wiro
        self.session = session

    async def post(self, path: str, **request: Any) -> aiohttp.ClientResponse:
        request.setdefault("headers", signed())
        response = await self.session.post(f"/wiro/v1/{path}", **request)
        await response.read()
        return response

    async def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        response = await self.post(path, json=body or {})
        answer: dict[str, Any] = await response.json()
        return answer

    async def error(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        """Code and message of a call that is refused, with nothing else in its answer."""
        answer = await self.call(path, body)
        assert answer.keys() == {"result", "errors"}
        assert answer["result"] is False
        [error] = answer["errors"]
        return error["code"], error["message"]

    async def run(self, path: str = PORTRAIT, **inputs: Any) -> Task:
        answer = await self.call(path, {**INPUTS, **inputs})
        return self.wiro.tasks[answer["taskid"]]

    async def row(self, task: Task) -> dict[str, Any]:
        answer = await self.call("Task/Detail", {"taskid": task.id})
        row: dict[str, Any] = answer["tasklist"][0]
        return row

    async def until(self, holds: Callable[[], bool]) -> None:
        changed = self.wiro.subscribe()
        async with asyncio.timeout(20):
            while not holds():
                await changed.wait()
                changed.clear()
        self.wiro.unsubscribe(changed)

    async def ended(self, task: Task) -> dict[str, Any]:
        """The row of a task when it has ended."""
        await self.until(lambda: task.is_ended)
        return await self.row(task)

    async def frames(
        self, socket: aiohttp.ClientWebSocketResponse, last: str = "task_postprocess_end"
    ) -> list[dict[str, Any]]:
        """The socket's frames up to one of type `last`."""
        frames: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            while not frames or frames[-1].get("type") != last:
                frames.append(await socket.receive_json())
        return frames
