"""The stage: how jobs show themselves on Discord. Implements `bot.jobs.ports.Stage`.

A card is written by one of two routes: the token of its interaction while that lives (fifteen minutes, the
only way to a private card), else the channel; see `bot.ui.courier`. Progress goes through the pacer, sent
once; results and endings do not wait for it, but for the one frame of the same card that is in flight.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import discord

from bot.errors import StoreError
from bot.jobs.ports import Denied, Done, Gone, Put, TokenDead, Unknown, Way
from bot.log import get_logger
from bot.model import JobState, Reason
from bot.tools import Note
from bot.ui.cards import CardFacts, Left, job_card
from bot.ui.courier import SETTLE_TIMEOUT_S, Courier, Memory, is_unsaid
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import components, message_link
from bot.ui.messages import DiscordMessages, Lost, Outgoing, Refused, Sent
from bot.ui.pacer import Frame, InFlight, Pacer, Urgency
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.clock import Clock
    from bot.jobs.ports import Place
    from bot.model import Job, Progress, ResultFile
    from bot.tools import Tool

log = get_logger(__name__)

FAREWELL_S = 90.0
"""So long before its token dies a private card says where the result will come."""
PROGRESS_TIMEOUT_S = 2.0
UPLOAD_TIMEOUT_S = 60.0
ASSERT_AGAIN_S = 15.0
"""A progress edit whose fate is unknown could still be applied over the result within this time."""
CLOCKS_DIFFER = timedelta(minutes=2)
"""How wrong our clock may be against Discord's, whose ids tell the time."""
OLD_MESSAGE = timedelta(hours=1)
"""Discord limits edits of older messages hard (30046), so progress leaves them alone."""
UNKNOWN_MEMBER = 10007
DEFAULT_FILE_LIMIT_BYTES = 10 * 1024 * 1024

_Age = tuple[datetime, bool]
_FINAL: _Age = (datetime.max.replace(tzinfo=UTC), True)


@dataclass(frozen=True, slots=True)
class Access:
    """What the gateway's cache says of a job's place."""

    in_server: bool
    may_write: bool | None
    """None: not known."""


