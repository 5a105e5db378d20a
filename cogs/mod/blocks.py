"""`/mod block`, `/mod unblock` and `/mod blocked`: who may start no tasks in this server."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Optional

import discord
from discord import app_commands

from bot.errors import UserError
from bot.ui.answers import say
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import note
from bot.ui.moderating import (
    BLOCKS_A_PAGE,
    MAX_REASON,
    MOST_DAYS,
    blocked_panel,
    clean_reason,
    pages_of,
    read_page_argument,
)
from bot.ui.text import moment, text_for
from cogs.mod.common import Interaction, redraw, server

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.services import Services

Reason = app_commands.Range[str, 1, MAX_REASON]


def setup(mod: app_commands.Group, services: Services) -> None:
    """Offer the commands that block, and the pages of who is blocked."""

    @mod.command(description="Keep a member from starting tasks here; what waits of theirs ends")
    @app_commands.describe(
        user="Whom", reason="What they are told", days="For how long; left out: until you unblock them"
    )
    async def block(
        interaction: Interaction,
        user: discord.User,
        reason: Optional[Reason] = None,  # noqa: UP045 -- read by discord.py
        days: Optional[app_commands.Range[int, 1, MOST_DAYS]] = None,  # noqa: UP045 -- likewise
    ) -> None:
        """Block a member of this server."""
        done = await services.moderation.block(
            user.id,
            guild_id=server(interaction),
            moderator_id=interaction.user.id,
            reason=clean_reason(reason),
            lasts=timedelta(days=days) if days is not None else None,
        )
        _ = text_for(str(interaction.locale))
        until = done.block.until
        ends = _("until {when}", when=moment(until)) if until else _("until somebody unblocks them")
        told = _("{member} is blocked here {ends}.", member=f"<@{user.id}>", ends=ends)
        ended = _.plural("{n} waiting task was ended.", "{n} waiting tasks were ended.", done.ended)
        hint = _("Running ones go on; `/mod kill` stops them.")
        await say(interaction, note(f"{told} {ended} {hint}"))

    @mod.command(description="Let a blocked member start tasks again")
    @app_commands.describe(user="Whom")
    async def unblock(interaction: Interaction, user: discord.User) -> None:
        """End a member's block."""
        was_blocked = await services.moderation.unblock(
            user.id, guild_id=server(interaction), moderator_id=interaction.user.id
        )
        if not was_blocked:
            raise UserError("That member is not blocked here. `/mod blocked` shows who is.")
        _ = text_for(str(interaction.locale))
        await say(interaction, note(_("{member} may start tasks here again.", member=f"<@{user.id}>")))

    async def page_of(interaction: Interaction, page: int) -> ui.LayoutView:
        """A page of this server's blocked members; the last one when there are fewer by now."""
        read = services.records.blocked
        found, total = await read(server(interaction), offset=page * BLOCKS_A_PAGE, limit=BLOCKS_A_PAGE)
        if not found and total:
            page = pages_of(total, BLOCKS_A_PAGE) - 1
            found, total = await read(server(interaction), offset=page * BLOCKS_A_PAGE, limit=BLOCKS_A_PAGE)
        return blocked_panel(found, total, page, text_for(str(interaction.locale)))

    @mod.command(description="Who is blocked, by whom, why and until when")
    async def blocked(interaction: Interaction) -> None:
        """Answer with the blocked members of this server."""
        await say(interaction, await page_of(interaction, 0))

    async def turn(interaction: Interaction, target: ButtonId) -> None:
        """Turn to a page of the blocked members, in place."""
        await services.require_moderator(interaction)
        _user_id, page = read_page_argument(target.arg)
        await redraw(interaction, await page_of(interaction, page))

    services.router.on_click(Verb.MOD_BLOCKED, turn)
