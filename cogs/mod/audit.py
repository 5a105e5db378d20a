"""`/mod audit`: what moderators did, and whom a rule refused; searched, in pages and as CSV."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Optional

import discord
from discord import app_commands

from bot.model import Act
from bot.store.auditing import Search
from bot.ui.answers import say
from bot.ui.audit import (
    AUDIT_FILE,
    ENTRIES_A_PAGE,
    MAX_SEARCHED,
    SEARCH_PART,
    act_name,
    audit_csv,
    audit_csv_header,
    audit_file_panel,
    audit_panel,
    read_search,
)
from bot.ui.ids import ButtonId, Verb
from bot.ui.moderating import read_part
from bot.ui.safe import code_span
from bot.ui.text import text_for
from cogs.mod.common import Interaction, redraw, server

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.services import Services

AT_ONCE = 1_000
MOST_BYTES = 4_000_000
"""Of the file: it fits into a message of any server."""
MOST_DAYS = 3650
ACTS = [app_commands.Choice(name=act_name(act, text_for("en-US")), value=act.value) for act in Act]


def setup(mod: app_commands.Group, services: Services) -> None:
    """Offer `/mod audit`, its pages and its file."""

    async def page_of(interaction: Interaction, search: Search, page: int) -> ui.LayoutView:
        """A page of this server's audit, to which nothing is ever lost."""
        found, total = await services.records.audit(
            server(interaction), search, offset=page * ENTRIES_A_PAGE, limit=ENTRIES_A_PAGE
        )
        return audit_panel(found, total, page, text_for(str(interaction.locale)), search)

    @mod.command(description="What moderators and rules did, newest first; searched as you like")
    @app_commands.describe(
        user="Only what this user did, or what was done to them",
        by="Only what this user did",
        action="Only this",
        since="Only the last so many days",
        text="Only where this stands in the reason, or a task's number",
    )
    @app_commands.choices(action=ACTS)
    async def audit(  # noqa: PLR0917 -- options of a command
        interaction: Interaction,
        user: Optional[discord.User] = None,  # noqa: UP045 -- read by discord.py
        by: Optional[discord.User] = None,  # noqa: UP045 -- likewise
        action: Optional[str] = None,  # noqa: UP045 -- likewise
        since: Optional[app_commands.Range[int, 1, MOST_DAYS]] = None,  # noqa: UP045 -- likewise
        text: Optional[app_commands.Range[str, 1, MAX_SEARCHED]] = None,  # noqa: UP045 -- likewise
    ) -> None:
        """Answer with what is searched for in the audit of this server."""
        search = Search(
            user_id=user.id if user else None,
            actor_id=by.id if by else None,
            act=Act(action) if action else None,
            since=None if since is None else services.clock.now() - timedelta(days=since),
            text=_searchable(text),
        )
        await say(interaction, await page_of(interaction, search, 0))

    async def turn(interaction: Interaction, target: ButtonId) -> None:
        """Turn to a page of the audit, in place."""
        await services.require_moderator(interaction)
        text = read_part(interaction.message, SEARCH_PART)
        await redraw(interaction, await page_of(interaction, *read_search(target.arg, text)))

    async def export(interaction: Interaction, target: ButtonId) -> None:
        """Give what is searched for as a file; it is read in parts, between which all else goes on."""
        await services.require_moderator(interaction)
        search, _page = read_search(target.arg, read_part(interaction.message, SEARCH_PART))
        await interaction.response.defer(ephemeral=True, thinking=True)
        data, count, before = bytearray(audit_csv_header().encode()), 0, None
        is_whole = True
        while found := await services.records.audit_before(
            server(interaction), search, before, limit=AT_ONCE
        ):
            lines = audit_csv(found).encode()
            if len(data) + len(lines) > MOST_BYTES:
                is_whole = False
                break
            data += lines
            count, before = count + len(found), found[-1].id
        view = audit_file_panel(count, search, text_for(str(interaction.locale)), is_whole=is_whole)
        await say(interaction, view, files=[discord.File(BytesIO(data), AUDIT_FILE)])

    services.router.on_click(Verb.MOD_AUDIT, turn)
    services.router.on_click(Verb.MOD_AUDIT_CSV, export)


def _searchable(text: str | None) -> str | None:
    """The words as the message carries them: one line without backticks; a task's number without its #."""
    words = code_span(text or "", MAX_SEARCHED).strip("`").strip().removeprefix("#")
    return words or None
