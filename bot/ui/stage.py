"""The stage: how jobs show themselves on Discord. Implements `bot.jobs.ports.Stage`.

A card is written by one of two routes: the token of its interaction while that lives (fifteen minutes, the
only way to a private card), else the channel. Progress goes through the pacer, sent once; results and
endings do not wait for it, but for the one frame of the same card that is in flight.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import discord

from bot.jobs.ports import Denied, Done, Gone, Put, TokenDead, TooLarge, Unknown, Way
from bot.log import get_logger
from bot.model import JobState, Reason
from bot.ui.cards import CardFacts, Left, job_card
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import components, message_link
from bot.ui.messages import Answer, DiscordMessages, Lost, Outgoing, Refused, Sent
from bot.ui.pacer import Frame, InFlight, Pacer, Urgency
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.clock import Clock
    from bot.jobs.ports import Place
    from bot.model import Job, Progress, ResultFile
    from bot.tools import Tool

log = get_logger(__name__)

TOKEN_MARGIN_S = 10.0
"""A token that dies within this time is not begun with: a 401 counts towards a ban."""
FAREWELL_S = 90.0
"""So long before its token dies a private card says where the result will come."""
PROGRESS_TIMEOUT_S = 2.0
SETTLE_TIMEOUT_S = 10.0
UPLOAD_TIMEOUT_S = 60.0
REPEAT_AFTER_S = (0.5, 1.5)
"""Edits may be repeated safely; so may new messages, which carry a nonce."""
ASSERT_AGAIN_S = 15.0
"""A progress edit whose fate is unknown could still be applied over the result within this time."""
CLOCKS_DIFFER = timedelta(minutes=2)
"""How wrong our clock may be against Discord's, whose ids tell the time."""
OLD_MESSAGE = timedelta(hours=1)
"""Discord limits edits of older messages hard (30046), so progress leaves them alone."""
DEFAULT_FILE_LIMIT_BYTES = 10 * 1024 * 1024
REMEMBERED = 4096

Value = TypeVar("Value")

_Age = tuple[datetime, bool]
_FINAL: _Age = (datetime.max.replace(tzinfo=UTC), True)
_DEAD_TOKEN = frozenset({50027, 10015})
"""Invalid token, unknown webhook: expired, or never acknowledged."""
_NO_PLACE = frozenset({10003, 10004})
"""Unknown channel, unknown guild."""


@dataclass(frozen=True, slots=True)
class Access:
    """What the gateway's cache says of a job's place."""

    in_server: bool
    may_write: bool | None
    """None: not known."""


