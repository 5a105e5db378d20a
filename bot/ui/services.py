"""What a cog is given: everything that commands and buttons stand on, put together in `bot.app`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import NoSuchTask, NotAModerator
from bot.model import JobState
from bot.ui.access import actor_of, moderates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.clock import Clock
    from bot.jobs.desk import Desk
    from bot.jobs.drafting import Studio
    from bot.jobs.models import Models
    from bot.jobs.moderation import Moderation
    from bot.jobs.quotas import Quotas
    from bot.jobs.wordlists import WordLists
    from bot.model import Job
    from bot.tools import Tool
    from bot.ui.access import Actor, Interaction
    from bot.ui.drafts import Drafts
    from bot.ui.greeting import Greeter
    from bot.ui.logchannel import LogChannel
    from bot.ui.records import Records
    from bot.ui.router import Router
    from bot.ui.settings.choices import Choices
    from bot.ui.stage import DiscordStage
    from bot.ui.starting import Starter
    from bot.ui.trainer import Trainer

SHOWN_TRIES, SHOWN_PAUSE_S = 30, 0.05
"""The end of a job is stored right after its images are shown; a quick click comes in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts that cogs use; none of them knows a cog."""

    catalogue: Mapping[str, Tool]
    choices: Choices
    clock: Clock
    desk: Desk
    drafts: Drafts
    greeter: Greeter
    log_channel: LogChannel
    models: Models
    moderation: Moderation
    quotas: Quotas
    records: Records
    router: Router
    stage: DiscordStage
    starter: Starter
    studio: Studio
    tool_today: Callable[[str], Tool]
    """A tool by its key with the ranges and choices that its page at Wiro gives now; the catalogue's never
    change, and the commands stay as they were published."""
    trainer: Trainer
    words: WordLists

    async def actor(self, interaction: Interaction) -> Actor:
        """The member of an interaction with their rights, also those by roles that the server chose."""
        actor = actor_of(interaction)
        if actor.is_moderator or not actor.guild_id:
            return actor
        policy = await self.records.guild_policy(actor.guild_id)
        return actor_of(interaction, policy.moderator_roles)

    async def require_moderator(self, interaction: Interaction) -> None:
        """Return when the one who clicks is a moderator where they click.

        For buttons and menus only: who may use `/mod` itself is the server's choice, and Discord has asked.

        Raises:
            NotAModerator: They are not.
        """
        actor = await self.actor(interaction)
        if not moderates(actor, actor.guild_id):
            raise NotAModerator

    async def job(self, code: str) -> Job:
        """The job with that code.

        Raises:
            NoSuchTask: There is none.
        """
        job = await self.records.by_code(code)
        if job is None:
            raise NoSuchTask(code)
        return job

    async def shown_job(self, code: str) -> Job:
        """The job with that code, whose images somebody sees: its end is waited for, if it is just behind.

        Raises:
            NoSuchTask: There is none.
        """
        job = await self.job(code)
        for _ in range(SHOWN_TRIES):
            if job.state is not JobState.DELIVERING:
                break
            await self.clock.sleep(SHOWN_PAUSE_S)
            job = await self.job(code)
        return job

    async def own_job(self, code: str, user_id: int) -> Job:
        """The member's own job with that code, however it is written: "#4f7k".

        Raises:
            NoSuchTask: The member has none.
        """
        plain = code.strip().removeprefix("#").upper()[:8]
        job = await self.records.by_code(plain)
        if job is None or job.user_id != user_id:
            raise NoSuchTask(plain)
        return job

    async def show_stop(self, job: Job) -> None:
        """Have the card of a task that is to stop say so."""
        if not job.state.has_ended:
            await self.stage.show(job, None, None)
