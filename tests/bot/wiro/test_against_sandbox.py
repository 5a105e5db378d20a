"""The client against the sandbox's Wiro, which somebody else wrote from the same facts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import SystemClock
from bot.media import images
from bot.wiro import (
    AuthError,
    ConcurrencyLimit,
    EventSocket,
    InvalidInput,
    NoTask,
    NotCancellable,
    NotEnded,
    Reconnected,
    TaskEvent,
    WiroClient,
)
from sandbox.wiro import WiroStandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

INPUTS = {
    "prompt": "portrait+ style a lighthouse keeper",
    "negativePrompt": "",
    "samples": 2,
    "steps": 30,
    "scale": "7.5",
    "seed": "7",
    "clipSkip": 4,
    "width": 256,
    "height": 256,
    "scheduler": "EulerDiscreteScheduler",
}
TOOL = ("wavymulder", "portraitplus")


@pytest.fixture
async def sandbox() -> AsyncIterator[WiroStandIn]:
    async with WiroStandIn(speed=50, strict_nonce=True) as standin:
        app = web.Application()
        app.add_routes(standin.routes())
        async with TestServer(app) as server:
            standin.base_url = str(server.make_url("/"))
            yield standin
            await standin.stop()


def client_of(
    sandbox: WiroStandIn, session: aiohttp.ClientSession, secret: str | None = "sandbox-secret"
) -> WiroClient:
    return WiroClient(
        session,
        api_url=f"{sandbox.base_url}/wiro/v1",
        api_key="sandbox-key",
        api_secret=secret,
        clock=SystemClock(),
    )


async def test_a_task_runs_from_run_to_its_files(
    sandbox: WiroStandIn, session: aiohttp.ClientSession
) -> None:
    client = client_of(sandbox, session)
    url = f"{sandbox.base_url}/wiro/socket/v1"
    sandbox.paused = True
    async with EventSocket(session, url, clock=SystemClock()) as socket:
        run = await client.run(*TOOL, INPUTS)
        async with socket.subscribe(run.socket_token) as events, asyncio.timeout(20):
            heard = [await anext(events)]
            sandbox.paused = False
            while not (isinstance(event := await anext(events), Reconnected) or event.is_terminal):
                heard.append(event)
        assert isinstance(event, TaskEvent)
    task = await client.detail(task_id=run.task_id)

    assert isinstance(heard[0], Reconnected)
    assert any(not isinstance(each, Reconnected) and each.progress for each in heard)
    assert task.succeeded
    assert task.cost_nano_usd
    assert task.parameters["seed"] == "7"
    assert (
        [output.name for output in task.outputs]
        == [output.name for output in event.outputs]
        == ["0.png", "1.png"]
    )
    for output in task.outputs:
        download = await client.download(output.url, max_bytes=2**20, content_types={"image/png"})
        assert images.inspect(download.data) == images.ImageFacts(width=256, height=256, format="png")
    assert [each.id for each in (await client.tasks()).tasks] == [run.task_id]
    await client.delete_files(run.socket_token)
    assert client.clock_skew_s is not None


async def test_a_task_is_cancelled_in_the_queue_and_killed_at_work(
    sandbox: WiroStandIn, session: aiohttp.ClientSession
) -> None:
    client = client_of(sandbox, session)
    sandbox.paused = True
    queued = await client.run(*TOOL, INPUTS)
    with pytest.raises(NotEnded):
        await client.delete_files(queued.socket_token)
    with pytest.raises(NotCancellable):
        await client.kill(task_id=queued.task_id, token=queued.socket_token)
    await client.cancel(task_id=queued.task_id, token=queued.socket_token)
    assert (await client.detail(token=queued.socket_token)).was_cancelled

    sandbox.speed = 1.0
    sandbox.paused = False
    running = await client.run(*TOOL, INPUTS)
    async with asyncio.timeout(20):
        while True:
            try:
                await client.kill(task_id=running.task_id, token=running.socket_token)
                break
            except NotCancellable:
                await asyncio.sleep(0.02)
    with pytest.raises(NotCancellable):
        await client.cancel(task_id=running.task_id, token=running.socket_token)
    assert (await client.detail(task_id=running.task_id)).was_cancelled


async def test_the_sandboxs_refusals_are_known(sandbox: WiroStandIn, session: aiohttp.ClientSession) -> None:
    client = client_of(sandbox, session)

    with pytest.raises(AuthError):
        await client_of(sandbox, session, None).check()
    with pytest.raises(AuthError):
        await client_of(sandbox, session, "wrong").check()
    with pytest.raises(NoTask):
        await client.detail(task_id="1")
    with pytest.raises(NoTask):
        await client.cancel(task_id="1", token="nothing")
    with pytest.raises(InvalidInput):
        await client.run(*TOOL, {**INPUTS, "steps": "many"})
    sandbox.paused = True
    sandbox.max_concurrent = 1
    await client.run(*TOOL, INPUTS)
    with pytest.raises(ConcurrencyLimit) as caught:
        await client.run(*TOOL, INPUTS)
    assert caught.value.limit == 1


async def test_the_tools_page_of_the_sandbox_is_read(
    sandbox: WiroStandIn, session: aiohttp.ClientSession
) -> None:
    page = await client_of(sandbox, session).tool(*TOOL)

    assert {each.id for each in page.inputs} == set(INPUTS)
    [scheduler] = [each for each in page.inputs if each.id == "scheduler"]
    assert len(scheduler.options) == 7
