"""`/mod audit`: what moderators did, and whom a rule refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import discord
from discord import app_commands

from bot.ui.answers import say
from bot.ui.audit import ENTRIES_A_PAGE, audit_panel
from bot.ui.ids import ButtonId, Verb
from bot.ui.moderating import read_page_argument
from bot.ui.text import text_for
from cogs.mod.common import Interaction, redraw, server

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.services import Services


def setup(mod: app_commands.Group, services: Services) -> None:
    """Offer `/mod audit` and its pages."""

    async def page_of(interaction: Interaction, user_id: int | None, page: int) -> ui.LayoutView:
        """A page of this server's audit, to which nothing is ever lost."""
        found, total = await services.records.audit(
            server(interaction), user_id, offset=page * ENTRIES_A_PAGE, limit=ENTRIES_A_PAGE
        )
        return audit_panel(found, total, page, text_for(str(interaction.locale)), user_id=user_id)

    @mod.command(description="What moderators and rules did, newest first")
    @app_commands.describe(user="Only what this user did, or what was done to them")
    async def audit(interaction: Interaction, user: Optional[discord.User] = None) -> None:  # noqa: UP045 -- read by discord.py
        """Answer with the audit of this server."""
        await say(interaction, await page_of(interaction, user.id if user else None, 0))

    async def turn(interaction: Interaction, target: ButtonId) -> None:
        """Turn to a page of the audit, in place."""
        await services.require_moderator(interaction)
        await redraw(interaction, await page_of(interaction, *read_page_argument(target.arg)))

    services.router.on_click(Verb.MOD_AUDIT, turn)