class DiscordStage:
    """Writes cards, results and notices of jobs; never raises for what Discord does.

    Attributes:
        is_current: Whether what this process knows of its jobs is so: else another one may have shown more.
    """

    def __init__(
        self,
        messages: DiscordMessages,
        pacer: Pacer,
        catalogue: Mapping[str, Tool],
        clock: Clock,
        *,
        left: Callable[[Job], Awaitable[Left | None]],
        notify: Callable[[Job], Awaitable[str]],
        access: Callable[[Job], Access],
        is_shared: bool = False,
    ) -> None:
        self._messages = messages
        self._courier = Courier(messages, clock)
        self._pacer = pacer
        self._catalogue = catalogue
        self._clock = clock
        self._left = left
        self._notify = notify
        self._access = access
        self._is_shared = is_shared
        self.is_current: Callable[[], bool] = lambda: True
        self._began_s, self._began_at = clock.monotonic_s(), clock.now()
        self._writing = InFlight()
        self._shown = Memory[tuple[_Age, int]]()
        """By job: the newest state that was offered, and a digest of what its card shows."""
        self._doubtful = Memory[float]()
        """By job: when a progress edit was sent whose fate is unknown."""
        self._tasks: dict[asyncio.Task[None], int] = {}
        """What is still to be said again, each for its job."""

    async def aclose(self) -> None:
        """Stop what is still to be said again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Progress

    async def show(self, job: Job, progress: Progress | None, place: Place | None) -> None:
        """Hand a progress or position edit of the card to the pacer; latest wins; returns at once."""
        if job.message_id is None or job.state.has_ended or self._is_older(job):
            return
        if not self._may_show(job):
            return
        urgency = Urgency.RUNNING
        if job.state is JobState.WAITING:
            is_next = place is not None and place.ahead == 0
            urgency = Urgency.NEXT_IN_LINE if is_next else Urgency.WAITING
        self._pacer.offer(
            Frame(
                job_id=job.id,
                channel_id=job.channel_id,
                urgency=urgency,
                send=lambda: self._send_frame(job, CardFacts(progress=progress, place=place)),
                is_ready=lambda: not self._courier.is_short(job),
            )
        )

    async def farewell(self, job: Job) -> None:
        """Tell the reader of a private card, while its token lives, where the result will come."""
        await self._write_once(job, CardFacts(farewell=True))

    def _is_older(self, job: Job) -> bool:
        """Whether a later state of that job was offered or shown before."""
        known = self._shown.get(job.id)
        if known is not None and known[0] > _age_of(job):
            return True
        self._shown.put(job.id, (_age_of(job), known[1] if known else 0))
        return False

    def _may_show(self, job: Job) -> bool:
        if self._courier.has_token(job):
            return True
        if job.private or job.message_id is None or self._courier.was_denied(job.channel_id):
            return False
        return self._clock.now() - discord.utils.snowflake_time(job.message_id) < OLD_MESSAGE

    async def _send_frame(self, job: Job, facts: CardFacts) -> bool:
        if self._is_older(job) or not self._may_show(job) or not self.is_current():
            return False
        if job.private and self._courier.dies_within(job, FAREWELL_S):
            facts = replace(facts, farewell=True)
        return await self._write_once(job, facts)

    async def _write_once(self, job: Job, facts: CardFacts) -> bool:
        """Send a frame once, within two seconds; False when the card shows just that already."""
        view = self._card(job, facts)
        digest = hash(str(components(view)))
        known = self._shown.get(job.id)
        if known is not None and known[1] == digest:
            return False
        async with self._writing.writing(job.id):
            if self._is_older(job):
                return False
            # A frame never touches files: there are none yet.
            message = Outgoing(view=view)
            answer = await self._courier.edit_card(job, message, timeout_s=PROGRESS_TIMEOUT_S)
        if isinstance(answer, Sent):
            self._shown.put(job.id, (_age_of(job), digest))
        elif isinstance(answer, Lost):
            self._doubtful.put(job.id, self._clock.monotonic_s())
        else:
            self._courier.note_denial(answer, job.channel_id)
        return True

    # Results and endings

    async def settle(self, job: Job, way: Way = Way.CARD) -> Put:
        """Write the card of a job that ended without images, was kept, or went back to the line.

        Images that are withheld are taken off it: an upload of which nothing was heard may have been taken.
        """
        is_withheld = job.state is JobState.CANCELLED and bool(job.outputs)
        message = Outgoing(view=self._card(job, CardFacts(way=way)), files=() if is_withheld else None)
        put = await self._put(job, message, way, SETTLE_TIMEOUT_S)
        if isinstance(put, Done) and way is Way.CARD and job.state.has_ended:
            self._assert_again_when_doubtful(job, message)
        return put

    async def put_result(self, job: Job, files: Sequence[ResultFile], way: Way) -> Put:
        """Write the finished card with exactly these files; with `Way.CARD` a repeat is the same edit."""
        facts = CardFacts(
            files=tuple(file.name for file in files),
            reencoded=any(file.reencoded for file in files),
            left=await self._left_of(job),
            way=way,
            is_result=True,
        )
        message = Outgoing(view=self._card(job, facts), files=tuple(files))
        put = await self._put(job, message, way, UPLOAD_TIMEOUT_S)
        if isinstance(put, Done) and way is Way.CARD:
            self._assert_again_when_doubtful(job, message)
        return put

    async def share(self, job: Job, files: Sequence[ResultFile]) -> Put:
        """Post the public copy of a private result into the channel where it was asked for."""
        facts = CardFacts(files=tuple(file.name for file in files), shared=True, way=Way.CHANNEL)
        message = Outgoing(view=self._card(job, facts), files=tuple(files), nonce=f"atelier-share-{job.code}")
        return await self._courier.put_into(job.channel_id, message, timeout_s=UPLOAD_TIMEOUT_S)

    async def take_down(self, job: Job, channel_id: int, message_id: int) -> Put:
        """Write the card of a deleted job over one of the bot's messages, its files taken away."""
        self.forget_result(job)
        message = Outgoing(view=self._card(job, CardFacts()), files=())
        return await self._courier.put_over(channel_id, message_id, message, timeout_s=SETTLE_TIMEOUT_S)

    def forget_result(self, job: Job) -> None:
        """Say the job's result not again: its images are deleted."""
        for task in [each for each, job_id in self._tasks.items() if job_id == job.id]:
            task.cancel()

    def file_limit_bytes(self, job: Job, way: Way) -> int:
        """What one file may weigh on the route that `put_result` would take now."""
        if way is Way.DM:
            return DEFAULT_FILE_LIMIT_BYTES
        if way is Way.HERE or (way is Way.CARD and (job.private or self._courier.has_token(job))):
            return job.file_limit_bytes
        return job.channel_file_limit_bytes

    async def _put(self, job: Job, message: Outgoing, way: Way, timeout_s: float) -> Put:
        if job.state.has_ended or message.files is not None:
            self._shown.put(job.id, (_FINAL, 0))
            self._pacer.withdraw(job.id, job.channel_id)
        if way in {Way.CHANNEL, Way.DM}:
            return await self._put_anew(job, message, way, timeout_s)
        if way is Way.HERE or job.private:
            if not self._courier.has_token(job):
                return TokenDead()
        elif not self._courier.has_token(job) and job.message_id is None:
            return Gone()
        async with self._writing.writing(job.id):
            return await self._courier.put_on_card(job, message, timeout_s=timeout_s)

    async def _put_anew(self, job: Job, message: Outgoing, way: Way, timeout_s: float) -> Put:
        if way is Way.CHANNEL and job.private:
            return Denied("a private result never goes into a channel")
        kind = "result" if message.files else str(job.state)
        message = replace(message, nonce=f"{kind}-{job.code}")
        if way is Way.CHANNEL:
            return await self._courier.put_into(job.channel_id, message, timeout_s=timeout_s)
        channel_id = await self._courier.dm_channel(job.user_id)
        if not isinstance(channel_id, int):
            return channel_id
        return await self._courier.put_into(channel_id, message, timeout_s=timeout_s)

    def _assert_again_when_doubtful(self, job: Job, message: Outgoing) -> None:
        """Say the end once more when an older frame may still be applied over it.

        It is this process's own, of which nothing was heard, or one of the process before it, or (of a job
        that waited: all processes say where it stands) one of a process beside it.
        """
        lately_s = self._clock.monotonic_s() - ASSERT_AGAIN_S
        sent_s = self._doubtful.pop(job.id)
        is_own = sent_s is not None and sent_s >= lately_s
        is_inherited = self._began_s > lately_s and job.created_at < self._began_at
        is_anybodys = self._is_shared and not message.files
        if not (is_own or is_inherited or is_anybodys):
            return

        async def again() -> None:
            await self._clock.sleep(ASSERT_AGAIN_S)
            async with self._writing.writing(job.id):
                await self._courier.put_on_card(job, message, timeout_s=UPLOAD_TIMEOUT_S)

        task = asyncio.create_task(again(), name=f"assert-{job.code}")
        self._tasks[task] = job.id
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    # Looking for what an earlier attempt left

    async def find_result(self, job: Job, way: Way) -> Done | Unknown | None:
        """The second message (`CHANNEL` or `DM`) that an earlier attempt left, None when there is none."""
        channel_id = job.channel_id
        if way is Way.DM:
            found = await self._courier.dm_channel(job.user_id)
            if not isinstance(found, int):
                return Unknown() if isinstance(found, Unknown) else None
            channel_id = found
        # It was sent after the outputs existed; in a busy channel the card is hundreds of messages ago.
        since = (job.wiro_ended_at or job.created_at) - CLOCKS_DIFFER
        after = max(job.message_id or 0, discord.utils.time_snowflake(since))
        answer = await self._messages.newer_than(channel_id, after, limit=100, timeout_s=SETTLE_TIMEOUT_S)
        if is_unsaid(answer):
            return Unknown()
        if not isinstance(answer, Sent) or not isinstance(answer.body, list):
            return None
        for message in answer.body:
            mine = int(message.get("author", {}).get("id", 0)) == self._messages.application_id
            if mine and int(message["id"]) != job.message_id and _shows_images_of(job.code, message):
                return Done(channel_id=channel_id, message_id=int(message["id"]))
        return None

    async def find_card(self, job: Job) -> Done | Unknown | None:
        """The card of a job that never learned its id: `@original` while the token lives, else None."""
        return await self._courier.find_original(job)

    # The owner

    async def tell_owner(self, job: Job) -> None:
        """One short reply that mentions the owner, or a DM, or nothing: as the member chose. Not retried."""
        how = "nothing" if job.private else await self._how_to_tell(job)
        if how == "nothing":
            return
        _ = text_for(job.locale)
        words = _.plural("your image is ready", "your {n} images are ready", max(1, job.images))
        if job.images == 0:
            words = _("your model is trained")
        if job.state is JobState.FAILED:
            words = _("your task did not work") if job.images else _("your training did not work")
        place = job.result_channel_id or job.channel_id
        result = job.result_message_id or job.message_id
        channel_id: int | Denied | Unknown = place
        message = Outgoing(
            content=f"<@{job.user_id}> {words}: `#{job.code}`",
            mention_user_id=job.user_id,
            reply_to=result,
            nonce=f"ready-{job.code}",
        )
        if how == "dm":
            channel_id = await self._courier.dm_channel(job.user_id)
            there = message_link(0 if Note.IN_DM in job.notes else job.guild_id, place, result or 0)
            message = replace(message, content=f"{words}: `#{job.code}` {there}", reply_to=None)
        if not isinstance(channel_id, int):
            return
        answer = await self._messages.create(channel_id, message, timeout_s=SETTLE_TIMEOUT_S)
        if not isinstance(answer, Sent):
            log.info("the owner could not be told", job=job.code, answer=str(answer))

    async def _how_to_tell(self, job: Job) -> str:
        try:
            return await self._notify(job)
        except Exception:  # the images are there: a word less does no harm
            log.exception("the member's choice could not be read", job=job.code)
            return "nothing"

    async def may_still(self, job: Job) -> Reason | None:
        """Why the job's place is closed to the bot by now, None when it is open or not known to be closed."""
        access = self._access(job)
        if not access.in_server:
            return Reason.SERVER_LEFT
        if job.private or self._courier.has_token(job):
            return None  # the token writes whatever the channel's rules are; a private result can wait
        recently = self._courier.was_denied(job.channel_id)
        if access.may_write is False or (access.may_write is None and recently):
            return Reason.NO_ACCESS
        return None

    async def roles_of(self, job: Job) -> frozenset[int] | None:
        """The roles of the job's owner in its server; None when Discord did not say."""
        answer = await self._messages.member(job.guild_id, job.user_id, timeout_s=SETTLE_TIMEOUT_S)
        if isinstance(answer, Refused) and answer.code == UNKNOWN_MEMBER:
            return frozenset()
        if not isinstance(answer, Sent) or not isinstance(answer.body, dict):
            return None
        return frozenset(int(role) for role in answer.body.get("roles", ()))

    # Small things

    def _card(self, job: Job, facts: CardFacts) -> discord.ui.LayoutView:
        return job_card(job, self._catalogue[job.tool], text_for(job.locale), facts)

    async def _left_of(self, job: Job) -> Left | None:
        try:
            return await self._left(job)
        except StoreError as error:  # so many results at once that reads wait in vain: no fault of this one
            log.warning("the quota was not read in time for a card", job=job.code, error=str(error))
            return None
        except Exception:  # a result does not wait for a line of small print
            log.exception("the quota could not be read", job=job.code)
            return None


def _age_of(job: Job) -> _Age:
    """What grows with every change of a job that its card shows."""
    return (job.state_at, job.wants_to_stop)


def _shows_images_of(code: str, message: Mapping[str, Any]) -> bool:
    """Whether a message is the finished card of that job: only that one deletes it, or uses its model."""
    wanted = {str(ButtonId(verb, code)) for verb in (Verb.DELETE, Verb.MODEL_USE)}
    waiting = list(message.get("components", ()))
    while waiting:
        component = waiting.pop()
        if component.get("custom_id") in wanted:
            return True
        waiting.extend(component.get("components", ()))
    return False
