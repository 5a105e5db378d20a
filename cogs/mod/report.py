"""The menu `Report image`, and what moderators decide about what was reported, in their log channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.errors import NoSuchTask, NotAModerator, UserError
from bot.jobs.ports import Denied, Unknown
from bot.model import JobState
from bot.store.reports import Decision
from bot.ui.access import is_shared, moderates
from bot.ui.answers import NOBODY, say
from bot.ui.forms import read_form
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import note
from bot.ui.logchannel import report_view
from bot.ui.reports import block_form, read_block_form, whom_to_ask
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Job
    from bot.store.reports import Report
    from bot.ui.services import Services
    from cogs.mod.common import Interaction

GONE = "This report is no longer stored: its task is too old for this server. `/mod audit` still tells of it."


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer the menu, and the buttons of reports."""

    async def report(interaction: Interaction, message: discord.Message) -> None:
        await report_image(interaction, message, services)

    tree.add_command(app_commands.ContextMenu(name="Report image", callback=report))
    deciding = Deciding(services)
    services.router.on_click(Verb.REPORT_REMOVE, deciding.remove)
    services.router.on_click(Verb.REPORT_BLOCK, deciding.open_block)
    services.router.on_form(Verb.REPORT_BLOCK, deciding.block)
    services.router.on_click(Verb.REPORT_DISMISS, deciding.dismiss)


async def report_image(interaction: Interaction, message: discord.Message, services: Services) -> None:
    """Bring the images of that message before the server's moderators.

    Raises:
        UserError: There is nothing to be reported, or it is the member's own.
    """
    job = await _reportable(interaction, message, services)
    is_new = await services.moderation.report(job, reporter_id=interaction.user.id)
    policy = await services.records.guild_policy(job.guild_id)
    guild = interaction.guild
    has_log = policy.log_channel_id is not None and (
        guild is None or guild.get_channel_or_thread(policy.log_channel_id) is not None
    )
    _ = text_for(str(interaction.locale))
    code = f"`#{job.code}`"
    if has_log and is_new:
        told = _("Thank you. The moderators of this server have been told of {code}.", code=code)
    elif has_log:
        told = _("You have reported {code} before, and the moderators of this server know of it.", code=code)
    else:
        ask = " ".join(whom_to_ask(guild, policy.moderator_roles)) or _("a moderator")
        told = _(
            "It is noted, but this server has no channel where its moderators would be told of it at once. "
            "Ask {whom} directly, and name {code}.",
            whom=ask,
            code=code,
        )
    await say(interaction, note(told))


async def _reportable(interaction: Interaction, message: discord.Message, services: Services) -> Job:
    job = await services.records.by_message(message.id)
    if job is None or job.guild_id != interaction.guild_id:
        raise UserError("That message is none of my tasks. Use this on a message with images that I made.")
    is_owner = job.user_id == interaction.user.id
    if job.private and not is_shared(job) and not is_owner:
        raise NoSuchTask(job.code)
    if is_owner:
        raise UserError("This is your own task. `Delete` on it takes its images away.")
    job = await services.shown_job(job.code)
    if job.deleted_at is not None:
        raise UserError("The images of this task are deleted already. There is nothing left to report.")
    if job.state is not JobState.DONE or not job.images:
        raise UserError("This task shows no images. Ask a moderator if something else is wrong with it.")
    return job


