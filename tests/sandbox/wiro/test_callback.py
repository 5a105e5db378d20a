from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from sandbox.wiro.addresses import is_loopback
from tests.sandbox.wiro.wire import INPUTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.wiro import WiroStandIn
    from tests.sandbox.wiro.wire import Wire


@dataclass
class Hook:
    """A server that is called back; it answers with `statuses` in turn, then with 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    calls: asyncio.Queue[tuple[str, dict[str, Any]]] = field(default_factory=asyncio.Queue)

    async def answer(self, request: web.Request) -> web.Response:
        json_like = request.content_type == "application/json"
        body = await request.json() if json_like else dict(await request.post())
        self.calls.put_nowait((request.content_type, body))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def next(self) -> tuple[str, dict[str, Any]]:
        async with asyncio.timeout(10):
            return await self.calls.get()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def test_ended_task_is_called_back_with_its_detail(wire: Wire, hook: Hook) -> None:
    task = await wire.run(callbackUrl=hook.url)
    content_type, body = await hook.next()

    assert content_type == "application/json"
    assert body == await wire.call("Task/Detail", {"taskid": task.id})
    assert body["tasklist"][0]["status"] == "task_postprocess_end"


async def test_callback_is_tried_three_times(wire: Wire, wiro: WiroStandIn, hook: Hook) -> None:
    hook.statuses = [500, 503, 500, 200]
    wiro.clock.rate = 20  # the pauses of two seconds
    await wire.run(callbackUrl=hook.url)
    bodies = [await hook.next() for _ in range(3)]

    assert bodies[0] == bodies[1] == bodies[2]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hook.calls.get(), 0.3)


async def test_failed_task_is_called_back_but_not_one_cancelled_in_the_queue(
    wire: Wire, wiro: WiroStandIn, hook: Hook
) -> None:
    wiro.paused = True
    cancelled = await wire.run(callbackUrl=hook.url)
    await wire.call("Task/Cancel", {"taskid": cancelled.id})
    wiro.paused = False
    wiro.apply({"fault": "fail_task"})
    failed = await wire.run(callbackUrl=hook.url)
    _, body = await hook.next()

    assert body["tasklist"][0]["id"] == failed.id
    assert body["tasklist"][0]["pexit"] == "1"
    assert hook.calls.empty()


@pytest.mark.parametrize("fault", ["callback_bare", "callback_form"])
async def test_callback_can_have_other_forms(wire: Wire, wiro: WiroStandIn, hook: Hook, fault: str) -> None:
    wiro.apply({"fault": fault})
    task = await wire.run(callbackUrl=hook.url)
    content_type, body = await hook.next()

    if fault == "callback_bare":
        assert body["id"] == task.id
        assert body["parameters"] == INPUTS
    else:
        assert content_type == "application/x-www-form-urlencoded"
        assert json.loads(body["tasklist"])[0]["id"] == task.id


async def test_callback_can_come_twice(wire: Wire, wiro: WiroStandIn, hook: Hook) -> None:
    wiro.apply({"fault": "callback_twice"})
    await wire.run(callbackUrl=hook.url)

    assert await hook.next() == await hook.next()


async def test_callback_can_come_late(wire: Wire, wiro: WiroStandIn, hook: Hook) -> None:
    wiro.apply({"fault": "callback_late", "seconds": 0.4})
    task = await wire.run(callbackUrl=hook.url)
    await hook.next()

    assert task.ended_s is not None
    assert wiro.clock.time_s() - task.ended_s >= 0.4


async def test_callback_can_stay_away(wire: Wire, wiro: WiroStandIn, hook: Hook) -> None:
    wiro.apply({"fault": "callback_never", "times": 1})
    await wire.ended(await wire.run(callbackUrl=hook.url))
    second = await wire.run(callbackUrl=hook.url)
    _, body = await hook.next()

    assert body["tasklist"][0]["id"] == second.id


@pytest.mark.parametrize(
    ("url", "called"),
    [
        ("http://127.0.0.1:80/x", True),
        ("http://localhost/x", True),
        ("https://[::1]/x", True),
        ("http://example.com/x", False),
        ("http://10.0.0.1/x", False),
        ("ftp://127.0.0.1/x", False),
        ("The address that is called", False),
        ("http://127.0.0.1:port/", False),
    ],
)
def test_only_this_machine_is_called(url: str, called: bool) -> None:
    assert is_loopback(url) is called
