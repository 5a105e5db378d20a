"""What moderators are shown: the tasks at work, who is blocked. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.model import CancelBy, JobState
from bot.ui.cards import run_time_s
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import Accent, button, card, link, small, text
from bot.ui.panels import place_of, stop_buttons
from bot.ui.safe import code_block, code_span, one_line
from bot.ui.text import moment, relative
from bot.ui.words import settings_line, state_word, status_phrase, why_it_ended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.model import Job
    from bot.store.blocks import Block
    from bot.tools import Tool
    from bot.ui.text import Text

TASKS_A_PAGE = 10
BLOCKS_A_PAGE = 10
MAX_REASON = 200
MOST_DAYS = 365
"""The longest block with an end."""
REASON_PART = 7001
"""The component of a question that holds the reason, so that the click on its button brings it along."""
EVERYONE = 0
"""Stands for a user's id in an argument: no filter."""


def page_argument(user_id: int | None, page: int) -> str:
    """A page of a list, of one user or of everyone, as a button's argument."""
    return f"{user_id or EVERYONE}.{page}"


def read_page_argument(argument: str) -> tuple[int | None, int]:
    """The user (None: everyone) and the page of `page_argument`."""
    match = re.fullmatch(r"(\d{1,20})\.(\d{1,6})", argument)
    return (int(match[1]) or None, int(match[2])) if match is not None else (None, 0)


