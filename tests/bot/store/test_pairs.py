"""Every pair of units at once on one job, on PostgreSQL, where only locks and guards keep order."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.errors import Moved, QuotaRefused
from bot.limits import BOUNDS, Bonus, Target
from bot.model import EDGES, CancelBy, JobState, Output, Reason, Unit
from bot.store import grants, jobs, ledger, limits, line, models, processes, tables
from bot.store.database import Database
from tests.support.clock import START
from tests.support.models import a_new_model
from tests.support.store import DAY, GUILD, USER, Bench, empty_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.model import Job

pytestmark = pytest.mark.postgres

OUTPUTS = [Output(url="u", name="n")]


@pytest.fixture
async def db(migrated_postgres: str) -> AsyncIterator[Database]:
    async with Database.open(migrated_postgres, clock=SystemClock()) as database:
        await database.write(empty_all)
        yield database


def end(expected: JobState, state: JobState, *, owned: bool = True) -> Callable[..., Any]:
    def unit(conn: sa.Connection, job: Job, me: int) -> Job:
        return jobs.end_job(
            conn,
            job.id,
            expected=expected,
            state=state,
            owner=me if owned else None,
            now=START,
            task_existed=True,
            images_made=4,
        )

    return unit


def claim_this(conn: sa.Connection, job: Job, me: int) -> Job | None:
    def choose(view: line.LineView) -> line.Choice | None:
        mine = [head for head in view.heads if head.job_id == job.id]
        return line.Choice(job_id=job.id, server_charge=5, member_charge=5) if mine else None

    return line.claim_next(conn, owner=me, now=START, choose=choose, max_concurrent=10_000)


UNITS: dict[str, Callable[[sa.Connection, Any, int], Any]] = {
    "show_card": lambda conn, job, me: jobs.show_card(conn, job.id, job.message_id, now=START),
    "claim": claim_this,
    "begin_doubt": lambda conn, job, me: jobs.begin_doubt(conn, job.id, me, START),
    "give_back": lambda conn, job, me: jobs.return_to_line(conn, job.id, me, START, None, "96"),
    "give_back_out_of_doubt": lambda conn, job, me: jobs.return_to_line(
        conn, job.id, me, START, None, "lost", out_of_doubt=True
    ),
    "started": lambda conn, job, me: jobs.started(conn, job.id, me, f"t{job.id}", None, START),
    "note_status": lambda conn, job, me: jobs.note_status(conn, job.id, me, "task_start"),
    "outputs_known": lambda conn, job, me: jobs.outputs_known(conn, job.id, me, OUTPUTS, START, 5, START),
    "claim_delivery": lambda conn, job, me: jobs.claim_delivery(conn, job.id, me, "dm", START),
    "end_waiting": end(JobState.WAITING, JobState.FAILED, owned=False),
    "end_submitting": end(JobState.SUBMITTING, JobState.FAILED),
    "end_running": end(JobState.RUNNING, JobState.FAILED),
    "end_delivering": end(JobState.DELIVERING, JobState.DONE),
    "keep": end(JobState.DELIVERING, JobState.KEPT),
    "fetched": lambda conn, job, me: jobs.fetched(conn, job.id, 1, 2, START),
    "want_stop": lambda conn, job, me: jobs.want_stop(
        conn, job.id, by=CancelBy.OWNER, user_id=USER, reason=None, now=START, end_reason=Reason.NO_ACCESS
    ),
    "refresh_token": lambda conn, job, me: jobs.refresh_token(conn, job.id, "token", START),
    "book_late_task": lambda conn, job, me: jobs.book_late_task(
        conn, job.id, f"late{job.id}", action="killed", cost_nano_usd=7, now=START
    ),
    "mark_deleted": lambda conn, job, me: jobs.mark_deleted(conn, job.id, START),
}
PAIRS = list(combinations_with_replacement(UNITS, 2))


async def prepared(bench: Bench, me: int, state: JobState, user_id: int) -> Job:
    """A job in that state."""
    if state is JobState.DOUBTFUL:
        job = await bench.submitting(me, user_id=user_id)
        return await bench.db.write(lambda conn: jobs.begin_doubt(conn, job.id, me, START))
    steps: dict[JobState, Callable[..., Any]] = {
        JobState.WAITING: lambda _, **job: bench.waiting(**job),
        JobState.SUBMITTING: bench.submitting,
        JobState.RUNNING: bench.running,
        JobState.DELIVERING: bench.delivering,
        JobState.KEPT: lambda me, **job: bench.ended(me, JobState.KEPT, **job),
    }
    made: Job = await steps[state](me, user_id=user_id)
    return made


@pytest.mark.parametrize("state", ["waiting", "submitting", "doubtful", "running", "delivering", "kept"])
async def test_any_two_units_at_once_leave_one_true_story(db: Database, state: str) -> None:
    bench = Bench(db)
    me = await bench.process()
    # Each pair has a member of its own: only the head of a member can be claimed. The server is shared.
    room = asyncio.Semaphore(8)

    async def prepare(number: int) -> Job:
        async with room:
            return await prepared(bench, me, JobState(state), USER + number)

    made = await asyncio.gather(*(prepare(number) for number in range(len(PAIRS))))

    async def attempt(name: str, job: Job) -> bool:
        async with room:
            try:
                await db.write(lambda conn: UNITS[name](conn, job, me))
            except Moved:
                return False
            return True

    succeeded = await asyncio.gather(
        *(attempt(name, job) for pair, job in zip(PAIRS, made, strict=True) for name in pair)
    )
    assert sum(succeeded) >= len(PAIRS) / 3
    assert await db.read(ledger.check) == []
    await check_events(db)


async def check_events(db: Database) -> None:
    """Each job's events are one chain of legal edges to the state that it is in."""
    event = tables.job_event
    rows = await db.read(lambda conn: conn.execute(sa.select(event).order_by(event.c.id)).all())
    at: dict[int, JobState] = {}
    for row in rows:
        assert at.get(row.job_id) == row.from_state
        assert row.from_state is None or row.to_state in EDGES[row.from_state]
        at[row.job_id] = row.to_state
    states = await db.read(lambda conn: conn.execute(sa.select(tables.job.c.id, tables.job.c.state)).all())
    assert at == {row.id: row.state for row in states}


