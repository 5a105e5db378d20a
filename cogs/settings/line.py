"""The page of `/settings` on which the server's line is paused, with a form for the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.errors import OldButton
from bot.ui.forms import read_form
from bot.ui.settings.line import GO_ON, PAUSE, pause_form, read_pause
from bot.ui.text import text_for
from cogs.settings.page import ChoicesPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.store.changes import Change

Interaction = discord.Interaction[Any]


class LinePage(ChoicesPage):
    """Pauses the line and lets it go on; undoing either is choosing again."""

    async def clicked(self, interaction: Interaction, setting: str, values: Sequence[str]) -> Change | None:  # noqa: ARG002  # every page is told
        """Ask for the reason, or let the line go on."""
        if setting == PAUSE:
            await interaction.response.send_modal(pause_form(text_for(str(interaction.locale))))
            return None
        if setting != GO_ON:
            raise OldButton
        return await self._choose(interaction, None)

    async def sent(self, interaction: Interaction, setting: str) -> Change | None:  # noqa: ARG002  # likewise
        """Pause the line for the reason that was given."""
        return await self._choose(interaction, read_pause(read_form(interaction)))

    async def _choose(self, interaction: Interaction, why: str | None) -> Change | None:
        guild_id = interaction.guild_id or 0
        return await self._choices.choose(guild_id, "line_paused", why, by=interaction.user.id)
