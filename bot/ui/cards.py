"""The card of a job, its one message: a pure function of the job and what is known around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.jobs.ports import Way
from bot.model import JobState
from bot.tools import Note
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import Accent, button, card, message_link, small, text
from bot.ui.safe import alt_text, bar, code_block, code_span
from bot.ui.text import moment, relative
from bot.ui.words import (
    given_back,
    held_back,
    is_repeatable,
    note_sentence,
    noted,
    settings_line,
    status_phrase,
    training_phrase,
    why_it_ended,
)

if TYPE_CHECKING:
    from datetime import datetime

    from bot.jobs.ports import Place
    from bot.model import Job, Progress
    from bot.tools import Tool
    from bot.ui.text import Text

MAX_NEGATIVE = 200
"""How much of a negative prompt a card shows."""
ANY_MOMENT = timedelta(seconds=5)
"""A start that is nearer than this would be over before it is read."""
_FAREWELL_STATES = frozenset(
    {JobState.WAITING, JobState.SUBMITTING, JobState.DOUBTFUL, JobState.RUNNING, JobState.DELIVERING}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left of a member's images of today."""

    left: int
    cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What a card says beyond the job itself."""

    progress: Progress | None = None
    place: Place | None = None
    files: tuple[str, ...] = ()
    """Names of the uploaded images, in order."""
    reencoded: bool = False
    """At least one was made smaller to fit Discord's limit."""
    left: Left | None = None
    way: Way = Way.CARD
    """By which way this message reaches the owner."""
    farewell: bool = False
    """A private card that Discord will not let the bot edit much longer."""
    shared: bool = False
    """The public copy of a private result."""
    is_result: bool = False
    """It is the finished card, whether or not there are files: a training may have none."""


def job_card(job: Job, tool: Tool, _: Text, facts: CardFacts | None = None) -> ui.LayoutView:
    """The card as it should look now, ready to be sent, stopped."""
    facts = facts or CardFacts()
    if job.deleted_at is not None:
        return _deleted(job, _)
    return (_training if tool.is_training else _portrait)(job, tool, _, facts)


def _portrait(job: Job, tool: Tool, _: Text, facts: CardFacts) -> ui.LayoutView:
    """A job that makes images."""
    if not job.state.has_ended and not (job.state is JobState.DELIVERING and facts.files):
        return _unfinished(job, tool, _, facts)
    if facts.files:
        return _done(job, tool, _, facts)
    if job.state is JobState.KEPT:
        return _kept(job, tool, _)
    if job.state is JobState.DONE:
        return _done_elsewhere(job, tool, _)
    return _ended(job, tool, _)


def _heading(title: str, job: Job, _: Text) -> ui.TextDisplay[Any]:
    return text(f"### {title} · `#{job.code}`", _("for {member}", member=f"<@{job.user_id}>"))


def _request(job: Job, tool: Tool, _: Text) -> tuple[ui.TextDisplay[Any], ...]:
    """The words in a code block and, apart from it, the settings in one line."""
    negative = str(job.inputs.get("negativePrompt", ""))
    without = _("without {words}", words=code_span(negative, MAX_NEGATIVE)) if negative else ""
    settings = text(small(settings_line(tool, job.inputs, _)), small(without))
    return (text(code_block(job.prompt)), settings)


def _unfinished(job: Job, tool: Tool, _: Text, facts: CardFacts) -> ui.LayoutView:
    waiting = job.state is JobState.WAITING
    title = _("In the line") if waiting else _("At work")
    if job.wants_to_stop:
        title = _("Stopping")
    lines = _waiting_lines(job, _, facts) if waiting else _running_lines(job, _, facts)
    cancel = button(_("Cancel"), ButtonId(Verb.CANCEL, job.code), discord.ButtonStyle.danger)
    return card(
        Accent.WAITING if waiting else Accent.RUNNING,
        _heading(title, job, _),
        text(*lines),
        text(_farewell(job, _)) if facts.farewell and job.private and job.state in _FAREWELL_STATES else None,
        *_request(job, tool, _),
        buttons=() if job.wants_to_stop else (cancel,),
    )


