"""`/help`: every command, read from the tree itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.ui.answers import say
from bot.ui.panels import HelpLine, help_panel
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.ui.services import Services

Interaction = discord.Interaction[Any]


def setup(
    tree: app_commands.CommandTree[Any], services: Services, ids: Callable[[], Mapping[str, int]]
) -> None:
    """Offer `/help`; `ids` are Discord's ids of the commands by name, as far as they are known."""

    async def help_(interaction: Interaction) -> None:
        _ = text_for(str(interaction.locale))
        lines = help_lines(tree, ids(), interaction.permissions)
        greeting = await services.greeter.words_for(interaction.guild_id or 0, _)
        await say(interaction, help_panel(lines, _, greeting=greeting))

    tree.add_command(app_commands.Command(name="help", description="What I can do, and how", callback=help_))


def help_lines(
    tree: app_commands.CommandTree[Any], ids: Mapping[str, int], rights: discord.Permissions
) -> list[HelpLine]:
    """Every command that a member with these rights may see, subcommands each on their own."""
    lines: list[HelpLine] = []
    for command in tree.walk_commands():
        root = command.root_parent or command
        needed = getattr(root, "default_permissions", None)
        if isinstance(command, app_commands.Group) or (needed is not None and not needed <= rights):
            continue
        number = ids.get(root.name)
        name = command.qualified_name
        mention = f"</{name}:{number}>" if number is not None else f"`/{name}`"
        lines.append(HelpLine(mention=mention, description=command.description))
    return lines
