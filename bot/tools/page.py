"""What a tool's page at Wiro says of its inputs, laid over the tool's own file. Pure.

The file says what the bot offers; the page says what Wiro takes today. Where the page gives a range or a list
of options, that is what values are checked against; what it leaves open stays as the file has it. The file's
default stays too, because the command's help names it, unless it is no longer allowed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bot.tools.catalogue import CHOICE_TYPES, NUMBER_TYPES, Option, Place, Tool, ToolInput

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_EXACT = 2**53 - 1
"""Past it JSON and Discord no longer tell whole numbers apart."""
LONGEST_CHOICE = 100
"""Discord: characters of a choice's value."""
NAMED_UNKNOWN = 10


class PageOption(Protocol):
    """One choice on a page; `bot.wiro.InputOption` is one."""

    @property
    def value(self) -> str: ...  # noqa: D102  # names that say it
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def about(self) -> str: ...  # noqa: D102
    @property
    def trigger_words(self) -> Sequence[str]: ...  # noqa: D102


class PageInput(Protocol):
    """One input on a page; `bot.wiro.InputSpec` is one."""

    @property
    def id(self) -> str: ...  # noqa: D102  # names that say it
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def default(self) -> str: ...  # noqa: D102
    @property
    def minimum(self) -> float | None: ...  # noqa: D102
    @property
    def maximum(self) -> float | None: ...  # noqa: D102
    @property
    def options(self) -> Sequence[PageOption]: ...  # noqa: D102


class Page(Protocol):
    """A tool's page; `bot.wiro.ToolPage` is one."""

    @property
    def inputs(self) -> Sequence[PageInput]: ...  # noqa: D102  # a name that says it


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A tool as its page has it."""

    tool: Tool
    ignored: tuple[str, ...] = ()
    """What of the page was not followed, and why: for the log."""


def narrowed(tool: Tool, page: Page) -> Narrowed:
    """Return the tool with the ranges and options that its page gives, wider or narrower than the file's.

    What makes no sense leaves that input as the file has it, and so does what nobody sets; what Discord
    itself limits is never widened.
    """
    said = {each.id: each for each in page.inputs}
    inputs: list[ToolInput] = []
    ignored: list[str] = []
    for each in tool.inputs:
        spec = said.pop(each.id, None)
        try:
            inputs.append(each if spec is None or each.place is Place.FIXED else _laid_over(tool, each, spec))
        except ValueError as error:
            inputs.append(each)
            ignored.append(f"{each.id}: {error}")
    if said:
        names = ", ".join(name[:40] for name in sorted(said)[:NAMED_UNKNOWN])
        ignored.append(f"inputs that the tool's file does not have: {names}")
    return Narrowed(tool.model_copy(update={"inputs": tuple(inputs)}), tuple(ignored))


def _laid_over(tool: Tool, each: ToolInput, said: PageInput) -> ToolInput:
    """The input as the page has it; ValueError with the reason when that makes no sense."""
    changes = _options(each, said) or _range(each, said)
    if not changes:
        return each
    values = each.model_dump(exclude={"option"}) | changes
    if each.id == tool.images_input and (values["minimum"] or 0) < 1:
        raise ValueError("the page lets a run make no image")
    values["default"] = _default(each, said, values)
    return ToolInput.model_validate(values)


def _options(each: ToolInput, said: PageInput) -> dict[str, Any]:
    """The page's choices, once each, in its order; {} when it lists none."""
    words = list(dict.fromkeys(option.value for option in said.options if option.value.strip()))
    if not words:
        return {}
    if said.type not in CHOICE_TYPES:
        raise ValueError(f"the page lists options for a {said.type[:40]}")
    if each.is_number:
        return _number_options(each, words)
    if each.type not in CHOICE_TYPES:
        raise ValueError(f"the page lists options, and here it is a {each.type}")
    known = {str(choice): choice for choice in each.choices}
    fitting = [word for word in words if len(word) <= LONGEST_CHOICE and word not in each.never]
    if not fitting:
        raise ValueError("every option of the page is longer than Discord allows, or does not fit")
    return {
        "choices": tuple(known.get(word, word) for word in fitting),
        "options": _known(each, _first_of_each(said, fitting)),
    }


