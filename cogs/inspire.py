"""`/inspire`: ideas to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.errors import UserError
from bot.ui import defaults
from bot.ui.answers import say
from bot.ui.forms import edit_form
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.panels import ideas_panel
from bot.ui.references import ideas_of
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.tools import Inspiration, Tool
    from bot.ui.services import Services

Interaction = discord.Interaction[Any]


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer `/inspire` and its buttons."""
    inspire = Inspire(services)

    async def command(interaction: Interaction) -> None:
        await inspire.open(interaction)

    description = "Ideas for portraits, to use as they are or to change"
    tree.add_command(app_commands.Command(name="inspire", description=description, callback=command))
    services.router.on_click(Verb.IDEAS, inspire.turn)
    services.router.on_click(Verb.USE_IDEA, inspire.use)


class Inspire:
    """The ideas of the first tool that has some, page by page."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def open(self, interaction: Interaction) -> None:
        """Answer with the first page."""
        tool = next(each for each in self._services.catalogue.values() if each.inspirations)
        ideas = await self._ideas(interaction, tool)
        await say(interaction, ideas_panel(tool, ideas, 0, text_for(str(interaction.locale))))

    async def turn(self, interaction: Interaction, target: ButtonId) -> None:
        """Turn to a page, in place."""
        tool, page = self._read(target)
        ideas = await self._ideas(interaction, tool)
        panel = ideas_panel(tool, ideas, page, text_for(str(interaction.locale)))
        await interaction.response.edit_message(view=panel)

    async def use(self, interaction: Interaction, target: ButtonId) -> None:
        """Open a form that holds the idea and the tool's defaults."""
        tool, number = self._read(target)
        idea = next((each for each in await self._ideas(interaction, tool) if each.number == number), None)
        if idea is None:
            raise UserError("That idea is no longer offered. `/inspire` shows all of them.")
        values: dict[str, Any] = {each.option: each.default for each in tool.inputs if not each.draw}
        if tool.command == defaults.COMMAND:
            policy = await self._services.records.guild_policy(interaction.guild_id or 0)
            today = self._services.tool_today(tool.key)
            values |= defaults.usable_defaults(today, policy.portrait_defaults)
        values |= {"prompt": idea.prompt, "negative_prompt": idea.negative_prompt}
        _ = text_for(str(interaction.locale))
        form = edit_form(
            tool,
            ButtonId(Verb.USE_IDEA, NO_JOB, f"{tool.key}.{number}"),
            values,
            _("Idea {number}", number=number),
            _,
        )
        await interaction.response.send_modal(form)

    async def _ideas(self, interaction: Interaction, tool: Tool) -> Sequence[Inspiration]:
        policy = await self._services.records.guild_policy(interaction.guild_id or 0)
        return ideas_of(tool, real_persons=policy.real_persons)

    def _read(self, target: ButtonId) -> tuple[Tool, int]:
        key, _, number = target.arg.partition(".")
        tool = self._services.catalogue.get(key)
        if tool is None or not number.isdigit():
            raise UserError("That is no longer offered. `/inspire` shows what is.")
        return tool, int(number)
