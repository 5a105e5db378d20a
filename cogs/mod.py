"""`/mod`: moderators see and stop the tasks of their server, block members, and read what was done."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Optional

import discord
from discord import app_commands

from bot.errors import NoSuchTask, UserError
from bot.log import get_logger
from bot.ui.access import actor_of, require, require_moderator
from bot.ui.answers import NOBODY, say
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import note
from bot.ui.moderating import (
    BLOCKS_A_PAGE,
    ENTRIES_A_PAGE,
    MAX_REASON,
    audit_panel,
    blocked_panel,
    clean_reason,
    pages_of,
    read_page_argument,
    read_reason,
    stop_all_question,
    stop_all_sentence,
    stop_sentence,
    task_panel,
    tasks_panel,
)
from bot.ui.references import MAX_CHOICES
from bot.ui.safe import one_line
from bot.ui.text import moment, text_for
from bot.ui.words import state_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord import ui

    from bot.model import Job
    from bot.ui.services import Services
    from bot.ui.text import Text

log = get_logger(__name__)

Interaction = discord.Interaction[Any]
Reason = app_commands.Range[str, 1, MAX_REASON]

SUGGEST_WITHIN_S = 1.0
MOST_DAYS = 365
WHAT_TO_STOP = "Name one thing to stop: a `task:`, all of a `user:`, or `everyone:true`."


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer `/mod` and its buttons."""
    tree.add_command(Mod(services))
    buttons = ModButtons(services)
    services.router.on_click(Verb.MOD_TASKS, buttons.turn_tasks)
    services.router.on_click(Verb.MOD_TASK, buttons.show_task)
    services.router.on_click(Verb.MOD_STOP, buttons.stop)
    services.router.on_click(Verb.MOD_STOP_ALL, buttons.stop_all)
    services.router.on_click(Verb.MOD_BLOCKED, buttons.turn_blocked)
    services.router.on_click(Verb.MOD_AUDIT, buttons.turn_audit)


