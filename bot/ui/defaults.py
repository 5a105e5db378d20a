"""What a command takes for what it was not given: a server's defaults, within the member's limits. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.errors import InvalidValue
from bot.quota.policy import SIZE_INPUTS
from bot.tools import Place, check
from bot.tools.catalogue import FILE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.quota.rules import Limits
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


def within_limits(
    tool: Tool, given: Mapping[str, Any], said: Mapping[str, Any], limits: Limits
) -> dict[str, Any]:
    """The given values; those that the member did not say are not larger than they may ask for.

    Args:
        tool: The tool that is to run.
        given: Values by option name, a server's defaults among them.
        said: What of it the member said, which stays as it is: it is refused, not changed.
        limits: What holds for the member.
    """
    smaller = {}
    for each in tool.inputs:
        limit = SIZE_INPUTS.get(each.id)
        most = None if limit is None else limits.amount(limit)
        usual = given.get(each.option) or each.default
        if most is None or each.place is Place.FIXED or said.get(each.option) is not None:
            continue
        if isinstance(usual, int) and usual > most:
            fitting = [choice for choice in map(int, map(str, each.choices)) if choice <= most]
            smaller[each.option] = max(fitting, default=usual if each.choices else most)
    return {**given, **smaller}


def _fits(part: Tool, option: str, value: Any) -> bool:
    alone = part.model_copy(update={"inputs": (part.option(option),)})
    try:
        check(alone, {option: value}, draw=_never)
    except InvalidValue:
        return False
    return True


def _never(lowest: int, highest: int) -> int:
    raise AssertionError(f"nothing is drawn between {lowest} and {highest}: drawn inputs were left out")
