"""Cancel and kill are wishes; only Wiro's Detail ends a job that has a task."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import NoSuchTask
from bot.jobs.inbox import Nudge
from bot.jobs.ports import Gone, Way
from bot.model import CancelBy, JobState, Reason
from bot.wiro import ServiceUnavailable
from tests.support.workshop import USER, Rig

MODERATOR = 42


async def test_a_waiting_job_ends_at_once_and_its_card_says_so(rig: Rig) -> None:
    rig.options["max_concurrent"] = 1
    async with rig.process():
        running = await rig.ask()
        await rig.until(running, JobState.RUNNING)
        job = await rig.ask()
        ended = await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        assert (ended.state, ended.reason) == (JobState.CANCELLED, Reason.OWNER_CANCELLED)
        await rig.quiet()
        card = rig.stage.card(job)
        assert card is not None
        assert card.job.state is JobState.CANCELLED
    assert rig.wiro.runs == 1


async def test_a_queued_task_is_cancelled(rig: Rig) -> None:
    rig.wiro.queued_s = 60
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(1)
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        ended = await rig.until(job, JobState.CANCELLED, limit_s=5)
    assert ended.reason is Reason.OWNER_CANCELLED
    assert ended.cost_nano_usd == 0
    assert rig.wiro.count("cancel") == 1
    assert rig.wiro.count("kill") == 0


async def test_a_task_that_is_worked_on_is_killed(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(2)
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        await rig.until(job, JobState.CANCELLED, limit_s=5)
    assert rig.wiro.count("cancel") == 0
    assert rig.wiro.count("kill") == 1


async def test_after_a_refusal_the_other_call_is_tried(rig: Rig) -> None:
    """The last status that was seen is the queue's, but the task has just begun."""
    rig.with_socket = False
    rig.wiro.queued_s = 1
    rig.wiro.lives_s = 100
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        rig.desk._carriers.nudge(job.id, Nudge.LOOK)
        await rig.pass_time(2)
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        await rig.until(job, JobState.CANCELLED, limit_s=10)
    assert [call for call in rig.wiro.calls if call in ("cancel", "kill")] == ["cancel", "kill"]


async def test_stops_that_fail_are_repeated_with_growing_waits(rig: Rig) -> None:
    rig.wiro.lives_s = 1000
    rig.wiro.fails["kill"].extend([ServiceUnavailable("503", status=503)] * 4)
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(2)
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        await rig.pass_time(10)
        assert rig.wiro.count("kill") == 4
        await rig.until(job, JobState.CANCELLED, limit_s=30)


async def test_a_task_that_finished_first_is_delivered_to_the_owner_who_cancelled_it(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(1)
        rig.wiro.events.drop()
        rig.wiro.only.goes_on.cancel()  # type: ignore[union-attr]  # it goes on
        rig.wiro.end(rig.wiro.only, "task_postprocess_end", 0)
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        done = await rig.until(job, JobState.DONE, limit_s=30)
    assert done.cancel_by is CancelBy.OWNER, "so that the card can say that it was too late"
    assert rig.stage.results(job)


async def test_a_moderators_kill_withholds_images_that_exist_already(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.pass_time(1)
        rig.wiro.events.drop()
        rig.wiro.only.goes_on.cancel()  # type: ignore[union-attr]  # it goes on
        rig.wiro.end(rig.wiro.only, "task_postprocess_end", 0)
        await rig.desk.stop(job.code, by=CancelBy.MODERATOR, user_id=MODERATOR, reason="rule 4")
        ended = await rig.until(job, JobState.CANCELLED, limit_s=30)
    assert (ended.reason, ended.reason_text) == (Reason.MODERATOR_STOPPED, "rule 4")
    assert ended.cost_nano_usd == 3_510_000, "what was made is paid, whoever may see it"
    assert rig.stage.attempts == []
    assert rig.wiro.only.files_deleted


async def test_a_moderators_kill_between_two_attempts_of_delivery_withholds_the_images(rig: Rig) -> None:
    from bot.jobs.ports import Unknown, Way

    rig.stage.outcomes[Way.CARD].extend([Unknown()] * 5)
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DELIVERING)
        await rig.pass_time(3)
        await rig.desk.stop(job.code, by=CancelBy.MODERATOR, user_id=MODERATOR)
        await rig.until(job, JobState.CANCELLED, limit_s=1)
        assert await rig.results.load(job.id) == ()
    assert not rig.stage.results(job)


async def test_a_moderators_wish_overrules_the_owners(rig: Rig) -> None:
    rig.wiro.lives_s = 1000
    rig.wiro.ignores_stops = True
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        await rig.pass_time(1)
        await rig.desk.stop(job.code, by=CancelBy.MODERATOR, user_id=MODERATOR)
        rig.wiro.ignores_stops = False
        ended = await rig.until(job, JobState.CANCELLED, limit_s=60)
    assert ended.reason is Reason.MODERATOR_STOPPED


async def test_a_wish_during_run_is_acted_on_when_the_answer_comes(rig: Rig) -> None:
    rig.wiro.queued_s = 60
    async with rig.process():
        job = await rig.ask()
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        await rig.until(job, JobState.CANCELLED, limit_s=10)
    assert all(task.status == "task_cancel" for task in rig.wiro.tasks_by_id.values())


async def test_an_ended_job_stays_as_it_is(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
        after = await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
    assert after.state is JobState.DONE
    assert after.cancel_by is None


async def test_nobody_stops_somebody_elses_job_as_its_owner(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        with pytest.raises(NoSuchTask):
            await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER + 1)
        with pytest.raises(NoSuchTask):
            await rig.desk.stop("NONE", by=CancelBy.MODERATOR, user_id=MODERATOR)


@pytest.mark.parametrize(
    ("private", "card_is_gone", "told"),
    [(False, False, False), (False, True, True), (True, False, True)],
    ids=["a public card says enough", "the card is gone", "private"],
)
async def test_the_owner_of_a_task_that_a_moderator_stopped_is_told_once(
    rig: Rig, private: bool, card_is_gone: bool, told: bool
) -> None:
    """By the public card; in a direct message where that is gone or private."""
    async with rig.process():
        expires_at = rig.clock.now() + timedelta(minutes=15)
        job = await rig.ask(private=private, interaction_token="token", token_expires_at=expires_at)
        await rig.until(job, JobState.RUNNING)
        if card_is_gone:
            rig.stage.outcomes[Way.CARD].append(Gone())
        await rig.desk.stop(job.code, by=CancelBy.MODERATOR, user_id=MODERATOR, reason="rule 4")
        await rig.until(job, JobState.CANCELLED)
        await rig.quiet()
    assert [way for _, way in rig.stage.settled] == ([Way.CARD, Way.DM] if told else [Way.CARD])
