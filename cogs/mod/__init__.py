"""`/mod`: moderators stop tasks, block members, see to quotas, words and reports, read the audit.

One module a subject; each adds its commands to the group and its handlers to the router.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from cogs.mod import audit, blocks, kill, quota, report, spend, tasks, words

if TYPE_CHECKING:
    from bot.ui.services import Services


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer `/mod`, its buttons, and the menu by which everybody calls moderators."""
    mod = app_commands.Group(
        name="mod",
        description="For moderators: tasks, blocks, quotas, money, words, and what was done",
        default_permissions=discord.Permissions(moderate_members=True),  # its commands share them
    )
    for subject in (tasks, kill, blocks, quota, spend, words, audit):
        subject.setup(mod, services)
    tree.add_command(mod)
    report.setup(tree, services)
