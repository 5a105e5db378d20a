"""What a page of `/settings` is, and the pages of the server's policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import discord

from bot.store.policies import CHOICES
from bot.ui.settings.pages import read_choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord import ui

    from bot.store.changes import Change
    from bot.ui.settings.choices import Choices
    from bot.ui.settings.pages import PolicyPage
    from bot.ui.text import Text

Interaction = discord.Interaction[Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """Nothing was changed, and another page is to be shown."""

    key: str


class Page(Protocol):
    """A page of the panel. Whoever clicks was asked for their rights before."""

    key: str
    """Part of custom ids that live in messages for ever, so it never changes."""

    def title(self, _: Text) -> str:
        """What the page is called."""
        ...

    async def items(self, guild: discord.Guild | None, guild_id: int, _: Text) -> Sequence[ui.Item[Any]]:
        """What is on it: at most thirty components, less than 3,000 characters."""
        ...

    async def clicked(
        self, interaction: Interaction, setting: str, values: Sequence[str]
    ) -> Change | Turn | None:
        """Act on a control; the panel is drawn anew unless the interaction was answered, with a form for one.

        Args:
            interaction: The click.
            setting: The second part of the control's id.
            values: What was chosen in a menu, or the third part of a button's id.
        """
        ...

    async def sent(self, interaction: Interaction, setting: str) -> Change | None:
        """Act on a form that `clicked` opened."""
        ...

    async def restore(self, guild_id: int, change: Change, *, by: int) -> Change | None:
        """Put back what was before a change of a setting that the page `owns`."""
        ...

    def owns(self, setting: str) -> bool:
        """Whether a change of that setting is put back by this page."""
        ...


class ChoicesPage:
    """A page of choices that are made with one click each."""

    def __init__(self, page: PolicyPage, choices: Choices) -> None:
        self.key = page.key
        self._page = page
        self._choices = choices

    def title(self, _: Text) -> str:
        """What the page is called."""
        return self._page.title(_)

    async def items(self, guild: discord.Guild | None, guild_id: int, _: Text) -> Sequence[ui.Item[Any]]:
        """The choices as they are now."""
        return self._page.draw(await self._choices.policy(guild_id), guild, _)

    async def clicked(self, interaction: Interaction, setting: str, values: Sequence[str]) -> Change | None:
        """Store what was chosen."""
        value = read_choice(setting, values)
        guild_id = interaction.guild_id or 0
        return await self._choices.choose(guild_id, setting, value, by=interaction.user.id)

    async def sent(self, interaction: Interaction, setting: str) -> Change | None:
        """No control of this page opens a form."""
        raise NotImplementedError

    async def restore(self, guild_id: int, change: Change, *, by: int) -> Change | None:
        """Choose again what was chosen before."""
        return await self._choices.choose(guild_id, change.setting, change.before, by=by)

    def owns(self, setting: str) -> bool:
        """Every choice of the policy, on whatever page it is."""
        return setting in CHOICES
