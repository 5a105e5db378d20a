from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from bot.ui.messages import DiscordMessages
from tests.support.discord_api import APPLICATION_ID, DiscordApi, running_api

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.clock import ManualClock


@pytest.fixture
async def api() -> AsyncIterator[DiscordApi]:
    """A server in Discord's place."""
    async with running_api() as api:
        yield api


@pytest.fixture
async def messages(api: DiscordApi, clock: ManualClock) -> AsyncIterator[DiscordMessages]:
    """The routes under test, pointed at that server."""
    async with aiohttp.ClientSession() as session:
        yield DiscordMessages(session, api.url, "bot-token", clock, application_id=APPLICATION_ID)
