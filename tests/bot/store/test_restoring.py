"""What a restored database does with the jobs that were unfinished when the backup was made."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.model import EDGES, JobState, Reason
from bot.store import jobs, ledger, processes, tables
from bot.store.restoring import Reconciled, reconcile
from tests.support.clock import START

if TYPE_CHECKING:
    from bot.model import Job
    from bot.store.database import Database
    from tests.support.store import Bench

DAY = timedelta(days=1)


async def restored(db: Database, now: Any) -> Reconciled:
    return await db.write(partial(reconcile, now=now, follow_for=DAY, sweep_for=DAY))


async def again(db: Database, job: Job) -> Job:
    found = await db.read(partial(jobs.get, job_id=job.id))
    assert found is not None
    return found


async def test_no_job_that_waited_can_go_to_wiro_again(db: Database, bench: Bench) -> None:
    """It is doubtful, in the hands of whoever starts next, and never goes back to the line."""
    me = await bench.process()
    done = await bench.ended(me)
    running, delivering = await bench.running(me), await bench.delivering(me)
    waiting = await bench.waiting()
    cardless = await bench.accepted()
    now = START + timedelta(hours=3)
    assert await restored(db, now) == Reconciled(ended=1, looked_for=1, followed=2)
    bench.now = now
    doubtful = await again(db, waiting)
    assert (doubtful.state, doubtful.returned, doubtful.submitted_at) == (JobState.DOUBTFUL, True, START)
    assert (await again(db, running)).state is JobState.RUNNING
    assert (await again(db, delivering)).state is JobState.DELIVERING
    assert await again(db, done) == done
    ended = await again(db, cardless)
    assert (ended.state, ended.reason) == (JobState.FAILED, Reason.RESTORED)

    heir = await bench.process()
    assert await bench.claim(heir) is None
    taken = await db.write(lambda conn: processes.take_over(conn, heir, now, None))
    assert [job.id for job in taken] == [running.id, delivering.id, waiting.id]
    assert await db.read(ledger.check) == []


async def test_jobs_of_an_old_backup_end_released_and_their_cards_are_left_alone(
    db: Database, bench: Bench
) -> None:
    """Their true end is long in Discord; what a task of theirs cost is still looked for."""
    me = await bench.process()
    made = [
        await bench.submitting(me),
        await bench.running(me),
        await bench.delivering(me),
        await bench.waiting(),
    ]
    now = START + timedelta(days=3)
    assert await restored(db, now) == Reconciled(ended=4, looked_for=0, followed=0)
    for job in made:
        ended = await again(db, job)
        assert (ended.state, ended.reason, ended.sweep_until) == (
            JobState.FAILED,
            Reason.RESTORED,
            now + DAY,
        )
    assert await db.read(partial(jobs.unsettled, since=START)) == []
    assert await db.read(ledger.check) == []
    held = await db.read(
        lambda conn: conn.execute(sa.select(sa.func.sum(tables.quota_counter.c.held))).scalar()
    )
    assert held == 0


async def test_the_log_of_a_restored_job_has_only_legal_edges(db: Database, bench: Bench) -> None:
    await bench.waiting()
    await restored(db, START)
    event = tables.job_event
    edges = await db.read(
        lambda conn: conn.execute(sa.select(event.c.from_state, event.c.to_state, event.c.note)).all()
    )
    assert all(before is None or after in EDGES[before] for before, after, _ in edges)
    assert [note for _, _, note in edges[-2:]] == ["restored from a backup"] * 2
