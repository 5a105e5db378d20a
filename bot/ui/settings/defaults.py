"""The page of the defaults for `/portrait`, and its form. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.ui.defaults import settable_part
from bot.ui.forms import edit_form
from bot.ui.layout import button, text
from bot.ui.safe import code_span
from bot.ui.settings.controls import heading, set_id
from bot.ui.settings.words import setting_name, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.tools import Tool
    from bot.ui.text import Text

KEY = "portrait"
SETTING = "portrait_defaults"
CLEAR = "clear"


def defaults_items(defaults: Mapping[str, Any], _: Text) -> Sequence[ui.Item[Any]]:
    """What is set, and the buttons that change it."""
    explained = _(
        "What `/portrait` takes for an option that was left out. Whoever gives the option gets what they "
        "gave; `Again` and `Edit` keep what their task had."
    )
    lines = [f"{spaced(name)} {code_span(str(value), 200)}" for name, value in defaults.items()]
    change = button(_("Change"), set_id(KEY, SETTING), discord.ButtonStyle.primary)
    clear = button(_("Clear"), set_id(KEY, SETTING, CLEAR), disabled=not defaults)
    return [
        heading(setting_name(SETTING, _), explained),
        text(*(lines or [_("None yet: the tool's own values hold.")])),
        ui.ActionRow(change, clear),
    ]


def defaults_form(tool: Tool, values: Mapping[str, Any], _: Text) -> ui.Modal:
    """A form with the defaults by option name; what is empty in it is no default."""
    title = _("Defaults for {command}", command=f"/{tool.command}")
    return edit_form(settable_part(tool), set_id(KEY, SETTING), values, title, _)
