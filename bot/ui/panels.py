"""Private answers of more than a sentence: task lists, details, ideas, help. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.model import CancelBy, JobState
from bot.tools import Note
from bot.ui.cards import model_name, run_time_s
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import Accent, button, card, link, message_link, small, text
from bot.ui.safe import code_block, code_span, one_line
from bot.ui.text import moment, relative
from bot.ui.words import choice_name, input_name, settings_line, state_word, status_phrase, why_it_ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.model import Job
    from bot.tools import Inspiration, Tool
    from bot.ui.text import Text

LISTED_TASKS = 12
IDEAS_A_PAGE = 6
MAX_WORDS = 1500
"""How much of a prompt the details show: as much as may be given, within what Discord takes in all."""
MAX_BYTES = 4200
"""Discord fails on messages of more than some ten thousand bytes of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpLine:
    """A command as `/help` shows it."""

    mention: str
    """Clickable where Discord's id of the command is known."""
    description: str


def task_list(jobs: Sequence[Job], _: Text) -> ui.LayoutView:
    """The member's last tasks, a line each."""
    if not jobs:
        return card(Accent.QUIET, text(_("### Your tasks"), _("None yet. `/portrait` makes the first one.")))
    lines = [_task_line(job, _) for job in jobs[:LISTED_TASKS]]
    running = [job for job in jobs if not job.state.has_ended]
    buttons = [
        button(_("Cancel {code}", code=f"#{job.code}"), ButtonId(Verb.CANCEL, job.code))
        for job in running[:5]
        if not job.wants_to_stop
    ]
    hint = small(_("`/tasks show` has all of one task, `/tasks cancel` stops one."))
    return card(Accent.QUIET, text(_("### Your tasks")), text(*lines), text(hint), buttons=buttons)


def _task_line(job: Job, _: Text) -> str:
    parts = [f"`#{job.code}` **{state_word(job, _)}**", relative(job.created_at)]
    url = place_of(job)
    if url:
        parts.append(f"[{_('go to it')}]({url})")
    what = code_span(job.prompt, 80) if job.images else _("a training")
    return " · ".join(parts) + "\n" + small(what)


def place_of(job: Job) -> str:
    """Where everybody can see the task; "" when nobody can."""
    message_id = job.result_message_id or job.message_id
    elsewhere = job.result_channel_id not in {None, job.channel_id}
    if message_id is None or job.private or job.deleted_at is not None or elsewhere:
        return ""
    return message_link(0 if Note.IN_DM in job.notes else job.guild_id, job.channel_id, message_id)


def task_details(
    job: Job,
    tool: Tool,
    _: Text,
    *,
    with_cost: bool,
    is_owner: bool,
    can_stop: bool = False,
    model: str | None = None,
) -> ui.LayoutView:
    """All of one task: the whole words, every setting, times and, for some, the cost and the model's name."""
    negative = str(job.inputs.get("negativePrompt", ""))
    items: list[ui.Item[Any] | None] = [
        text(
            f"### {tool.title} · `#{job.code}`",
            _("for {member}", member=f"<@{job.user_id}>"),
            f"**{state_word(job, _)}** · {_private_word(job, _)}",
            _("with {model}", model=code_span(model)) if model is not None else "",
        ),
        text(_("called {name}", name=code_span(model_name(job)))) if is_owner and not job.images else None,
        text(_("**Prompt**"), _whole(job.prompt)) if job.prompt else None,
        text(_("**Not to be shown**"), _whole(negative)) if negative else None,
        text(_all_settings(tool, job.inputs), *_times(job, _, with_cost=with_cost)),
    ]
    if job.state in {JobState.FAILED, JobState.CANCELLED}:
        items.append(text(why_it_ended(job, _)))
    buttons = _detail_buttons(job, _) if is_owner else []
    if can_stop:
        buttons += stop_buttons(job, _)
    return card(Accent.QUIET, *items, buttons=buttons)


def stop_buttons(job: Job, _: Text) -> list[ui.Button[Any]]:
    """The moderators' `Stop`, for a task that goes on; it overrules an owner's Cancel."""
    if job.state.has_ended or job.cancel_by is CancelBy.MODERATOR:
        return []
    return [button(_("Stop"), ButtonId(Verb.MOD_STOP, job.code), discord.ButtonStyle.danger)]


def _whole(words: str) -> str:
    """A text as long as may be given, but never more bytes than Discord takes."""
    limit = MAX_WORDS
    while len(code_block(words, limit).encode()) > MAX_BYTES:
        limit -= 100
    return code_block(words, limit)


def _private_word(job: Job, _: Text) -> str:
    return _("private") if job.private else _("public")


def _all_settings(tool: Tool, inputs: Mapping[str, Any]) -> str:
    parts = []
    for each in tool.inputs:
        value = inputs.get(each.id, "")
        if (
            each.is_text or value == "" or each.id == tool.model_input
        ):  # whose name may be told, is told apart
            continue
        shown = choice_name(each, value) if each.choices else value
        parts.append(f"{input_name(each)} {code_span(str(shown), 60)}")
    return " · ".join(parts)


