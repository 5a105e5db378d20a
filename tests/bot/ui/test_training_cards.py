"""The card of a training: what it says in each state, and what it never shows in the open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.model import CancelBy, Job, JobState, Progress, Reason
from bot.tools import Note
from bot.ui.cards import CardFacts, job_card
from bot.ui.moderating import task_panel
from bot.ui.panels import place_of, summary_of, task_details, task_list
from bot.ui.text import text_for
from tests.support.cards import all_of, buttons_of, check_limits, words_of
from tests.support.jobs import NOW, TRAINER, a_training

_ = text_for("en-US")


def drawn(job: Job, **facts: Any) -> Any:
    view = job_card(job, TRAINER, _, CardFacts(**facts))
    check_limits(view)
    return view


@pytest.mark.parametrize(
    ("job", "facts", "says"),
    [
        (a_training(), {}, "The photos are being brought to Wiro."),
        (
            a_training(),
            {"progress": Progress(status="uploading", step=3, steps=9)},
            "▰▰▰▰▱▱▱▱▱▱▱▱ 3 of 9 photos",
        ),
        (a_training(preparing=False), {}, "Training in the line"),
        (
            a_training(JobState.RUNNING, started_at=NOW),
            {"progress": Progress(status="task_output", percent=25, expected_end=NOW + timedelta(hours=1))},
            "Learning from the photos\n▰▰▰▱▱▱▱▱▱▱▱▱ 25 %",
        ),
        (a_training(JobState.DELIVERING), {}, "The model is trained. I am fetching"),
        (a_training(JobState.DELIVERING), {"is_result": True}, "### The model is trained"),
        (a_training(JobState.DONE), {}, "### The model is trained"),
        (a_training(JobState.FAILED, reason=Reason.WIRO_FAILED, preparing=False), {}, "could not train"),
        (
            a_training(JobState.CANCELLED, reason=Reason.OWNER_CANCELLED, preparing=True),
            {},
            "The training was given back to your quota.\n`/train` shows your photos again",
        ),
    ],
)
def test_a_card_says_how_far_the_training_is(job: Job, facts: dict[str, Any], says: str) -> None:
    assert says in words_of(drawn(job, **facts))


@pytest.mark.parametrize("state", list(JobState))
def test_the_models_name_is_read_only_where_its_owner_allows_it(state: JobState) -> None:
    ended = {"reason": Reason.WIRO_FAILED} if state in {JobState.FAILED, JobState.CANCELLED} else {}
    assert "anna" not in str(all_of(drawn(a_training(state, **ended))))


@pytest.mark.parametrize("note", [Note.NAME_SHOWN, Note.IN_DM])
def test_a_name_that_may_be_read_is_shown_without_its_suffix(note: Note) -> None:
    assert "**`anna`**" in words_of(drawn(a_training(JobState.DONE, notes=("photos:9", note))))


def test_a_running_training_has_a_stop_and_a_trained_one_makes_a_portrait() -> None:
    assert buttons_of(drawn(a_training(JobState.RUNNING))) == {"Stop": "at:cancel:4F7K"}
    stopping = a_training(JobState.RUNNING, cancel_by=CancelBy.OWNER)
    assert buttons_of(drawn(stopping)) == {}
    assert buttons_of(drawn(a_training(JobState.DONE))) == {"Make a portrait": "at:model_use:4F7K"}


def test_samples_are_shown_where_wiro_made_some() -> None:
    shown = drawn(a_training(JobState.DELIVERING), files=("atelier-4F7K-1.png",), is_result=True)
    [gallery] = [each for each in all_of(shown) if each["type"] == 12]
    assert [item["media"]["url"] for item in gallery["items"]] == ["attachment://atelier-4F7K-1.png"]


def test_details_tell_the_models_name_to_its_owner_alone() -> None:
    """Nor does the number of a model to start from mean anything to others."""
    job = a_training(JobState.RUNNING)
    job = replace(job, inputs={**job.inputs, "referenceModelPrivate": "900"})
    owner, other = (
        words_of(task_details(job, TRAINER, _, with_cost=False, is_owner=is_owner))
        for is_owner in (True, False)
    )
    assert "called `anna`" in owner
    assert "anna" not in other
    assert "900`" not in other.replace("training steps `900`", "")


def test_a_moderator_sees_what_matters_of_a_training_and_no_empty_words() -> None:
    shown = words_of(task_panel(a_training(JobState.RUNNING), TRAINER, _))
    assert "```" not in shown
    assert "training steps 900" in shown
    assert "adam" not in shown


def test_lists_call_a_training_a_training_and_offer_no_edit() -> None:
    """A form for images is of no use to it, and in a direct message its place is not the server's."""
    done = a_training(JobState.DONE, notes=("photos:9", Note.IN_DM))
    assert "`a training`" not in (listed := words_of(task_list([done], _)))
    assert "a training" in listed
    assert summary_of(done, TRAINER, _) == "#4F7K done · Dreambooth training"
    assert "Edit" not in buttons_of(task_details(done, TRAINER, _, with_cost=True, is_owner=True))
    assert place_of(done).startswith("https://discord.com/channels/@me/")
