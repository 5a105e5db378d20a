"""What the modules of `/mod` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.ui.answers import NOBODY

if TYPE_CHECKING:
    from discord import ui

Interaction = discord.Interaction[Any]


def server(interaction: Interaction) -> int:
    """The server in which this happens."""
    return interaction.guild_id or 0


async def redraw(interaction: Interaction, view: ui.LayoutView) -> None:
    """Put the view in the place of the one that was clicked."""
    await interaction.response.edit_message(view=view, allowed_mentions=NOBODY)
