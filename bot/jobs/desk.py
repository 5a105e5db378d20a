"""The desk: everything that commands and buttons may ask of jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.errors import BlockedEverywhere, Draining, NoSuchTask, QuotaRefused, RuleRefused, TooBusy
from bot.jobs.acceptance import take_in
from bot.jobs.codes import LONGEST, SHORTEST, draw_code, draw_hook_token
from bot.jobs.inbox import Nudge
from bot.log import get_logger
from bot.model import CancelBy, JobState, Reason
from bot.quota.estimate import estimate_nano_usd, size_key
from bot.store import jobs as units
from bot.store import trainings
from bot.store.errors import CodeTaken

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime
    from typing import Any

    import sqlalchemy as sa

    from bot.errors import UserError
    from bot.jobs.acts import Acts
    from bot.jobs.carriers import Carriers
    from bot.jobs.closing import Closer
    from bot.jobs.handout import Handout
    from bot.jobs.means import Means
    from bot.jobs.ports import Place
    from bot.jobs.waiting_room import WaitingRoom
    from bot.limits import Standing
    from bot.model import Job, NewJob
    from bot.quota.estimate import Price
    from bot.quota.rules import Instance
    from bot.training import Consent

    Also = Callable[[sa.Connection, Job], object]

log = get_logger(__name__)

COUNTED_AS = {"block": "blocked"}
"""Refusals that metrics have under another name than the audit."""
REHEARSED_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What is to be expected of a job before it is asked for."""

    nano_usd: int
    run_s: float
    """How long runs like it take."""
    refusal: UserError | None
    """Why it would not be accepted now."""


