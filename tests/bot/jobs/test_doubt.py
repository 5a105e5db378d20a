"""Run's answer is lost: the task is looked for, and never run twice blindly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.jobs.job import look_ages
from bot.model import CancelBy, JobState, MoneyScope, Reason
from bot.store import jobs as units
from bot.store import ledger
from bot.wiro import AnswerLost, ServiceUnavailable

if TYPE_CHECKING:
    from bot.model import Job
    from tests.support.workshop import Rig

TRAINING = {"images": 0, "inputs": {"trainModelName": "me-7QX2", "seed": ""}}


def _looks(count: int, age_s: float) -> list[float]:
    ages = look_ages(age_s)
    return [next(ages) for _ in range(count)]


def test_looks_come_at_2_10_30_and_90_seconds_and_then_every_30() -> None:
    assert _looks(6, 0) == [2, 10, 30, 90, 120, 150]


def test_a_look_that_a_restart_missed_comes_at_once() -> None:
    assert _looks(3, 15) == [15, 30, 90]
    assert _looks(2, 300) == [300, 330]


async def test_a_task_whose_run_was_not_answered_is_found_by_its_inputs(rig: Rig) -> None:
    rig.wiro.loses.append("answer")
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DOUBTFUL)
        running = await rig.until(job, JobState.RUNNING, limit_s=2.5)
        assert running.task_id == "task-1"
        await rig.until(job, JobState.DONE)
    assert rig.wiro.runs == 1


async def test_a_task_that_wiros_list_shows_twenty_seconds_late_is_the_only_one(rig: Rig) -> None:
    rig.wiro.loses.append("late")
    rig.wiro.late_s = 20
    async with rig.process():
        job = await rig.ask()
        running = await rig.until(job, JobState.RUNNING, JobState.DELIVERING, JobState.DONE, limit_s=31)
        assert running.task_id == "task-1"
        await rig.until(job, JobState.DONE)
    assert rig.wiro.runs == 1


@pytest.mark.parametrize("jump_s", [-3600, 3600])
async def test_a_task_is_found_though_our_clock_was_set_since_run(rig: Rig, jump_s: float) -> None:
    """When Run was sent is compared with Wiro's times by the clocks as they stood then."""
    rig.wiro.loses.append("answer")
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DOUBTFUL)
        rig.wiro.jump_ours(jump_s)
        done = await rig.until(job, JobState.DONE)
    assert done.task_id == "task-1"
    assert rig.wiro.runs == 1


async def test_a_doubtful_card_says_what_it_waits_for(rig: Rig) -> None:
    rig.wiro.loses.append("late")
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DOUBTFUL)
        await rig.pass_time(1)
    assert rig.stage.shown[-1][0].state is JobState.DOUBTFUL


async def test_the_callbacks_token_is_the_surest_mark(rig: Rig) -> None:
    rig.options["public_url"] = "https://bot.example"
    rig.wiro.loses.extend(["answer", "answer"])
    same = {"inputs": {"prompt": "the same", "seed": "5"}}
    async with rig.process():
        one, other = await rig.ask(user_id=1, **same), await rig.ask(user_id=2, **same)
        await rig.until_all([one, other], JobState.DONE)
        for job in (one, other):
            task_id = (await rig.job(job)).task_id
            assert rig.wiro.tasks_by_id[task_id or ""].callback_url.endswith(job.hook_token)


async def test_two_doubtful_jobs_with_equal_inputs_take_one_task_each(rig: Rig) -> None:
    rig.wiro.loses.extend(["answer", "answer"])
    same = {"inputs": {"prompt": "the same", "seed": "5"}}
    async with rig.process():
        jobs = [await rig.ask(user_id=user, **same) for user in (1, 2)]
        await rig.until_all(jobs, JobState.DONE)
    assert {(await rig.job(job)).task_id for job in jobs} == {"task-1", "task-2"}
    assert rig.wiro.runs == 2


async def test_a_portrait_that_is_not_found_runs_once_more(rig: Rig) -> None:
    rig.wiro.fails["run"].append(AnswerLost("reset"))
    async with rig.process():
        job = await rig.ask()
        await rig.pass_time(89)
        assert (await rig.job(job)).state is JobState.DOUBTFUL
        done = await rig.until(job, JobState.DONE)
    assert done.returned
    assert rig.wiro.runs == 1
    assert rig.wiro.count("tasks") == 4


