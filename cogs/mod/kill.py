"""`/mod kill`: stop a task, all tasks of a member, or everyone's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import discord
from discord import app_commands

from bot.errors import UserError
from bot.log import get_logger
from bot.ui.access import require
from bot.ui.answers import NOBODY, say
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import note
from bot.ui.moderating import (
    MAX_REASON,
    clean_reason,
    read_reason,
    stop_all_question,
    stop_all_sentence,
    stop_sentence,
)
from bot.ui.references import MAX_CHOICES
from bot.ui.safe import one_line
from bot.ui.text import text_for
from bot.ui.words import state_word
from cogs.mod.common import Interaction, server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Job
    from bot.ui.services import Services
    from bot.ui.text import Text

log = get_logger(__name__)

Reason = app_commands.Range[str, 1, MAX_REASON]

SUGGEST_WITHIN_S = 1.0
WHAT_TO_STOP = "Name one thing to stop: a `task:`, all of a `user:`, or `everyone:true`."


def setup(mod: app_commands.Group, services: Services) -> None:
    """Offer `/mod kill` and the buttons that stop."""
    stopping = Stopping(services)

    @mod.command(description="Stop a task, all tasks of a member, or everyone's")
    @app_commands.describe(
        task="Which one: choose it, or write its number like 4F7K",
        user="All tasks of this member in this server",
        everyone="All tasks of everyone in this server",
        reason="What the owner is told",
    )
    async def kill(
        interaction: Interaction,
        task: Optional[str] = None,  # noqa: UP045 -- read by discord.py
        user: Optional[discord.User] = None,  # noqa: UP045 -- likewise
        everyone: bool = False,
        reason: Optional[Reason] = None,  # noqa: UP045 -- likewise
    ) -> None:
        """Stop one task at once, or ask before stopping many."""
        if sum([task is not None, user is not None, everyone]) != 1:
            raise UserError(WHAT_TO_STOP)
        words = clean_reason(reason)
        if task is not None:
            await stopping.stop(interaction, task, words)
            return
        _ = text_for(str(interaction.locale))
        user_id = user.id if user is not None else None
        jobs = await services.records.at_work(server(interaction), user_id)
        if not jobs:
            raise UserError("Nothing of that is at work in this server. `/mod tasks` shows what is.")
        await say(interaction, stop_all_question(len(jobs), user_id, words, _))

    @kill.autocomplete("task")
    async def tasks_at_work(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return await stopping.suggest(interaction, current)

    services.router.on_click(Verb.MOD_STOP, stopping.clicked)
    services.router.on_click(Verb.MOD_STOP_ALL, stopping.all_clicked)


class Stopping:
    """What the command and the buttons share."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def stop(self, interaction: Interaction, code: str, reason: str | None) -> None:
        """Stop one task of this server, and say what became of it."""
        job = await self._services.moderation.stop(
            code, guild_id=server(interaction), moderator_id=interaction.user.id, reason=reason
        )
        await say(interaction, note(stop_sentence(job, text_for(str(interaction.locale)))))
        await self._services.show_stop(job)

    async def clicked(self, interaction: Interaction, target: ButtonId) -> None:
        """Stop the task."""
        job = await self._services.job(target.job)
        require(Verb.MOD_STOP, job, await self._services.actor(interaction))
        await self.stop(interaction, job.code, None)

    async def all_clicked(self, interaction: Interaction, target: ButtonId) -> None:
        """Stop all tasks of a member, or everyone's: it was asked before."""
        await self._services.require_moderator(interaction)
        user_id = int(target.arg) if target.arg.isdecimal() else None
        if user_id is None:
            raise UserError("This question cannot be read any more. Use `/mod kill` again.")
        await interaction.response.defer()
        jobs = await self._services.moderation.stop_all(
            guild_id=server(interaction),
            user_id=user_id or None,
            moderator_id=interaction.user.id,
            reason=read_reason(interaction.message),
        )
        told = stop_all_sentence(jobs, text_for(str(interaction.locale)))
        await interaction.edit_original_response(view=note(told), allowed_mentions=NOBODY)
        for job in jobs:
            await self._services.show_stop(job)

    async def suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        """The tasks at work here whose name has what was written so far."""
        jobs: Sequence[Job] = ()
        try:
            async with self._services.clock.timeout(SUGGEST_WITHIN_S):
                jobs = await self._services.records.at_work(server(interaction))
        except Exception:  # suggestions are a help: a number can still be written
            log.warning("tasks could not be suggested", exc_info=True)
        _ = text_for(str(interaction.locale))
        wanted = current.strip().removeprefix("#").casefold()
        names = [(one_line(_choice_name(job, _)), job.code) for job in jobs]
        found = [
            app_commands.Choice(name=name, value=code) for name, code in names if wanted in name.casefold()
        ]
        return found[:MAX_CHOICES]


def _choice_name(job: Job, _: Text) -> str:
    """A task in the suggestions; the words of a private one are its owner's alone."""
    words = _("private") if job.private else job.prompt
    return f"#{job.code} {state_word(job, _)} · {words}"