class Deciding:
    """The buttons of a report."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def remove(self, interaction: Interaction, target: ButtonId) -> None:
        """Take the images away: from their messages, here and at Wiro.

        The messages first: when Discord does not answer, the report stays open and can be decided again.
        """
        report, job = await self._read(interaction, target)
        if not report.is_open_for(Decision.REMOVE):
            await self._show(interaction, report)
            return
        await interaction.response.defer()
        job = await self._services.shown_job(job.code)
        is_cleared = await self._clear(job)
        if job.deleted_at is None:
            await self._services.desk.delete(job)
        await self._decide(interaction, report, Decision.REMOVE)
        if not is_cleared:
            _ = text_for(str(interaction.locale))
            told = _("I may not write in its channel any more: delete the message itself, please.")
            await say(interaction, note(told))

    async def open_block(self, interaction: Interaction, target: ButtonId) -> None:
        """Ask for how long, and why."""
        report, _job = await self._read(interaction, target)
        if not report.is_open_for(Decision.BLOCK):
            await self._show(interaction, report)
            return
        await interaction.response.send_modal(block_form(report, text_for(str(interaction.locale))))

    async def block(self, interaction: Interaction, target: ButtonId) -> None:
        """Keep the owner from starting tasks in this server."""
        report, job = await self._read(interaction, target)
        days, reason = read_block_form(read_form(interaction))
        if report.is_open_for(Decision.BLOCK):
            await self._services.moderation.block(
                job.user_id,
                guild_id=job.guild_id,
                moderator_id=interaction.user.id,
                reason=reason,
                lasts=None if days is None else timedelta(days=days),
            )
        await self._decide(interaction, report, Decision.BLOCK)

    async def dismiss(self, interaction: Interaction, target: ButtonId) -> None:
        """Leave the images where they are."""
        report, _job = await self._read(interaction, target)
        await self._decide(interaction, report, Decision.DISMISS)

    async def _read(self, interaction: Interaction, target: ButtonId) -> tuple[Report, Job]:
        """The report and its task, for a moderator of its server."""
        await self._services.require_moderator(interaction)
        report = await self._services.records.report(int(target.arg) if target.arg.isdecimal() else 0)
        if report is None or report.job is None:
            raise UserError(GONE)
        if not moderates(await self._services.actor(interaction), report.guild_id):
            raise NotAModerator
        return report, report.job

    async def _clear(self, job: Job) -> bool:
        """Write over every message of the task that others may see. False: Discord does not allow it.

        Raises:
            UserError: Discord did not answer; nothing else has been done.
        """
        gone = replace(job, deleted_at=job.deleted_at or self._services.clock.now())
        puts = [
            await self._services.stage.take_down(gone, channel_id, message_id)
            for channel_id, message_id in _messages_of(job)
        ]
        if any(isinstance(put, Unknown) for put in puts):
            raise UserError("Discord did not take it just now, and the report is still open. Press it again.")
        return not any(isinstance(put, Denied) for put in puts)

    async def _decide(self, interaction: Interaction, report: Report, decision: Decision) -> None:
        """Store the decision and have every message of it say so, the one that was clicked first."""
        changed = await self._services.moderation.decide(report, decision, moderator_id=interaction.user.id)
        now = await self._services.records.report(report.id)
        await self._show(interaction, now or report)
        policy = await self._services.records.guild_policy(report.guild_id)
        for each in changed:
            if each.id != report.id:
                await self._services.log_channel.redraw(each, policy.language)

    async def _show(self, interaction: Interaction, report: Report) -> None:
        """Put the report, as it is by now, in the place of what was clicked."""
        policy = await self._services.records.guild_policy(report.guild_id)
        view = report_view(report, policy.language)
        if interaction.response.is_done():
            await interaction.edit_original_response(view=view, allowed_mentions=NOBODY)
        else:
            await interaction.response.edit_message(view=view, allowed_mentions=NOBODY)


def _messages_of(job: Job) -> Sequence[tuple[int, int]]:
    """Where a task's images are for others than its owner alone, as channel and message."""
    found = []
    is_ephemeral = job.private and job.result_channel_id in {None, job.channel_id}
    message_id = job.result_message_id or job.message_id
    if message_id is not None and not is_ephemeral:
        found.append((job.result_channel_id or job.channel_id, message_id))
    if job.shared_message_id is not None:
        found.append((job.channel_id, job.shared_message_id))
    return found
