"""The tools that the bot offers, read from the TOML files beside this module."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field, model_validator

from bot.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent

InputType = Literal[
    "text",
    "textarea",
    "number",
    "float",
    "range",
    "select",
    "radio",
    "checkbox",
    "fileinput",
    "multifileinput",
    "combinefileinput",
]
"""The types of Wiro's tool pages that can become an option of a slash command."""

TEXT_TYPES = frozenset({"text", "textarea"})
NUMBER_TYPES = frozenset({"number", "float", "range"})
CHOICE_TYPES = frozenset({"select", "radio"})
FILE_TYPES = frozenset({"fileinput", "multifileinput", "combinefileinput"})


class CatalogueError(AtelierError):
    """A tool's file cannot be used; the message names the file, the place and the mend."""


class Place(StrEnum):
    """Where a person sets an input."""

    OPTION = "option"
    MODAL = "modal"
    FIXED = "fixed"


class Wire(StrEnum):
    """The JSON type in which Run is sent an input: that of the tool page's sample."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(_Frozen):
    """One choice of an input, as far as more than its value is known."""

    value: str = Field(min_length=1, max_length=100)
    label: str = ""
    about: str = ""
    """What it is good for, in a few words."""
    trigger_words: tuple[str, ...] = ()


class ToolInput(_Frozen):
    """One input of a tool: what Wiro calls it, what it may be, and how a person sets it."""

    id: str
    """Wiro's name: "negativePrompt"."""
    called: str | None = Field(default=None, pattern=r"^[a-z0-9_]{1,32}$")
    """The option's name, where it is not the id in snake_case."""
    type: InputType
    default: str | bool | int | float = ""
    help: str = Field(min_length=1, max_length=100)
    """What a person reads under the option; Discord allows 100 characters."""
    required: bool = False
    place: Place = Place.OPTION
    minimum: int | float | None = None
    maximum: int | float | None = None
    discord_maximum: int | None = None
    """A limit of Discord's own: past it the tool's page never widens the range."""
    max_length: int | None = Field(default=None, ge=1, le=6000)
    """In characters; 6,000 is what Discord allows a string option."""
    choices: tuple[str | int, ...] = ()
    options: tuple[Option, ...] = ()
    """What is known of the choices; alone it makes them."""
    open: bool = False
    """The choices are suggestions: the list is known to be incomplete, or is the page's alone."""
    never: tuple[str, ...] = ()
    """Values that are neither offered nor taken, whatever the page lists."""
    wire: Wire | None = None
    """Left out: what the type suggests."""
    draw: bool = False
    """Left out by the person, the bot draws a whole number between minimum and maximum."""

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern; mypy sees two decorators
    @property
    def option(self) -> str:
        """The option's name in the slash command: the id in snake_case, unless it is called otherwise."""
        return self.called or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.id).lower()

    @property
    def is_text(self) -> bool:
        """Free words."""
        return self.type in TEXT_TYPES

    @property
    def is_whole_number(self) -> bool:
        """Only whole numbers are sent."""
        whole = all(isinstance(bound, int) for bound in (self.minimum, self.maximum, self.default))
        return self.type == "number" or (self.type == "range" and whole)

    @property
    def is_number(self) -> bool:
        """A number of either kind."""
        return self.type in NUMBER_TYPES

    @property
    def sent_as(self) -> Wire:
        """The JSON type in which Run is sent this input."""
        if self.wire is not None:
            return self.wire
        if self.is_number:
            return Wire.NUMBER
        return Wire.BOOLEAN if self.type == "checkbox" else Wire.STRING

    def option_of(self, value: object) -> Option | None:
        """What is known of one of the choices."""
        return next((each for each in self.options if each.value == str(value)), None)

    @model_validator(mode="before")
    @classmethod
    def _choices_of_options(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("options") and not values.get("choices"):
            named = (Option.model_validate(each).value for each in values["options"])
            return {**values, "choices": tuple(named)}
        return values

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.type in CHOICE_TYPES and not self.choices and not self.open:
            msg = f"{self.id}: a {self.type} needs choices"
            raise ValueError(msg)
        if len(set(self.choices)) != len(self.choices):
            msg = f"{self.id}: a choice stands twice; Discord refuses that"
            raise ValueError(msg)
        if self.open and self.type not in CHOICE_TYPES:
            msg = f"{self.id}: only choices can be open"
            raise ValueError(msg)
        if set(map(str, self.choices)) & set(self.never):
            msg = f"{self.id}: a choice is among those that are never offered"
            raise ValueError(msg)
        if self.choices and not self.open and self.default != "" and self.default not in self.choices:
            msg = f"{self.id}: the default {self.default!r} is not one of the choices"
            raise ValueError(msg)
        if self.draw and (self.minimum is None or self.maximum is None or not self.is_whole_number):
            msg = f"{self.id}: a drawn input is a whole number with a minimum and a maximum"
            raise ValueError(msg)
        if self.discord_maximum is not None and (self.maximum is None or self.maximum > self.discord_maximum):
            msg = f"{self.id}: the maximum is left out, or over the discord_maximum of {self.discord_maximum}"
            raise ValueError(msg)
        if self.place is Place.FIXED and self.required and self.default == "":
            msg = f"{self.id}: a fixed input that is required needs a default"
            raise ValueError(msg)
        return self


class Inspiration(_Frozen):
    """An idea to start from; it travels as `@inspire:<number>`."""

    number: int = Field(ge=1)
    prompt: str = Field(min_length=1)
    negative_prompt: str = ""
    names_real_person: bool = False
    """Suggested only where a server turned that on."""


class Tool(_Frozen):
    """One of Wiro's hosted tools, as this bot offers it."""

    key: str = Field(pattern=r"^[a-z0-9_-]+$")
    title: str
    slug: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")
    command: str = Field(default="", pattern=r"^[a-z0-9_-]{0,32}$")
    """Left out: it has none of its own, and runs in the place of another tool."""
    description: str = Field(min_length=1, max_length=100)
    trigger: str = ""
    """Words that the model was trained on; put in front of a prompt that lacks them."""
    images_input: str = ""
    """Id of the input that says how many images a run makes; "" for a training."""
    model_input: str = ""
    """Id of the input that names a trained model to work with: only one that the member may use."""
    with_model: str = ""
    """Key of the tool that runs in the place of this one when a trained model is chosen."""
    expected_run_s: float = Field(gt=0)
    longest_run_s: float = Field(gt=0)
    fallback_price_usd: Decimal = Field(gt=0)
    inputs: tuple[ToolInput, ...] = Field(min_length=1)
    inspirations: tuple[Inspiration, ...] = ()

    @property
    def slug_owner(self) -> str:
        """The first half of the slug."""
        return self.slug.split("/")[0]

    @property
    def slug_project(self) -> str:
        """The second half of the slug."""
        return self.slug.split("/")[1]

    @property
    def is_training(self) -> bool:
        """It makes a model, not images."""
        return not self.images_input

    @property
    def fallback_price_nano_usd(self) -> int:
        """What is held for a run while neither its price nor its past is known."""
        return int(self.fallback_price_usd * 1_000_000_000)

    def input(self, wiro_id: str) -> ToolInput:
        """The input that Wiro calls `wiro_id`; KeyError when there is none."""
        for each in self.inputs:
            if each.id == wiro_id:
                return each
        raise KeyError(wiro_id)

    def option(self, name: str) -> ToolInput:
        """The input whose option is `name`; KeyError when there is none."""
        for each in self.inputs:
            if each.option == name:
                return each
        raise KeyError(name)

    def inspiration(self, number: int) -> Inspiration | None:
        """The idea with that number."""
        return next((each for each in self.inspirations if each.number == number), None)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        ids = [each.id for each in self.inputs]
        if len(set(ids)) != len(ids):
            msg = "an input stands twice"
            raise ValueError(msg)
        if self.images_input and self.images_input not in ids:
            msg = f"images_input names {self.images_input}, which is no input"
            raise ValueError(msg)
        if self.model_input and self.model_input not in ids:
            msg = f"model_input names {self.model_input}, which is no input"
            raise ValueError(msg)
        numbers = [each.number for each in self.inspirations]
        if len(set(numbers)) != len(numbers):
            msg = "an inspiration's number stands twice"
            raise ValueError(msg)
        return self


def read_tool(path: Path) -> Tool:
    """Return the tool of one file.

    Raises:
        CatalogueError: The file is not TOML, or says something that cannot be used.
    """
    try:
        with path.open("rb") as file:
            return Tool.model_validate(tomllib.load(file))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.name}: not valid TOML: {error}") from error
    except ValidationError as error:
        raise CatalogueError(f"{path.name}: {_first_problem(error)}") from error


def load_catalogue(folder: Path = FOLDER) -> Mapping[str, Tool]:
    """Return every tool of a folder by its key, in the order of the file names.

    Raises:
        CatalogueError: A file cannot be used, two share a key, or one names another that does not fit.
    """
    tools: dict[str, Tool] = {}
    for path in sorted(folder.glob("*.toml")):
        tool = read_tool(path)
        if tool.key in tools:
            raise CatalogueError(f"{path.name}: another file has the key {tool.key} already")
        tools[tool.key] = tool
    for tool in tools.values():
        other = tools.get(tool.with_model)
        if tool.with_model and (other is None or not other.model_input):
            raise CatalogueError(
                f"{tool.key}: with_model names {tool.with_model}, which is no tool with a model_input"
            )
    return tools


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])
