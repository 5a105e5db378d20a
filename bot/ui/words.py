"""What cards say, sentence by sentence: states, Wiro's steps, reasons, settings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.jobs.refusals import Shut
from bot.model import JobState, Reason
from bot.tools import Note, added_words
from bot.tools import Place as SetIn
from bot.ui.safe import code_span, cut, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.jobs.ports import Place
    from bot.model import Job
    from bot.tools import Tool, ToolInput
    from bot.ui.text import Text

MAX_PAUSE = 200
"""How much of a manager's reason for a pause is kept and shown."""

_REPEATABLE = frozenset(
    {
        Reason.WAITED_TOO_LONG,
        Reason.WIRO_FAILED,
        Reason.WIRO_CANCELLED,
        Reason.LOST,
        Reason.TOOK_TOO_LONG,
        Reason.OUTPUTS_GONE,
        Reason.INTERNAL,
        Reason.OWNER_CANCELLED,
    }
)


def is_repeatable(job: Job) -> bool:
    """Whether the same request may well work when it is tried again."""
    return job.state in {JobState.FAILED, JobState.CANCELLED} and job.reason in _REPEATABLE


def state_word(job: Job, _: Text) -> str:
    """The job's state in a word or two, as lists show it."""
    if job.deleted_at is not None:
        return _("deleted")
    if job.wants_to_stop and not job.state.has_ended:
        return _("stopping")
    return {
        JobState.WAITING: _("in the line"),
        JobState.SUBMITTING: _("starting"),
        JobState.DOUBTFUL: _("starting"),
        JobState.RUNNING: _("running"),
        JobState.DELIVERING: _("arriving"),
        JobState.DONE: _("done"),
        JobState.KEPT: _("kept for you"),
        JobState.FAILED: _("failed"),
        JobState.CANCELLED: _("cancelled"),
    }[job.state]


def status_phrase(status: str, _: Text) -> str:
    """What Wiro is doing, in plain words; unknown steps are work in progress."""
    return {
        "task_queue": _("Waiting for a machine at Wiro"),
        "task_accept": _("A machine has taken it"),
        "task_preprocess_start": _("Preparing the machine"),
        "task_preprocess_end": _("The machine is prepared"),
        "task_assign": _("Loading the model"),
        "task_start": _("Starting to draw"),
        "task_output": _("Drawing"),
        "task_output_full": _("Nearly there"),
        "task_error": _("Drawing"),
        "task_error_full": _("Nearly there"),
        "task_end": _("Saving the images"),
        "task_postprocess_start": _("Saving the images"),
        "task_postprocess_end": _("The images are made"),
    }.get(status, _("Working on it"))


def training_phrase(status: str, _: Text) -> str:
    """What Wiro is doing for a training, likewise."""
    return {
        "task_assign": _("Loading the model to start from"),
        "task_start": _("Starting to train"),
        "task_output": _("Learning from the photos"),
        "task_output_full": _("Nearly there"),
        "task_error": _("Learning from the photos"),
        "task_end": _("Saving the model"),
        "task_postprocess_start": _("Saving the model"),
        "task_postprocess_end": _("The model is trained"),
    }.get(status) or status_phrase(status, _)


def noted(job: Job, note: Note) -> str:
    """What a note of the job says behind its colon; "" when it has none such."""
    lead = f"{note}:"
    return next((each.removeprefix(lead) for each in job.notes if each.startswith(lead)), "")


