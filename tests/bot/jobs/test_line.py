"""The line as a whole: claims, limits, places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import JobState
from bot.store import jobs as units

if TYPE_CHECKING:
    from tests.support.workshop import Rig


async def test_never_more_jobs_at_wiro_than_the_setting_allows(rig: Rig) -> None:
    rig.options["max_concurrent"] = 3
    most = 0
    async with rig.process():
        jobs = [await rig.ask(user_id=user) for user in range(10)]
        while any(not job.state.has_ended for job in await rig.jobs(jobs)):
            await rig.quiet()
            counts = await rig.db.read(units.count_by_state)
            most = max(most, sum(counts.get(s, 0) for s in (JobState.SUBMITTING, JobState.RUNNING)))
            await rig.clock.advance(min(rig.clock.next_due_s or 0.1, 1.0))
    assert most == 3
    assert rig.wiro.runs == 10


async def test_a_place_that_becomes_free_is_taken_at_once(rig: Rig) -> None:
    rig.options["max_concurrent"] = 1
    async with rig.process():
        first, second = await rig.ask(user_id=1), await rig.ask(user_id=2)
        await rig.until(first, JobState.DONE)
        await rig.until(second, JobState.RUNNING, limit_s=0.5)


async def test_members_take_turns(rig: Rig) -> None:
    rig.options["max_concurrent"] = 1
    async with rig.process():
        greedy = [await rig.ask(user_id=1) for _ in range(5)]
        modest = await rig.ask(user_id=2)
        await rig.until(modest, JobState.DONE)
        ended = [job.state.has_ended for job in await rig.jobs(greedy)]
    assert sum(ended) <= 2


async def test_a_job_without_a_card_is_not_in_the_line(rig: Rig) -> None:
    async with rig.process():
        job = await rig.accept()
        await rig.pass_time(20)
        assert (await rig.job(job)).state is JobState.WAITING
        assert rig.wiro.calls == []


async def test_the_place_is_known_before_the_card_is_shown_and_told_as_it_changes(rig: Rig) -> None:
    rig.options["max_concurrent"] = 1
    async with rig.process():
        await rig.until(await rig.ask(user_id=1), JobState.RUNNING)
        second = await rig.ask(user_id=2)
        await rig.pass_time(3)
        third = await rig.accept(user_id=3)
        place = await rig.desk.place(third)
        assert place is not None
        assert place.ahead == 1
        assert place.expected_start is not None
        waits_s = (place.expected_start - rig.clock.now()).total_seconds()
        assert 14 < waits_s < 20, "the running one's rest and a whole run"
        third = await rig.desk.card_shown(third, 50_003)
        await rig.until(second, JobState.RUNNING)
        await rig.pass_time(3)
        told = [place.ahead for job, _, place in rig.stage.shown if job.id == third.id and place]
        assert told == [1, 0]
        assert await rig.desk.place(await rig.job(second)) is None
