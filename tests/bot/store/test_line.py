from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.model import NORMAL_WEIGHT, JobState
from bot.store import jobs, line, policies, processes
from tests.support.clock import START
from tests.support.store import GUILD, USER

if TYPE_CHECKING:
    from bot.model import Job
    from bot.store.database import Database
    from tests.support.store import Bench


async def look(db: Database, bench: Bench, me: int, **options: int | None) -> line.LineView | None:
    """What the rule is shown."""
    seen: list[line.LineView] = []

    def choose(view: line.LineView) -> None:
        seen.append(view)

    await db.write(lambda conn: line.claim_next(conn, owner=me, now=bench.now, choose=choose, **options))
    return seen[-1] if seen else None


async def test_claimed_job_is_mine_and_on_its_way(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.waiting()
    claimed = await bench.claim(me)
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.owner) == (job.id, JobState.SUBMITTING, me)
    assert (claimed.attempt, claimed.submitted_at) == (1, bench.now)
    assert await bench.claim(me) is None


async def test_job_without_a_card_or_before_its_time_is_not_in_the_line(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.accepted()
    held_back = await bench.submitting(me)
    later = START + timedelta(seconds=30)
    await db.write(lambda conn: jobs.return_to_line(conn, held_back.id, me, START, later, "code 96"))

    assert await bench.claim(me) is None
    assert await db.read(lambda conn: line.next_due(conn, now=START)) == later
    bench.now = later
    assert await bench.claim(me) is not None


async def test_heads_are_the_first_job_of_each_member_and_tool(db: Database, bench: Bench) -> None:
    me = await bench.process()
    first = await bench.waiting()
    await bench.waiting()
    training = await bench.waiting(tool="dreambooth", images=0, estimate_nano_usd=0)
    other = await bench.waiting(user_id=USER + 1)
    elsewhere = await bench.waiting(guild_id=GUILD + 1)

    view = await look(db, bench, me)
    assert view is not None
    assert [head.job_id for head in view.heads] == [first.id, training.id, other.id, elsewhere.id]
    assert [head.is_training for head in view.heads] == [False, True, False, False]
    assert [head.cost_nano_usd for head in view.heads] == [1_000, 1, 1_000, 1_000]
    everything = await db.read(line.ahead)
    assert len(everything) == 5


async def test_jobs_of_a_paused_server_are_not_shown_to_the_rule(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.waiting()
    other = await bench.waiting(guild_id=GUILD + 1)

    async def choose(why: str | None) -> None:
        await db.write(lambda conn: policies.choose(conn, GUILD, "line_paused", why, by=1, now=START))

    assert await db.read(line.pauses) == {}
    await choose("")
    assert await db.read(line.pauses) == {GUILD: ""}
    view = await look(db, bench, me)
    assert view is not None
    assert [head.job_id for head in view.heads] == [other.id]
    assert len(await db.read(line.ahead)) == 2, "it keeps its place"
    await choose(None)
    assert await db.read(line.pauses) == {}
    assert await bench.claim(me, job.id) is not None


async def test_weight_given_at_acceptance_stays_with_the_job_and_is_shown_to_the_rule(
    db: Database, bench: Bench
) -> None:
    me = await bench.process()
    heavy = await bench.waiting(weight=300)
    await bench.waiting(user_id=USER + 1)
    view = await look(db, bench, me)
    assert view is not None
    assert [head.weight for head in view.heads] == [300, NORMAL_WEIGHT]
    claimed = await bench.claim(me, heavy.id)
    assert claimed is not None
    assert claimed.weight == 300


async def test_rule_sees_what_is_at_wiro(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.submitting(me)
    await bench.running(me, tool="dreambooth", images=0)
    await bench.delivering(me)
    await bench.waiting()
    view = await look(db, bench, me)
    assert view is not None
    assert (view.at_wiro, view.trainings_at_wiro) == (2, 1)
    assert view.tools_at_wiro == {"portraitplus": 1, "dreambooth": 1}


async def test_limit_is_the_least_of_setting_and_what_was_learned(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.waiting()
    view = await look(db, bench, me)
    assert view is not None
    assert view.limit == line.DEFAULT_LIMIT
    await db.write(lambda conn: line.learn_limit(conn, named=7, running=9, now=START))
    for setting, expected in ((None, 7), (20, 7), (3, 3)):
        view = await look(db, bench, me, max_concurrent=setting)
        assert view is not None
        assert view.limit == expected


async def test_nothing_is_claimed_at_the_limit(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.submitting(me)
    await bench.waiting()
    assert await bench.claim(me, max_concurrent=1) is None
    assert await bench.claim(me, max_concurrent=2) is not None


async def test_limit_learned_from_what_was_running_grows_by_one_in_ten_clean_submits(
    db: Database, bench: Bench
) -> None:
    gate = await db.write(lambda conn: line.learn_limit(conn, named=None, running=4, now=START))
    assert gate.learned_limit == 4
    for _ in range(10):
        await db.write(lambda conn: line.clean_submit(conn, "portraitplus", now=START))
    gates = await db.read(line.gates)
    assert gates[line.ACCOUNT].learned_limit == 5
    gate = await db.write(lambda conn: line.learn_limit(conn, named=None, running=0, now=START))
    assert gate.learned_limit == 5


async def test_closed_account_lets_nobody_pass_until_its_time(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.waiting()
    until = START + timedelta(seconds=5)
    for strikes in (1, 2):
        gate = await db.write(
            lambda conn: line.close_gate(conn, line.ACCOUNT, until=until, why="concurrency", now=START)
        )
        assert gate.strikes == strikes
    assert await bench.claim(me) is None
    bench.now = until
    assert await bench.claim(me) is not None


async def test_closed_tool_is_shown_to_the_rule_and_a_clean_submit_opens_it(
    db: Database, bench: Bench
) -> None:
    me = await bench.process()
    await bench.waiting()
    until = START + timedelta(minutes=1)
    await db.write(lambda conn: line.close_gate(conn, "portraitplus", until=until, why="balance", now=START))
    view = await look(db, bench, me)
    assert view is not None
    assert not view.is_open("portraitplus")
    assert view.is_open("dreambooth")
    await db.write(lambda conn: line.clean_submit(conn, "portraitplus", now=START))
    view = await look(db, bench, me)
    assert view is not None
    assert view.is_open("portraitplus")
    assert view.gates["portraitplus"].strikes == 0


async def test_operator_opens_a_gate(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.waiting()
    later = START + timedelta(hours=1)
    await db.write(lambda conn: line.close_gate(conn, line.ACCOUNT, until=later, why="auth", now=START))
    await db.write(lambda conn: line.open_gate(conn, line.ACCOUNT, now=START))
    assert await bench.claim(me) is not None


async def times(db: Database) -> dict[int, tuple[int, int]]:
    return {each.job_id: (each.server_time, each.member_time) for each in await db.read(line.ahead)}


async def test_claim_charges_server_and_member_and_nobody_else(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.submitting(me, estimate_nano_usd=300)
    mine = await bench.waiting()
    neighbour = await bench.waiting(user_id=USER + 1)
    elsewhere = await bench.waiting(guild_id=GUILD + 1)
    assert await times(db) == {mine.id: (300, 300), neighbour.id: (300, 0), elsewhere.id: (0, 0)}


async def test_newcomer_starts_where_the_least_active_one_is(db: Database, bench: Bench) -> None:
    me = await bench.process()
    for _ in range(3):
        await bench.submitting(me, estimate_nano_usd=100)
    # The third claim began at 200: nobody is less far than that.
    mine = await bench.waiting()
    neighbour = await bench.waiting(user_id=USER + 1)
    elsewhere = await bench.waiting(guild_id=GUILD + 1)
    assert await times(db) == {mine.id: (300, 300), neighbour.id: (300, 200), elsewhere.id: (200, 0)}


async def test_returned_job_is_as_near_as_before_its_claim(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.submitting(me, estimate_nano_usd=100)
    job = await bench.waiting(estimate_nano_usd=50)
    before = await times(db)
    await bench.claim(me, job.id)
    await db.write(lambda conn: jobs.return_to_line(conn, job.id, me, START, None, "code 96"))
    assert await times(db) == before


async def test_process_that_was_taken_over_claims_nothing(db: Database, bench: Bench) -> None:
    slow, me = await bench.process(), await bench.process()
    job = await bench.running(slow)
    await bench.waiting()
    taken: list[Job] = await db.write(lambda conn: processes.take_over(conn, me, START, None))

    assert [(each.id, each.owner, each.state) for each in taken] == [(job.id, me, JobState.RUNNING)]
    assert await bench.claim(slow) is None
    assert not await db.write(lambda conn: processes.heartbeat(conn, slow, START))
    assert await db.write(lambda conn: processes.heartbeat(conn, me, START))
    assert await bench.claim(me) is not None


async def test_living_process_keeps_its_jobs(db: Database, bench: Bench) -> None:
    alive, me = await bench.process(), await bench.process()
    job = await bench.running(alive)
    assert await db.write(lambda conn: processes.take_over(conn, me, START, 60.0)) == []
    assert [each.id for each in await db.read(lambda conn: jobs.carried_by(conn, alive))] == [job.id]


async def test_jobs_of_a_retired_process_are_taken_at_once(db: Database, bench: Bench) -> None:
    old, me = await bench.process(), await bench.process()
    job, done = await bench.running(old), await bench.ended(old)
    waiting = await bench.waiting()
    await db.write(lambda conn: processes.retire(conn, old, START))
    taken = await db.write(lambda conn: processes.take_over(conn, me, START, 60.0))
    assert [each.id for each in taken] == [job.id]
    for each in (done, waiting):
        stored = await db.read(partial(jobs.get, job_id=each.id))
        assert stored is not None
        assert stored.owner is None


async def test_ids_of_processes_are_never_used_twice(db: Database, bench: Bench) -> None:
    ids = [await bench.process() for _ in range(3)]
    assert ids == sorted(set(ids))
