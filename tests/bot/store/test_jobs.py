from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.errors import BudgetRefused, Moved, QuotaRefused
from bot.model import Act, CancelBy, JobState, MoneyScope, Output, Reason, Unit
from bot.store import auditing, history, jobs, ledger, line, tables
from bot.store.errors import CodeTaken, TaskTaken
from tests.support.clock import START
from tests.support.store import CHANNEL, DAY, GUILD, USER

if TYPE_CHECKING:
    from bot.model import Job
    from bot.store.database import Database
    from tests.support.store import Bench

LATER = START + timedelta(minutes=5)


async def usage(db: Database, unit: Unit, window: str = DAY) -> tuple[ledger.Used, ledger.Used]:
    found = await db.read(
        lambda conn: ledger.usage(conn, user_id=USER, guild_id=GUILD, windows={unit: window})
    )
    return found.here[unit], found.everywhere[unit]


async def spent(db: Database) -> ledger.Used:
    return await db.read(lambda conn: ledger.spent(conn, scope=MoneyScope.INSTANCE, scope_id="", window=DAY))


async def events(db: Database, job: Job) -> list[tuple[JobState | None, JobState]]:
    event = tables.job_event
    query = sa.select(event.c.from_state, event.c.to_state).where(event.c.job_id == job.id)
    rows = await db.read(lambda conn: conn.execute(query.order_by(event.c.id)).all())
    return [(row.from_state, row.to_state) for row in rows]


async def test_accepted_job_reads_back_as_it_was_given(db: Database, bench: Bench) -> None:
    new = bench.new(
        inputs={"prompt": "Zoë 🎨\x00", "scale": 7.5, "seed": "4294967295", "samples": 4},
        notes=("trigger_added",),
        interaction_token="token",
        token_expires_at=LATER,
        private=True,
        parent_code="4F7K",
        locale="tr",
    )
    job = await db.write(lambda conn: jobs.accept(conn, new, bench.holds(new), now=bench.now))

    assert job.state is JobState.WAITING
    assert (job.created_at, job.state_at) == (bench.now, bench.now)
    for name in (
        "inputs",
        "notes",
        "interaction_token",
        "token_expires_at",
        "private",
        "parent_code",
        "locale",
    ):
        assert getattr(job, name) == getattr(new, name)
    assert await db.read(lambda conn: jobs.get(conn, job.id)) == job
    assert await events(db, job) == [(None, JobState.WAITING)]


async def test_same_interaction_twice_is_one_job_with_one_hold(db: Database, bench: Bench) -> None:
    new = bench.new()
    first = await db.write(lambda conn: jobs.accept(conn, new, bench.holds(new), now=bench.now))
    again = replace(new, code="OTHER", hook_token="other")
    second = await db.write(lambda conn: jobs.accept(conn, again, bench.holds(new), now=LATER))

    assert second == first
    assert (await usage(db, Unit.IMAGE))[0] == ledger.Used(held=4)


@pytest.mark.parametrize("taken", ["code", "hook_token"])
async def test_taken_code_or_hook_token_asks_for_another(db: Database, bench: Bench, taken: str) -> None:
    job = await bench.accepted()
    new = bench.new(**{taken: getattr(job, taken)})
    with pytest.raises(CodeTaken):
        await db.write(lambda conn: jobs.accept(conn, new, bench.holds(new), now=bench.now))


async def test_refused_quota_stores_nothing_and_tells_the_numbers(db: Database, bench: Bench) -> None:
    await bench.accepted()
    new = bench.new()
    with pytest.raises(QuotaRefused) as refused:
        await db.write(lambda conn: jobs.accept(conn, new, bench.holds(new, cap=7), now=bench.now))

    assert (refused.value.unit, refused.value.used, refused.value.cap) == (Unit.IMAGE, 4, 7)
    assert await db.read(lambda conn: jobs.by_code(conn, new.code)) is None
    assert await usage(db, Unit.IMAGE) == (ledger.Used(held=4), ledger.Used(held=4))
    assert await db.read(ledger.check) == []


