"""`/settings`: one panel with pages, for those who may change the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.errors import OldButton, UserError
from bot.ui.access import require_manager
from bot.ui.answers import NOBODY, say
from bot.ui.ids import Verb
from bot.ui.settings.frame import CHANGES, LISTED_CHANGES, changes_items, settings_panel
from bot.ui.settings.line import LINE_PAGE
from bot.ui.settings.pages import PAGES
from bot.ui.text import text_for
from cogs.settings.defaults import DefaultsPage
from cogs.settings.limits import LimitsPage
from cogs.settings.line import LinePage
from cogs.settings.page import ChoicesPage, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord import ui

    from bot.store.changes import Change
    from bot.ui.ids import ButtonId
    from bot.ui.services import Services
    from bot.ui.text import Text
    from cogs.settings.page import Page

Interaction = discord.Interaction[Any]


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer `/settings` and its controls."""
    settings = Settings(services)

    async def command(interaction: Interaction) -> None:
        await settings.open(interaction)

    offered = app_commands.Command[Any, ..., Any](
        name="settings", description="For managers: how I work in this server", callback=command
    )
    offered.default_permissions = discord.Permissions(manage_guild=True)
    tree.add_command(offered)
    services.router.on_click(Verb.SETTINGS, settings.turn)
    services.router.on_click(Verb.SET, settings.clicked)
    services.router.on_form(Verb.SET, settings.sent)
    services.router.on_click(Verb.UNDO, settings.undo)


class Settings:
    """The panel; what it shows is read anew each time, so that two managers may use it at once."""

    def __init__(self, services: Services) -> None:
        self._choices = services.choices
        self._greeter = services.greeter
        pages: list[Page] = [ChoicesPage(page, services.choices) for page in PAGES]
        pages.append(LimitsPage(services))
        pages.append(LinePage(LINE_PAGE, services.choices))
        pages.append(DefaultsPage(services))
        self._pages = {page.key: page for page in pages}

    async def open(self, interaction: Interaction) -> None:
        """Answer with the first page."""
        require_manager(interaction)
        _ = text_for(str(interaction.locale))
        greeting = await self._greeter.words_for(interaction.guild_id or 0, _)
        await say(interaction, await self._panel(interaction, next(iter(self._pages)), greeting=greeting))

    async def turn(self, interaction: Interaction, target: ButtonId) -> None:
        """Turn to the page that was chosen, in place."""
        require_manager(interaction)
        await self._redraw(interaction, next(iter(_values(interaction)), target.arg))

    async def clicked(self, interaction: Interaction, target: ButtonId) -> None:
        """Change a setting, or open its form."""
        require_manager(interaction)
        key, setting, *value = target.arg.split(".", 2)
        changed = await self._page(key).clicked(interaction, setting, _values(interaction) or value)
        if isinstance(changed, Turn):
            key, changed = changed.key, None
        if not interaction.response.is_done():
            await self._redraw(interaction, key, changed)

    async def sent(self, interaction: Interaction, target: ButtonId) -> None:
        """Change what a form says."""
        require_manager(interaction)
        key, setting, *_value = target.arg.split(".", 2)
        changed = await self._page(key).sent(interaction, setting)
        await self._redraw(interaction, key, changed)

    async def undo(self, interaction: Interaction, target: ButtonId) -> None:
        """Put back what was before a change."""
        require_manager(interaction)
        key, _dot, number = target.arg.partition(".")
        guild_id = interaction.guild_id or 0
        change = await self._choices.change(guild_id, int(number)) if number.isdecimal() else None
        owner = next((page for page in self._pages.values() if change and page.owns(change.setting)), None)
        if change is None or owner is None:
            raise UserError("That change can no longer be undone. Choose anew what should hold.")
        undone = await owner.restore(guild_id, change, by=interaction.user.id)
        await self._redraw(interaction, key, undone if key != CHANGES else None)

    async def _redraw(self, interaction: Interaction, key: str, changed: Change | None = None) -> None:
        view = await self._panel(interaction, key, changed)
        await interaction.response.edit_message(view=view, allowed_mentions=NOBODY)

    async def _panel(
        self, interaction: Interaction, key: str, changed: Change | None = None, *, greeting: str = ""
    ) -> ui.LayoutView:
        _ = text_for(str(interaction.locale))
        titles = {page.key: page.title(_) for page in self._pages.values()} | {CHANGES: _("What was changed")}
        items = await self._items(interaction, key, _)
        return settings_panel(titles, key, items, _, changed=changed, greeting=greeting)

    async def _items(self, interaction: Interaction, key: str, _: Text) -> Sequence[ui.Item[Any]]:
        guild_id = interaction.guild_id or 0
        if key == CHANGES:
            return changes_items(await self._choices.changes(guild_id, limit=LISTED_CHANGES), _)
        return await self._page(key).items(interaction.guild, guild_id, _)

    def _page(self, key: str) -> Page:
        """The page with that key; one of limits may be a role's: "limits-123"."""
        base, _dash, role_id = key.partition("-")
        page = self._pages.get(base)
        if isinstance(page, LimitsPage) and role_id.isdecimal():
            return page.of_role(int(role_id))
        if page is None or role_id:
            raise OldButton
        return page


def _values(interaction: Interaction) -> list[str]:
    """What was chosen in a menu."""
    data: Any = interaction.data or {}
    return [str(value) for value in data.get("values", ())]
