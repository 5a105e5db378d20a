"""What a person may give, and what Run is sent for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidValue
from bot.tools import ModelInUse, Note, added_words, check, load_catalogue, parse_numbers_line

TOOL = load_catalogue()["portraitplus"]


def draw_7(low: int, high: int) -> int:
    """Stand in for chance."""
    return 7


def problems(**given_values: object) -> tuple[str, ...]:
    with pytest.raises(InvalidValue) as refused:
        check(TOOL, {"prompt": "a fox", **given_values}, draw=draw_7)
    return tuple(refused.value.problems)


def test_a_prompt_alone_takes_the_pages_defaults_and_sends_every_input() -> None:
    checked = check(TOOL, {"prompt": "a fox"}, draw=draw_7)
    assert checked.inputs == {
        "prompt": "portrait+ style a fox",
        "negativePrompt": "painted illustration",
        "samples": 4,
        "steps": 30,
        "scale": "7.5",
        "seed": "7",
        "clipSkip": 4,
        "width": 512,
        "height": 512,
        "scheduler": "EulerDiscreteScheduler",
    }
    assert checked.notes == (Note.SEED_DRAWN, Note.TRIGGER_ADDED)
    assert checked.images == 4


def test_a_prompt_with_the_trigger_is_left_as_it_is() -> None:
    checked = check(TOOL, {"prompt": "Portrait+ Style *a fox*", "seed": 1}, draw=draw_7)
    assert checked.inputs["prompt"] == "Portrait+ Style *a fox*"
    assert checked.notes == ()


def test_a_trained_model_brings_its_own_words_and_nothing_of_the_commands_tool() -> None:
    """Words that the prompt has in any case are not put there twice; which were is known afterwards."""
    tool = load_catalogue()["text-to-image-sd"]
    model = ModelInUse(wiro_id="900", trigger_words=("photo of zwx", "gtav style"))
    checked = check(tool, {"prompt": "GTAV style fox", "seed": 1}, draw=draw_7, model=model)
    assert checked.inputs["selectedModelPrivate"] == "900"
    assert checked.inputs["selectedModel"] == ""
    assert checked.inputs["prompt"] == "photo of zwx, GTAV style fox"
    assert checked.notes == ("trigger_added:photo of zwx",)
    assert added_words(checked.notes, tool) == "photo of zwx"
    assert added_words([Note.SEED_DRAWN, Note.TRIGGER_ADDED], TOOL) == "portrait+ style"
    assert added_words([Note.SEED_DRAWN], TOOL) == ""


@pytest.mark.parametrize("word", ["none", "None", " - ", ""])
def test_none_is_no_negative_prompt(word: str) -> None:
    assert (
        check(TOOL, {"prompt": "a fox", "negative_prompt": word}, draw=draw_7).inputs["negativePrompt"] == ""
    )


@pytest.mark.parametrize("seed", [0, 4294967295, "4294967295"])
def test_the_whole_range_of_seeds_is_sent_as_text(seed: object) -> None:
    assert check(TOOL, {"prompt": "a fox", "seed": seed}, draw=draw_7).inputs["seed"] == str(seed)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"samples": 11}, "`samples` is 11; it goes from 1 to 10."),
        ({"samples": 0}, "`samples` is 0; it goes from 1 to 10."),
        ({"samples": "many"}, "`samples` is `many`, not a whole number. It goes from 1 to 10."),
        ({"samples": 2.5}, "`samples` is `2.5`, not a whole number. It goes from 1 to 10."),
        ({"steps": 151}, "`steps` is 151; it goes from 1 to 150."),
        ({"scale": 30.1}, "`scale` is 30.1; it goes from 0 to 30."),
        ({"scale": "nan"}, "`scale` is `nan`, not a number. It goes from 0 to 30."),
        ({"scale": "inf"}, "`scale` is `inf`, not a number. It goes from 0 to 30."),
        ({"seed": -1}, "`seed` is -1; it goes from 0 to 4294967295."),
        ({"seed": 4294967296}, "`seed` is 4294967296; it goes from 0 to 4294967295."),
        ({"clip_skip": 13}, "`clip_skip` is 13; it goes from 0 to 12."),
        ({"width": 500}, "`width` cannot be 500. The nearest that can be made is 512."),
        ({"prompt": "   "}, "`prompt` is empty. Write a few words."),
        ({"prompt": None}, "`prompt` is needed. Say what it should be."),
        ({"prompt": "x" * 1501}, "`prompt` has 1,501 characters; 1,500 are allowed. Shorten it by 1."),
        ({"wobble": 3}, "`wobble` is not something that Portrait+ takes. Leave it out."),
    ],
    ids=str,
)
def test_a_refusal_names_the_value_the_rule_and_a_fix(value: dict[str, object], sentence: str) -> None:
    assert problems(**value) == (sentence,)


def test_an_unknown_scheduler_is_refused_with_the_list() -> None:
    (sentence,) = problems(scheduler="Fast`er")
    assert sentence.startswith("`scheduler` is `Fastʼer`; choose one of `EulerDiscreteScheduler`, ")


def test_all_wrong_values_are_named_at_once() -> None:
    assert len(problems(samples=99, steps=0, width=1)) == 3


def test_schedulers_are_taken_in_any_case() -> None:
    checked = check(TOOL, {"prompt": "a fox", "scheduler": "ddimscheduler"}, draw=draw_7)
    assert checked.inputs["scheduler"] == "DDIMScheduler"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", {}),
        ("steps 30, scale 7.5", {"steps": "30", "scale": "7.5"}),
        ("Steps: 30 scale=7.5  clip skip 2", {"steps": "30", "scale": "7.5", "clip_skip": "2"}),
        ("samples: 2; size 512x768", {"samples": "2", "width": "512", "height": "768"}),
        ("SIZE 512×768", {"width": "512", "height": "768"}),
        ("scale 7,5 and steps 30,samples 2", {"scale": "7.5", "steps": "30", "samples": "2"}),
        ("steps -3", {"steps": "-3"}),
        ("steps many", {"steps": "many"}),
        ("scheduler DDIMScheduler", {"scheduler": "DDIMScheduler"}),
    ],
)
def test_the_numbers_line_is_read_leniently(line: str, found: dict[str, str]) -> None:
    assert parse_numbers_line(line, TOOL) == found


@pytest.mark.parametrize("line", ["wobble 3", "steps", "30", "steps 30 40", "scale 7 please"])
def test_a_numbers_line_that_cannot_be_read_says_what_is_known(line: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        parse_numbers_line(line, TOOL)
    assert refused.value.problems


@given(
    st.dictionaries(
        st.sampled_from([each.option for each in TOOL.inputs]),
        st.none() | st.text(max_size=40) | st.integers() | st.floats() | st.booleans(),
    )
)
def test_whatever_is_given_is_either_fit_to_send_or_refused_in_words(values: dict[str, object]) -> None:
    try:
        checked = check(TOOL, values, draw=draw_7)
    except InvalidValue as error:
        refusal = error.problems
    else:
        refusal = ()
        assert set(checked.inputs) == {each.id for each in TOOL.inputs}
        assert 1 <= checked.images <= 10
    assert all(sentence.endswith((".", "!")) for sentence in refusal)