def _times(job: Job, _: Text, *, with_cost: bool) -> list[str]:
    lines = [_("asked for {when}", when=moment(job.created_at))]
    if job.submitted_at is not None:
        waited_s = (job.submitted_at - job.created_at).total_seconds()
        lines.append(_("in the line for {time}", time=_.duration(max(0.0, waited_s))))
    took_s = run_time_s(job)
    if took_s is not None and job.wiro_ended_at is not None:
        lines.append(_("made in {time}", time=_.duration(took_s)))
    if job.ended_at is not None:
        lines.append(_("ended {when}", when=moment(job.ended_at)))
    elif job.wiro_status:
        lines.append(status_phrase(job.wiro_status, _))
    if job.kept_until is not None and job.state is JobState.KEPT:
        lines.append(_("kept until {when}", when=moment(job.kept_until)))
    if with_cost and job.cost_nano_usd is not None:
        about = _("about {cost}", cost=_.money(job.cost_nano_usd))
        lines.append(about if job.cost_is_estimate else _("cost {cost}", cost=_.money(job.cost_nano_usd)))
    return [small(" · ".join(lines))]


def _detail_buttons(job: Job, _: Text) -> list[ui.Button[Any]]:
    buttons: list[ui.Button[Any]] = []
    deleted = job.deleted_at is not None
    if job.state is JobState.KEPT or (job.state is JobState.DONE and job.private and not deleted):
        here = ButtonId(Verb.HERE, job.code)
        buttons.append(button(_("Deliver here"), here, discord.ButtonStyle.primary))
    elif job.private and not job.state.has_ended:
        buttons.append(button(_("Continue here"), ButtonId(Verb.HERE, job.code)))
    if not job.state.has_ended and not job.wants_to_stop:
        buttons.append(button(_("Cancel"), ButtonId(Verb.CANCEL, job.code), discord.ButtonStyle.danger))
    if job.state.has_ended and not deleted and job.images:
        buttons.append(button(_("Edit"), ButtonId(Verb.EDIT, job.code)))
    if url := place_of(job):
        buttons.append(link(_("Go to it"), url))
    return buttons


def ideas_panel(tool: Tool, ideas: Sequence[Inspiration], page: int, _: Text) -> ui.LayoutView:
    """A page of the tool's inspirations, each with a button that starts from it."""
    pages = max(1, -(-len(ideas) // IDEAS_A_PAGE))
    page = min(max(0, page), pages - 1)
    shown = ideas[page * IDEAS_A_PAGE : (page + 1) * IDEAS_A_PAGE]
    rows: list[ui.Item[Any] | None] = [_idea_row(tool, idea, _) for idea in shown]
    turn = []
    if pages > 1:
        turn = [
            button(
                _("Previous"),
                ButtonId(Verb.IDEAS, NO_JOB, f"{tool.key}.{max(0, page - 1)}"),
                disabled=page == 0,
            ),
            # The last page's "next" is itself, under another id: two buttons may not share one.
            button(
                _("Next"), ButtonId(Verb.IDEAS, NO_JOB, f"{tool.key}.{page + 1}"), disabled=page == pages - 1
            ),
        ]
    heading = _("### Ideas for {tool}", tool=tool.title)
    where = _("page {page} of {pages}", page=page + 1, pages=pages) if pages > 1 else ""
    hint = _("Use this opens a form with the words in it, so that you can change them first.")
    return card(Accent.RUNNING, text(heading, small(where)), *rows, text(small(hint)), buttons=turn)


def _idea_row(tool: Tool, idea: Inspiration, _: Text) -> ui.Section[Any]:
    without = _("without {words}", words=code_span(idea.negative_prompt)) if idea.negative_prompt else ""
    use = button(
        _("Use this"),
        ButtonId(Verb.USE_IDEA, NO_JOB, f"{tool.key}.{idea.number}"),
        discord.ButtonStyle.primary,
    )
    body = text(f"**{idea.number}** {code_span(one_line(idea.prompt, 200), 200)}", small(without))
    return ui.Section(body, accessory=use)


def help_panel(lines: Iterable[HelpLine], _: Text, *, greeting: str = "") -> ui.LayoutView:
    """Every command with what it does, below the greeting of a server that has had none."""
    return card(
        Accent.RUNNING,
        text(
            _("### What I can do"),
            _("I make images with Wiro's hosted tools. Each task has one message here."),
        ),
        text(greeting) if greeting else None,
        text(*(f"{line.mention} {line.description}" for line in lines)),
        text(
            small(_("Right click a message, Apps, Task details: everything about that task.")),
            small(_("Words and images are sent to Wiro to be worked on.")),
        ),
    )


def summary_of(job: Job, tool: Tool, _: Text) -> str:
    """A task in one line of at most 100 characters, for the choices of an option."""
    head = f"#{job.code} {state_word(job, _)}"
    what = job.prompt or (settings_line(tool, job.inputs, _) if job.images else tool.title)
    return one_line(f"{head} · {what}", 100)
