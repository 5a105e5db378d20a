"""What a training is sent: a person's values, checked, and what depends on the photos filled in. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.errors import InvalidValue
from bot.tools.inputs import Checked, check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.tools.catalogue import Tool, ToolInput

TOOL = "train-dreambooth-sd"
"""Key of the tool that trains."""

NAME = "trainModelName"
FOLDER = "selectedFolder"
ARCHIVE_URL = "selectedFolderUrl"

STEPS_A_PHOTO, LEAST_STEPS, MOST_STEPS = 100, 800, 3000
CLASS_IMAGES_A_PHOTO, LEAST_CLASS_IMAGES, MOST_CLASS_IMAGES = 10, 50, 200

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def training_inputs(
    tool: Tool,
    given: Mapping[str, object],
    *,
    photos: int,
    suffix: str,
    draw: Callable[[int, int], int],
) -> Checked:
    """Every input of the training but where its photos are, as Run is to be sent it.

    Args:
        tool: The tool that trains.
        given: Values by option name; what is missing or None takes a default fit for the number of photos.
        photos: How many there are.
        suffix: Makes the model's name one that nobody has; the same over all attempts of one training.
        draw: Returns a whole number between its arguments, both included.

    Raises:
        InvalidValue: One or more values cannot be used; it names each, its rule and a fix.
    """
    checked = check(tool, given, draw=draw)
    name = str(checked.inputs[NAME])
    check_name(name, tool.input(NAME).option)
    values = dict(checked.inputs)
    filled: dict[str, Any] = {
        "trainingSteps": _between(LEAST_STEPS, STEPS_A_PHOTO * photos, MOST_STEPS),
        "classImages": _between(LEAST_CLASS_IMAGES, CLASS_IMAGES_A_PHOTO * photos, MOST_CLASS_IMAGES),
        "saveSamplePrompt": values["instancePrompt"],
        "classificationDataSet": _first_choice(tool.input("classificationDataSet")),
    }
    values |= {wiro_id: value for wiro_id, value in filled.items() if values[wiro_id] == ""}
    if values["referenceModelPrivate"]:  # one base, not two
        values["referenceModel"] = ""
    return replace(checked, inputs=values | {NAME: f"{name}-{suffix}"})


def check_name(name: str, option: str = "name") -> None:
    """Return when a model may be called so.

    Raises:
        InvalidValue: It has other characters; it says which name would do.
    """
    if _NAME.fullmatch(name):
        return
    fitting = re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-")
    fix = f"Write `{fitting}`." if fitting else "Write something like `my-model`."
    raise InvalidValue(f"`{option}` takes letters without accents, digits, `-`, `_` and dots. {fix}")


def trigger_words(tool: Tool, inputs: Mapping[str, object]) -> tuple[str, ...]:
    """The words that call up a trained model: what stood for the photos, then those of its base."""
    base = tool.input("referenceModel").option_of(inputs.get("referenceModel", ""))
    own = str(inputs.get("instancePrompt", "")).strip()
    return tuple(dict.fromkeys(filter(None, (own, *(base.trigger_words if base else ())))))


def _between(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))


def _first_choice(each: ToolInput) -> str | int:
    return each.choices[0] if each.choices else ""
