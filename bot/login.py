"""The first words with Discord, asked until it answers: who the bot is, and what it offers."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.errors import SettingsError
from bot.log import get_logger

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bot.client import AtelierClient
    from bot.clock import Clock
    from bot.settings import Settings

log = get_logger(__name__)

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""While Discord cannot be reached at the start; the last one is repeated."""
GOODBYE_S = 1.5
"""How long Discord's gateway gets to say goodbye: the whole stop has 8 s."""
DISCORD_SAYS_NO = (
    "is refused by Discord. It must be the bot's token from the Developer Portal (Bot, Reset Token). "
    "Example: DISCORD_TOKEN=MTE5OTk….GabcDE.abcdef…"
)
NO_API_THERE = (
    "Discord's API is not there. It must be the address of the API with its version. "
    "Example: DISCORD_API_URL=https://discord.com/api/v10"
)


@asynccontextmanager
async def logged_in(
    client: AtelierClient, settings: Settings, clock: Clock, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Log the client in for the block, and wait out an outage of Discord's; closed at the end.

    When `stop` is set, which also ends the waiting, the client may not have logged in.

    Raises:
        SettingsError: Discord refuses the token, or its API is not at that address.
        discord.HTTPException: Discord refuses for another reason.
    """
    if stop.is_set():  # nothing is open yet, and discord.py cannot close what never logged in
        yield
        return
    try:
        await patiently(lambda: _log_in(client, settings), clock, stop)
        yield
    finally:
        try:
            async with clock.timeout(GOODBYE_S):
                await client.close()
        except TimeoutError:
            log.warning("Discord's gateway did not say goodbye")


async def patiently(ask: Callable[[], Awaitable[object]], clock: Clock, stop: asyncio.Event) -> None:
    """Ask Discord for something at the start again and again, until it answers or `stop` is set.

    Raises:
        discord.HTTPException: Discord refuses.
    """
    pauses = iter(PAUSES_S)
    pause_s = 0.0
    while not stop.is_set():
        try:
            await ask()
        except discord.HTTPException as error:
            if error.status < 500 and error.status != 429:
                raise
            why = f"HTTP {error.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = type(error).__name__
        else:
            return
        pause_s = next(pauses, pause_s)
        log.warning("Discord cannot be reached; trying again", why=why, in_s=pause_s)
        await _sleep_or_stop(clock, pause_s, stop)


async def _log_in(client: AtelierClient, settings: Settings) -> None:
    try:
        await client.login(settings.discord_token.get_secret_value())
    except discord.LoginFailure as error:
        raise SettingsError([f"DISCORD_TOKEN {DISCORD_SAYS_NO}"]) from error
    except discord.NotFound as error:
        raise SettingsError([f'DISCORD_API_URL is "{settings.discord_api_url}". {NO_API_THERE}']) from error
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError):
        # A login that failed leaves a session behind, and the next one makes another.
        await client.http.close()
        client.http.connector = discord.utils.MISSING
        raise


async def _sleep_or_stop(clock: Clock, pause_s: float, stop: asyncio.Event) -> None:
    try:
        async with clock.timeout(pause_s):
            await stop.wait()
    except TimeoutError:
        return