async def test_cap_of_zero_refuses(db: Database, bench: Bench) -> None:
    new = bench.new()
    with pytest.raises(QuotaRefused) as refused:
        await db.write(lambda conn: jobs.accept(conn, new, bench.holds(new, cap=0), now=bench.now))
    assert refused.value.used == 0


async def test_budget_is_spent_to_the_last_nano_dollar_and_no_further(db: Database, bench: Bench) -> None:
    for _ in range(2):
        new = bench.new()
        await db.write(
            partial(jobs.accept, new=new, holds=bench.holds(new, budget_nano_usd=2_000), now=bench.now)
        )
    new = bench.new()
    with pytest.raises(BudgetRefused):
        await db.write(
            lambda conn: jobs.accept(conn, new, bench.holds(new, budget_nano_usd=2_000), now=bench.now)
        )
    assert await spent(db) == ledger.Used(held=2_000)


async def test_whole_life_settles_images_made_and_wiros_cost(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.delivering(me, cost_nano_usd=700)
    done = await bench.end(job, me, JobState.DONE, images_made=3, task_existed=True)

    assert (done.state, done.owner, done.ended_at) == (JobState.DONE, None, bench.now)
    assert (done.cost_nano_usd, done.cost_is_estimate) == (700, False)
    assert await usage(db, Unit.IMAGE) == (ledger.Used(settled=3), ledger.Used(settled=3))
    assert await usage(db, Unit.TASK, "") == (ledger.Used(), ledger.Used())
    assert await spent(db) == ledger.Used(settled=700)
    assert await db.read(ledger.check) == []
    states = [None, "waiting", "submitting", "running", "delivering", "done"]
    assert await events(db, job) == list(pairwise(states))


async def test_cost_above_the_estimate_passes_the_cap_at_settlement(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.delivering(me, cost_nano_usd=9_999_999)
    await bench.end(job, me, JobState.DONE, images_made=4, task_existed=True)
    assert await spent(db) == ledger.Used(settled=9_999_999)


async def test_unknown_cost_of_a_task_is_booked_as_estimated_and_flagged(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.running(me)
    failed = await bench.end(job, me, JobState.FAILED, task_existed=True, reason=Reason.WIRO_FAILED)

    assert failed.cost_is_estimate
    assert failed.cost_nano_usd is None
    assert await spent(db) == ledger.Used(settled=1_000)
    assert await usage(db, Unit.IMAGE) == (ledger.Used(), ledger.Used())


async def test_job_without_a_task_gives_everything_back(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.submitting(me)
    await bench.end(job, me, JobState.FAILED, reason=Reason.WIRO_REFUSED, reason_text="no \x00such model")
    assert await spent(db) == ledger.Used()
    assert await usage(db, Unit.IMAGE) == (ledger.Used(), ledger.Used())
    stored = await db.read(lambda conn: jobs.get(conn, job.id))
    assert stored is not None
    assert stored.reason_text == "no such model"


async def test_training_settles_one_training(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.delivering(me, images=0)
    await bench.end(job, me, JobState.DONE, task_existed=True)
    assert await usage(db, Unit.TRAINING) == (ledger.Used(settled=1), ledger.Used(settled=1))


async def test_settlement_goes_to_the_window_of_the_hold(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.delivering(me)
    bench.now += timedelta(days=2)
    await bench.end(job, me, JobState.DONE, images_made=4, task_existed=True)
    assert (await usage(db, Unit.IMAGE))[0] == ledger.Used(settled=4)


async def test_kept_result_is_settled_once_and_fetched_once(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.delivering(me)
    kept = await bench.end(job, me, JobState.KEPT, images_made=4, task_existed=True, kept_until=LATER)
    assert kept.kept_until == LATER
    done = await db.write(lambda conn: jobs.fetched(conn, job.id, 77, 78, LATER))

    assert (done.state, done.result_message_id, done.result_channel_id) == (JobState.DONE, 77, 78)
    assert done.ended_at == bench.now
    assert (done.cost_nano_usd, done.cost_is_estimate) == (700, False)
    assert (await usage(db, Unit.IMAGE))[0] == ledger.Used(settled=4)
    assert await db.read(ledger.check) == []
    with pytest.raises(Moved):
        await db.write(lambda conn: jobs.fetched(conn, job.id, 77, 78, LATER))


async def test_card_can_be_said_again_but_not_replaced(db: Database, bench: Bench) -> None:
    job = await bench.waiting()
    again = await db.write(lambda conn: jobs.show_card(conn, job.id, job.message_id or 0, now=LATER))
    assert again == job
    with pytest.raises(Moved):
        await db.write(lambda conn: jobs.show_card(conn, job.id, 1, now=LATER))
    moved = await db.write(lambda conn: jobs.move_card(conn, job.id, 1, channel_id=2))
    assert (moved.message_id, moved.channel_id) == (1, 2)


async def test_steps_of_another_owner_are_refused(db: Database, bench: Bench) -> None:
    me, other = await bench.process(), await bench.process()
    job = await bench.running(me)
    outputs = [Output(url="u", name="n")]
    steps: list[Any] = [
        lambda conn: jobs.note_status(conn, job.id, other, "task_start"),
        lambda conn: jobs.outputs_known(conn, job.id, other, outputs, START, None, START),
        lambda conn: jobs.begin_doubt(conn, job.id, me, START),
        lambda conn: jobs.started(conn, job.id, me, "again", None, START),
        lambda conn: jobs.return_to_line(conn, job.id, me, START, None, "code 96"),
        lambda conn: jobs.claim_delivery(conn, job.id, me, "dm", START),
        lambda conn: jobs.end_job(
            conn,
            job.id,
            expected=JobState.RUNNING,
            state=JobState.FAILED,
            owner=other,
            now=START,
            task_existed=True,
        ),
    ]
    for step in steps:
        with pytest.raises(Moved):
            await db.write(step)
    assert await db.read(lambda conn: jobs.get(conn, job.id)) == job


async def test_an_end_that_no_edge_leads_to_is_a_bug(db: Database, bench: Bench) -> None:
    job = await bench.waiting()
    with pytest.raises(ValueError, match="is not an end"):
        await bench.end(job, None, JobState.DONE)


async def test_task_of_another_job_is_refused_by_name(db: Database, bench: Bench) -> None:
    me = await bench.process()
    first, second = await bench.running(me), await bench.submitting(me)
    with pytest.raises(TaskTaken) as taken:
        await db.write(lambda conn: jobs.started(conn, second.id, me, first.task_id or "", None, START))
    assert taken.value.task_id == first.task_id


async def test_doubt_can_end_in_running_or_once_in_the_line(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.submitting(me)

    async def doubt_and_return() -> Job:
        await db.write(lambda conn: jobs.begin_doubt(conn, job.id, me, START, because="timeout"))
        return await db.write(
            lambda conn: jobs.return_to_line(conn, job.id, me, START, LATER, "not found", out_of_doubt=True)
        )

    waiting = await doubt_and_return()
    assert (waiting.state, waiting.owner, waiting.returned) == (JobState.WAITING, None, True)
    assert waiting.not_before == LATER
    assert await bench.claim(me) is None
    bench.now = LATER
    assert (await bench.claim(me)) is not None
    with pytest.raises(Moved):
        await doubt_and_return()
    found = await db.write(lambda conn: jobs.started(conn, job.id, me, "t", "s", LATER))
    assert (found.state, found.attempt) == (JobState.RUNNING, 2)


async def test_waiting_job_ends_with_the_wish_for_it(db: Database, bench: Bench) -> None:
    job = await bench.waiting()
    ended = await db.write(
        lambda conn: jobs.want_stop(conn, job.id, by=CancelBy.OWNER, user_id=USER, reason=None, now=LATER)
    )
    assert (ended.state, ended.reason) == (JobState.CANCELLED, Reason.OWNER_CANCELLED)
    assert (await usage(db, Unit.TASK, ""))[0] == ledger.Used()


async def test_system_says_why_a_waiting_job_fails(db: Database, bench: Bench) -> None:
    job = await bench.waiting()
    ended = await db.write(
        lambda conn: jobs.want_stop(
            conn,
            job.id,
            by=CancelBy.SYSTEM,
            user_id=None,
            reason=None,
            now=LATER,
            end_reason=Reason.SERVER_LEFT,
        )
    )
    assert (ended.state, ended.reason) == (JobState.FAILED, Reason.SERVER_LEFT)


async def test_moderators_wish_overrules_the_owners_and_not_the_other_way_round(
    db: Database, bench: Bench
) -> None:
    me = await bench.process()
    job = await bench.running(me)

    async def wish(by: CancelBy, user_id: int, reason: str | None) -> Job:
        return await db.write(
            lambda conn: jobs.want_stop(conn, job.id, by=by, user_id=user_id, reason=reason, now=LATER)
        )

    assert (await wish(CancelBy.OWNER, USER, None)).cancel_by is CancelBy.OWNER
    assert (await wish(CancelBy.MODERATOR, 1, "rule 3")).cancel_reason == "rule 3"
    assert (await wish(CancelBy.OWNER, USER, None)).cancel_by is CancelBy.MODERATOR
    assert (await wish(CancelBy.MODERATOR, 2, "rule 4")).cancel_user_id == 1


@pytest.mark.parametrize("out_of_doubt", [False, True])
async def test_job_whose_end_was_wished_does_not_go_back_to_the_line(
    db: Database, bench: Bench, out_of_doubt: bool
) -> None:
    me = await bench.process()
    job = await bench.submitting(me)
    if out_of_doubt:
        await db.write(lambda conn: jobs.begin_doubt(conn, job.id, me, START))
    await db.write(
        lambda conn: jobs.want_stop(conn, job.id, by=CancelBy.OWNER, user_id=USER, reason=None, now=START)
    )
    ended = await db.write(
        lambda conn: jobs.return_to_line(
            conn, job.id, me, START, None, "code 96", out_of_doubt=out_of_doubt, sweep_until=LATER
        )
    )
    assert ended.state is JobState.CANCELLED
    assert ended.sweep_until == (LATER if out_of_doubt else None)
    assert await db.read(ledger.check) == []


async def test_wish_for_the_end_of_an_ended_job_changes_nothing(db: Database, bench: Bench) -> None:
    me = await bench.process()
    done = await bench.ended(me)
    same = await db.write(
        lambda conn: jobs.want_stop(conn, done.id, by=CancelBy.MODERATOR, user_id=1, reason="x", now=LATER)
    )
    assert same == done


async def test_second_message_is_claimed_once_a_way(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.delivering(me)
    answers = [
        await db.write(partial(jobs.claim_delivery, job_id=job.id, owner=me, way=way, now=START))
        for way in ("channel", "channel", "dm")
    ]
    assert answers == [True, False, True]


async def test_result_is_shared_once_unless_sharing_failed(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.ended(me)

    async def claim() -> bool:
        return await db.write(lambda conn: jobs.claim_share(conn, job.id, START))

    assert [await claim(), await claim()] == [True, False]
    await db.write(lambda conn: jobs.unclaim_share(conn, job.id))
    assert await claim()
    await db.write(lambda conn: jobs.mark_shared(conn, job.id, 5, START))
    assert not await claim()


async def test_only_an_ended_job_is_deleted_and_the_first_time_stays(db: Database, bench: Bench) -> None:
    me = await bench.process()
    done, running = await bench.ended(me), await bench.running(me)
    for now in (START, LATER):
        deleted = await db.write(partial(jobs.mark_deleted, job_id=done.id, now=now))
        assert deleted.deleted_at == START
    with pytest.raises(Moved):
        await db.write(lambda conn: jobs.mark_deleted(conn, running.id, START))


async def test_a_moderators_delete_is_in_the_audit_once_with_what_it_did(db: Database, bench: Bench) -> None:
    """One unit: no crash leaves images deleted by nobody."""
    me = await bench.process()
    mine, done = await bench.ended(me), await bench.ended(me)
    await db.write(partial(jobs.mark_deleted, job_id=mine.id, now=START))
    for moderator_id in (7, 8):
        await db.write(partial(jobs.mark_deleted, job_id=done.id, now=START, moderator_id=moderator_id))
    acts = await db.read(lambda conn: auditing.entries(conn, done.guild_id, limit=9))
    assert [(each.act, each.actor_id, each.job_id) for each in acts] == [(Act.DELETE, 7, done.id)]


async def test_tokens_are_erased_when_they_are_dead_and_never_replaced_by_older_ones(
    db: Database, bench: Bench
) -> None:
    dying = await bench.accepted(interaction_token="a", token_expires_at=START)
    living = await bench.accepted(interaction_token="b", token_expires_at=LATER)
    kept = await db.write(lambda conn: jobs.refresh_token(conn, living.id, "older", START))
    assert kept.interaction_token == "b"
    assert await db.write(lambda conn: jobs.expire_tokens(conn, START)) == 1
    assert (await db.read(lambda conn: jobs.get(conn, dying.id))).interaction_token is None  # type: ignore[union-attr]  # just stored
    fresh = await db.write(lambda conn: jobs.refresh_token(conn, dying.id, "c", LATER))
    assert (fresh.interaction_token, fresh.token_expires_at) == ("c", LATER)


async def test_late_task_ends_the_search_and_its_cost_is_booked_once(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.submitting(me)
    await db.write(lambda conn: jobs.begin_doubt(conn, job.id, me, START))
    lost = replace(job, state=JobState.DOUBTFUL)
    await bench.end(lost, me, JobState.FAILED, reason=Reason.LOST, sweep_until=LATER)
    assert [each.id for each in await db.read(lambda conn: jobs.swept(conn, now=START))] == [job.id]

    async def book(cost: int | None) -> bool:
        return await db.write(
            lambda conn: jobs.book_late_task(
                conn, job.id, "late", action="killed", cost_nano_usd=cost, now=START
            )
        )

    assert await book(None)
    assert await db.read(lambda conn: jobs.swept(conn, now=START)) == []
    assert await spent(db) == ledger.Used()
    assert await book(300)
    assert await book(300)
    assert await spent(db) == ledger.Used(settled=300)
    assert await db.read(ledger.check) == []
    stored = await db.read(lambda conn: jobs.by_task(conn, "late"))
    assert stored is not None
    assert (stored.id, stored.cost_nano_usd) == (job.id, 300)


async def test_true_cost_replaces_an_estimate(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.running(me)
    await bench.end(job, me, JobState.FAILED, task_existed=True, reason=Reason.TOOK_TOO_LONG)
    await db.write(
        lambda conn: jobs.book_late_task(
            conn, job.id, job.task_id or "", action="killed", cost_nano_usd=250, now=START
        )
    )
    assert await spent(db) == ledger.Used(settled=250)


async def test_late_task_of_another_job_is_left_alone(db: Database, bench: Bench) -> None:
    me = await bench.process()
    running, job = await bench.running(me), await bench.submitting(me)
    await bench.end(job, me, JobState.FAILED, reason=Reason.LOST)
    assert not await db.write(
        lambda conn: jobs.book_late_task(
            conn, job.id, running.task_id or "", action="attached", cost_nano_usd=1, now=START
        )
    )
    assert await db.read(ledger.check) == []


async def test_jobs_are_found_by_every_key(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.running(me)
    done = await bench.ended(me)
    await db.write(lambda conn: jobs.mark_shared(conn, done.id, 333, START))
    finds: list[tuple[Any, int]] = [
        (lambda conn: jobs.by_code(conn, job.code), job.id),
        (lambda conn: jobs.by_message(conn, job.message_id or 0), job.id),
        (lambda conn: jobs.by_hook(conn, job.hook_token), job.id),
        (lambda conn: jobs.by_task(conn, job.task_id or ""), job.id),
        (lambda conn: jobs.by_interaction(conn, job.interaction_id), job.id),
        (lambda conn: jobs.by_message(conn, 333), done.id),
    ]
    for find, job_id in finds:
        found = await db.read(find)
        assert found is not None
        assert found.id == job_id
    assert await db.read(lambda conn: jobs.by_message(conn, 1)) is None


async def test_lists_of_jobs(db: Database, bench: Bench) -> None:
    me = await bench.process()
    bare = await bench.accepted()
    waiting = await bench.waiting(guild_id=GUILD + 1)
    running = await bench.running(me)
    done = await bench.ended(me)

    async def ids(read: Any) -> list[int]:
        return [job.id for job in await db.read(read)]

    assert await ids(jobs.unfinished) == [bare.id, waiting.id, running.id]
    assert await ids(lambda conn: jobs.carried_by(conn, me)) == [running.id]
    assert await ids(lambda conn: jobs.cardless(conn, before=LATER)) == [bare.id]
    assert await ids(lambda conn: jobs.cardless(conn, before=START)) == []
    assert await ids(lambda conn: jobs.waiting(conn, guild_id=GUILD + 1)) == [waiting.id]
    assert await ids(lambda conn: jobs.waiting(conn, before=LATER)) == [bare.id, waiting.id]
    mine: dict[str, Any] = {"user_id": USER, "guild_id": GUILD, "limit": 2}
    assert await ids(lambda conn: jobs.list_for_member(conn, **mine)) == [done.id, running.id]
    unfinished = await ids(lambda conn: jobs.list_for_member(conn, **mine, unfinished_only=True))
    assert unfinished == [running.id, bare.id]
    counts = await db.read(jobs.count_by_state)
    assert counts == {JobState.WAITING: 2, JobState.RUNNING: 1}


async def test_past_runs_are_those_with_a_result_newest_first(db: Database, bench: Bench) -> None:
    me = await bench.process()
    for cost in (100, 200, None):
        job = await bench.running(me)
        await db.write(
            partial(
                jobs.outputs_known,
                job_id=job.id,
                owner=me,
                outputs=[],
                wiro_ended_at=START + timedelta(seconds=9),
                cost_nano_usd=cost,
                now=START,
                started_at=START,
            )
        )
        await bench.end(replace(job, state=JobState.DELIVERING), me, JobState.DONE, task_existed=True)
    failed = await bench.delivering(me)
    await bench.end(failed, me, JobState.FAILED, task_existed=True)

    runs = await db.read(lambda conn: history.past(conn, "portraitplus", "samples=4"))
    assert [(run.duration_s, run.cost_nano_usd) for run in runs] == [(9.0, None), (9.0, 200), (9.0, 100)]
    assert await db.read(lambda conn: history.past(conn, "portraitplus", "samples=1")) == []


async def test_prompts_are_shown_to_their_member_alone(db: Database, bench: Bench) -> None:
    for prompt in ("first", "second", "first", ""):
        await bench.accepted(inputs={"prompt": prompt})
    await bench.accepted(inputs={"prompt": "someone else's"}, user_id=USER + 1)
    found = await db.read(lambda conn: jobs.recent_prompts(conn, user_id=USER, guild_id=GUILD, limit=5))
    assert [recent.prompt for recent in found] == ["first", "second"]
    assert [recent.code for recent in found] == ["J0003", "J0002"]


async def test_no_prompt_or_token_shows_in_the_text_of_a_job(bench: Bench) -> None:
    job = await bench.accepted(interaction_token="secret-token", inputs={"prompt": "secret prompt"})
    assert "secret" not in repr(job)
    assert str(CHANNEL) in repr(job)


async def test_line_returns_the_charge(db: Database, bench: Bench) -> None:
    me = await bench.process()
    job = await bench.submitting(me)
    await db.write(lambda conn: jobs.return_to_line(conn, job.id, me, START, None, "code 96"))
    (waiting,) = await db.read(line.ahead)
    assert (waiting.server_time, waiting.member_time) == (0, 0)