class Desk:
    """Takes jobs in, stops them, hands out kept results and deletes finished ones. One per process.

    Every method may be called from any process and at any time; refusals are `bot.errors.UserError`s,
    finished sentences for the member.

    Attributes:
        draining: The process is stopping: `accept` raises `Draining`.
        when_training: Called when a training was accepted, so that its photos are sent for.
    """

    def __init__(
        self,
        means: Means,
        *,
        acts: Acts,
        room: WaitingRoom,
        carriers: Carriers,
        closer: Closer,
        handout: Handout,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        instance: Instance,
        price: Callable[[str], Price | None],
    ) -> None:
        self.draining = False
        self.when_training: Callable[[], None] = lambda: None
        self._means = means
        self._book = means.book
        self._acts = acts
        self._room = room
        self._carriers = carriers
        self._closer = closer
        self._handout = handout
        self._spawn = spawn
        self._instance = instance
        self._price = price

    async def accept(
        self, new: NewJob, *, standing: Standing, not_after_s: float, also: Also | None = None
    ) -> Job:
        """Store the job with its holds, not yet in the line; the callback may then show its card.

        `new.estimate_nano_usd`, `new.size_key` and `new.weight` are filled in here; `new.code` is replaced
        when it is taken. The same interaction twice gives the same job.

        Args:
            new: The job, its inputs checked by `bot.tools.inputs`.
            standing: The member's roles, and what they bought: limits may depend on them.
            not_after_s: Monotonic time after which nothing is done (2 s after the event).
            also: What else the unit does that stores the job; when that raises, nothing is stored.

        Raises:
            Blocked, BlockedEverywhere: Moderators, or the operator, have blocked the member; nothing was
                stored.
            QuotaRefused, BudgetRefused: A cap is reached; likewise.
            LimitRefused, TooSoon: It is too large, or the member has to wait a little; likewise.
            TooLate: `not_after_s` passed before it was stored.
            Draining: The process is stopping.
        """
        if self.draining:
            raise Draining
        if new.user_id in self._means.blocked_users:
            self._means.observer.refused("blocked")
            raise BlockedEverywhere
        new = await self._priced(new)
        now = self._means.clock.now()
        try:
            job = await self._store(new, standing, now, not_after_s, also)
        except RuleRefused as refusal:
            what = refusal.unit if isinstance(refusal, QuotaRefused) else refusal.rule
            self._means.observer.refused(COUNTED_AS.get(what.value, what.value))
            raise
        log.info("accepted", job=job.code, tool=job.tool, images=job.images, private=job.private)
        self._means.observer.state_changed(job, None, 0.0)
        return job

    async def train(
        self, new: NewJob, *, standing: Standing, draft_id: int, consent: Consent, not_after_s: float
    ) -> Job:
        """Let a draft become this training: its holds, who agreed to what, and then its photos to Wiro.

        Raises:
            Moved: The draft is not open any more; nothing was stored.
            UserError: As `accept`.
        """
        job = await self.accept(
            new,
            standing=standing,
            not_after_s=not_after_s,
            also=lambda conn, job: trainings.begin(conn, job, draft_id, consent),
        )
        self.when_training()
        return job

    async def quote(self, new: NewJob, *, standing: Standing) -> Quote:
        """What the job would cost and take, and what would be refused now; nothing is stored or counted."""
        new = await self._priced(new)
        expectation = await self._means.past.expectation(new)
        return Quote(
            nano_usd=new.estimate_nano_usd,
            run_s=expectation.median_s,
            refusal=await self._refusal(new, standing),
        )

    async def _refusal(self, new: NewJob, standing: Standing) -> UserError | None:
        """What `accept` would refuse: the very unit is run, and has no effect."""
        if new.user_id in self._means.blocked_users:
            return BlockedEverywhere()
        within_s = self._means.clock.monotonic_s() + REHEARSED_WITHIN_S
        try:
            await self._store(new, standing, self._means.clock.now(), within_s, also=_undo)
        except _Rehearsed:
            return None
        except RuleRefused as refusal:
            return refusal
        raise AssertionError  # `_undo` raises

    async def card_shown(self, job: Job, message_id: int) -> Job:
        """Store the card's id: only now the job is in the line. Call it when the callback has answered."""
        return await self._acts.show_card(job, message_id)

    async def nobody_saw(self, job: Job) -> Job:
        """End a job whose callback Discord refused (10062): released, no card to settle."""
        return await self._acts.stop(job, by=CancelBy.SYSTEM, end_reason=Reason.NOBODY_SAW_IT)

    async def stop(self, code: str, *, by: CancelBy, user_id: int, reason: str | None = None) -> Job:
        """Write the wish to stop a job; a waiting one has ended when this returns, others end soon.

        With `CancelBy.OWNER` only the owner's own job is found. On a job that ended already nothing changes:
        look at the state of what is returned. A moderator's wish overrules an owner's.

        Raises:
            NoSuchTask: There is no such job (for that owner).
        """
        job = await self._find(code, user_id if by is CancelBy.OWNER else None)
        return await self._acts.stop(job, by=by, user_id=user_id, reason=reason)

    async def server_left(self, guild_id: int) -> int:
        """End the waiting jobs of a server that was left; running ones finish. How many ended."""
        jobs = await self._book.db.read(lambda conn: units.waiting(conn, guild_id=guild_id))
        for job in jobs:
            await self._acts.stop(job, by=CancelBy.SYSTEM, end_reason=Reason.SERVER_LEFT)
        return len(jobs)

    async def member_blocked(self, guild_id: int, user_id: int) -> int:
        """End the waiting jobs of a member who was blocked in a server. How many ended."""
        jobs = await self._book.db.read(lambda conn: units.waiting(conn, guild_id=guild_id, user_id=user_id))
        ended = [await self._acts.stop(job, by=CancelBy.SYSTEM, end_reason=Reason.BLOCKED) for job in jobs]
        return sum(job.reason is Reason.BLOCKED for job in ended)

    def policy_changed(self) -> None:
        """A server chose something: its jobs may go now, or no longer."""
        self._acts.rules_changed()

    async def place(self, job: Job) -> Place | None:
        """Where the job stands in the line, or would without a card yet; None when it does not wait."""
        return await self._room.place(job)

    async def freshen(self, job: Job, *, token: str, expires_at: datetime) -> Job:
        """Keep a newer token of a private job.

        Only a token whose `@original` is the card: of a click on the card that was answered with type 6 or 7.
        """
        return await self._book.write(lambda conn: units.refresh_token(conn, job.id, token, expires_at))

    async def deliver_here(self, code: str, *, user_id: int, token: str, expires_at: datetime) -> Job:
        """Put a kept (or finished) result into `@original` of an interaction that was deferred privately.

        A private job that is still under way moves its card there instead: `@original` is its card from now
        on, and the caller draws it.

        Raises:
            NoSuchTask: The member has no such job.
            NotDeliverable: It has no images that could be shown (the sentence says why), or Discord refused.
        """
        job = await self._find(code, user_id)
        if job.private and not job.state.has_ended:
            return await self.freshen(job, token=token, expires_at=expires_at)
        return await self._handout.here(replace(job, interaction_token=token, token_expires_at=expires_at))

    async def share(self, code: str, *, user_id: int) -> Job:
        """Post a copy of the member's private result into its channel, once.

        Raises:
            NoSuchTask: The member has no such job.
            NotDeliverable: It has no images, is shared already, or Discord refused; the sentence says which.
        """
        return await self._handout.share(await self._find(code, user_id))

    async def delete(self, job: Job, *, moderator_id: int | None = None) -> Job:
        """Mark a finished job as deleted, drop what is kept of it, ask Wiro to delete its inputs and outputs.

        The caller has taken the files off the card, or does so next; Wiro is asked in the background. When it
        is a moderator's act, the same unit writes it into the audit.

        Raises:
            Moved: The job has not ended.
        """
        now = self._means.clock.now()
        after = await self._book.write(
            lambda conn: units.mark_deleted(conn, job.id, now, moderator_id=moderator_id)
        )
        self._spawn(self._closer.discard(after))
        return after

    async def hooked(self, hook_token: str) -> bool:
        """Wiro called back for this job: read the task now. False: no such job (answer 404)."""
        job = await self._book.db.read(lambda conn: units.by_hook(conn, hook_token))
        if job is not None and job.state is JobState.RUNNING:
            self._carriers.nudge(job.id, Nudge.LOOK)
        return job is not None

    async def _store(
        self, new: NewJob, standing: Standing, now: datetime, not_after_s: float, also: Also | None
    ) -> Job:
        """Accept it, under a longer code when its own is taken."""

        def accepted(conn: sa.Connection, named: NewJob) -> Job:
            job = take_in(conn, named, standing, self._instance, now=now)
            if also is not None:
                also(conn, job)
            return job

        for length in range(SHORTEST, LONGEST + 1):
            named = new
            try:
                return await self._book.db.write(
                    lambda conn, named=named: accepted(conn, named),  # type: ignore[misc]  # a lambda's default has no type
                    not_after_s=not_after_s,
                )
            except CodeTaken:
                new = replace(new, code=draw_code(length), hook_token=draw_hook_token())
        raise TooBusy  # six draws of up to 32^8 codes in a row: never

    async def _find(self, code: str, owner_id: int | None) -> Job:
        job = await self._book.db.read(lambda conn: units.by_code(conn, code.lstrip("#").upper()))
        if job is None or (owner_id is not None and job.user_id != owner_id):
            raise NoSuchTask(code)
        return job

    async def _priced(self, new: NewJob) -> NewJob:
        """The job with its size and what it will probably cost."""
        size = size_key(new.inputs)
        tool = self._means.tool_of(new.tool)
        past = await self._means.past.runs(new.tool, size)
        estimate = estimate_nano_usd(tool, new.inputs, past, price=self._price(new.tool))
        return replace(new, size_key=size, estimate_nano_usd=estimate)


class _Rehearsed(Exception):
    """A unit that was run to see whether it would be."""


def _undo(_conn: sa.Connection, _job: Job) -> None:
    raise _Rehearsed
