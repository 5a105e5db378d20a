"""Showing the card of an accepted job: the callback is the card, and what became of it is found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.log import get_logger
from bot.ui.answers import ALREADY_ANSWERED, NOBODY, UNKNOWN_INTERACTION
from bot.ui.messages import Refused, Sent

if TYPE_CHECKING:
    from discord import ui

    from bot.clock import Clock
    from bot.jobs.desk import Desk
    from bot.model import Job
    from bot.ui.answers import Interaction
    from bot.ui.messages import DiscordMessages

log = get_logger(__name__)

CALLBACK_TIMEOUT_S = 12.0
"""discord.py repeats a callback after faults of Discord's; beyond this nobody sees it any more."""
LOOK_AFTER_S = (0.0, 1.0, 3.0, 10.0)
LOOK_TIMEOUT_S = 5.0


class Acknowledger:
    """Puts an accepted job's card up, and with it the job into the line."""

    def __init__(self, desk: Desk, messages: DiscordMessages, clock: Clock) -> None:
        self._desk = desk
        self._messages = messages
        self._clock = clock

    async def show(self, interaction: Interaction, job: Job, view: ui.LayoutView) -> Job:
        """Answer the interaction with the card; the job is in the line, or ended when nobody could see it.

        Raises:
            discord.HTTPException: Discord refused the card itself, and the job has ended: the interaction can
                still be answered.
        """
        try:
            async with self._clock.timeout(CALLBACK_TIMEOUT_S):
                answer = await interaction.response.send_message(
                    view=view, ephemeral=job.private, allowed_mentions=NOBODY
                )
        except discord.NotFound as error:
            if error.code != UNKNOWN_INTERACTION:
                return await self._find_out(interaction, job)
            log.warning("a card came too late for Discord", job=job.code)
            return await self._desk.nobody_saw(job)
        except discord.HTTPException as error:
            if error.status < 500 and error.status != 429 and error.code != ALREADY_ANSWERED:
                await self._desk.nobody_saw(job)
                raise
            return await self._find_out(interaction, job)
        except (aiohttp.ClientError, TimeoutError, OSError, TypeError) as error:
            # A TypeError is discord.py's answer to one without a body: the card may be there all the same.
            log.warning("the answer to a card was lost", job=job.code, error=type(error).__name__)
            return await self._find_out(interaction, job)
        if answer.message_id is None:
            return await self._find_out(interaction, job)
        return await self._desk.card_shown(job, answer.message_id)

    async def _find_out(self, interaction: Interaction, job: Job) -> Job:
        """Ask `@original` whether the card is there; if that stays unknown, the recovery asks again."""
        for pause_s in LOOK_AFTER_S:
            await self._clock.sleep(pause_s)
            found = await self._messages.original(interaction.token, timeout_s=LOOK_TIMEOUT_S)
            if isinstance(found, Sent):
                return await self._desk.card_shown(job, int(found.body["id"]))
            if isinstance(found, Refused) and found.status in {401, 404}:
                log.warning("a card was never shown", job=job.code, code=found.code)
                return await self._desk.nobody_saw(job)
        log.warning("whether a card was shown is unknown", job=job.code)
        return job