def why_it_ended(job: Job, _: Text) -> str:
    """Why a job has no images to show, and what to do about it."""
    if job.reason is Reason.MODERATOR_STOPPED:
        told = _("A moderator of this server stopped it.")
        return f"{told}\n{_('Reason:')} {code_span(job.cancel_reason, 200)}" if job.cancel_reason else told
    sentences = {
        Reason.OWNER_CANCELLED: _("It was cancelled, as asked."),
        Reason.NOBODY_SAW_IT: _("Discord did not show it in time, so it was never started."),
        Reason.NO_ACCESS: _("I may no longer write in the channel where it was asked for."),
        Reason.SERVER_LEFT: _("I am no longer in the server where it was asked for."),
        Reason.BLOCKED: _("Moderators of this server have blocked its owner from starting tasks."),
        Reason.MODEL_CLOSED: _("The trained model was deleted, or is no longer shared with its owner here."),
        Reason.PHOTOS_NOT_SENT: _("The photos could not be brought to Wiro."),
        Reason.WAITED_TOO_LONG: _("It waited for a whole day without getting a turn."),
        Reason.WIRO_REFUSED: _("Wiro refused it. Change what it complains about and send it again."),
        Reason.WIRO_FAILED: _("Wiro could not make the images."),
        Reason.WIRO_CANCELLED: _("It was ended at Wiro, and not by anyone here."),
        Reason.LOST: _("Wiro never confirmed that it started, and it could not be found there."),
        Reason.TOOK_TOO_LONG: _("It took far longer than it should, so it was stopped."),
        Reason.OUTPUTS_GONE: _("The images were made, but Wiro no longer had them when they were fetched."),
        Reason.RESTORED: _(
            "My records were restored from a backup from before its end, so I do not know how it ended. "
            "Images that were made are where they were shown."
        ),
        Reason.INTERNAL: _("Something went wrong on my side. It has been noted."),
    }
    if job.images == 0:
        sentences |= {
            Reason.NO_ACCESS: _("I could open no place in which you could follow it. Choose another one."),
            Reason.WIRO_FAILED: _("Wiro could not train the model."),
            Reason.OUTPUTS_GONE: _("Wiro no longer had what was trained when I asked for it."),
        }
    told = _("It ended without images.") if job.reason is None else sentences[job.reason]
    if not job.reason_text:
        return told
    lead = _("Reference:") if job.reason is Reason.INTERNAL else _("In its words:")
    return f"{told}\n{lead} {code_span(job.reason_text, 300)}"


def held_back(place: Place, _: Text) -> str:
    """Why a waiting job may not go for now, and what becomes of it."""
    if place.paused is not None:
        told = _("The managers of this server have paused the line.")
        if place.paused:
            told += f"\n{_('Reason:')} {code_span(place.paused, MAX_PAUSE)}"
    elif place.shut is Shut.BALANCE:
        told = _("The balance at Wiro is used up, and whoever runs me has been told.")
    elif place.shut is Shut.AUTH:
        told = _("Wiro does not take my requests at the moment, and whoever runs me has been told.")
    else:
        told = _("Wiro does not answer at the moment.")
    return f"{told}\n{_('Your task keeps its place and goes on by itself; nothing is lost.')}"


def given_back(job: Job, _: Text) -> str:
    """What the end of a job without images gave back to its owner's quota."""
    if job.quota_kept:
        return _("By this server's rule it counts against your quota all the same.")
    if job.images <= 0:
        return _("The training was given back to your quota.")
    return _.plural(
        "The image was given back to your quota.",
        "All {n} images were given back to your quota.",
        job.images,
    )


def note_sentence(note: str, tool: Tool, _: Text) -> str | None:
    """What the bot changed about a request; None for what needs no saying."""
    if note == Note.SERVER_DEFAULTS:
        return _("What was left out has this server's defaults.")
    if note == Note.WITHIN_LIMITS:
        return _("What was left out is as large as the limits here allow.")
    words = added_words([note], tool)
    if not words:
        return None
    return _("I put {words} in front: the model was trained on these words.", words=code_span(words))


def settings_line(tool: Tool, inputs: Mapping[str, object], _: Text) -> str:
    """All settings but the words and the seed, compactly: "4 images · 512×512 · steps 30"."""
    parts: list[str] = []
    if tool.images_input and tool.images_input in inputs:
        parts.append(_.plural("{n} image", "{n} images", int(str(inputs[tool.images_input]))))
    if "width" in inputs and "height" in inputs:
        parts.append(f"{inputs['width']}×{inputs['height']}")
    for each in tool.inputs:
        is_said = each.id in {tool.images_input, tool.model_input, "width", "height"}
        if each.is_text or each.draw or is_said or each.place is SetIn.FIXED:
            continue
        value = inputs.get(each.id, "")
        if value == "":
            continue
        parts.append(choice_name(each, value) if each.choices else f"{input_name(each)} {value}")
    return " · ".join(cut(plain(part), 60) for part in parts)


def input_name(each: ToolInput) -> str:
    """An input as people call it: "clip skip"."""
    return each.option.replace("_", " ")


def choice_name(each: ToolInput, value: object) -> str:
    """A choice without the ending that all choices of its input share: "EulerDiscrete"."""
    first, *others = (str(choice) for choice in each.choices)
    endings = (first[start:] for start in range(1, len(first)))
    shared = next((end for end in endings if all(other.endswith(end) for other in others)), "")
    if not others or not shared.isalpha() or shared in others:
        return str(value)
    return str(value).removesuffix(shared)
