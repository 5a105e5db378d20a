"""The page of `/settings` for the defaults of `/portrait`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.ui import defaults
from bot.ui.forms import read_edit_form
from bot.ui.settings.defaults import CLEAR, KEY, SETTING, defaults_form, defaults_items
from bot.ui.settings.words import setting_name
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord import ui

    from bot.store.changes import Change
    from bot.tools import Tool
    from bot.ui.services import Services
    from bot.ui.text import Text

Interaction = discord.Interaction[Any]


class DefaultsPage:
    """A page whose form has a field for each input that may have a default."""

    key = KEY

    def __init__(self, services: Services) -> None:
        self._services = services

    def title(self, _: Text) -> str:
        """What the page is called."""
        return setting_name(SETTING, _)

    async def items(self, _guild: discord.Guild | None, guild_id: int, _: Text) -> Sequence[ui.Item[Any]]:
        """The defaults as they are now."""
        policy = await self._services.choices.policy(guild_id)
        return defaults_items(policy.portrait_defaults, _)

    async def clicked(self, interaction: Interaction, setting: str, values: Sequence[str]) -> Change | None:
        """Clear the defaults, or open their form."""
        guild_id = interaction.guild_id or 0
        if CLEAR in values:
            return await self._services.choices.choose(guild_id, setting, {}, by=interaction.user.id)
        tool = self._tool()
        policy = await self._services.choices.policy(guild_id)
        now = defaults.usable_defaults(tool, policy.portrait_defaults)
        form = defaults_form(tool, now, text_for(str(interaction.locale)))
        await interaction.response.send_modal(form)
        return None

    async def sent(self, interaction: Interaction, setting: str) -> Change | None:
        """Store what the form says.

        Raises:
            InvalidValue: It says what the tool does not take.
        """
        tool = self._tool()
        chosen = defaults.read_defaults(tool, read_edit_form(interaction, defaults.settable_part(tool)))
        guild_id = interaction.guild_id or 0
        return await self._services.choices.choose(guild_id, setting, chosen, by=interaction.user.id)

    async def restore(self, guild_id: int, change: Change, *, by: int) -> Change | None:
        """Choose again what was chosen before."""
        return await self._services.choices.choose(guild_id, change.setting, change.before, by=by)

    def owns(self, setting: str) -> bool:
        """The one setting of the page."""
        return setting == SETTING

    def _tool(self) -> Tool:
        catalogue = self._services.catalogue.values()
        key = next(tool.key for tool in catalogue if tool.command == defaults.COMMAND)
        return self._services.tool_today(key)
