"""The tools that ship, and how a wrong file is refused."""

from pathlib import Path

import pytest

from bot.tools import CatalogueError, Wire, load_catalogue, read_tool

MINIMAL = """
key = "t"
title = "T"
slug = "a/b"
command = "t"
description = "d"
images_input = "n"
expected_run_s = 1
longest_run_s = 2
fallback_price_usd = "0.01"
[[inputs]]
id = "n"
type = "number"
default = 1
help = "h"
"""


def test_portraitplus_has_the_ten_inputs_of_its_page() -> None:
    tool = load_catalogue()["portraitplus"]
    assert [(each.id, each.type, each.default, each.sent_as) for each in tool.inputs] == [
        ("prompt", "textarea", "portrait+ style *Taylor swift*", Wire.STRING),
        ("negativePrompt", "textarea", "painted illustration", Wire.STRING),
        ("samples", "number", 4, Wire.NUMBER),
        ("steps", "number", 30, Wire.NUMBER),
        ("scale", "float", 7.5, Wire.STRING),
        ("seed", "number", 123456, Wire.STRING),
        ("clipSkip", "number", 4, Wire.NUMBER),
        ("width", "number", 512, Wire.NUMBER),
        ("height", "number", 512, Wire.NUMBER),
        ("scheduler", "select", "EulerDiscreteScheduler", Wire.STRING),
    ]


def test_options_are_named_as_the_contract_says() -> None:
    options = [each.option for each in load_catalogue()["portraitplus"].inputs]
    assert options == [
        *("prompt", "negative_prompt", "samples", "steps", "scale"),
        *("seed", "clip_skip", "width", "height", "scheduler"),
    ]


def test_the_seven_distinct_schedulers_are_offered() -> None:
    choices = load_catalogue()["portraitplus"].input("scheduler").choices
    assert len(choices) == len(set(choices)) == 7


def test_twelve_inspirations_with_the_pages_negative_prompts() -> None:
    """Three "painted illustration", the fourth and fifth none, seven "illustration, painted"."""
    ideas = load_catalogue()["portraitplus"].inspirations
    assert [idea.number for idea in ideas] == list(range(1, 13))
    assert [idea.negative_prompt for idea in ideas] == ["painted illustration"] * 3 + [""] * 2 + [
        "illustration, painted"
    ] * 7
    assert [idea.number for idea in ideas if idea.names_real_person] == [1, 3]
    assert all("portrait+ style" in idea.prompt and idea.prompt.endswith("*") for idea in ideas)


def test_portraits_with_a_trained_model_take_the_same_options() -> None:
    """What a member gives `/portrait` means the same with a model; the tool has no command of its own."""
    tools = load_catalogue()
    portrait, trained = tools["portraitplus"], tools[tools["portraitplus"].with_model]
    assert trained.command == ""
    assert [each.id for each in trained.inputs[:2]] == ["selectedModel", "selectedModelPrivate"]
    for mine, theirs in zip(portrait.inputs, trained.inputs[2:], strict=True):
        own = {"default"} if mine.id == "prompt" else set()
        assert mine.model_dump(exclude=own) == theirs.model_dump(exclude=own)


def test_the_smallest_file_that_loads(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(MINIMAL)
    assert read_tool(path).input("n").default == 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('type = "number"', 'type = "hologram"', "t.toml: inputs.0.type: Input should be 'text'"),
        ("key =", "kee =", "Field required"),
        ('images_input = "n"', 'images_input = "m"', "images_input names m"),
        ('help = "h"', 'help = "h"\nwobble = 3', "inputs.0.wobble: Extra inputs"),
        ('type = "number"', 'type = "select"', "n: a select needs choices"),
        ('help = "h"', 'help = "h"\nchoices = [1, 1]', "a choice stands twice"),
        ('help = "h"', 'help = "h"\nchoices = [2, 3]', "the default 1 is not one of the choices"),
        ('help = "h"', 'help = "h"\ndraw = true', "a drawn input is a whole number"),
        ('help = "h"', 'help = "h"\ndiscord_maximum = 3', "over the discord_maximum of 3"),
        ('help = "h"', 'help = "h"\nmaximum = 4\ndiscord_maximum = 3', "over the discord_maximum of 3"),
        ('images_input = "n"', 'model_input = "m"', "model_input names m, which is no input"),
        ('title = "T"', "title = ", "not valid TOML"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(MINIMAL.replace(old, new))
    with pytest.raises(CatalogueError) as refused:
        read_tool(path)
    assert complaint in str(refused.value)
    assert "t.toml" in str(refused.value)


def test_two_files_with_one_key_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(MINIMAL)
    (tmp_path / "b.toml").write_text(MINIMAL)
    with pytest.raises(CatalogueError, match=r"b\.toml: another file has the key t already"):
        load_catalogue(tmp_path)


def test_a_tool_in_the_place_of_another_has_to_take_a_model(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(MINIMAL.replace('title = "T"', 'title = "T"\nwith_model = "t"'))
    with pytest.raises(CatalogueError, match="t: with_model names t, which is no tool with a model_input"):
        load_catalogue(tmp_path)
