"""A member's tasks: `/tasks`, the menu Task details, and the buttons that stop, delete, share and fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.errors import NoSuchTask, UserError
from bot.log import get_logger
from bot.model import CancelBy, JobState
from bot.ui.access import actor_of, is_shared, may, reader_of, require, require_place, sees_cost
from bot.ui.answers import say
from bot.ui.cards import job_card
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import message_link, note
from bot.ui.panels import LISTED_TASKS, summary_of, task_details, task_list
from bot.ui.references import MAX_CHOICES
from bot.ui.starting import TOKEN_LIVES
from bot.ui.text import text_for

if TYPE_CHECKING:
    from bot.model import Job
    from bot.ui.services import Services
    from bot.ui.text import Text

log = get_logger(__name__)

Interaction = discord.Interaction[Any]

SUGGEST_WITHIN_S = 1.0


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer `/tasks`, the menu and the buttons of tasks."""
    tree.add_command(Tasks(services))

    async def details(interaction: Interaction, message: discord.Message) -> None:
        await show_details(interaction, message, services)

    tree.add_command(app_commands.ContextMenu(name="Task details", callback=details))
    buttons = TaskButtons(services)
    services.router.on_click(Verb.CANCEL, buttons.cancel)
    services.router.on_click(Verb.DELETE, buttons.delete)
    services.router.on_click(Verb.SHARE, buttons.share)
    services.router.on_click(Verb.HERE, buttons.deliver_here)


