"""Checks what a person gave against a tool's inputs, and makes of it exactly what Run is sent. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.errors import InvalidValue
from bot.tools.catalogue import FILE_TYPES, Place, Tool, ToolInput, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

NONE_WORDS = frozenset({"none", "-", "nothing"})
"""What a person writes for "no negative prompt"."""
MAX_NAMED = 20
"""How many choices a refusal lists."""
MAX_OPEN = 100
"""Characters of a choice that is not on the list."""


class Note(StrEnum):
    """Something that the bot changed and the card says."""

    TRIGGER_ADDED = "trigger_added"
    """Behind a colon come the words, where they are not the tool's own."""
    SEED_DRAWN = "seed_drawn"
    SERVER_DEFAULTS = "server_defaults"
    WITHIN_LIMITS = "within_limits"
    """What was left out would have been larger than the member may ask for."""
    PHOTOS = "photos"
    """Of a training; behind a colon comes how many there are."""
    NAME_SHOWN = "name_shown"
    """The owner of a training lets its model's name and samples be seen where it is followed."""
    IN_THE_OPEN = "in_the_open"
    """A training that is followed where everyone reads."""
    IN_DM = "in_dm"
    """A training that is followed in direct messages, where its owner alone reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInUse:
    """A trained model, as far as a run with it needs to know it."""

    wiro_id: str
    trigger_words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """Values that are fit to be sent."""

    inputs: Mapping[str, Any]
    """Every declared input by its Wiro id, in the tool page's types; "" when unused."""
    notes: tuple[str, ...]
    """What the bot changed; see `Note`."""
    images: int
    """How many images the run makes; 0 for a training."""


def check(
    tool: Tool,
    given: Mapping[str, object],
    *,
    draw: Callable[[int, int], int],
    model: ModelInUse | None = None,
) -> Checked:
    """Return what Run is sent for the values that a person gave.

    Args:
        tool: The tool that is to run.
        given: Values by option name; what is missing or None takes the tool's default.
        draw: Returns a whole number between its arguments, both included.
        model: The trained model to work with, for a tool that has an input for it.

    Raises:
        InvalidValue: One or more values cannot be used; it names each, its rule and a fix.
    """
    unknown = sorted(set(given) - {each.option for each in tool.inputs})
    problems = [f"`{name}` is not something that {tool.title} takes. Leave it out." for name in unknown]
    notes: list[str] = []
    values: dict[str, Any] = {}
    for each in tool.inputs:
        value = None if each.place is Place.FIXED else given.get(each.option)
        if value is None and each.draw:
            value = draw(int(each.minimum or 0), int(each.maximum or 0))
            notes.append(Note.SEED_DRAWN)
        try:
            values[each.id] = _sent(each, _checked(each, value))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise InvalidValue(problems)
    if model is not None:
        values[tool.model_input] = model.wiro_id
    words = _missing([tool.trigger] if model is None else model.trigger_words, values.get("prompt"))
    if words:
        values["prompt"] = f"{words}{' ' if model is None else ', '}{values['prompt']}"
        notes.append(Note.TRIGGER_ADDED if model is None else f"{Note.TRIGGER_ADDED}:{words}")
    images = int(values[tool.images_input]) if tool.images_input else 0
    return Checked(inputs=values, notes=tuple(notes), images=images)


def added_words(notes: Iterable[str], tool: Tool) -> str:
    """The words that were put in front of the prompt, "" when none were."""
    for note in notes:
        name, _, words = note.partition(":")
        if name == Note.TRIGGER_ADDED:
            return words or tool.trigger
    return ""


def _missing(words: Iterable[str], prompt: str | None) -> str:
    """Those of the words that the prompt lacks, as they are put in front of it."""
    if prompt is None:
        return ""
    return ", ".join(word for word in words if word and word.casefold() not in prompt.casefold())


_PAIR = re.compile(r"([A-Za-z_][A-Za-z_ ]*?)\s*[:=]?\s*(-?\d[\d.x×*]*|[A-Z]\w*Scheduler)(?=\s|$)")
"""A name and its value: letters, then what starts with a digit or a sign."""


def parse_numbers_line(line: str, tool: Tool) -> dict[str, str]:
    """Return option names and values out of a line like "steps 30, scale: 7.5 size 512x768".

    Lenient on separators, case, and spelling of names with or without underscores; `size` means width and
    height. The values are words still: `check` judges them.

    Raises:
        InvalidValue: A name is not one of the tool's numbers, or a value is missing.
    """
    names = {_plain(each.option): each.option for each in tool.inputs if each.is_number or each.choices}
    found: dict[str, str] = {}
    problems: list[str] = []
    for name, value in _pairs(line):
        key = _plain(name)
        size = re.fullmatch(r"(\d+)\s*[x×*]\s*(\d+)", value)
        if not value:
            lack = "no setting before it" if name[0].isdigit() else "no value"
            problems.append(f"`{_shortened(name)}` has {lack}. Write it like `steps 30`.")
        elif key == "size" and size and {"width", "height"} <= set(names):
            found["width"], found["height"] = size.groups()
        elif key in names:
            found[names[key]] = value
        else:
            known = ", ".join(f"`{option}`" for option in names.values())
            problems.append(f"`{_shortened(name)}` is not one of the settings. There are {known}.")
    if problems:
        raise InvalidValue(problems)
    return found


