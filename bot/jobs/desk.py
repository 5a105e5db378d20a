"""The desk: everything that commands and buttons may ask of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.jobs.ports import Place
    from bot.model import CancelBy, Job, NewJob


class Desk:
    """Takes jobs in, stops them, hands out kept results and deletes finished ones. One per process.

    Every method may be called from any process and at any time; refusals are `bot.errors.UserError`s,
    finished sentences for the member.
    """

    @property
    def draining(self) -> bool:
        """The process is stopping: `accept` raises `Draining`."""
        raise NotImplementedError

    async def accept(self, new: NewJob, *, not_after_s: float) -> Job:
        """Store the job with its holds, not yet in the line; the callback may then show its card.

        `new.estimate_nano_usd` is filled in here; `new.code` is replaced when it is taken. The same
        interaction twice gives the same job.

        Args:
            new: The job, its inputs checked by `bot.tools.inputs`.
            not_after_s: Monotonic time after which nothing is done (2 s after the event).

        Raises:
            QuotaRefused, BudgetRefused: A cap is reached; nothing was stored.
            TooLate: `not_after_s` passed before it was stored.
            Draining: The process is stopping.
        """
        raise NotImplementedError

    async def card_shown(self, job: Job, message_id: int) -> Job:
        """Store the card's id: only now the job is in the line. Call it when the callback has answered."""
        raise NotImplementedError

    async def nobody_saw(self, job: Job) -> Job:
        """End a job whose callback Discord refused (10062): released, no card to settle."""
        raise NotImplementedError

    async def stop(self, code: str, *, by: CancelBy, user_id: int, reason: str | None = None) -> Job:
        """Write the wish to stop a job; a waiting one has ended when this returns, others end soon.

        With `CancelBy.OWNER` only the owner's own job is found. On a job that ended already nothing
        changes: look at the state of what is returned. A moderator's wish overrules an owner's.

        Raises:
            NoSuchTask: There is no such job (for that owner).
        """
        raise NotImplementedError

    async def place(self, job: Job) -> Place | None:
        """Where the job stands in the line now; None when it is not waiting in it."""
        raise NotImplementedError

    async def freshen(self, job: Job, *, token: str, expires_at: datetime) -> Job:
        """Keep a newer token of a private job.

        Only a token whose `@original` is the card: of a click on the card that was answered with type 6 or 7.
        """
        raise NotImplementedError

    async def deliver_here(self, code: str, *, user_id: int, token: str, expires_at: datetime) -> Job:
        """Put a kept (or finished) result into `@original` of an interaction that was deferred privately.

        A private job that is still under way moves its card there instead: `@original` is its card from now
        on.

        Raises:
            NoSuchTask: The member has no such job.
            NotDeliverable: It has no images that could be shown (the sentence says why), or Discord refused.
        """
        raise NotImplementedError

    async def delete(self, job: Job) -> Job:
        """Mark a finished job as deleted, drop what is kept of it, ask Wiro to delete its inputs and outputs.

        The caller has taken the files off the card, or does so next; Wiro is asked in the background.
        """
        raise NotImplementedError

    async def shared(self, job: Job, message_id: int) -> Job:
        """Note that the owner shared a private result as that message."""
        raise NotImplementedError

    async def hooked(self, hook_token: str) -> bool:
        """Wiro called back for this job: read the task now. False: no such job (answer 404)."""
        raise NotImplementedError