class Tasks(app_commands.Group):
    """`/tasks list`, `/tasks show`, `/tasks cancel`."""

    def __init__(self, services: Services) -> None:
        super().__init__(name="tasks", description="Your tasks in this server")
        self._services = services

    @app_commands.command(name="list", description="Your last tasks: what they do, and where they are")
    async def list_(self, interaction: Interaction) -> None:
        """Answer with the member's last tasks."""
        jobs = await self._services.records.mine(
            interaction.user.id, interaction.guild_id or 0, limit=LISTED_TASKS
        )
        await say(interaction, task_list(jobs, text_for(str(interaction.locale))))

    @app_commands.command(description="Everything about one of your tasks")
    @app_commands.describe(task="Which one: choose it, or write its number like 4F7K")
    async def show(self, interaction: Interaction, task: str) -> None:
        """Answer with all of one of the member's tasks."""
        job = await self._services.own_job(task, interaction.user.id)
        tool = self._services.catalogue[job.tool]
        panel = task_details(
            job,
            tool,
            text_for(str(interaction.locale)),
            with_cost=True,
            is_owner=True,
            model=await self._services.models.name_for(job, tool, reader_of(interaction)),
        )
        await say(interaction, panel)

    @app_commands.command(description="Stop one of your tasks that waits or runs")
    @app_commands.describe(task="Which one: choose it, or write its number like 4F7K")
    async def cancel(self, interaction: Interaction, task: str) -> None:
        """Stop one of the member's tasks."""
        job = await self._services.own_job(task, interaction.user.id)
        job = await self._services.desk.stop(job.code, by=CancelBy.OWNER, user_id=interaction.user.id)
        await say(interaction, note(stopped_sentence(job, text_for(str(interaction.locale)))))
        await self._services.show_stop(job)

    @show.autocomplete("task")
    async def _any_task(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return await self._choices(interaction, current, unfinished_only=False)

    @cancel.autocomplete("task")
    async def _unfinished_task(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await self._choices(interaction, current, unfinished_only=True)

    async def _choices(
        self, interaction: Interaction, current: str, *, unfinished_only: bool
    ) -> list[app_commands.Choice[str]]:
        try:
            async with self._services.clock.timeout(SUGGEST_WITHIN_S):
                jobs = await self._services.records.mine(
                    interaction.user.id,
                    interaction.guild_id or 0,
                    limit=2 * MAX_CHOICES,
                    unfinished_only=unfinished_only,
                )
        except Exception:  # suggestions are a help: a number can still be written
            log.warning("tasks could not be suggested", exc_info=True)
            return []
        _ = text_for(str(interaction.locale))
        wanted = current.strip().removeprefix("#").casefold()
        choices = [
            app_commands.Choice(name=summary_of(job, self._services.catalogue[job.tool], _), value=job.code)
            for job in jobs
        ]
        return [each for each in choices if wanted in each.name.casefold()][:MAX_CHOICES]


class TaskButtons:
    """Buttons that act on a task that is there."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def cancel(self, interaction: Interaction, target: ButtonId) -> None:
        """Stop the task. The wish is stored first, so that it holds whatever becomes of the answer."""
        job = await self._services.job(target.job)
        require(Verb.CANCEL, job, actor_of(interaction))
        job = await self._services.desk.stop(job.code, by=CancelBy.OWNER, user_id=interaction.user.id)
        _ = text_for(str(interaction.locale))
        if not _is_card(interaction, job):
            await say(interaction, note(stopped_sentence(job, _)))
        else:
            await interaction.response.defer()
            job = await self._freshened(interaction, job)
            if job.state.has_ended and job.state is not JobState.CANCELLED:
                await say(interaction, note(stopped_sentence(job, _)))
        await self._services.show_stop(job)

    async def delete(self, interaction: Interaction, target: ButtonId) -> None:
        """Take the images away: here, at Wiro and in what is kept."""
        job = await self._services.shown_job(target.job)
        require(Verb.DELETE, job, await self._services.actor(interaction))
        if not job.state.has_ended:
            raise UserError("This task is still at work. Cancel it first.")
        is_owner = interaction.user.id == job.user_id
        job = await self._services.desk.delete(job, moderator_id=None if is_owner else interaction.user.id)
        self._services.stage.forget_result(job)
        view = job_card(job, self._services.catalogue[job.tool], text_for(job.locale))
        await interaction.response.edit_message(
            view=view, attachments=[], allowed_mentions=discord.AllowedMentions.none()
        )
        clicked = interaction.message.id if interaction.message is not None else None
        if job.shared_message_id is not None and job.shared_message_id != clicked:
            await self._services.stage.take_down(job, job.channel_id, job.shared_message_id)

    async def share(self, interaction: Interaction, target: ButtonId) -> None:
        """Post a private result for everyone in the channel."""
        job = await self._services.shown_job(target.job)
        require(Verb.SHARE, job, actor_of(interaction))
        require_place(interaction, private=False, private_helps=False)
        await interaction.response.defer()
        job = await self._services.desk.share(job.code, user_id=interaction.user.id)
        _ = text_for(str(interaction.locale))
        url = message_link(job.guild_id, job.channel_id, job.shared_message_id or 0)
        await say(interaction, note(_("Everyone here can see it now: {url}", url=url)))

    async def deliver_here(self, interaction: Interaction, target: ButtonId) -> None:
        """Bring a kept result to where its owner is."""
        job = await self._services.job(target.job)
        require(Verb.HERE, job, actor_of(interaction))
        await interaction.response.defer(ephemeral=True, thinking=True)
        expires_at = self._services.clock.now() + TOKEN_LIVES
        job = await self._services.desk.deliver_here(
            job.code, user_id=interaction.user.id, token=interaction.token, expires_at=expires_at
        )
        if not job.state.has_ended:  # from now on this is its card, which progress goes to
            view = job_card(job, self._services.catalogue[job.tool], text_for(job.locale))
            await say(interaction, view)

    async def _freshened(self, interaction: Interaction, job: Job) -> Job:
        """The job with the click's token, whose `@original` is the card that was clicked."""
        if not job.private:
            return job
        expires_at = self._services.clock.now() + TOKEN_LIVES
        return await self._services.desk.freshen(job, token=interaction.token, expires_at=expires_at)


async def show_details(interaction: Interaction, message: discord.Message, services: Services) -> None:
    """Answer with all of the task whose message that is.

    Raises:
        UserError: The message is no task's.
    """
    job = await services.records.by_message(message.id)
    actor = await services.actor(interaction)
    if job is None:
        raise UserError("That message is none of my tasks. Use this on a task's message.")
    is_owner = actor.user_id == job.user_id
    if job.private and not is_shared(job) and not is_owner:
        raise NoSuchTask(job.code)
    tool = services.catalogue[job.tool]
    panel = task_details(
        job,
        tool,
        text_for(str(interaction.locale)),
        with_cost=sees_cost(job, actor),
        is_owner=is_owner,
        can_stop=may(Verb.MOD_STOP, job, actor),
        model=await services.models.name_for(job, tool, reader_of(interaction)),
    )
    await say(interaction, panel)


def stopped_sentence(job: Job, _: Text) -> str:
    """What became of the wish to stop a task."""
    code = f"`#{job.code}`"
    if job.state is JobState.CANCELLED:
        if job.images == 0:
            return _("{code} is stopped, and the training was given back to your quota.", code=code)
        return _("{code} is cancelled, and its images were given back to your quota.", code=code)
    if job.state in {JobState.DONE, JobState.KEPT}:
        return _("{code} was finished already.", code=code)
    if job.state is JobState.FAILED:
        return _("{code} had ended already.", code=code)
    return _("{code} is being stopped; its message will say how it ended.", code=code)


def _is_card(interaction: Interaction, job: Job) -> bool:
    return interaction.message is not None and interaction.message.id == job.message_id