def _pairs(line: str) -> list[tuple[str, str]]:
    """Names and the values that follow them; a name is letters, a value starts with a digit or sign."""
    line = re.sub(r"(?<=\d)\s*([x×*])\s*(?=\d)", r"\1", line)  # "512 x 768" is one value
    line = re.sub(r"(?<=\d),(?=\d)", ".", line)  # "7,5" is one too, as many languages write it
    pairs: list[tuple[str, str]] = []
    for part in re.split(r"[,;\n]+|\s{2,}|\band\b", line):
        pairs.extend((name.strip(), value) for name, value in _PAIR.findall(part))
        rest = re.sub(r"[:=]", " ", _PAIR.sub("", part)).strip()
        if rest:  # what is no pair is not passed over: whoever wrote it meant something
            name, _, value = rest.partition(" ")
            pairs.append((name, value.strip()))
    return pairs


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.casefold())


def _checked(each: ToolInput, value: object) -> object:
    """The value as the person means it; ValueError with a finished sentence when it cannot be used."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or (value == "" and not each.is_text):
        if each.required and each.place is Place.OPTION:
            raise ValueError(f"`{each.option}` is needed. Say what it should be.")
        return each.default
    if each.type in FILE_TYPES:
        return value
    if each.is_text:
        return _checked_text(each, str(value))
    if each.type == "checkbox":
        return _checked_flag(each, value)
    if each.is_number:
        value = _checked_number(each, value)
    return _checked_choice(each, value) if each.choices or each.open else value


def _checked_text(each: ToolInput, value: str) -> str:
    if not each.required and value.casefold() in NONE_WORDS:
        return ""
    if each.required and not value:
        raise ValueError(f"`{each.option}` is empty. Write a few words.")
    if each.max_length is not None and len(value) > each.max_length:
        raise ValueError(
            f"`{each.option}` has {len(value):,} characters; {each.max_length:,} are allowed. "
            f"Shorten it by {len(value) - each.max_length:,}."
        )
    return value


def _checked_flag(each: ToolInput, value: object) -> bool:
    words = {
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }
    if isinstance(value, bool):
        return value
    try:
        return words[str(value).casefold()]
    except KeyError:
        raise ValueError(f"`{each.option}` is `{_shortened(value)}`; say `true` or `false`.") from None


def _checked_number(each: ToolInput, value: object) -> int | float:
    kind = "a whole number" if each.is_whole_number else "a number"
    try:
        number = float(str(value).replace(",", ".")) if isinstance(value, str) else float(value)  # type: ignore[arg-type]  # a TypeError is caught below
        exact = int(str(value)) if each.is_whole_number and isinstance(value, str) else number
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"`{each.option}` is `{_shortened(value)}`, not {kind}.{_range_hint(each)}"
        ) from None
    if not math.isfinite(number) or (each.is_whole_number and number != int(number)):
        raise ValueError(f"`{each.option}` is `{_shortened(value)}`, not {kind}.{_range_hint(each)}")
    low = each.minimum is not None and number < each.minimum
    high = each.maximum is not None and number > each.maximum
    if low or high:
        raise ValueError(f"`{each.option}` is {_shortened(value)}; it goes {_range_words(each)}.")
    return int(exact) if each.is_whole_number else number


def _checked_choice(each: ToolInput, value: object) -> object:
    for choice in each.choices:
        if str(choice).casefold() == str(value).casefold():
            return choice
    if each.open:
        return _checked_open(each, str(value))
    if each.is_number:
        nearest = min(each.choices, key=lambda choice: abs(float(choice) - float(str(value))))
        raise ValueError(f"`{each.option}` cannot be {value}. The nearest that can be made is {nearest}.")
    listed = ", ".join(f"`{_shortened(choice)}`" for choice in each.choices[:MAX_NAMED])
    others = len(each.choices) - MAX_NAMED
    more = f" and {others:,} others" if others > 0 else ""
    raise ValueError(f"`{each.option}` is `{_shortened(value)}`; choose one of {listed}{more}.")


def _checked_open(each: ToolInput, value: str) -> str:
    """A choice that is not listed: somebody may know more than the list."""
    named = [option.value for option in each.options if option.label.casefold() == value.casefold()]
    if named:
        return named[0]
    if value in each.never:
        raise ValueError(f"`{each.option}` cannot be `{_shortened(value)}`: it does not fit this tool.")
    if len(value) > MAX_OPEN:
        raise ValueError(f"`{each.option}` is too long; choose one of the list.")
    return value


def _range_hint(each: ToolInput) -> str:
    return f" It goes {words}." if (words := _range_words(each)) else ""


def _range_words(each: ToolInput) -> str:
    """The bounds in words: "from 1 to 10"; "" without any."""
    low = "" if each.minimum is None else f"from {each.minimum}"
    high = "" if each.maximum is None else f"up to {each.maximum}" if not low else f"to {each.maximum}"
    return " ".join(filter(None, (low, high or (low and "up"))))


def _sent(each: ToolInput, value: object) -> object:
    """The value in the JSON type of the tool page's sample."""
    if value == "" or each.sent_as is not Wire.STRING:
        return value
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shortened(value: object) -> str:
    """At most 40 characters of what the person wrote, harmless inside a code span."""
    text = str(value).replace("`", "ʼ")
    return text if len(text) <= 40 else f"{text[:39]}…"
