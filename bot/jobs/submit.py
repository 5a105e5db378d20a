"""SUBMITTING: the one call that costs money, sent once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.jobs.job import reason_of_stop
from bot.jobs.marks import HOOK_PATH
from bot.jobs.models import ModelAccess, access_to_model
from bot.jobs.refusals import Back, Doubt, Refused, after_failed_run
from bot.log import get_logger
from bot.model import JobState, Reason
from bot.store import blocks
from bot.store.errors import TaskTaken
from bot.wiro import WiroError

if TYPE_CHECKING:
    from bot.jobs.gatekeeper import Gatekeeper
    from bot.jobs.means import Means
    from bot.jobs.work import Work
    from bot.model import Job

log = get_logger(__name__)

ASK_AGAIN_S = 30.0
"""After Discord did not say what decides whether a job may run."""


class Submitter:
    """Sends Run for a claimed job, or finds that it must not be sent (again)."""

    def __init__(self, means: Means, gatekeeper: Gatekeeper) -> None:
        self._means = means
        self._book = means.book
        self._gatekeeper = gatekeeper

    async def step(self, work: Work) -> Job:
        """SUBMITTING → RUNNING, WAITING, DOUBTFUL, FAILED or CANCELLED."""
        job = work.job
        if not work.may_run:
            return await self._book.begin_doubt(job, "Run may have been sent before")
        if (held_back := await self._held_back(job)) is not None:
            return held_back
        tool = self._means.tool_of(job.tool)
        work.may_run = False  # from here on a task may exist, whatever happens to this coroutine
        try:
            answer = await self._means.wiro.run(
                tool.slug_owner, tool.slug_project, job.inputs, callback_url=self._callback_url(job)
            )
        except WiroError as error:
            return await self._not_started(job, error)
        try:
            return await self._gatekeeper.passed(job, answer)
        except TaskTaken:  # a doubtful job with equal inputs took it: what that one lost may be ours
            return await self._book.begin_doubt(job, "its task was taken by an equal job")

    async def _held_back(self, job: Job) -> Job | None:
        """The job, ended or in the line again, when Run may not be sent for it (yet); None: it may."""
        if job.wants_to_stop:
            return await self._book.end(
                job, JobState.CANCELLED, task_existed=False, reason=reason_of_stop(job)
            )
        closed = await self._means.stage.may_still(job) or await self._blocked(job)
        access = ModelAccess.OPEN if closed is not None else await access_to_model(self._means, job)
        if access is ModelAccess.CLOSED:
            closed = Reason.MODEL_CLOSED
        if closed is not None:
            return await self._book.end(job, JobState.FAILED, task_existed=False, reason=closed)
        if access is ModelAccess.UNSAID:
            later = self._means.clock.now() + timedelta(seconds=ASK_AGAIN_S)
            return await self._book.return_to_line(
                job, not_before=later, because="Discord did not say which roles the owner has"
            )
        return None

    async def _blocked(self, job: Job) -> Reason | None:
        """`Reason.BLOCKED` when the owner was blocked after this was claimed, or while it was accepted."""
        if job.user_id in self._means.blocked_users:
            return Reason.BLOCKED
        now = self._means.clock.now()
        found = await self._book.db.read(
            lambda conn: blocks.find(conn, guild_id=job.guild_id, user_id=job.user_id, now=now)
        )
        return None if found is None else Reason.BLOCKED

    def _callback_url(self, job: Job) -> str | None:
        base = self._means.public_url
        return None if base is None else f"{base.rstrip('/')}{HOOK_PATH}{job.hook_token}"

    async def _not_started(self, job: Job, error: WiroError) -> Job:
        log.info("Run was not confirmed", error=type(error).__name__, words=error.message, code=error.code)
        match after_failed_run(error):
            case Doubt():
                return await self._book.begin_doubt(job, error.message)
            case Refused(words):
                return await self._book.end(
                    job, JobState.FAILED, task_existed=False, reason=Reason.WIRO_REFUSED, reason_text=words
                )
            case Back() as back:
                closed_s = await self._gatekeeper.close(job, back)
                not_before = self._means.clock.now() + timedelta(seconds=closed_s) if closed_s else None
                return await self._book.return_to_line(job, not_before=not_before, because=back.why)