def _first_of_each(said: PageInput, words: Sequence[str]) -> list[PageOption]:
    first: dict[str, PageOption] = {}
    for option in said.options:
        first.setdefault(option.value, option)
    return [first[word] for word in words]


def _known(each: ToolInput, said: Sequence[PageOption]) -> tuple[Option, ...]:
    """What is known of the choices, those left out of which nothing is."""
    options = (_option(each, option) for option in said)
    return tuple(option for option in options if option != Option(value=option.value))


def _option(each: ToolInput, said: PageOption) -> Option:
    """What the page says of a choice; where it says nothing, what the file does."""
    known = each.option_of(said.value) or Option(value=said.value)
    return Option(
        value=said.value,
        label=said.label if said.label != said.value else known.label,
        about=said.about or known.about,
        trigger_words=tuple(said.trigger_words) or known.trigger_words,
    )


def _number_options(each: ToolInput, words: Sequence[str]) -> dict[str, Any]:
    numbers = dict.fromkeys(number for word in words if (number := _whole(word)) is not None)
    choices = tuple(number for number in numbers if not _past_discord(each, number))
    if not choices:
        raise ValueError("none of the page's options is a whole number that can be offered")
    changes: dict[str, Any] = {"choices": choices}
    if each.minimum is not None:
        changes["minimum"] = min(choices)
    if each.maximum is not None:
        changes["maximum"] = max(choices)
    return changes


def _range(each: ToolInput, said: PageInput) -> dict[str, Any]:
    """The page's bounds, or what they leave of the file's choices; {} when it gives none."""
    if said.minimum is None and said.maximum is None:
        return {}
    if not each.is_number or said.type not in NUMBER_TYPES:
        raise ValueError(f"the page gives a range to a {said.type[:40]}, and here it is a {each.type}")
    low = each.minimum if said.minimum is None else _bound(each, said.minimum, math.ceil)
    high = each.maximum if said.maximum is None else _bound(each, said.maximum, math.floor)
    if high is None or _past_discord(each, high):
        high = each.discord_maximum
    if low is not None and high is not None and low > high:
        raise ValueError(f"the range from {low} to {high} is empty")
    if not each.choices:
        return {"minimum": low, "maximum": high}
    choices = tuple(choice for choice in each.choices if _is_within(float(choice), low, high))
    if not choices:
        raise ValueError(f"the range from {low} to {high} leaves none of the choices")
    return {"choices": choices}


def _bound(each: ToolInput, value: float, inwards: Any) -> int | float:
    if not math.isfinite(value):
        raise ValueError("a bound of the page is not a number")
    if each.is_whole_number:
        return max(-LARGEST_EXACT, min(LARGEST_EXACT, int(inwards(value))))
    # A range whose bounds and default are all whole would take whole numbers only.
    return int(value) if value == int(value) and each.type != "range" else value


def _past_discord(each: ToolInput, value: float) -> bool:
    return each.discord_maximum is not None and value > each.discord_maximum


def _default(each: ToolInput, said: PageInput, values: dict[str, Any]) -> Any:
    """The file's default while it is allowed, else the page's, else the nearest that is."""
    choices = values["choices"]
    if each.default == "":
        return ""
    if each.is_number:
        return _number_default(each, said, values)
    return next((default for default in (each.default, said.default) if default in choices), choices[0])


def _number_default(each: ToolInput, said: PageInput, values: dict[str, Any]) -> Any:
    choices, low, high = values["choices"], values["minimum"], values["maximum"]
    theirs = _whole(said.default) if each.is_whole_number else _number(said.default)
    for default in (each.default, theirs):
        if default is None:
            continue
        if _is_within(float(default), low, high) and (not choices or default in choices):
            return default
    own = float(each.default)
    if choices:
        return min(choices, key=lambda choice: abs(float(choice) - own))
    return low if low is not None and own < low else high


def _is_within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _whole(text: str) -> int | None:
    value = _number(text)
    return int(value) if value is not None and value.is_integer() and abs(value) <= LARGEST_EXACT else None
