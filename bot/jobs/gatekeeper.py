"""Closing and opening the gates between the line and Wiro, and telling the operator of it once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.jobs.refusals import Back, Shut, closed_for_s
from bot.log import get_logger
from bot.model import JobState
from bot.store import jobs as units
from bot.store import line

if TYPE_CHECKING:
    import sqlalchemy as sa

    from bot.clock import Clock
    from bot.jobs.book import Book
    from bot.jobs.ports import Observer
    from bot.model import Job
    from bot.wiro import RunAnswer

log = get_logger(__name__)

AT_WIRO = (JobState.SUBMITTING, JobState.DOUBTFUL, JobState.RUNNING)


class Gatekeeper:
    """What every outcome of Run means for the jobs behind it."""

    def __init__(self, book: Book, clock: Clock, observer: Observer) -> None:
        self._book = book
        self._clock = clock
        self._observer = observer
        self._stands_still = False
        self._unpaid: set[str] = set()

    async def passed(self, job: Job, answer: RunAnswer) -> Job:
        """SUBMITTING → RUNNING: the job has its task, so the gates of account and tool are sound.

        Raises:
            TaskTaken: Another job has that task.
            Moved: The job is not where it was.
        """
        job = await self._book.started(job, answer)
        if self._stands_still:
            self._stands_still = False
            log.warning("Wiro accepts the account again; the line moves")
            self._observer.line_paused(None)
        if job.tool in self._unpaid:
            self._unpaid.discard(job.tool)
            log.warning("the balance at Wiro is enough again; the tool's jobs go on", tool=job.tool)
        return job

    async def close(self, job: Job, back: Back) -> float:
        """Close the gate that this refusal calls for; for how many seconds (0: a limit was learned)."""
        if back.why is Shut.CONCURRENCY and await self._learned(back.limit):
            return 0.0
        key = job.tool if back.tool_only else line.ACCOUNT
        now = self._clock.now()

        def unit(conn: sa.Connection) -> tuple[float, int]:
            gate = line.gates(conn).get(key)
            if gate and gate.closed_until and gate.closed_until > now:  # closed while this Run was under way
                return (gate.closed_until - now).total_seconds(), gate.strikes
            strikes = 1 + (gate.strikes if gate else 0)
            closed_s = closed_for_s(back, strikes)
            until = now + timedelta(seconds=closed_s)
            line.close_gate(conn, key, until=until, why=back.why.value, now=now)
            return closed_s, strikes

        closed_s, strikes = await self._book.write(unit)
        log.warning(
            "the line is held back", why=back.why.value, tool=key or "all", for_s=closed_s, strikes=strikes
        )
        if back.why is Shut.AUTH and not self._stands_still:
            self._stands_still = True
            log.error(
                "Wiro refuses the account: check WIRO_API_KEY and WIRO_API_SECRET, the IP whitelist and the "
                "account itself (./atelier doctor). Jobs wait; nothing is lost."
            )
            self._observer.line_paused(back.why.value)
        if back.why is Shut.BALANCE and job.tool not in self._unpaid:
            self._unpaid.add(job.tool)
            log.error(
                "the balance at Wiro does not pay for this tool: add funds. Its jobs wait for a day at most; "
                "one of them tries again within minutes, and the others follow by themselves.",
                tool=job.tool,
            )
        return closed_s

    async def _learned(self, named: int | None) -> bool:
        """Learn the limit from what runs; False when nothing of ours does: it then says nothing."""
        now = self._clock.now()

        def unit(conn: sa.Connection) -> bool:
            counts = units.count_by_state(conn)
            running = sum(counts.get(state, 0) for state in AT_WIRO) - 1  # the refused job itself
            if running > 0:
                line.learn_limit(conn, named=named, running=running, now=now)
            return running > 0

        return await self._book.write(unit)