def _waiting_lines(job: Job, _: Text, facts: CardFacts) -> list[str]:
    place = facts.place
    if job.wants_to_stop:
        return [_("It is being taken out of the line.")]
    if place is not None and (place.paused is not None or place.shut is not None):
        return [held_back(place, _)]
    if place is None:
        lines = [_("Your turn comes as soon as Wiro has room.")]
    elif place.ahead <= 0:
        lines = [_("You are next.")]
    else:
        lines = [_.plural("{n} task goes before yours.", "{n} tasks go before yours.", place.ahead)]
    if place is not None and place.expected_start is not None:
        soon = place.expected_start - place.as_of < ANY_MOMENT
        start = _("It should start {when}.", when=relative(place.expected_start))
        lines.append(_("It should start any moment.") if soon else start)
    if place is not None and place.ahead > 0:
        lines.append(small(_("as of {when}", when=relative(place.as_of))))
    return lines


def _running_lines(job: Job, _: Text, facts: CardFacts) -> list[str]:
    progress = facts.progress
    if job.wants_to_stop:
        return [_("I have asked Wiro to stop. What is finished by then is finished.")]
    if job.state is JobState.DELIVERING:
        return [_("The images are made and on their way."), f"{bar(1.0)} 100 %"]
    if job.state is JobState.DOUBTFUL:
        return [_("Wiro has not confirmed the start yet. I am looking for it there; nothing is paid twice.")]
    status = progress.status if progress is not None else (job.wiro_status or "")
    phrase = training_phrase if job.images == 0 else status_phrase
    lines = [phrase(status, _) if status else _("Handing it to Wiro")]
    measured = _measured(progress, _)
    if measured:
        lines.append(measured)
    times = []
    begun = job.started_at or job.submitted_at
    if begun is not None:
        times.append(_("begun {when}", when=relative(begun)))
    if progress is not None and progress.expected_end is not None:
        times.append(_("expected {when}", when=relative(progress.expected_end)))
    if times:
        lines.append(small(" · ".join(times)))
    return lines


def _measured(progress: Progress | None, _: Text) -> str:
    """The bar with percent and step, as far as they are known."""
    if progress is None:
        return ""
    percent, step, steps = progress.percent, progress.step, progress.steps
    if percent is None and step is not None and steps:
        percent = round(100 * step / steps)
    if percent is None:
        return ""
    percent = min(100, max(0, percent))
    line = f"{bar(percent / 100)} {percent} %"
    if step is not None and steps:
        line += " · " + _("step {step}/{steps}", step=step, steps=steps)
    return line


def _farewell(job: Job, _: Text) -> str:
    return _(
        "Discord does not let me update this private card much longer. The result will come as a direct "
        "message; if yours are closed, fetch it with `/tasks show` and {code}.",
        code=code_span(job.code),
    )


def _done(job: Job, tool: Tool, _: Text, facts: CardFacts) -> ui.LayoutView:
    described = alt_text(job.prompt) or tool.title
    gallery: ui.MediaGallery[Any] = ui.MediaGallery(
        *(discord.MediaGalleryItem(f"attachment://{name}", description=described) for name in facts.files)
    )
    title = _.plural("{n} image", "{n} images", len(facts.files))
    return card(
        Accent.DONE,
        _heading(title, job, _),
        gallery,
        *_request(job, tool, _),
        text(small(" · ".join(_result_facts(job, _, facts))), *_remarks(job, tool, _, facts)),
        buttons=_done_buttons(job, _, facts),
    )


def _result_facts(job: Job, _: Text, facts: CardFacts) -> list[str]:
    parts = []
    if job.seed:
        drawn = Note.SEED_DRAWN in job.notes
        said = _("seed {seed}, drawn for you") if drawn else _("seed {seed}")
        parts.append(said.format(seed=code_span(job.seed)))
    took_s = run_time_s(job)
    if took_s is not None:
        parts.append(_("took {time}", time=_.duration(took_s)))
    if facts.left is not None and not facts.shared:
        parts.append(
            _(
                "{left} of {cap} images left today",
                left=_.number(facts.left.left),
                cap=_.number(facts.left.cap),
            )
        )
    if job.parent_code:
        parts.append(_("after {code}", code=f"`#{job.parent_code}`"))
    return parts


