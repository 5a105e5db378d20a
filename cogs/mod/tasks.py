"""`/mod tasks`: who runs what in this server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import discord
from discord import app_commands

from bot.errors import NoSuchTask
from bot.ui.access import require
from bot.ui.answers import say
from bot.ui.ids import ButtonId, Verb
from bot.ui.moderating import read_page_argument, task_panel, tasks_panel
from bot.ui.text import text_for
from cogs.mod.common import Interaction, redraw, server

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.services import Services


def setup(mod: app_commands.Group, services: Services) -> None:
    """Offer `/mod tasks`, its pages and its menu."""

    async def page_of(interaction: Interaction, user_id: int | None, page: int) -> ui.LayoutView:
        jobs = await services.records.at_work(server(interaction), user_id)
        _ = text_for(str(interaction.locale))
        return tasks_panel(jobs, services.catalogue, page, _, user_id=user_id)

    @mod.command(description="Who runs what, where, since when and for how much")
    @app_commands.describe(user="Only this member's tasks")
    async def tasks(interaction: Interaction, user: Optional[discord.User] = None) -> None:  # noqa: UP045 -- read by discord.py
        """Answer with the unfinished tasks of this server."""
        await say(interaction, await page_of(interaction, user.id if user else None, 0))

    async def turn(interaction: Interaction, target: ButtonId) -> None:
        """Turn to a page of the tasks, in place."""
        await services.require_moderator(interaction)
        await redraw(interaction, await page_of(interaction, *read_page_argument(target.arg)))

    async def show(interaction: Interaction, _target: ButtonId) -> None:
        """Show the task that was chosen from the menu."""
        data: Any = interaction.data or {}
        code = next(iter(data.get("values", ())), "")
        job = await services.records.by_code(code)
        if job is None:
            raise NoSuchTask(code)
        require(Verb.MOD_TASK, job, await services.actor(interaction))
        tool = services.catalogue[job.tool]
        await say(interaction, task_panel(job, tool, text_for(str(interaction.locale))))

    services.router.on_click(Verb.MOD_TASKS, turn)
    services.router.on_click(Verb.MOD_TASK, show)
