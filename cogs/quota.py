"""`/quota`: what is left, when it comes back, who gave the limits, what it has cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.ui.access import standing_of
from bot.ui.answers import say
from bot.ui.limits import quota_panel
from bot.ui.text import text_for

if TYPE_CHECKING:
    from bot.ui.services import Services

Interaction = discord.Interaction[Any]


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer `/quota`."""

    async def quota(interaction: Interaction) -> None:
        account = await services.records.account(
            interaction.user.id, interaction.guild_id or 0, standing_of(interaction)
        )
        await say(interaction, quota_panel(account, text_for(str(interaction.locale))))

    description = "What you have left here, when it comes back, and what your tasks have cost"
    tree.add_command(app_commands.Command(name="quota", description=description, callback=quota))