def _remarks(job: Job, tool: Tool, _: Text, facts: CardFacts) -> list[str]:
    remarks = [note_sentence(each, tool, _) for each in job.notes]
    if len(facts.files) < job.images:
        remarks.append(
            _(
                "Wiro made {made} of {asked}; the rest was not counted.",
                made=len(facts.files),
                asked=job.images,
            )
        )
    if facts.reencoded:
        remarks.append(_("Saved in a smaller format, because the originals are over Discord's size limit."))
    if job.wants_to_stop:
        remarks.append(_("It was finished before it could be stopped."))
    if facts.shared:
        remarks.append(_("Shared by {member}.", member=f"<@{job.user_id}>"))
    elif job.shared_message_id is not None:
        url = message_link(job.guild_id, job.channel_id, job.shared_message_id)
        remarks.append(_("You shared it: {url}", url=url))
    if facts.way is Way.DM and not job.private:
        remarks.append(_("I could not put this into the channel where you asked for it."))
    return [small(remark) for remark in remarks if remark]


def _done_buttons(job: Job, _: Text, facts: CardFacts) -> list[ui.Button[Any]]:
    buttons = []
    if facts.way is not Way.DM:  # commands run in servers only
        buttons.append(
            button(_("Again"), ButtonId(Verb.AGAIN, job.code), discord.ButtonStyle.primary, emoji="🎲")
        )
        buttons.append(button(_("Edit"), ButtonId(Verb.EDIT, job.code), emoji="✏️"))
        if job.private and not facts.shared and job.shared_message_id is None:
            buttons.append(button(_("Share"), ButtonId(Verb.SHARE, job.code), emoji="📣"))
    buttons.append(button(_("Delete"), ButtonId(Verb.DELETE, job.code), emoji="🗑️"))
    return buttons


def _kept(job: Job, tool: Tool, _: Text) -> ui.LayoutView:
    until = job.kept_until
    command = _("Fetch them with `/tasks show` and {code}, then Deliver here.", code=code_span(job.code))
    return card(
        Accent.DONE,
        _heading(_("Finished, and kept for you"), job, _),
        text(
            _("The images are made, but I could not show them to you."),
            command,
            _("They are kept until {when}.", when=moment(until)) if until is not None else "",
        ),
        *_request(job, tool, _),
        buttons=(button(_("Deliver here"), ButtonId(Verb.HERE, job.code), discord.ButtonStyle.primary),),
    )


def _done_elsewhere(job: Job, tool: Tool, _: Text) -> ui.LayoutView:
    """The card of a job whose images are in another message."""
    where = ""
    if job.result_message_id is not None and job.result_channel_id is not None:
        in_server = job.guild_id if job.result_channel_id == job.channel_id else 0
        where = message_link(in_server, job.result_channel_id, job.result_message_id)
    return card(
        Accent.DONE,
        _heading(_("Finished"), job, _),
        text(_("The images are in another message."), where),
        *_request(job, tool, _),
    )


def _ended(job: Job, tool: Tool, _: Text) -> ui.LayoutView:
    cancelled = job.state is JobState.CANCELLED
    again = button(_("Try again"), ButtonId(Verb.TRY_AGAIN, job.code), discord.ButtonStyle.primary)
    edit = button(_("Edit"), ButtonId(Verb.EDIT, job.code))
    return card(
        Accent.QUIET if cancelled else Accent.FAILED,
        _heading(_("Cancelled") if cancelled else _("It did not work"), job, _),
        text(why_it_ended(job, _), given_back(job, _)),
        *_request(job, tool, _),
        buttons=(again, edit) if is_repeatable(job) else (edit,),
    )


def _deleted(job: Job, _: Text) -> ui.LayoutView:
    return card(
        Accent.QUIET,
        _heading(_("Deleted"), job, _),
        text(
            _("The images were deleted here and at Wiro."),
            small(_("deleted {when}", when=moment(job.deleted_at))) if job.deleted_at else "",
        ),
    )


def _training(job: Job, tool: Tool, _: Text, facts: CardFacts) -> ui.LayoutView:
    """A training from its photos to its model. Neither photos nor names, but for what its owner allows."""
    if facts.is_result or job.state in {JobState.DONE, JobState.KEPT}:
        return _trained(job, _, facts)
    if job.state.has_ended:
        return _training_ended(job, _)
    preparing = job.state is JobState.WAITING and job.preparing
    waiting = job.state is JobState.WAITING and not preparing
    title = _("Training in the line") if waiting else _("Training")
    if job.wants_to_stop:
        title = _("Stopping")
    if job.wants_to_stop and job.state is JobState.WAITING:
        lines = [_("Nothing is trained, and nothing will be charged.")]
    elif preparing:
        lines = _photo_lines(_, facts)
    else:
        lines = _waiting_lines(job, _, facts) if waiting else _training_lines(job, _, facts)
    stop = button(_("Stop"), ButtonId(Verb.CANCEL, job.code), discord.ButtonStyle.danger)
    return card(
        Accent.WAITING if waiting else Accent.RUNNING,
        _heading(title, job, _),
        text(*lines),
        text(*_training_facts(job, tool, _)),
        buttons=() if job.wants_to_stop else (stop,),
    )


