"""The controls on the pages of the settings: a setting's name, what it does, and how to choose it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import button, small, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.ui.text import Text

NOTHING = "-"
"""The value of a menu that stands for no choice of the server's own."""
ON, OFF = "on", "off"
WRITTEN_IN = [discord.ChannelType.text, discord.ChannelType.news]
"""Channels that a log can be kept in."""
TALKED_IN = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
    discord.ChannelType.forum,
]
"""Channels, or parents of threads, in which commands can be used."""


def set_id(page: str, setting: str, value: str = "") -> ButtonId:
    """The id of a control for a setting on a page."""
    return ButtonId(Verb.SET, NO_JOB, ".".join(part for part in (page, setting, value) if part))


def heading(name: str, explanation: str) -> ui.TextDisplay[Any]:
    """What a setting is called and what it does."""
    return text(f"**{name}**", small(explanation))


def menu(target: ButtonId, options: Mapping[str, str], chosen: str) -> ui.ActionRow[Any]:
    """A menu of words by value, of which one is chosen."""
    return ui.ActionRow(
        ui.Select(
            custom_id=str(target),
            options=[
                discord.SelectOption(label=label, value=value, default=value == chosen)
                for value, label in options.items()
            ],
        )
    )


def switch(page: str, setting: str, name: str, explanation: str, _: Text, *, on: bool) -> ui.Section[Any]:
    """A setting that is on or off, with a button that turns it over."""
    style = discord.ButtonStyle.success if on else discord.ButtonStyle.secondary
    turn = button(_("On") if on else _("Off"), set_id(page, setting, OFF if on else ON), style)
    return ui.Section(heading(name, explanation), accessory=turn)


def channel_menu(
    target: ButtonId,
    chosen: Iterable[int],
    placeholder: str,
    *,
    most: int,
    types: Sequence[discord.ChannelType],
) -> ui.ActionRow[Any]:
    """Discord's own menu of the server's channels; none at all may be chosen."""
    kind = discord.SelectDefaultValueType.channel
    return ui.ActionRow(
        ui.ChannelSelect(
            custom_id=str(target),
            channel_types=list(types),
            placeholder=placeholder,
            min_values=0,
            max_values=most,
            default_values=[discord.SelectDefaultValue(id=each, type=kind) for each in chosen],
        )
    )


def role_menu(target: ButtonId, chosen: Iterable[int], placeholder: str, *, most: int) -> ui.ActionRow[Any]:
    """Discord's own menu of the server's roles; none at all may be chosen."""
    kind = discord.SelectDefaultValueType.role
    return ui.ActionRow(
        ui.RoleSelect(
            custom_id=str(target),
            placeholder=placeholder,
            min_values=0,
            max_values=most,
            default_values=[discord.SelectDefaultValue(id=each, type=kind) for each in chosen],
        )
    )
