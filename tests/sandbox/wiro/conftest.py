from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from sandbox.wiro import WiroStandIn
from tests.sandbox.wiro.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def wiro() -> AsyncIterator[WiroStandIn]:
    """The stand-in on a real server, a hundred times as fast as it is by default."""
    async with WiroStandIn(speed=100) as standin:
        app = web.Application()
        app.add_routes(standin.routes())
        runner = web.AppRunner(app, shutdown_timeout=5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        standin.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield standin
        await standin.stop()
        await runner.cleanup()


@pytest.fixture
async def wire(wiro: WiroStandIn) -> AsyncIterator[Wire]:
    async with aiohttp.ClientSession(wiro.base_url, timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield Wire(wiro, session)
