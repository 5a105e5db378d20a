"""A server's own defaults for what a command was not given. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.errors import InvalidValue
from bot.tools import Place, check
from bot.tools.catalogue import FILE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.tools import Tool

COMMAND = "portrait"
"""The command that servers have defaults for."""


def settable_part(tool: Tool) -> Tool:
    """The tool with only those inputs that a server may have a default for."""
    mine = tuple(
        each
        for each in tool.inputs
        if each.place is not Place.FIXED
        and not each.required
        and not each.draw
        and each.type not in FILE_TYPES
    )
    return tool.model_copy(update={"inputs": mine, "images_input": "", "trigger": ""})


def read_defaults(tool: Tool, given: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults by Wiro's ids, out of values by option name; what is empty is none.

    Raises:
        InvalidValue: One or more cannot be used.
    """
    named = {name: value for name, value in given.items() if value not in {None, ""}}
    checked = check(settable_part(tool), named, draw=_never)
    return {each.id: checked.inputs[each.id] for each in tool.inputs if each.option in named}


def usable_defaults(tool: Tool, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults by option name, without those that the tool no longer takes."""
    part = settable_part(tool)
    found = {each.option: defaults[each.id] for each in part.inputs if each.id in defaults}
    return {name: value for name, value in found.items() if _fits(part, name, value)}


def with_defaults(tool: Tool, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The given values, and a default for each that was left out and has one."""
    added = {
        name: value for name, value in usable_defaults(tool, defaults).items() if given.get(name) is None
    }
    return {**given, **added}


def _fits(part: Tool, option: str, value: Any) -> bool:
    alone = part.model_copy(update={"inputs": (part.option(option),)})
    try:
        check(alone, {option: value}, draw=_never)
    except InvalidValue:
        return False
    return True


def _never(lowest: int, highest: int) -> int:
    raise AssertionError(f"nothing is drawn between {lowest} and {highest}: drawn inputs were left out")
