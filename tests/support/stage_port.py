"""Discord as jobs see it (`bot.jobs.ports.Stage`): remembers what was shown, and fails as it is told to."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.jobs.ports import Done, Gone, TokenDead, Unknown, Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.ports import Place, Put
    from bot.model import Job, Progress, Reason, ResultFile
    from tests.support.clock import ManualClock

ROUTE_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass
class Message:
    """One message of the bot."""

    id: int
    way: Way
    job: Job
    files: Sequence[ResultFile] = ()


class SimulatedStage:
    """A Discord of one channel.

    Attributes:
        outcomes: By way: what becomes of the next attempts; None (or none left): it works. `Unknown` before
            the message is made; a pair (Unknown, True) after.
        messages: What is there now; the card of a job by its id, others as they were made.
        shown: Every progress or place that was handed to the pacer.
        closed: What `may_still` answers.
        roles: What `roles_of` answers.
        cards: The cards that `find_card` finds, by job id.
        looks_fail: How many of the next looks for a message get no answer.
    """

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.outcomes: dict[Way, deque[Put | tuple[Put, bool] | None]] = defaultdict(deque)
        self.messages: list[Message] = []
        self.shown: list[tuple[Job, Progress | None, Place | None]] = []
        self.settled: list[tuple[Job, Way]] = []
        self.told: list[Job] = []
        self.farewells: list[Job] = []
        self.attempts: list[tuple[Way, Sequence[ResultFile]]] = []
        self.closed: Reason | None = None
        self.roles: frozenset[int] | None = frozenset()
        self.cards: dict[int, int] = {}
        self.looks_fail = 0
        self.limit_bytes = ROUTE_LIMIT_BYTES
        self.raises: deque[Exception | None] = deque()

    def card(self, job: Job) -> Message | None:
        """The card of the job as it is now."""
        return next((m for m in self.messages if m.way is Way.CARD and m.job.id == job.id), None)

    def results(self, job: Job) -> list[Message]:
        """Every message that shows the job's images."""
        return [m for m in self.messages if m.job.id == job.id and m.files]

    async def show(self, job: Job, progress: Progress | None, place: Place | None) -> None:
        self.shown.append((job, progress, place))

    async def settle(self, job: Job, way: Way = Way.CARD) -> Put:
        self.settled.append((job, way))
        return await self._write(job, (), way)

    async def put_result(self, job: Job, files: Sequence[ResultFile], way: Way) -> Put:
        self.attempts.append((way, files))
        if self.raises and (error := self.raises.popleft()) is not None:
            raise error
        return await self._write(job, files, way)

    async def share(self, job: Job, files: Sequence[ResultFile]) -> Put:
        self.attempts.append((Way.CHANNEL, files))
        return await self._write(job, files, Way.CHANNEL)

    def file_limit_bytes(self, job: Job, way: Way) -> int:
        return self.limit_bytes

    async def find_result(self, job: Job, way: Way) -> Done | Unknown | None:
        if self.looks_fail:
            self.looks_fail -= 1
            return Unknown()
        for message in self.results(job):
            if message.way is way:
                return Done(channel_id=job.channel_id, message_id=message.id)
        return None

    async def find_card(self, job: Job) -> Done | Unknown | None:
        if self.looks_fail:
            self.looks_fail -= 1
            return Unknown()
        message_id = self.cards.get(job.id)
        return None if message_id is None else Done(channel_id=job.channel_id, message_id=message_id)

    async def farewell(self, job: Job) -> None:
        self.farewells.append(job)

    async def tell_owner(self, job: Job) -> None:
        self.told.append(job)

    async def may_still(self, job: Job) -> Reason | None:
        return self.closed

    async def roles_of(self, job: Job) -> frozenset[int] | None:
        return self.roles

    async def _write(self, job: Job, files: Sequence[ResultFile], way: Way) -> Put:
        await asyncio.sleep(0)
        outcome = self.outcomes[way].popleft() if self.outcomes[way] else None
        if isinstance(outcome, tuple):
            self._make(job, files, way)
            return outcome[0]
        if isinstance(outcome, Gone) and way is Way.CARD and (card := self.card(job)) is not None:
            self.messages.remove(card)
        if outcome is not None:
            return outcome
        if way is Way.CARD and job.private and not self._has_token(job):
            return TokenDead()
        if way is Way.CARD and not job.private and job.message_id is None:
            return Gone()
        return self._make(job, files, way)

    def _make(self, job: Job, files: Sequence[ResultFile], way: Way) -> Done:
        if way is Way.CARD and (card := self.card(job)) is not None:
            card.job, card.files = job, files
        else:
            number = job.message_id if way is Way.CARD and job.message_id else 70_000 + len(self.messages)
            card = Message(number, way, job, files)
            self.messages.append(card)
        return Done(channel_id=job.channel_id, message_id=card.id)

    def _has_token(self, job: Job) -> bool:
        return bool(
            job.interaction_token and job.token_expires_at and job.token_expires_at > self.clock.now()
        )