def pages_of(total: int, a_page: int) -> int:
    """How many pages that many entries fill; at least one."""
    return max(1, -(-total // a_page))


def tasks_panel(
    jobs: Sequence[Job], catalogue: Mapping[str, Tool], page: int, _: Text, *, user_id: int | None = None
) -> ui.LayoutView:
    """A page of the server's unfinished tasks, with a menu to look at one."""
    pages = pages_of(len(jobs), TASKS_A_PAGE)
    page = min(max(0, page), pages - 1)
    shown = jobs[page * TASKS_A_PAGE : (page + 1) * TASKS_A_PAGE]
    if not shown:
        return card(Accent.QUIET, text(_("### Tasks at work here"), _("Nothing waits and nothing runs.")))
    choose: ui.Select[Any] = ui.Select(
        custom_id=str(ButtonId(Verb.MOD_TASK)),
        placeholder=_("Look at a task"),
        options=[
            discord.SelectOption(
                label=one_line(f"#{job.code} {state_word(job, _)}"),
                value=job.code,
                description=one_line(_words_of(job, catalogue[job.tool], _)),
            )
            for job in shown
        ],
    )
    return card(
        Accent.RUNNING,
        text(_("### Tasks at work here"), small(page_line(len(jobs), page, pages, _))),
        text(*(_task_line(job, catalogue[job.tool], _) for job in shown)),
        ui.ActionRow(choose),
        buttons=turn_buttons(Verb.MOD_TASKS, page, pages, _, user_id=user_id),
    )


def task_panel(job: Job, tool: Tool, _: Text) -> ui.LayoutView:
    """One task of the server, with the way to it and, while it goes on, a `Stop`."""
    lines = [_where(job, _), " · ".join(_facts(job, _))]
    if job.wiro_status and not job.state.has_ended:
        lines.append(status_phrase(job.wiro_status, _))
    if job.state in {JobState.FAILED, JobState.CANCELLED}:
        lines.append(why_it_ended(job, _))
    buttons = stop_buttons(job, _)
    if url := place_of(job):
        buttons.append(link(_("Go to it"), url))
    return card(
        Accent.RUNNING,
        text(f"### {tool.title} · `#{job.code}`", _("for {member}", member=f"<@{job.user_id}>")),
        text(*lines),
        text(_("Its words are private.") if job.private else code_block(job.prompt)) if job.images else None,
        text(small(settings_line(tool, job.inputs, _))),
        buttons=buttons,
    )


def _task_line(job: Job, tool: Tool, _: Text) -> str:
    head = f"`#{job.code}` <@{job.user_id}> {_where(job, _)}"
    return f"{head}\n{small(' · '.join([tool.title, *_facts(job, _)]))}"


def _facts(job: Job, _: Text) -> list[str]:
    """State, since when, and the cost as far as it is known."""
    parts = [f"**{state_word(job, _)}**", _("asked for {when}", when=relative(job.created_at))]
    if job.started_at is not None:
        parts.append(_("begun {when}", when=relative(job.started_at)))
    if job.ended_at is not None and (took_s := run_time_s(job)) is not None:
        parts.append(_("took {time}", time=_.duration(took_s)))
    if job.cost_nano_usd is not None and not job.cost_is_estimate:
        parts.append(_("cost {cost}", cost=_.money(job.cost_nano_usd)))
    elif job.submitted_at is None:
        parts.append(_("nothing spent yet, about {cost}", cost=_.money(job.estimate_nano_usd)))
    else:
        parts.append(_("about {cost}", cost=_.money(job.cost_nano_usd or job.estimate_nano_usd)))
    return parts


def _where(job: Job, _: Text) -> str:
    channel = _("in {channel}", channel=f"<#{job.channel_id}>")
    if job.private:
        return f"{channel} · {_('private')}"
    url = place_of(job)
    return f"{channel} · [{_('go to it')}]({url})" if url else channel


def _words_of(job: Job, tool: Tool, _: Text) -> str:
    """The prompt of a public task; those of a private one are its owner's alone."""
    return _("private") if job.private else (job.prompt or settings_line(tool, job.inputs, _))


def stop_all_question(jobs: int, user_id: int | None, reason: str | None, _: Text) -> ui.LayoutView:
    """Whether all tasks of a member, or everyone's, are really to be stopped; carries the reason along."""
    whose = _("everyone") if user_id is None else f"<@{user_id}>"
    asked = _.plural(
        "Stop {n} task of {whose} in this server?",
        "Stop all {n} tasks of {whose} in this server?",
        jobs,
        whose=whose,
    )
    target = ButtonId(Verb.MOD_STOP_ALL, NO_JOB, str(user_id or EVERYONE))
    return card(
        Accent.FAILED,
        text(f"### {asked}", _("What is finished by then is withheld too.")),
        ui.TextDisplay(code_span(reason, MAX_REASON), id=REASON_PART) if reason else None,
        text(small(_("Dismiss this message to leave them alone."))),
        buttons=(button(_("Stop them"), target, discord.ButtonStyle.danger),),
    )


def read_reason(message: discord.Message | None) -> str | None:
    """The reason that a `stop_all_question` carries."""
    return clean_reason(read_part(message, REASON_PART))


def read_part(message: discord.Message | None, number: int) -> str | None:
    """What a message carries as a code span in its part of that id."""
    waiting: list[Any] = list(message.components) if message is not None else []
    while waiting:
        part = waiting.pop()
        if getattr(part, "id", None) == number and isinstance(part, discord.TextDisplay):
            return part.content.strip("`").strip() or None
        waiting += getattr(part, "children", [])
    return None


def clean_reason(reason: str | None) -> str | None:
    """A moderator's words as one harmless line; None when there are none."""
    words = code_span(reason or "", MAX_REASON).strip("`").strip()
    return words or None


def stop_all_sentence(jobs: Sequence[Job], _: Text) -> str:
    """What became of the wish to stop many tasks."""
    stopped = [job for job in jobs if job.cancel_by is CancelBy.MODERATOR]
    ended = sum(job.state.has_ended for job in stopped)
    if not stopped:
        return _("Nothing was at work any more.")
    return _.plural(
        "{n} task was told to stop, {ended} of them has ended already.",
        "{n} tasks were told to stop, {ended} of them have ended already.",
        len(stopped),
        ended=_.number(ended),
    )


def stop_sentence(job: Job, _: Text) -> str:
    """What became of a moderator's wish to stop one task."""
    values = {"code": f"`#{job.code}`", "member": f"<@{job.user_id}>"}
    if job.cancel_by is not CancelBy.MODERATOR:
        return _("{code} of {member} had ended already.", **values)
    if job.state.has_ended:
        return _("{code} of {member} is stopped.", **values)
    return _("{code} of {member} is being stopped; its images are withheld.", **values)


def blocked_panel(blocks: Sequence[Block], total: int, page: int, _: Text) -> ui.LayoutView:
    """A page of the members who are blocked."""
    heading = _("### Blocked members")
    if not blocks:
        return card(Accent.QUIET, text(heading, _("Nobody is blocked here.")))
    pages = pages_of(total, BLOCKS_A_PAGE)
    return card(
        Accent.QUIET,
        text(heading, small(page_line(total, page, pages, _))),
        text(*(_block_line(each, _) for each in blocks)),
        buttons=turn_buttons(Verb.MOD_BLOCKED, page, pages, _),
    )


def _block_line(block: Block, _: Text) -> str:
    until = _("until {when}", when=moment(block.until)) if block.until else _("until a moderator ends it")
    by = _("by {member} {when}", member=f"<@{block.by}>", when=relative(block.at))
    return f"<@{block.user_id}> {until} · {by}\n{small(_quoted(block.reason))}".rstrip()


def _quoted(reason: str | None) -> str:
    return code_span(reason, MAX_REASON) if reason else ""


def page_line(total: int, page: int, pages: int, _: Text) -> str:
    """How many there are, and which page of them this is."""
    counted = _("{n} in all", n=_.number(total))
    return f"{counted} · {_('page {page} of {pages}', page=page + 1, pages=pages)}" if pages > 1 else counted


def turn_buttons(
    verb: Verb,
    page: int,
    pages: int,
    _: Text,
    *,
    user_id: int | None = None,
    argument: Callable[[int], str] | None = None,
) -> list[ui.Button[Any]]:
    """Buttons to the pages before and after, and to this one as it is by now.

    `argument` makes the buttons' arguments of pages, where they say more than the user.
    """

    def to(number: int) -> ButtonId:
        return ButtonId(verb, NO_JOB, argument(number) if argument else page_argument(user_id, number))

    again = [button(_("Refresh"), to(page))]
    before = [button(_("Previous"), to(page - 1))] if page > 0 else []
    after = [button(_("Next"), to(page + 1))] if page < pages - 1 else []
    return before + after + again
