"""The ways by which a job's messages reach Discord: its token while that lives, its channel, its owner's DMs.

What a token, a channel or a person turned out to be is remembered, so that a dead token is not tried twice:
each 401 counts towards a ban.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from bot.jobs.ports import Denied, Done, Gone, Put, TokenDead, TooLarge, Unknown
from bot.log import get_logger
from bot.ui.messages import Answer, DiscordMessages, Lost, Outgoing, Refused, Sent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.clock import Clock
    from bot.model import Job

log = get_logger(__name__)

TOKEN_MARGIN_S = 10.0
"""A token that dies within this time is not begun with: a 401 counts towards a ban."""
SETTLE_TIMEOUT_S = 10.0
"""For what carries no files."""
REPEAT_AFTER_S = (0.5, 1.5)
"""Edits may be repeated safely; so may new messages, which carry a nonce."""
DENIED_FOR_S = 90.0
"""How long a refusal is taken as true of its channel."""
REMEMBERED = 4096

Value = TypeVar("Value")

_DEAD_TOKEN = frozenset({50027, 10015})
"""Invalid token, unknown webhook: expired, or never acknowledged."""
_NO_PLACE = frozenset({10003, 10004})
"""Unknown channel, unknown guild."""


class Courier:
    """Brings messages to where a job's people are, and says in the jobs' terms what became of them."""

    def __init__(self, messages: DiscordMessages, clock: Clock) -> None:
        self._messages = messages
        self._clock = clock
        self._dead_tokens = Memory[bool]()
        self._denied = Memory[float]()
        """By channel: when Discord last said that the bot may not write there."""
        self._dms = Memory[int]()

    # What is known of the ways

    def has_token(self, job: Job) -> bool:
        """Whether the job's token lives long enough for one more request."""
        token = job.interaction_token
        if token is None or self._dead_tokens.get(hash(token)):
            return False
        return not self.dies_within(job, TOKEN_MARGIN_S)

    def dies_within(self, job: Job, seconds: float) -> bool:
        """Whether the token's fifteen minutes end within this time."""
        expires_at: datetime | None = job.token_expires_at
        return expires_at is None or expires_at - self._clock.now() <= timedelta(seconds=seconds)

    def is_short(self, job: Job) -> bool:
        """Whether the route of the card's next edit has no request to spare."""
        if self.has_token(job):
            return self._messages.is_short("edit @original", job.interaction_token or "")
        return self._messages.is_short("edit message", str(job.channel_id))

    def was_denied(self, channel_id: int) -> bool:
        """Whether Discord said lately that the bot may not write there."""
        denied_s = self._denied.get(channel_id)
        return denied_s is not None and self._clock.monotonic_s() - denied_s < DENIED_FOR_S

    def note_denial(self, answer: Answer, channel_id: int) -> None:
        """Remember it when Discord says that the bot may not write there."""
        if isinstance(answer, Refused) and (answer.status == 403 or answer.code in _NO_PLACE):
            self._denied.put(channel_id, self._clock.monotonic_s())

    # Sending

    async def edit_card(self, job: Job, message: Outgoing, *, timeout_s: float) -> Answer:
        """One edit of the card: by the token while it lives; a public card also by its channel."""
        token = job.interaction_token
        if token is not None and self.has_token(job):
            answer = await self._messages.edit_original(token, message, timeout_s=timeout_s)
            if not is_token_dead(answer):
                return answer
            self._dead_tokens.put(hash(token), value=True)
        if job.private or job.message_id is None:
            return Refused(401, 50027, "no living token")
        return await self._messages.edit(job.channel_id, job.message_id, message, timeout_s=timeout_s)

    async def put_on_card(self, job: Job, message: Outgoing, *, timeout_s: float) -> Put:
        """Edit the card until it is known what became of that, within reason."""
        answer = await self._repeated(lambda: self.edit_card(job, message, timeout_s=timeout_s))
        return self._outcome(answer, job.channel_id)

    async def put_over(self, channel_id: int, message_id: int, message: Outgoing, *, timeout_s: float) -> Put:
        """Edit any of the bot's messages likewise."""
        answer = await self._repeated(
            lambda: self._messages.edit(channel_id, message_id, message, timeout_s=timeout_s)
        )
        return self._outcome(answer, channel_id)

    async def put_into(self, channel_id: int, message: Outgoing, *, timeout_s: float) -> Put:
        """Post a new message, whose nonce keeps a repeat from being a second one."""
        answer = await self._repeated(lambda: self._messages.create(channel_id, message, timeout_s=timeout_s))
        return self._outcome(answer, channel_id)

    async def dm_channel(self, user_id: int) -> int | Denied | Unknown:
        """The channel of the bot's direct messages with that person."""
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

    async def find_original(self, job: Job) -> Done | Unknown | None:
        """The message that the job's token made: its card. None when there is none, or no living token."""
        token = job.interaction_token
        if token is None or not self.has_token(job):
            return None
        answer = await self._messages.original(token, timeout_s=SETTLE_TIMEOUT_S)
        if is_token_dead(answer):
            self._dead_tokens.put(hash(token), value=True)
        if isinstance(answer, Sent):
            return Done(channel_id=job.channel_id, message_id=int(answer.body["id"]))
        return Unknown() if is_unsaid(answer) else None

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
            case Refused() if is_token_dead(answer):
                put = TokenDead()
            case Refused(status=429 | 401):
                log.warning("Discord did not take a message", answer=str(answer))  # no fault of the place
            case Refused(status=status, code=code, words=words):
                log.warning("Discord refused a message", status=status, code=code, words=words)
                self.note_denial(answer, channel_id)
                put = Denied(f"{status} {code} {words}")
        return put


class Memory(Generic[Value]):
    """The last few thousand values by key."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._values: OrderedDict[int, Value] = OrderedDict()

    def get(self, key: int) -> Value | None:
        """The value, while it is remembered."""
        return self._values.get(key)

    def put(self, key: int, value: Value) -> None:
        """Remember the value, and forget the oldest when there are too many."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._size:
            self._values.popitem(last=False)

    def pop(self, key: int) -> Value | None:
        """Take the value out."""
        return self._values.pop(key, None)


def is_unsaid(answer: Answer) -> bool:
    """Whether Discord did not say what it was asked: no answer, or come back later."""
    return isinstance(answer, Lost) or (isinstance(answer, Refused) and answer.status == 429)


def is_token_dead(answer: Answer) -> bool:
    """Whether Discord says that the interaction's token is no more."""
    return isinstance(answer, Refused) and answer.code in _DEAD_TOKEN
