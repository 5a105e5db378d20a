"""The options of slash commands that are built from a tool's inputs."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Optional

import discord
from discord import app_commands

from bot.tools import Place
from bot.ui.references import MAX_CHOICES
from bot.ui.words import choice_name

if TYPE_CHECKING:
    from bot.tools import Tool, ToolInput

Interaction = discord.Interaction[Any]


def settable(tool: Tool) -> list[ToolInput]:
    """The inputs that have an option of their own."""
    return [each for each in tool.inputs if each.place is Place.OPTION]


def parameter(name: str, annotation: Any, *, required: bool) -> inspect.Parameter:
    """A parameter of a command's callback, from which discord.py makes an option."""
    kind = inspect.Parameter.KEYWORD_ONLY
    if required:
        return inspect.Parameter(name, kind, annotation=annotation)
    # A Range is an object while the program runs, and an object knows no "| None".
    return inspect.Parameter(name, kind, default=None, annotation=Optional[annotation])  # noqa: UP045


def annotation_of(each: ToolInput) -> Any:
    """The type of an option, with the bounds that Discord checks before anything is sent."""
    if each.is_text:
        return app_commands.Range[str, 1, each.max_length or 6000]
    if each.type == "checkbox":
        return bool
    if each.open:
        return str
    if each.choices:
        whole = each.is_number and len(each.choices) <= MAX_CHOICES
        return int if whole else str
    if each.is_number:
        number = int if each.is_whole_number else float
        return app_commands.Range[number, each.minimum, each.maximum]
    return discord.Attachment


def choices_of(each: ToolInput) -> list[app_commands.Choice[Any]]:
    """The choices of an option that has a menu."""
    kind = int if each.is_number else str
    return [app_commands.Choice(name=choice_name(each, value), value=kind(value)) for value in each.choices]


def completion_of_choices(each: ToolInput) -> Any:
    """Autocompletion of a menu that is too long for Discord's choices."""

    async def complete(_: Interaction, current: str) -> list[app_commands.Choice[str]]:
        wanted = current.casefold()
        fitting = [value for value in each.choices if wanted in str(value).casefold()]
        return [
            app_commands.Choice(name=choice_name(each, value)[:100], value=str(value)[:100])
            for value in fitting[:MAX_CHOICES]
        ]

    return complete