def _photo_lines(_: Text, facts: CardFacts) -> list[str]:
    """How many of the photos are at Wiro."""
    lines = [_("The photos are being brought to Wiro.")]
    progress = facts.progress
    if progress is not None and progress.step is not None and progress.steps:
        counted = _("{n} of {of} photos", n=progress.step, of=progress.steps)
        lines.append(f"{bar(progress.step / progress.steps)} {counted}")
    return lines


def _training_lines(job: Job, _: Text, facts: CardFacts) -> list[str]:
    if job.wants_to_stop:
        return [_("I have asked Wiro to stop.")]
    if job.state is JobState.DELIVERING:
        return [_("The model is trained. I am fetching what Wiro says of it."), f"{bar(1.0)} 100 %"]
    return _running_lines(job, _, facts)


def _training_facts(job: Job, tool: Tool, _: Text) -> list[str]:
    """On what it is trained; its name only where its owner allows."""
    parts = []
    photos = noted(job, Note.PHOTOS)
    if photos:
        parts.append(_.plural("{n} photo", "{n} photos", int(photos)))
    if (steps := job.inputs.get("trainingSteps")) not in {None, ""}:
        parts.append(_("{n} steps", n=_.number(int(str(steps)))))
    base = tool.input("referenceModel").option_of(job.inputs.get("referenceModel", ""))
    if base is not None and base.label:
        parts.append(_("from {base}", base=code_span(base.label)))
    return [_name_line(job, _), small(" · ".join(parts))]


def _name_line(job: Job, _: Text) -> str:
    if not {Note.NAME_SHOWN, Note.IN_DM} & set(job.notes):
        return ""
    return f"**{code_span(model_name(job))}**"


def model_name(job: Job) -> str:
    """What the model of a training is to be called here; at Wiro it has a suffix."""
    name = str(job.inputs.get("trainModelName", ""))
    return name.rpartition("-")[0] or name


def _trained(job: Job, _: Text, facts: CardFacts) -> ui.LayoutView:
    use = button(
        _("Make a portrait"), ButtonId(Verb.MODEL_USE, job.code), discord.ButtonStyle.primary, emoji="🎨"
    )
    samples: ui.MediaGallery[Any] | None = None
    if facts.files:
        described = _("A sample that Wiro made with the new model")
        samples = ui.MediaGallery(
            *(discord.MediaGalleryItem(f"attachment://{name}", description=described) for name in facts.files)
        )
    took_s = run_time_s(job)
    took = _("took {time}", time=_.duration(took_s)) if took_s is not None else ""
    remarks = [small(took)]
    if Note.IN_THE_OPEN in job.notes and Note.NAME_SHOWN not in job.notes:
        remarks.append(small(_("Samples are not shown here, where everyone reads.")))
    if job.wants_to_stop:
        remarks.append(small(_("It was finished before it could be stopped.")))
    return card(
        Accent.DONE,
        _heading(_("The model is trained"), job, _),
        samples,
        text(
            _name_line(job, _),
            _(
                "It is its owner's alone. `/portrait` with `model` uses it, `/models` shares, renames and "
                "deletes it."
            ),
            *remarks,
        ),
        buttons=(use,),
    )


def _training_ended(job: Job, _: Text) -> ui.LayoutView:
    cancelled = job.state is JobState.CANCELLED
    again = _("`/train` shows your photos again, for a day from when you began.")
    return card(
        Accent.QUIET if cancelled else Accent.FAILED,
        _heading(_("Training stopped") if cancelled else _("The training did not work"), job, _),
        text(
            why_it_ended(job, _),
            given_back(job, _),
            again if job.preparing else _("The photos are no longer here; `/train` starts anew."),
        ),
    )


def run_time_s(job: Job) -> float | None:
    """How long Wiro worked on it, else how long it took since it was handed over; None when not known."""
    begun: datetime | None = job.started_at or job.submitted_at
    ended: datetime | None = job.wiro_ended_at or job.ended_at
    if begun is None or ended is None or ended < begun:
        return None
    return (ended - begun).total_seconds()
