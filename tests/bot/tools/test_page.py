"""What a tool's page at Wiro changes of its file, and what it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import InvalidValue
from bot.tools import Narrowed, Tool, ToolInput, check, load_catalogue, narrowed
from bot.tools.page import LARGEST_EXACT
from bot.wiro import InputOption, InputSpec, ToolPage

TOOL = load_catalogue()["portraitplus"]


def page(*inputs: InputSpec) -> ToolPage:
    return ToolPage(slug_owner="wavymulder", slug_project="portraitplus", inputs=inputs)


def spec(wiro_id: str, kind: str = "number", *options: str, **said: Any) -> InputSpec:
    listed = tuple(InputOption(value=value, label=value) for value in options)
    return InputSpec(id=wiro_id, type=kind, options=listed, **said)


def after(*inputs: InputSpec) -> Narrowed:
    return narrowed(TOOL, page(*inputs))


def one(*inputs: InputSpec) -> ToolInput:
    found = after(*inputs)
    assert found.ignored == ()
    return found.tool.input(inputs[0].id)


def fit(tool: Tool, **given: Any) -> Any:
    return check(tool, {"prompt": "a fox", **given}, draw=lambda low, _: low).inputs


def test_a_page_that_states_nothing_changes_nothing() -> None:
    silent = [spec(each.id, "text" if each.draw else each.type, default="other") for each in TOOL.inputs]
    assert after(*silent) == Narrowed(TOOL)
    assert after() == Narrowed(TOOL)


@pytest.mark.parametrize(
    ("said", "minimum", "maximum"),
    [
        ({"minimum": 10, "maximum": 60}, 10, 60),
        ({"maximum": 300.0}, 1, 300),
        ({"minimum": 0}, 0, 150),
        ({"minimum": 1.2, "maximum": 59.9}, 2, 59),
        ({"maximum": 1e300}, 1, LARGEST_EXACT),
    ],
)
def test_a_range_is_narrowed_and_extended(said: dict[str, Any], minimum: int, maximum: int) -> None:
    steps = one(spec("steps", **said))
    assert (steps.minimum, steps.maximum, steps.default) == (minimum, maximum, 30)
    assert isinstance(steps.maximum, int)


def test_what_nobody_sets_is_not_the_pages_to_change() -> None:
    """The page of text-to-image-sd lists every model of the account."""
    tool = load_catalogue()["text-to-image-sd"]
    listed = page(spec("selectedModelPrivate", "select", "900", "901"), spec("selectedModel", "select", "6"))
    assert narrowed(tool, listed) == Narrowed(tool)


def test_refusals_name_the_pages_range() -> None:
    tool = after(spec("steps", maximum=60)).tool
    with pytest.raises(InvalidValue, match="`steps` is 100; it goes from 1 to 60"):
        fit(tool, steps=100)
    assert fit(after(spec("steps", maximum=300)).tool, steps=200)["steps"] == 200


def test_a_float_keeps_its_fractions() -> None:
    scale = one(spec("scale", "float", minimum=0.5, maximum=20.0))
    assert (scale.minimum, str(scale.maximum), scale.default) == (0.5, "20", 7.5)


@pytest.mark.parametrize("said", [spec("samples", maximum=64), spec("samples", "select", "1", "10", "16")])
def test_what_discord_limits_is_never_widened(said: InputSpec) -> None:
    assert one(said).maximum == 10


def test_what_discord_limits_can_be_narrowed() -> None:
    tool = after(spec("samples", "range", maximum=4)).tool
    with pytest.raises(InvalidValue, match="`samples` is 5; it goes from 1 to 4"):
        fit(tool, samples=5)


@pytest.mark.parametrize(
    ("said", "default"),
    [
        (spec("samples", maximum=2), 2),
        (spec("samples", maximum=3, default="1"), 1),
        (spec("samples", maximum=3, default="9"), 3),
        (spec("samples", maximum=3, default="many"), 3),
        (spec("samples", minimum=6), 6),
        (spec("samples", default="1"), 4),
        (spec("samples", "select", "1", "3", "8"), 3),
        (spec("width", maximum=400), 384),
        (spec("width", maximum=400, default="320"), 320),
        (spec("scheduler", "select", "A", "B"), "A"),
        (spec("scheduler", "select", "A", "B", default="B"), "B"),
        (spec("scheduler", "select", "A", "EulerDiscreteScheduler", default="A"), "EulerDiscreteScheduler"),
    ],
)
def test_the_default_that_people_were_told_stays_while_it_is_allowed(said: InputSpec, default: Any) -> None:
    tool = after(said).tool
    assert tool.input(said.id).default == default
    assert fit(tool)[said.id] == default


def test_a_list_of_options_is_the_pages_once_each_in_its_order() -> None:
    scheduler = one(spec("scheduler", "select", "New", "EulerDiscreteScheduler", "New", " ", "PNDMScheduler"))
    assert scheduler.choices == ("New", "EulerDiscreteScheduler", "PNDMScheduler")


def test_sizes_are_those_of_the_file_within_the_pages_range() -> None:
    tool = after(spec("width", minimum=500, maximum=800)).tool
    assert tool.input("width").choices == (512, 576, 640, 704, 768)
    with pytest.raises(InvalidValue, match=r"`width` cannot be 1024\. The nearest that can be made is 768"):
        fit(tool, width=1024)


def test_sizes_that_the_page_lists_are_taken_as_numbers() -> None:
    tool = after(spec("width", "select", "512", "1536", "wide")).tool
    assert tool.input("width").choices == (512, 1536)
    assert fit(tool, width="1536")["width"] == 1536


def test_a_drawn_seed_stays_within_the_pages_range() -> None:
    assert one(spec("seed", "number", minimum=5, maximum=2.0**64)).maximum == LARGEST_EXACT
    assert fit(after(spec("seed", "number", minimum=5)).tool)["seed"] == "5"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (spec("steps", minimum=60, maximum=10), "steps: the range from 60 to 10 is empty"),
        (spec("steps", minimum=151), "steps: the range from 151 to 150 is empty"),
        (spec("steps", minimum=1.2, maximum=1.8), "steps: the range from 2 to 1 is empty"),
        (spec("steps", maximum=float("inf")), "steps: a bound of the page is not a number"),
        (spec("samples", minimum=11, maximum=20), "samples: the range from 11 to 10 is empty"),
        (spec("samples", minimum=0), "samples: the page lets a run make no image"),
        (spec("samples", "select", "0", "1"), "samples: the page lets a run make no image"),
        (spec("samples", "select", "16", "x"), "samples: none of the page's options is a whole number"),
        (spec("width", minimum=2048), "width: the range from 2048 to None leaves none of the choices"),
        (spec("seed", "text", maximum=9), "seed: the page gives a range to a text, and here it is a number"),
        (spec("prompt", "textarea", maximum=9), "prompt: the page gives a range to a textarea"),
        (spec("scheduler", "number", maximum=9), "scheduler: the page gives a range to a number"),
        (spec("steps", "number", "1", "2"), "steps: the page lists options for a number"),
        (spec("prompt", "select", "a"), "prompt: the page lists options, and here it is a textarea"),
        (spec("scheduler", "select", "x" * 101), "scheduler: every option of the page is longer"),
        (spec("strength"), "inputs that the tool's file does not have: strength"),
    ],
)
def test_nonsense_is_left_aside_with_a_reason(said: InputSpec, reason: str) -> None:
    found = after(said, spec("clipSkip", maximum=2))
    assert len(found.ignored) == 1
    assert found.ignored[0].startswith(reason)
    if said.id != "strength":
        assert found.tool.input(said.id) == TOOL.input(said.id)
    assert found.tool.input("clipSkip").maximum == 2, "the other inputs are followed all the same"


def test_a_long_list_of_options_is_not_read_out_whole() -> None:
    tool = after(spec("scheduler", "select", *(f"S{number}" for number in range(500)))).tool
    with pytest.raises(InvalidValue, match="and 480 others") as caught:
        fit(tool, scheduler="nope")
    assert len(str(caught.value)) < 400


def test_an_open_list_follows_the_page_without_what_is_never_offered() -> None:
    trainer = load_catalogue()["train-dreambooth-sd"]
    said = InputSpec(
        id="referenceModel",
        type="select",
        options=(
            InputOption(value="466", label="a video model"),
            InputOption(value="481", label="Realistic Vision", about="photographs", trigger_words=("rv",)),
            InputOption(value="6", label="wavymulder/portraitplus"),
        ),
    )
    found = narrowed(trainer, page(said)).tool.input("referenceModel")
    assert found.choices == ("481", "6")
    assert found.options[0].about == "photographs"
    assert found.options[1].trigger_words == ("portrait+ style",)  # the page says none, the file does
    assert found.default == "481"
