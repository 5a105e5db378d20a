"""Modals, drawn and read without any state: what a form needs is in its custom id and in what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.tools import Place, parse_numbers_line
from bot.ui.safe import cut, length
from bot.ui.words import choice_name, input_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.tools import Tool, ToolInput
    from bot.ui.answers import Interaction
    from bot.ui.ids import ButtonId
    from bot.ui.text import Text

MAX_TITLE = 45
MAX_LABEL = 45
MAX_ROWS = 5
"""Discord: rows of a modal."""
MAX_TEXT = 4000
MAX_NUMBER = 20
NUMBERS = "numbers"
"""Custom id of the line that holds all the numbers."""


def edit_form(
    tool: Tool,
    target: ButtonId,
    values: Mapping[str, Any],
    title: str,
    _: Text,
    *,
    numbers: str | None = None,
) -> ui.Modal:
    """A form for a tool's settings: its words, its seed, its menus, and one line for all numbers.

    Args:
        tool: Whose settings.
        target: What the form asks for when it is sent.
        values: What the fields hold at first, by option name.
        title: The form's heading.
        _: The reader's words.
        numbers: What the numbers' line holds at first; None: the values, written out.
    """
    form = ui.Modal(title=cut(title, MAX_TITLE), custom_id=str(target))
    for each in _own_fields(tool):
        form.add_item(_field(each, values.get(each.option), _))
    line = numbers_line(tool, values) if numbers is None else numbers
    form.add_item(
        ui.Label(
            text=cut(_("Numbers"), MAX_LABEL),
            description=cut(_("Like: samples 4, steps 30, scale 7.5, size 512x768"), 100),
            component=ui.TextInput(
                custom_id=NUMBERS, default=cut(line, 500) or None, required=False, max_length=500
            ),
        )
    )
    form.stop()
    return form


def read_form(interaction: Interaction) -> dict[str, str]:
    """What was sent, by the fields' custom ids; a menu gives its choice, an untouched field is ""."""
    data: Any = interaction.data or {}
    return dict(_sent(data.get("components", ())))


def read_choices(interaction: Interaction) -> dict[str, list[str]]:
    """All that was chosen in a form that was sent, by the custom ids of its menus, boxes and files."""
    data: Any = interaction.data or {}
    fields = [row.get("component", {}) for row in data.get("components", ())]
    return {str(each["custom_id"]): list(map(str, each["values"])) for each in fields if each.get("values")}


def read_edit_form(interaction: Interaction, tool: Tool) -> dict[str, Any]:
    """The values of an `edit_form`, by option name, words as they were written.

    Raises:
        InvalidValue: The line of numbers cannot be understood.
    """
    sent = read_form(interaction)
    options = {each.option for each in tool.inputs}
    values: dict[str, Any] = {name: value for name, value in sent.items() if name in options}
    for each in tool.inputs:
        if not each.is_text and not values.get(each.option):
            values.pop(each.option, None)
    return values | parse_numbers_line(sent.get(NUMBERS, ""), tool)


def numbers_line(tool: Tool, values: Mapping[str, Any]) -> str:
    """All numbers of a tool that have no field of their own: "samples 4, steps 30, size 512x512"."""
    named = {each.option for each in _own_fields(tool)}
    parts: list[str] = []
    for each in tool.inputs:
        value = values.get(each.option)
        if each.option in named | {"width", "height"} or not each.is_number or value in {None, ""}:
            continue
        parts.append(f"{input_name(each)} {value}")
    width, height = values.get("width"), values.get("height")
    if width and height:
        parts.append(f"size {width}x{height}")
    return ", ".join(parts)


def _own_fields(tool: Tool) -> list[ToolInput]:
    """Inputs with a field of their own, as many as fit above the line of numbers: words, the seed, menus."""
    mine = [
        each
        for each in tool.inputs
        if each.place is not Place.FIXED
        and (each.is_text or each.draw or (each.choices and not each.is_number))
    ]
    return mine[: MAX_ROWS - 1]


def _field(each: ToolInput, value: Any, _: Text) -> ui.Label[Any]:
    name = input_name(each).capitalize()
    if each.choices and not each.is_number:
        options = [
            discord.SelectOption(
                label=choice_name(each, choice), value=str(choice), default=str(choice) == str(value)
            )
            for choice in each.choices[:25]
        ]
        menu: ui.Select[Any] = ui.Select(custom_id=each.option, options=options, required=False, min_values=0)
        return ui.Label(text=cut(name, MAX_LABEL), component=menu)
    shown = "" if value is None else str(value)
    # What is there already must fit: Discord counts some characters twice and refuses a form too full.
    limit = min(MAX_TEXT, max(each.max_length or MAX_TEXT, length(shown))) if each.is_text else MAX_NUMBER
    text = ui.TextInput[Any](
        custom_id=each.option,
        style=discord.TextStyle.paragraph if each.is_text else discord.TextStyle.short,
        default=cut(shown, limit) or None,
        required=each.required,
        max_length=limit,
    )
    hint = _("Empty it to have a new one drawn.") if each.draw else None
    return ui.Label(text=cut(name, MAX_LABEL), description=hint, component=text)


def _sent(components: Any) -> Iterator[tuple[str, str]]:
    for component in components:
        if "component" in component:
            yield from _sent([component["component"]])
        elif "components" in component:
            yield from _sent(component["components"])
        elif "custom_id" in component:
            values = component.get("values")
            value = component.get("value") if values is None else next(iter(values), "")
            yield str(component["custom_id"]), str(value or "")