class Mod(app_commands.Group):
    """The moderators' commands. Discord hides the group, whose permissions its commands share."""

    def __init__(self, services: Services) -> None:
        super().__init__(
            name="mod",
            description="For moderators: tasks, blocks, and what was done",
            default_permissions=discord.Permissions(moderate_members=True),
        )
        self._services = services
        self._views = ModViews(services)

    @app_commands.command(description="Who runs what, where, since when and for how much")
    @app_commands.describe(user="Only this member's tasks")
    async def tasks(self, interaction: Interaction, user: Optional[discord.User] = None) -> None:  # noqa: UP045 -- read by discord.py
        """Answer with the unfinished tasks of this server."""
        await say(interaction, await self._views.tasks(interaction, user.id if user else None, 0))

    @app_commands.command(description="Stop a task, all tasks of a member, or everyone's")
    @app_commands.describe(
        task="Which one: choose it, or write its number like 4F7K",
        user="All tasks of this member in this server",
        everyone="All tasks of everyone in this server",
        reason="What the owner is told",
    )
    async def kill(
        self,
        interaction: Interaction,
        task: Optional[str] = None,  # noqa: UP045 -- read by discord.py
        user: Optional[discord.User] = None,  # noqa: UP045 -- likewise
        everyone: bool = False,
        reason: Optional[Reason] = None,  # noqa: UP045 -- likewise
    ) -> None:
        """Stop one task at once, or ask before stopping many."""
        if sum([task is not None, user is not None, everyone]) != 1:
            raise UserError(WHAT_TO_STOP)
        words = clean_reason(reason)
        if task is not None:
            await self._views.stop(interaction, task, words)
            return
        _ = text_for(str(interaction.locale))
        user_id = user.id if user is not None else None
        jobs = await self._services.records.at_work(_server(interaction), user_id)
        if not jobs:
            raise UserError("Nothing of that is at work in this server. `/mod tasks` shows what is.")
        await say(interaction, stop_all_question(len(jobs), user_id, words, _))

    @app_commands.command(description="Keep a member from starting tasks here; what waits of theirs ends")
    @app_commands.describe(
        user="Whom", reason="What they are told", days="For how long; left out: until you unblock them"
    )
    async def block(
        self,
        interaction: Interaction,
        user: discord.User,
        reason: Optional[Reason] = None,  # noqa: UP045 -- read by discord.py
        days: Optional[app_commands.Range[int, 1, MOST_DAYS]] = None,  # noqa: UP045 -- likewise
    ) -> None:
        """Block a member of this server."""
        done = await self._services.moderation.block(
            user.id,
            guild_id=_server(interaction),
            moderator_id=interaction.user.id,
            reason=clean_reason(reason),
            lasts=timedelta(days=days) if days is not None else None,
        )
        _ = text_for(str(interaction.locale))
        until = done.block.until
        ends = _("until {when}", when=moment(until)) if until else _("until somebody unblocks them")
        told = _("{member} is blocked here {ends}.", member=f"<@{user.id}>", ends=ends)
        ended = _.plural("{n} waiting task was ended.", "{n} waiting tasks were ended.", done.ended)
        hint = _("Running ones go on; `/mod kill` stops them.")
        await say(interaction, note(f"{told} {ended} {hint}"))

    @app_commands.command(description="Let a blocked member start tasks again")
    @app_commands.describe(user="Whom")
    async def unblock(self, interaction: Interaction, user: discord.User) -> None:
        """End a member's block."""
        was_blocked = await self._services.moderation.unblock(
            user.id, guild_id=_server(interaction), moderator_id=interaction.user.id
        )
        if not was_blocked:
            raise UserError("That member is not blocked here. `/mod blocked` shows who is.")
        _ = text_for(str(interaction.locale))
        await say(interaction, note(_("{member} may start tasks here again.", member=f"<@{user.id}>")))

    @app_commands.command(description="Who is blocked, by whom, why and until when")
    async def blocked(self, interaction: Interaction) -> None:
        """Answer with the blocked members of this server."""
        await say(interaction, await self._views.blocked(interaction, 0))

    @app_commands.command(description="What moderators did, newest first")
    @app_commands.describe(user="Only what this user did, or what was done to them")
    async def audit(self, interaction: Interaction, user: Optional[discord.User] = None) -> None:  # noqa: UP045 -- read by discord.py
        """Answer with the audit of this server."""
        await say(interaction, await self._views.audit(interaction, user.id if user else None, 0))

    @kill.autocomplete("task")
    async def _tasks_at_work(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        jobs: Sequence[Job] = ()
        try:
            async with self._services.clock.timeout(SUGGEST_WITHIN_S):
                jobs = await self._services.records.at_work(_server(interaction))
        except Exception:  # suggestions are a help: a number can still be written
            log.warning("tasks could not be suggested", exc_info=True)
        _ = text_for(str(interaction.locale))
        wanted = current.strip().removeprefix("#").casefold()
        names = [(one_line(_choice_name(job, _)), job.code) for job in jobs]
        found = [
            app_commands.Choice(name=name, value=code) for name, code in names if wanted in name.casefold()
        ]
        return found[:MAX_CHOICES]


class ModButtons:
    """Buttons and the menu of what `/mod` shows."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._views = ModViews(services)

    async def turn_tasks(self, interaction: Interaction, target: ButtonId) -> None:
        """Turn to a page of the tasks, in place."""
        require_moderator(interaction)
        await _redraw(interaction, await self._views.tasks(interaction, *read_page_argument(target.arg)))

    async def turn_blocked(self, interaction: Interaction, target: ButtonId) -> None:
        """Turn to a page of the blocked members, in place."""
        require_moderator(interaction)
        _user_id, page = read_page_argument(target.arg)
        await _redraw(interaction, await self._views.blocked(interaction, page))

    async def turn_audit(self, interaction: Interaction, target: ButtonId) -> None:
        """Turn to a page of the audit, in place."""
        require_moderator(interaction)
        await _redraw(interaction, await self._views.audit(interaction, *read_page_argument(target.arg)))

    async def show_task(self, interaction: Interaction, _target: ButtonId) -> None:
        """Show the task that was chosen from the menu."""
        data: Any = interaction.data or {}
        code = next(iter(data.get("values", ())), "")
        job = await self._services.records.by_code(code)
        if job is None:
            raise NoSuchTask(code)
        require(Verb.MOD_TASK, job, actor_of(interaction))
        tool = self._services.catalogue[job.tool]
        await say(interaction, task_panel(job, tool, text_for(str(interaction.locale))))

    async def stop(self, interaction: Interaction, target: ButtonId) -> None:
        """Stop the task."""
        job = await self._services.job(target.job)
        require(Verb.MOD_STOP, job, actor_of(interaction))
        await self._views.stop(interaction, job.code, None)

    async def stop_all(self, interaction: Interaction, target: ButtonId) -> None:
        """Stop all tasks of a member, or everyone's: it was asked before."""
        require_moderator(interaction)
        user_id = int(target.arg) if target.arg.isdecimal() else None
        if user_id is None:
            raise UserError("This question cannot be read any more. Use `/mod kill` again.")
        await interaction.response.defer()
        jobs = await self._services.moderation.stop_all(
            guild_id=_server(interaction),
            user_id=user_id or None,
            moderator_id=interaction.user.id,
            reason=read_reason(interaction.message),
        )
        told = stop_all_sentence(jobs, text_for(str(interaction.locale)))
        await interaction.edit_original_response(view=note(told), allowed_mentions=NOBODY)
        for job in jobs:
            await self._services.show_stop(job)


class ModViews:
    """The answers that commands and buttons share."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def tasks(self, interaction: Interaction, user_id: int | None, page: int) -> ui.LayoutView:
        """A page of this server's tasks."""
        jobs = await self._services.records.at_work(_server(interaction), user_id)
        _ = text_for(str(interaction.locale))
        return tasks_panel(jobs, self._services.catalogue, page, _, user_id=user_id)

    async def blocked(self, interaction: Interaction, page: int) -> ui.LayoutView:
        """A page of this server's blocked members; the last one when there are fewer by now."""
        read = self._services.records.blocked
        found, total = await read(_server(interaction), offset=page * BLOCKS_A_PAGE, limit=BLOCKS_A_PAGE)
        if not found and total:
            page = pages_of(total, BLOCKS_A_PAGE) - 1
            found, total = await read(_server(interaction), offset=page * BLOCKS_A_PAGE, limit=BLOCKS_A_PAGE)
        return blocked_panel(found, total, page, text_for(str(interaction.locale)))

    async def audit(self, interaction: Interaction, user_id: int | None, page: int) -> ui.LayoutView:
        """A page of this server's audit, to which nothing is ever lost."""
        found, total = await self._services.records.audit(
            _server(interaction), user_id, offset=page * ENTRIES_A_PAGE, limit=ENTRIES_A_PAGE
        )
        return audit_panel(found, total, page, text_for(str(interaction.locale)), user_id=user_id)

    async def stop(self, interaction: Interaction, code: str, reason: str | None) -> None:
        """Stop one task of this server, and say what became of it."""
        job = await self._services.moderation.stop(
            code, guild_id=_server(interaction), moderator_id=interaction.user.id, reason=reason
        )
        await say(interaction, note(stop_sentence(job, text_for(str(interaction.locale)))))
        await self._services.show_stop(job)


async def _redraw(interaction: Interaction, view: ui.LayoutView) -> None:
    await interaction.response.edit_message(view=view, allowed_mentions=NOBODY)


def _server(interaction: Interaction) -> int:
    return interaction.guild_id or 0


def _choice_name(job: Job, _: Text) -> str:
    """A task in the suggestions; the words of a private one are its owner's alone."""
    words = _("private") if job.private else job.prompt
    return f"#{job.code} {state_word(job, _)} · {words}"