async def test_cap_is_never_oversold(db: Database) -> None:
    bench = Bench(db)

    async def accept() -> bool:
        new = bench.new()
        try:
            await db.write(lambda conn: jobs.accept(conn, new, bench.holds(new, cap=42), now=START))
        except QuotaRefused:
            return False
        return True

    accepted = await asyncio.gather(*(accept() for _ in range(40)))
    assert sum(accepted) == 10
    assert await db.read(ledger.check) == []


async def test_one_interaction_is_one_job_however_often_it_comes(db: Database) -> None:
    bench = Bench(db)
    new = bench.new()
    accepted = await asyncio.gather(
        *(db.write(lambda conn: jobs.accept(conn, new, bench.holds(new), now=START)) for _ in range(12))
    )
    assert len({job.id for job in accepted}) == 1
    assert await db.read(ledger.check) == []


async def test_claimers_share_the_line_and_never_pass_the_limit(db: Database) -> None:
    bench = Bench(db)
    owners = [await bench.process() for _ in range(4)]
    for number in range(20):
        await bench.waiting(user_id=USER + number)
    claimed = await asyncio.gather(
        *(bench.claim(owners[number % 4], max_concurrent=13) for number in range(30))
    )
    ids = [job.id for job in claimed if job is not None]
    assert len(ids) == len(set(ids)) == 13


async def test_a_job_is_taken_over_by_one_process(db: Database) -> None:
    bench = Bench(db)
    dead = await bench.process()
    for _ in range(5):
        await bench.running(dead)
    await db.write(lambda conn: processes.retire(conn, dead, START))
    heirs = [await bench.process() for _ in range(4)]
    taken = await asyncio.gather(
        *(db.write(partial(processes.take_over, me=me, now=START, dead_after_s=60.0)) for me in heirs)
    )
    assert sum(len(jobs_) for jobs_ in taken) == 5


async def test_processes_that_register_together_get_ids_of_their_own(db: Database) -> None:
    bench = Bench(db)
    ids = await asyncio.gather(*(bench.process() for _ in range(8)))
    assert len(set(ids)) == 8


async def test_trainings_of_one_owner_that_end_together_are_all_recorded(db: Database) -> None:
    """Two of each training, all with one name and one id: each makes a model, and the id is one's alone."""
    made = await asyncio.gather(
        *(
            db.write(partial(models.record, new=a_new_model(job_id=1 + number % 4), now=START))
            for number in range(8)
        )
    )
    assert {model.id for model in made} == {model.id for model in made[:4]}
    assert sorted(model.name for model in made[:4]) == ["anna", "anna-2", "anna-3", "anna-4"]
    assert sorted(str(model.wiro_id) for model in made[:4]) == ["900", "None", "None", "None"]


async def test_a_bonus_is_taken_back_once_by_however_many(db: Database) -> None:
    bonus = Bonus(unit=Unit.IMAGE, amount=5, until=START + timedelta(days=1), window="2026-11-22")
    who: dict[str, Any] = {"guild_id": GUILD, "user_id": USER, "by": 1, "why": None, "now": START}
    await db.write(partial(grants.grant, bonus=bonus, **who))
    ended = await asyncio.gather(*(db.write(partial(grants.take_back, **who)) for _ in range(8)))
    assert sorted(map(len, ended)) == [0] * 7 + [1]
    assert await db.read(ledger.check) == []


async def test_what_was_used_is_given_back_once_by_however_many(db: Database) -> None:
    bench = Bench(db)
    await bench.ended(await bench.process())
    who: dict[str, Any] = {"guild_id": GUILD, "user_id": USER, "by": 1, "why": None, "now": START}
    unit = partial(grants.reset, windows={Unit.IMAGE: DAY}, **who)
    given_back = await asyncio.gather(*(db.write(unit) for _ in range(8)))
    assert sum(each.get(Unit.IMAGE, 0) for each in given_back) == 4
    assert await db.read(ledger.check) == []


async def test_of_changes_of_one_rule_at_once_none_is_lost(db: Database) -> None:
    target = Target.role(GUILD, 51)
    every = {limit: most for limit, (_least, most) in BOUNDS.items()}
    units = (
        partial(limits.change_rule, target=target, said={limit: amount}, by=1, now=START)
        for limit, amount in every.items()
    )
    assert all(await asyncio.gather(*(db.write(unit) for unit in units)))
    assert await db.read(partial(limits.rule, target=target)) == every
