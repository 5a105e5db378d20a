"""Where trainings are followed: private threads, direct messages, or the channel; and what is told there.

Implements `bot.jobs.preparing.Places` and `bot.jobs.milestones.Herald`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.jobs.ports import Denied, Done, Unknown
from bot.log import get_logger
from bot.training import Follow
from bot.ui.cards import job_card
from bot.ui.courier import SETTLE_TIMEOUT_S, is_unsaid
from bot.ui.messages import Outgoing, Refused, Sent
from bot.ui.safe import bar
from bot.ui.stage import CLOCKS_DIFFER
from bot.ui.text import relative, text_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from bot.jobs.milestones import Milestone
    from bot.jobs.ports import Put
    from bot.model import Job
    from bot.tools import Tool
    from bot.ui.courier import Courier
    from bot.ui.messages import DiscordMessages
    from bot.ui.text import Text

log = get_logger(__name__)

LOOKED_THROUGH = 100
"""Messages among which a card is looked for; Discord gives no more at once."""


class DiscordPlaces:
    """Opens the places in which trainings are followed, and writes there; no method raises for Discord."""

    def __init__(self, messages: DiscordMessages, courier: Courier, catalogue: Mapping[str, Tool]) -> None:
        self._messages = messages
        self._courier = courier
        self._catalogue = catalogue

    async def open(self, job: Job, follow: Follow, *, may_be_there: bool) -> int | Denied | Unknown:
        """The channel in which the training is followed; with `may_be_there` it is looked for first."""
        if follow is Follow.HERE:
            return job.channel_id
        if follow is Follow.DM:
            return await self._courier.dm_channel(job.user_id)
        found = await self._find_thread(job) if may_be_there else None
        thread_id = await self._new_thread(job) if found is None else found
        if not isinstance(thread_id, int):
            return thread_id
        answer = await self._messages.join(thread_id, job.user_id, timeout_s=SETTLE_TIMEOUT_S)
        if is_unsaid(answer):
            return Unknown()
        return Denied(_words(answer)) if isinstance(answer, Refused) else thread_id

    async def put_card(self, job: Job, *, may_be_there: bool) -> Put:
        """Post the training's card into `job.channel_id`; with `may_be_there` it is looked for first."""
        if may_be_there and (found := await self._find_card(job)) is not None:
            return found
        view = job_card(job, self._catalogue[job.tool], text_for(job.locale))
        message = Outgoing(view=view, nonce=f"card-{job.code}")
        return await self._courier.put_into(job.channel_id, message, timeout_s=SETTLE_TIMEOUT_S)

    async def say(self, job: Job, milestone: Milestone) -> None:
        """Post a message where the training is followed. Not retried, never raises."""
        message = Outgoing(
            content=milestone_words(job, milestone, text_for(job.locale)),
            reply_to=job.message_id,
            nonce=f"{milestone.key}-{job.code}",
        )
        answer = await self._messages.create(job.channel_id, message, timeout_s=SETTLE_TIMEOUT_S)
        if not isinstance(answer, Sent):
            log.info("a milestone was not told", key=milestone.key, answer=str(answer))

    async def _new_thread(self, job: Job) -> int | Denied | Unknown:
        name = thread_name(job)
        answer = await self._messages.open_thread(job.channel_id, name, timeout_s=SETTLE_TIMEOUT_S)
        if isinstance(answer, Sent):
            return int(answer.body["id"])
        return Unknown() if is_unsaid(answer) else Denied(_words(answer))

    async def _find_thread(self, job: Job) -> int | Unknown | None:
        """The thread that an earlier attempt opened: nobody else's has the training's number in its name."""
        answer = await self._messages.threads(job.guild_id, timeout_s=SETTLE_TIMEOUT_S)
        if is_unsaid(answer):
            return Unknown()
        if not isinstance(answer, Sent):
            return None
        mine = str(self._messages.application_id)
        for thread in answer.body.get("threads", ()):
            if thread.get("owner_id") == mine and thread.get("name") == thread_name(job):
                return int(thread["id"])
        return None

    async def _find_card(self, job: Job) -> Done | Unknown | None:
        """The card that an earlier attempt posted."""
        after = discord.utils.time_snowflake(job.created_at - CLOCKS_DIFFER)
        answer = await self._messages.newer_than(
            job.channel_id, after, limit=LOOKED_THROUGH, timeout_s=SETTLE_TIMEOUT_S
        )
        if is_unsaid(answer):
            return Unknown()
        found = answer.body if isinstance(answer, Sent) and isinstance(answer.body, list) else []
        mine = next((each for each in found if self._is_card(job, each)), None)
        return None if mine is None else Done(channel_id=job.channel_id, message_id=int(mine["id"]))

    def _is_card(self, job: Job, message: Mapping[str, Any]) -> bool:
        own = int(message.get("author", {}).get("id", 0)) == self._messages.application_id
        return own and f"`#{job.code}`" in str(message.get("components", ""))


def thread_name(job: Job) -> str:
    """What the training's thread is called: nothing of the model."""
    return f"Training #{job.code}"


def milestone_words(job: Job, milestone: Milestone, _: Text) -> str:
    """What is told of a training on its way."""
    code = f"`#{job.code}`"
    if milestone.percent is None:
        return _(
            "{code}: nothing has moved at Wiro for half an hour. It may still go on by itself; you are told "
            "when it does. Nothing is charged for a training that fails or that you stop.",
            code=code,
        )
    if milestone.percent == 0:
        told = _("{code}: the training has begun.", code=code)
    else:
        told = f"{code} {bar(milestone.percent / 100)} {milestone.percent} %"
    if milestone.expected_end is None:
        return told
    return f"{told} {_('It should be done {when}.', when=relative(milestone.expected_end))}"


def _words(answer: object) -> str:
    if isinstance(answer, Refused):
        return f"{answer.status} {answer.code} {answer.words}"
    return str(answer)
