"""What a training is sent."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import InvalidValue
from bot.tools import Option, load_catalogue
from bot.tools.training import TOOL, training_inputs, trigger_words

TRAINER = load_catalogue()[TOOL]


def sent(*, photos: int = 10, **given: object) -> Any:
    checked = training_inputs(
        TRAINER, {"name": "mira", **given}, photos=photos, suffix="k3f9", draw=lambda low, high: 7
    )
    return checked.inputs


def test_all_forty_inputs_of_the_full_list_are_sent_in_their_types() -> None:
    """The names, and what has to be text, a number or a flag, are those of the tool's full list."""
    inputs = sent()
    assert len(inputs) == 40
    assert inputs["trainModelName"] == "mira-k3f9"
    assert (inputs["resolution"], inputs["seed"], inputs["mixedPrecision"]) == ("512", "7", "fp16")
    assert (inputs["learningRate"], inputs["adamEpsilon"]) == (2e-6, 1e-8)
    assert inputs["withPriorPreservation"] is True
    assert inputs["padTokens"] is False
    assert (inputs["selectedFolder"], inputs["selectedFolderUrl"]) == ("", "")
    assert inputs["saveSamplePrompt"] == inputs["instancePrompt"] == "photo of sks person"


@pytest.mark.parametrize(
    ("photos", "steps", "class_images"), [(5, 800, 50), (12, 1200, 120), (20, 2000, 200), (50, 3000, 200)]
)
def test_steps_and_class_pictures_grow_with_the_photos(photos: int, steps: int, class_images: int) -> None:
    inputs = sent(photos=photos)
    assert (inputs["trainingSteps"], inputs["classImages"]) == (steps, class_images)


def test_what_a_person_sets_goes_before_what_the_photos_suggest() -> None:
    inputs = sent(training_steps="1500", class_images=0, resolution="1024", train_text_encoder="no")
    assert (inputs["trainingSteps"], inputs["classImages"]) == (1500, 0)
    assert inputs["resolution"] == "1024"
    assert inputs["trainTextEncoder"] is False


@pytest.mark.parametrize(
    ("name", "fix"),
    [("Mira im Garten", "`Mira-im-Garten`"), ("mira/2", "`mira-2`"), ("Zoë", "`Zo`"), ("美", "my-model")],
)
def test_a_name_that_wiro_would_refuse_is_refused_with_one_that_would_do(name: str, fix: str) -> None:
    with pytest.raises(InvalidValue, match="`name` takes letters") as refusal:
        sent(name=name)
    assert fix in refusal.value.message


def test_any_reference_model_is_taken_but_one_that_makes_videos() -> None:
    """The page lists a random part of the models; the list of the file is a help, not a rule."""
    assert sent(reference_model="481")["referenceModel"] == "481"
    assert sent(reference_model="wavymulder/portraitplus")["referenceModel"] == "6"
    with pytest.raises(InvalidValue, match="466"):
        sent(reference_model="466")


def test_a_private_reference_model_takes_the_place_of_a_public_one() -> None:
    inputs = sent(reference_model_private="9001")
    assert (inputs["referenceModel"], inputs["referenceModelPrivate"]) == ("", "9001")


def test_the_pages_first_class_set_is_taken_where_the_person_names_none() -> None:
    listed = TRAINER.input("classificationDataSet").model_copy(update={"choices": ("person", "dog")})
    inputs = tuple(listed if each.id == listed.id else each for each in TRAINER.inputs)
    tool = TRAINER.model_copy(update={"inputs": inputs})
    checked = training_inputs(tool, {"name": "m"}, photos=5, suffix="x", draw=lambda low, high: low)
    assert checked.inputs["classificationDataSet"] == "person"
    assert sent()["classificationDataSet"] == ""


def test_trigger_words_are_the_photos_own_and_those_of_the_base() -> None:
    inputs = sent(reference_model="6", instance_prompt="photo of zwx")
    assert trigger_words(TRAINER, inputs) == ("photo of zwx", "portrait+ style")
    assert TRAINER.input("referenceModel").option_of("6") == Option(
        value="6",
        label="wavymulder/portraitplus",
        about="portraits of steady composition",
        trigger_words=("portrait+ style",),
    )
