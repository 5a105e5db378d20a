"""The page on the smallest possible ground: the fakes, or the real stand-ins."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest_asyncio
from aiohttp import web

from sandbox.page import Page, guard, seal
from sandbox.wiro import WiroStandIn
from tests.sandbox.page.fakes import FakeDiscord, picture
from tests.support.browser import browser, open_tab

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.discord import DiscordStandIn
    from tests.support.browser import Browser, Tab

__all__ = ["browser"]


class Ground:
    """A served page, and what stands behind it."""

    def __init__(self, discord: FakeDiscord, wiro: WiroStandIn, page: Page) -> None:
        self.discord = discord
        self.wiro = wiro
        self.page = page
        self.url = ""


@asynccontextmanager
async def served() -> AsyncIterator[Ground]:
    """The page over a `FakeDiscord`, with drawn pictures at `/pictures/{number}`."""
    async with WiroStandIn() as wiro:
        discord = FakeDiscord()
        page = Page(cast("DiscordStandIn", discord), wiro)
        app = web.Application(middlewares=[guard])
        app.on_response_prepare.append(seal)
        app.add_routes([*page.routes(), web.get("/pictures/{number}", picture)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        page.start()
        ground = Ground(discord, wiro, page)
        ground.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield ground
        finally:
            await page.close()
            await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def ground() -> AsyncIterator[Ground]:
    async with served() as ground:
        yield ground


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser, ground: Ground) -> AsyncIterator[Tab]:
    async with open_tab(browser, ground.url) as tab:
        yield tab