class DiscordStage:
    """Writes cards, results and notices of jobs; never raises for what Discord does."""

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
    ) -> None:
        self._messages = messages
        self._pacer = pacer
        self._catalogue = catalogue
        self._clock = clock
        self._left = left
        self._notify = notify
        self._access = access
        self._writing = InFlight()
        self._shown = _Memory[tuple[_Age, int]]()
        """By job: the newest state that was offered, and a digest of what its card shows."""
        self._doubtful = _Memory[float]()
        """By job: when a progress edit was sent whose fate is unknown."""
        self._dead_tokens = _Memory[bool]()
        self._denied = _Memory[float]()
        """By channel: when Discord last said that the bot may not write there."""
        self._dms = _Memory[int]()
        self._tasks: set[asyncio.Task[None]] = set()

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
                is_ready=lambda: not self._is_short(job),
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
        if self._has_token(job):
            return True
        if job.private or job.message_id is None:
            return False
        return self._clock.now() - discord.utils.snowflake_time(job.message_id) < OLD_MESSAGE

    def _is_short(self, job: Job) -> bool:
        if self._has_token(job):
            return self._messages.is_short("edit @original", job.interaction_token or "")
        return self._messages.is_short("edit message", str(job.channel_id))

    async def _send_frame(self, job: Job, facts: CardFacts) -> bool:
        if self._is_older(job) or not self._may_show(job):
            return False
        if job.private and self._dies_within(job, FAREWELL_S):
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
            answer = await self._edit_card(job, Outgoing(view=view), timeout_s=PROGRESS_TIMEOUT_S)
        if isinstance(answer, Sent):
            self._shown.put(job.id, (_age_of(job), digest))
        elif isinstance(answer, Lost):
            self._doubtful.put(job.id, self._clock.monotonic_s())
        return True

    # Results and endings

    async def settle(self, job: Job, way: Way = Way.CARD) -> Put:
        """Write the card of a job that ended without images, was kept, or went back to the line."""
        message = Outgoing(view=self._card(job, CardFacts(way=way)))
        return await self._put(job, message, way, SETTLE_TIMEOUT_S)

    async def put_result(self, job: Job, files: Sequence[ResultFile], way: Way) -> Put:
        """Write the finished card with exactly these files; with `Way.CARD` a repeat is the same edit."""
        facts = CardFacts(
            files=tuple(file.name for file in files),
            reencoded=any(file.reencoded for file in files),
            left=await self._left_of(job),
            way=way,
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
        answer = await self._repeated(lambda: self._post(job.channel_id, message, UPLOAD_TIMEOUT_S))
        return self._outcome(answer, job.channel_id)

    async def take_down(self, job: Job, channel_id: int, message_id: int) -> Put:
        """Write the card of a deleted job over one of the bot's messages, its files taken away."""
        message = Outgoing(view=self._card(job, CardFacts()), files=())
        answer = await self._repeated(
            lambda: self._messages.edit(channel_id, message_id, message, timeout_s=SETTLE_TIMEOUT_S)
        )
        return self._outcome(answer, channel_id)

    def file_limit_bytes(self, job: Job, way: Way) -> int:
        """What one file may weigh on the route that `put_result` would take now."""
        if way is Way.DM:
            return DEFAULT_FILE_LIMIT_BYTES
        if way is Way.HERE or (way is Way.CARD and (job.private or self._has_token(job))):
            return job.file_limit_bytes
        return job.channel_file_limit_bytes

    async def _put(self, job: Job, message: Outgoing, way: Way, timeout_s: float) -> Put:
        if job.state.has_ended or message.files is not None:
            self._shown.put(job.id, (_FINAL, 0))
            self._pacer.withdraw(job.id, job.channel_id)
        if way in {Way.CHANNEL, Way.DM}:
            return await self._put_anew(job, message, way, timeout_s)
        if way is Way.HERE or job.private:
            if not self._has_token(job):
                return TokenDead()
        elif not self._has_token(job) and job.message_id is None:
            return Gone()
        async with self._writing.writing(job.id):
            answer = await self._repeated(lambda: self._edit_card(job, message, timeout_s=timeout_s))
        return self._outcome(answer, job.channel_id)

    async def _put_anew(self, job: Job, message: Outgoing, way: Way, timeout_s: float) -> Put:
        if way is Way.CHANNEL and job.private:
            return Denied("a private result never goes into a channel")
        kind = "result" if message.files else str(job.state)
        message = replace(message, nonce=f"{kind}-{job.code}")
        if way is Way.CHANNEL:
            answer = await self._repeated(lambda: self._post(job.channel_id, message, timeout_s))
            return self._outcome(answer, job.channel_id)
        channel_id = await self._dm_channel(job.user_id)
        if not isinstance(channel_id, int):
            return channel_id
        answer = await self._repeated(lambda: self._post(channel_id, message, timeout_s))
        return self._outcome(answer, channel_id)

    async def _edit_card(self, job: Job, message: Outgoing, *, timeout_s: float) -> Answer:
        """One edit of the card: by the token while it lives; a public card also by its channel."""
        token = job.interaction_token
        if token is not None and self._has_token(job):
            answer = await self._messages.edit_original(token, message, timeout_s=timeout_s)
            if not _is_token_dead(answer):
                return answer
            self._dead_tokens.put(hash(token), value=True)
        if job.private or job.message_id is None:
            return Refused(401, 50027, "no living token")
        return await self._messages.edit(job.channel_id, job.message_id, message, timeout_s=timeout_s)

    async def _post(self, channel_id: int, message: Outgoing, timeout_s: float) -> Answer:
        return await self._messages.create(channel_id, message, timeout_s=timeout_s)

    async def _repeated(self, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask again, a few times, for what may be repeated safely: lost answers and rate limits."""
        answer = await attempt()
        for pause_s in REPEAT_AFTER_S:
            if isinstance(answer, Refused) and answer.status == 429:
                await self._clock.sleep(answer.retry_after_s or pause_s)
            elif isinstance(answer, Lost):
                await self._clock.sleep(pause_s)
            else:
                break
            answer = await attempt()
        return answer

    def _outcome(self, answer: Answer, channel_id: int) -> Put:
        """What an answer means for a job."""
        put: Put = Unknown()
        match answer:
            case Sent(body=dict() as body):
                put = Done(channel_id=int(body.get("channel_id") or channel_id), message_id=int(body["id"]))
            case Refused(status=413) | Refused(code=40005 | 50045):
                put = TooLarge()
            case Refused(code=10008):
                put = Gone()
            case Refused() if _is_token_dead(answer):
                put = TokenDead()
            case Refused(status=429 | 401):
                log.warning("Discord did not take a message", answer=str(answer))  # no fault of the place
            case Refused(status=status, code=code, words=words):
                log.warning("Discord refused a message", status=status, code=code, words=words)
                if status == 403 or code in _NO_PLACE:
                    self._denied.put(channel_id, self._clock.monotonic_s())
                put = Denied(f"{status} {code} {words}")
        return put

    def _assert_again_when_doubtful(self, job: Job, message: Outgoing) -> None:
        """Say the result once more when an older frame may still be applied over it."""
        sent_s = self._doubtful.pop(job.id)
        if sent_s is None or self._clock.monotonic_s() - sent_s > ASSERT_AGAIN_S:
            return

        async def again() -> None:
            await self._clock.sleep(ASSERT_AGAIN_S)
            async with self._writing.writing(job.id):
                await self._repeated(lambda: self._edit_card(job, message, timeout_s=UPLOAD_TIMEOUT_S))

        task = asyncio.create_task(again(), name=f"assert-{job.code}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Looking for what an earlier attempt left

    async def find_result(self, job: Job, way: Way) -> Done | Unknown | None:
        """The second message (`CHANNEL` or `DM`) that an earlier attempt left, None when there is none."""
        channel_id = job.channel_id
        if way is Way.DM:
            found = await self._dm_channel(job.user_id)
            if not isinstance(found, int):
                return Unknown() if isinstance(found, Unknown) else None
            channel_id = found
        # It was sent after the outputs existed; in a busy channel the card is hundreds of messages ago.
        since = (job.wiro_ended_at or job.created_at) - CLOCKS_DIFFER
        after = max(job.message_id or 0, discord.utils.time_snowflake(since))
        answer = await self._messages.newer_than(channel_id, after, limit=100, timeout_s=SETTLE_TIMEOUT_S)
        if _is_unsaid(answer):
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
        if job.interaction_token is None or not self._has_token(job):
            return None
        answer = await self._messages.original(job.interaction_token, timeout_s=SETTLE_TIMEOUT_S)
        if _is_token_dead(answer):
            self._dead_tokens.put(hash(job.interaction_token), value=True)
        if isinstance(answer, Sent):
            return Done(channel_id=job.channel_id, message_id=int(answer.body["id"]))
        return Unknown() if _is_unsaid(answer) else None

    # The owner

    async def tell_owner(self, job: Job) -> None:
        """One short reply that mentions the owner, or a DM, or nothing: as the member chose. Not retried."""
        how = "nothing" if job.private else await self._how_to_tell(job)
        if how == "nothing":
            return
        _ = text_for(job.locale)
        words = _.plural("your image is ready", "your {n} images are ready", max(1, job.images))
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
            channel_id = await self._dm_channel(job.user_id)
            there = message_link(job.guild_id, place, result or 0)
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
        if job.private or self._has_token(job):
            return None  # the token writes whatever the channel's rules are; a private result can wait
        denied_s = self._denied.get(job.channel_id)
        recently = denied_s is not None and self._clock.monotonic_s() - denied_s < FAREWELL_S
        if access.may_write is False or (access.may_write is None and recently):
            return Reason.NO_ACCESS
        return None

    # Small things

    def _card(self, job: Job, facts: CardFacts) -> discord.ui.LayoutView:
        return job_card(job, self._catalogue[job.tool], text_for(job.locale), facts)

    async def _left_of(self, job: Job) -> Left | None:
        try:
            return await self._left(job)
        except Exception:  # a result does not wait for a line of small print
            log.exception("the quota could not be read", job=job.code)
            return None

    def _has_token(self, job: Job) -> bool:
        token = job.interaction_token
        if token is None or self._dead_tokens.get(hash(token)):
            return False
        return not self._dies_within(job, TOKEN_MARGIN_S)

    def _dies_within(self, job: Job, seconds: float) -> bool:
        expires_at: datetime | None = job.token_expires_at
        return expires_at is None or expires_at - self._clock.now() <= timedelta(seconds=seconds)

    async def _dm_channel(self, user_id: int) -> int | Denied | Unknown:
        known = self._dms.get(user_id)
        if known is not None:
            return known
        answer = await self._repeated(lambda: self._messages.open_dm(user_id, timeout_s=SETTLE_TIMEOUT_S))
        match answer:
            case Sent(body=dict() as body):
                self._dms.put(user_id, int(body["id"]))
                return int(body["id"])
            case Refused(status=status, code=code, words=words) if status != 429:
                return Denied(f"{status} {code} {words}")
            case _:
                return Unknown()


class _Memory(Generic[Value]):
    """The last few thousand values by key."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._values: OrderedDict[int, Value] = OrderedDict()

    def get(self, key: int) -> Value | None:
        return self._values.get(key)

    def put(self, key: int, value: Value) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._size:
            self._values.popitem(last=False)

    def pop(self, key: int) -> Value | None:
        return self._values.pop(key, None)


def _age_of(job: Job) -> _Age:
    """What grows with every change of a job that its card shows."""
    return (job.state_at, job.wants_to_stop)


def _is_unsaid(answer: Answer) -> bool:
    """Whether Discord did not say what it was asked: no answer, or come back later."""
    return isinstance(answer, Lost) or (isinstance(answer, Refused) and answer.status == 429)


def _is_token_dead(answer: Answer) -> bool:
    return isinstance(answer, Refused) and answer.code in _DEAD_TOKEN


def _shows_images_of(code: str, message: Mapping[str, Any]) -> bool:
    """Whether a message is the finished card of that job: only that one carries its Delete."""
    wanted = str(ButtonId(Verb.DELETE, code))
    waiting = list(message.get("components", ()))
    while waiting:
        component = waiting.pop()
        if component.get("custom_id") == wanted:
            return True
        waiting.extend(component.get("components", ()))
    return False