async def test_a_portrait_that_is_lost_twice_fails_and_is_swept_for(rig: Rig) -> None:
    rig.wiro.fails["run"].extend([AnswerLost("reset")] * 2)
    async with rig.process():
        job = await rig.ask()
        failed = await rig.until(job, JobState.FAILED)
    assert failed.reason is Reason.LOST
    assert failed.sweep_until is not None
    assert rig.wiro.runs == 0


async def test_while_the_list_cannot_be_read_nothing_is_decided(rig: Rig) -> None:
    rig.wiro.fails["run"].append(AnswerLost("reset"))
    rig.wiro.fails["tasks"].extend([ServiceUnavailable("503", status=503)] * 8)
    async with rig.process():
        job = await rig.ask()
        await rig.pass_time(200)
        assert (await rig.job(job)).state is JobState.DOUBTFUL
        await rig.until(job, JobState.DONE)


async def test_a_wish_to_stop_ends_a_doubtful_job_once_nothing_was_found(rig: Rig) -> None:
    rig.wiro.fails["run"].append(AnswerLost("reset"))
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DOUBTFUL)
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=job.user_id)
        ended = await rig.until(job, JobState.CANCELLED)
    assert ended.reason is Reason.OWNER_CANCELLED
    assert ended.sweep_until is not None


async def test_a_wish_to_stop_kills_the_task_that_is_found(rig: Rig) -> None:
    rig.wiro.loses.append("answer")
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DOUBTFUL)
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=job.user_id)
        await rig.until(job, JobState.CANCELLED)
    assert rig.wiro.only.status == "task_cancel"


async def _late(rig: Rig, *, lives_s: float) -> Job:
    """A portrait whose first task shows up only after 300 s, when a second one has long delivered."""
    rig.wiro.loses.append("late")
    rig.wiro.late_s = 300
    rig.wiro.lives_s = lives_s
    job = await rig.ask()
    await rig.pass_time(60)
    rig.wiro.lives_s = 10.0
    return await rig.until(job, JobState.DONE)


async def test_a_task_that_is_found_late_and_runs_is_stopped(rig: Rig) -> None:
    async with rig.process():
        job = await _late(rig, lives_s=100_000)
        await rig.pass_time(700)
        swept = await rig.job(job)
    assert rig.wiro.tasks_by_id["task-1"].status == "task_cancel"
    assert swept.sweep_until is None
    assert swept.task_id == "task-2"
    assert swept.cost_nano_usd == 3_510_000


async def test_a_task_that_is_found_late_and_ended_is_paid_besides_the_other(rig: Rig) -> None:
    async with rig.process():
        await _late(rig, lives_s=10)
        await rig.pass_time(700)
        spent = await rig.db.read(
            lambda conn: ledger.spent(conn, scope=MoneyScope.INSTANCE, scope_id="", window="2026-11-21")
        )
    assert (spent.held, spent.settled) == (0, 2 * 3_510_000)


async def test_nobody_elses_task_is_taken(rig: Rig) -> None:
    """An older job's task with the very same inputs is that job's."""
    same = {"inputs": {"prompt": "the same", "seed": "5"}}
    async with rig.process():
        old = await rig.ask(**same)
        await rig.until(old, JobState.DONE)
        rig.wiro.fails["run"].append(AnswerLost("reset"))
        job = await rig.ask(**same)
        await rig.until(job, JobState.DONE)
        assert (await rig.db.read(lambda conn: units.by_task(conn, "task-1"))) == await rig.job(old)
    assert rig.wiro.runs == 2


@pytest.mark.parametrize("found", [True, False])
async def test_a_training_is_never_run_again(rig: Rig, *, found: bool) -> None:
    if found:
        rig.wiro.loses.append("answer")
    else:
        rig.wiro.fails["run"].append(AnswerLost("reset"))
    async with rig.process():
        job = await rig.ask(**TRAINING)
        ended = await rig.until(job, JobState.DONE if found else JobState.FAILED)
    assert ended.reason is (None if found else Reason.LOST)
    assert rig.wiro.runs == (1 if found else 0)
