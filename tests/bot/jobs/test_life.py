"""A job from the command to its end, in the states of the design's table."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.jobs.inbox import Nudge
from bot.media import pngtext
from bot.model import CancelBy, JobState, Reason
from bot.tools import load_catalogue
from bot.wiro import NoTask, ServiceUnavailable, TaskEvent

if TYPE_CHECKING:
    from tests.support.workshop import Rig

LONGEST_RUN_S = load_catalogue()["portraitplus"].longest_run_s


async def test_a_portrait_goes_from_the_command_to_its_images_in_the_card(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        done = await rig.until(job, JobState.DONE)
    states = [(before, after) for _, before, after in rig.heard.states]
    assert states == [
        (None, JobState.WAITING),
        (JobState.WAITING, JobState.SUBMITTING),
        (JobState.SUBMITTING, JobState.RUNNING),
        (JobState.RUNNING, JobState.DELIVERING),
        (JobState.DELIVERING, JobState.DONE),
    ]
    assert done.cost_nano_usd == 3_510_000
    [message] = rig.stage.results(job)
    assert message.id == job.message_id
    assert [file.name for file in message.files] == [f"atelier-{job.code}-1.png", f"atelier-{job.code}-2.png"]
    assert message.files[0].description == job.prompt
    text = pngtext.read(message.files[0].data)
    assert text["parameters"].startswith(f"{job.prompt}\nNegative prompt: painted illustration\nSteps: 30")
    assert rig.heard.lags_s == [0.0]


async def test_with_the_socket_a_ten_second_task_costs_three_calls(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
        await rig.pass_time(60)
    assert [call for call in rig.wiro.calls if call != "download"] == ["run", "detail", "detail"]


async def test_without_the_socket_looks_at_well_chosen_times_find_the_end(rig: Rig) -> None:
    rig.with_socket = False
    async with rig.process():
        for _ in range(6):  # a past to learn from
            await rig.until(await rig.ask(), JobState.DONE)
        calls_before = rig.wiro.count("detail")
        await rig.until(await rig.ask(), JobState.DONE)
    assert rig.wiro.count("detail") - calls_before <= 5
    assert rig.heard.lags_s[-1] < 1


async def test_a_socket_that_breaks_is_replaced_by_looks(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        rig.wiro.events.drop()
        await rig.until(job, JobState.DONE, limit_s=60)


async def test_a_socket_that_is_there_and_says_nothing_costs_a_minute_at_most(rig: Rig) -> None:
    rig.wiro.events.silent = True
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE, limit_s=60)
    assert rig.wiro.runs == 1


async def test_a_socket_that_comes_back_is_followed_by_one_look(rig: Rig) -> None:
    rig.wiro.lives_s = 600
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(1)
        looks = rig.wiro.count("detail")
        rig.wiro.events.drop()
        rig.wiro.events.mend()
        await rig.pass_time(1)
        assert rig.wiro.count("detail") == looks + 1


async def test_wiros_callback_makes_it_look_at_once(rig: Rig) -> None:
    rig.with_socket = False
    rig.wiro.lives_s = 2
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(2)
        assert rig.wiro.count("detail") == 0
        assert await rig.desk.hooked(job.hook_token)
        await rig.quiet()
        assert (await rig.job(job)).state is JobState.DONE
        assert not await rig.desk.hooked("nobody's")


async def test_the_callback_address_is_sent_only_with_a_public_url(rig: Rig) -> None:
    rig.options["public_url"] = "https://bot.example/"
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
    assert rig.wiro.only.callback_url == f"https://bot.example/hooks/wiro/{job.hook_token}"


async def test_progress_goes_to_the_stage_with_percent_and_step(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
    progress = [progress for _, progress, _ in rig.stage.shown if progress is not None]
    assert [(each.percent, each.step, each.steps) for each in progress][-1] == (50, 15, 30)
    assert all(each.expected_end is None for each in progress), "without a past no end is promised"


async def test_an_expected_end_is_shown_once_the_past_allows_it(rig: Rig) -> None:
    async with rig.process():
        for _ in range(5):
            await rig.until(await rig.ask(), JobState.DONE)
        rig.stage.shown.clear()
        begun_at = rig.clock.now()
        await rig.until(await rig.ask(), JobState.DONE)
    ends = [progress.expected_end for _, progress, _ in rig.stage.shown if progress is not None]
    assert ends
    assert all(end is not None and abs((end - begun_at).total_seconds() - 10) < 1 for end in ends)


async def test_the_owner_of_a_long_public_job_is_told_and_of_a_short_one_not(rig: Rig) -> None:
    async with rig.process():
        await rig.until(await rig.ask(), JobState.DONE)
        rig.wiro.lives_s = 90
        long = await rig.ask()
        await rig.until(long, JobState.DONE)
    assert [job.id for job in rig.stage.told] == [long.id]


async def test_the_owner_of_a_long_public_job_is_told_that_it_failed_and_of_a_cancelled_one_not(
    rig: Rig,
) -> None:
    rig.wiro.lives_s, rig.wiro.ends_as = 90, ("task_postprocess_end", 1)
    async with rig.process():
        failed = await rig.ask()
        await rig.until(failed, JobState.FAILED)
        cancelled = await rig.ask()
        await rig.pass_time(70)
        await rig.desk.stop(cancelled.code, by=CancelBy.OWNER, user_id=cancelled.user_id)
        await rig.until(cancelled, JobState.CANCELLED)
        await rig.pass_time(5)
    assert [job.id for job in rig.stage.told] == [failed.id]


async def test_an_unknown_status_is_still_running(rig: Rig) -> None:
    rig.wiro.ends_as = ("task_has_invented_something", None)
    async with rig.process():
        job = await rig.ask()
        await rig.pass_time(40)
        assert (await rig.job(job)).state is JobState.RUNNING
        rig.wiro.end(rig.wiro.only, "task_postprocess_end", 0)
        await rig.until(job, JobState.DONE)


async def test_the_sockets_task_end_is_not_an_end(rig: Rig) -> None:
    rig.wiro.lives_s = 60
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(5)
        looks = rig.wiro.count("detail")
        rig.wiro.events.say("socket-1", TaskEvent(status="task_end", at=rig.clock.now()))
        rig.wiro.events.say(
            "socket-1", TaskEvent(status="task_error", at=rig.clock.now(), message="a warning")
        )
        await rig.pass_time(1)
        assert rig.wiro.count("detail") == looks
        assert (await rig.job(job)).state is JobState.RUNNING


async def test_task_error_from_detail_ends_the_job_only_when_it_repeats(rig: Rig) -> None:
    rig.with_socket = False
    rig.wiro.ends_as = ("task_error", None)
    async with rig.process():
        job = await rig.ask()
        failed = await rig.until(job, JobState.FAILED, limit_s=60)
    assert failed.reason is Reason.WIRO_FAILED
    assert rig.wiro.calls[-1] == "detail"
    assert failed.cost_nano_usd == 0


@pytest.mark.parametrize("status", ["task_error"])
async def test_a_passing_task_error_is_forgotten(rig: Rig, status: str) -> None:
    rig.wiro.lives_s = 30
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        rig.wiro.only.status = status
        rig.desk._carriers.nudge(job.id, Nudge.LOOK)
        await rig.pass_time(1)
        rig.wiro.only.status = "task_start"
        await rig.until(job, JobState.DONE)


@pytest.mark.parametrize(
    ("pexit", "words"),
    [(1, "CUDA out of memory"), (137, "it ended with exit code 137")],
    ids=["words", "code"],
)
async def test_a_failed_task_ends_the_job_with_wiros_words(rig: Rig, pexit: int, words: str) -> None:
    rig.wiro.ends_as = ("task_postprocess_end", pexit)
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        rig.wiro.only.debug_error = "Traceback\nCUDA out of memory\n" if pexit == 1 else ""
        failed = await rig.until(job, JobState.FAILED)
    assert (failed.reason, failed.reason_text) == (Reason.WIRO_FAILED, words)
    assert [job.id for job, _ in rig.stage.settled] == [job.id]


async def test_a_missing_exit_code_with_outputs_is_a_success(rig: Rig) -> None:
    rig.wiro.ends_as = ("task_postprocess_end", None)
    async with rig.process():
        await rig.until(await rig.ask(), JobState.DONE)


async def test_a_task_that_wiro_does_not_know_yet_is_waited_for(rig: Rig) -> None:
    rig.wiro.fails["detail"].extend([NoTask("There is no task yet.", 1)] * 3)
    async with rig.process():
        await rig.until(await rig.ask(), JobState.DONE)


async def test_details_that_fail_are_asked_again_and_the_end_is_not_missed(rig: Rig) -> None:
    rig.wiro.fails["detail"].extend([None, *[ServiceUnavailable("503", status=503)] * 4])
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE, limit_s=30)
    assert rig.heard.lags_s[0] < 5


async def test_a_task_that_takes_too_long_is_killed_and_given_up(rig: Rig) -> None:
    rig.wiro.lives_s = 100_000
    async with rig.process():
        job = await rig.ask()
        failed = await rig.until(job, JobState.FAILED)
    assert failed.reason is Reason.TOOK_TOO_LONG
    assert rig.wiro.count("kill") == 1
    assert rig.wiro.only.status == "task_cancel"


async def test_a_task_that_cannot_be_killed_is_left_to_the_sweep_which_books_its_cost(rig: Rig) -> None:
    rig.wiro.lives_s = LONGEST_RUN_S + 400
    rig.wiro.ignores_stops = True
    async with rig.process():
        job = await rig.ask()
        failed = await rig.until(job, JobState.FAILED)
        assert failed.reason is Reason.TOOK_TOO_LONG
        assert failed.cost_is_estimate
        await rig.pass_time(800)
        settled = await rig.job(job)
    assert settled.cost_nano_usd == 3_510_000
    assert not settled.cost_is_estimate
    assert settled.sweep_until is None


async def test_ended_at_wiro_though_nobody_here_asked(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.wiro.kill(task_id="task-1")
        ended = await rig.until(job, JobState.FAILED)
    assert ended.reason is Reason.WIRO_CANCELLED


async def test_times_of_a_clock_that_is_wrong_do_not_matter(rig: Rig) -> None:
    rig.with_socket = False
    rig.wiro.skew = timedelta(hours=3)
    async with rig.process():
        job = await rig.ask()
        done = await rig.until(job, JobState.DONE)
    assert done.wiro_ended_at is not None
    assert done.started_at is not None
    assert abs((done.wiro_ended_at - done.started_at).total_seconds() - 10) <= 1.5


async def test_an_end_that_was_polled_is_told_by_wiros_clock_not_by_the_look(rig: Rig) -> None:
    """Else the past would be of looks, and the next looks as far apart as those were."""
    rig.with_socket = False
    rig.wiro.lives_s = 24.5
    async with rig.process():
        done = await rig.until(await rig.ask(), JobState.DONE)
    task = rig.wiro.only
    assert task.ended_at is not None
    assert done.ended_at is not None
    assert done.wiro_ended_at is not None
    assert (done.ended_at - task.ended_at).total_seconds() > 1, "a look without a past comes late"
    assert abs((done.wiro_ended_at - task.ended_at).total_seconds()) <= 0.5


async def test_a_wait_in_wiros_queue_is_not_counted_as_run(rig: Rig) -> None:
    rig.wiro.queued_s = 40
    async with rig.process():
        job = await rig.ask()
        done = await rig.until(job, JobState.DONE)
    assert done.wiro_ended_at is not None
    assert done.started_at is not None
    assert (done.wiro_ended_at - done.started_at).total_seconds() == pytest.approx(10, abs=0.1)
