"""The process dies at any point; the next one carries on from what the database has."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.jobs.ports import Denied, Gone, Unknown, Way
from bot.model import CancelBy, JobState, Reason
from bot.wiro import ServiceUnavailable
from tests.support.workshop import USER, Rig


async def _crashed_in(rig: Rig, state: JobState, **changes: object) -> object:
    job = await rig.ask(**changes)
    await rig.until(job, state)
    await rig.crash()
    return job


async def test_waiting(rig: Rig) -> None:
    rig.options["max_concurrent"] = 1
    async with rig.process():
        first, second = await rig.ask(user_id=1), await rig.ask(user_id=2)
        await rig.until(first, JobState.RUNNING)
        await rig.crash()
    async with rig.process():
        await rig.until_all([first, second], JobState.DONE)
    assert rig.wiro.runs == 2
    assert all(len(rig.stage.results(job)) == 1 for job in (first, second))


@pytest.mark.parametrize("made", [True, False], ids=["task made", "task not made"])
async def test_submitting_with_run_under_way(rig: Rig, *, made: bool) -> None:
    """Killed between Run and its answer: the task is found, or the portrait runs once more."""
    import asyncio

    reached = asyncio.Event()

    async def hang(name: str) -> None:
        rig.wiro.calls.append(name)
        if name == ("run-answer" if made else "run"):
            reached.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    original, rig.wiro._call = rig.wiro._call, hang  # type: ignore[method-assign]  # hangs there
    if made:
        rig.wiro.loses.append("answer")
    async with rig.process():
        job = await rig.ask()
        await reached.wait()
        assert (await rig.job(job)).state is JobState.SUBMITTING
        await rig.crash()
    rig.wiro._call = original  # type: ignore[method-assign]  # as it was
    async with rig.process():
        await rig.until(job, JobState.DOUBTFUL)
        await rig.until(job, JobState.DONE)
    assert rig.wiro.runs == 1
    assert len(rig.stage.results(job)) == 1


async def test_doubtful(rig: Rig) -> None:
    rig.wiro.loses.append("late")
    rig.wiro.late_s = 20
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DOUBTFUL)
        await rig.pass_time(5)
        await rig.crash()
    async with rig.process():
        await rig.until(job, JobState.DONE)
    assert rig.wiro.runs == 1


@pytest.mark.parametrize("with_socket", [True, False])
@pytest.mark.parametrize("away_s", [0, 3, 60], ids=["still running", "running", "ended meanwhile"])
async def test_running(rig: Rig, away_s: float, *, with_socket: bool) -> None:
    rig.with_socket = with_socket
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.crash()
    await rig.clock.advance(away_s)
    async with rig.process():
        await rig.until(job, JobState.DONE, limit_s=60)
    assert rig.wiro.runs == 1
    assert len(rig.stage.results(job)) == 1


async def test_many_running_jobs_are_looked_at_with_a_page_not_one_by_one(rig: Rig) -> None:
    rig.wiro.lives_s = 300
    async with rig.process():
        jobs = [await rig.ask(user_id=user) for user in range(30)]
        await rig.until_all(jobs, JobState.RUNNING)
        await rig.crash()
    calls_before = len(rig.wiro.calls)
    async with rig.process():
        await rig.pass_time(10)
        assert rig.wiro.calls[calls_before:] == ["tasks"]
        await rig.until_all(jobs, JobState.DONE)


async def test_running_with_a_wish_to_stop(rig: Rig) -> None:
    rig.wiro.lives_s = 300
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(1)
        rig.wiro.ignores_stops = True
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        await rig.quiet()
        await rig.crash()
    rig.wiro.ignores_stops = False
    async with rig.process():
        ended = await rig.until(job, JobState.CANCELLED, limit_s=60)
    assert ended.reason is Reason.OWNER_CANCELLED


async def test_delivering_to_the_card_is_the_same_edit_again(rig: Rig) -> None:
    rig.stage.outcomes[Way.CARD].append((Unknown(), True))
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DELIVERING)
        await rig.pass_time(3)
        await rig.crash()
    async with rig.process():
        await rig.until(job, JobState.DONE)
    assert len(rig.stage.results(job)) == 1
    assert rig.wiro.count("download") == 2, "the second process took the files from the result store"


async def test_delivering_before_anything_was_kept_fetches_the_outputs_again(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(9)
        rig.wiro.fails["download"].extend([ServiceUnavailable("503", status=503)] * 6)
        await rig.until(job, JobState.DELIVERING)
        await rig.crash()
    async with rig.process():
        await rig.until(job, JobState.DONE)
    assert len(rig.stage.results(job)) == 1


async def test_delivering_by_a_second_message_finds_the_one_that_was_sent(rig: Rig) -> None:
    rig.stage.outcomes[Way.CARD].extend([Gone(), Gone()])
    rig.stage.outcomes[Way.DM].append((Unknown(), True))
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DELIVERING)
        await rig.pass_time(3)
        await rig.crash()
    async with rig.process():
        done = await rig.until(job, JobState.DONE)
    assert [message.way for message in rig.stage.results(job)] == [Way.DM]
    assert done.result_message_id == rig.stage.results(job)[0].id


async def test_a_second_message_that_was_sent_stays_the_only_one_though_the_card_works_again(
    rig: Rig,
) -> None:
    rig.stage.outcomes[Way.CARD].append(Denied("403 50013 Missing Permissions"))
    rig.stage.outcomes[Way.CHANNEL].append((Unknown(), True))
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DELIVERING)
        await rig.pass_time(3)
        await rig.crash()
    async with rig.process():
        done = await rig.until(job, JobState.DONE)
    [message] = rig.stage.results(job)
    assert message.way is Way.CHANNEL
    assert done.result_message_id == message.id


async def test_nothing_is_sent_twice_while_discord_does_not_say_what_is_there(rig: Rig) -> None:
    rig.stage.outcomes[Way.CARD].append(Gone())
    rig.stage.outcomes[Way.DM].append((Unknown(), True))
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DELIVERING)
        rig.stage.looks_fail = 3
        await rig.pass_time(3)
        await rig.crash()
    async with rig.process():
        await rig.until(job, JobState.DONE)
    assert len(rig.stage.results(job)) == 1
    assert rig.stage.looks_fail == 0


async def test_a_card_that_did_not_learn_of_the_end_is_told_after_the_restart(rig: Rig) -> None:
    rig.wiro.ends_as = ("task_postprocess_end", 1)
    rig.stage.outcomes[Way.CARD].append(Unknown())
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.FAILED)
        await rig.crash()
    assert rig.stage.card(job) is None
    async with rig.process():
        await rig.quiet()
        card = rig.stage.card(job)
        assert card is not None
        assert card.job.state is JobState.FAILED
    settled = len(rig.stage.settled)
    async with rig.process():
        await rig.quiet()
    assert len(rig.stage.settled) == settled, "and only once"


@pytest.mark.parametrize("looks_fail", [0, 2])
@pytest.mark.parametrize("has_card", [True, False])
async def test_an_accepted_job_without_a_card_is_found_or_was_never_seen(
    rig: Rig, looks_fail: int, *, has_card: bool
) -> None:
    async with rig.process():
        job = await rig.accept()
        await rig.crash()
    if has_card:
        rig.stage.cards[job.id] = 4711
    rig.stage.looks_fail = looks_fail
    async with rig.process():
        if looks_fail:
            await rig.pass_time(14)
            assert (await rig.job(job)).state is JobState.WAITING, "an outage of Discord's proves nothing"
        ended = await rig.until(job, JobState.DONE if has_card else JobState.FAILED, limit_s=60)
    assert ended.message_id == (4711 if has_card else None)
    assert ended.reason is (None if has_card else Reason.NOBODY_SAW_IT)
    assert rig.wiro.runs == int(has_card)


async def test_a_clean_stop_waits_for_runs_that_are_under_way(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.desk.place(job)
    state = (await rig.job(job)).state
    assert state in (JobState.WAITING, JobState.RUNNING), "never in doubt for a clean stop"
    async with rig.process():
        await rig.until(job, JobState.DONE)
    assert rig.wiro.runs == 1


async def test_a_kept_result_survives_any_number_of_restarts(rig: Rig) -> None:
    rig.stage.outcomes[Way.CARD].append(Gone())
    rig.stage.outcomes[Way.DM].append(Gone())
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.KEPT)
    for _ in range(2):
        async with rig.process():
            await rig.pass_time(1)
    async with rig.process():
        expires_at = rig.clock.now() + timedelta(minutes=15)
        done = await rig.desk.deliver_here(job.code, user_id=USER, token="here", expires_at=expires_at)
    assert done.state is JobState.DONE
