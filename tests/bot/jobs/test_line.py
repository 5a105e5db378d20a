"""The line as a whole: claims, limits, places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.jobs.waiting_room import TOLD_JOBS
from bot.model import JobState
from bot.store import jobs as units
from bot.store import policies
from tests.support.workshop import GUILD

if TYPE_CHECKING:
    from tests.support.workshop import Rig

MANAGER = 5


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


async def pause(rig: Rig, why: str | None, guild_id: int = GUILD) -> None:
    """What a manager's click does."""
    now = rig.clock.now()
    await rig.db.write(lambda conn: policies.choose(conn, guild_id, "line_paused", why, by=MANAGER, now=now))
    rig.desk.policy_changed()


async def test_a_paused_server_waits_and_its_cards_say_why_while_others_pass(rig: Rig) -> None:
    rig.options["max_concurrent"] = 1
    async with rig.process():
        running = await rig.until(await rig.ask(user_id=1), JobState.RUNNING)
        await pause(rig, "new rules on Monday")
        waiting = [await rig.ask(user_id=user) for user in range(2, 5)]
        late = await rig.accept(user_id=5)
        place = await rig.desk.place(late)
        assert place is not None
        assert (place.paused, place.expected_start) == ("new rules on Monday", None)
        other = await rig.ask(user_id=9, guild_id=GUILD + 1)
        place = await rig.desk.place(other)
        assert place is not None
        assert (place.ahead, place.paused) == (0, None)
        await rig.until_all([running, other], JobState.DONE)
        await rig.pass_time(60)
        assert {job.state for job in await rig.jobs(waiting)} == {JobState.WAITING}
        said = [(job.id, place.paused) for job, _, place in rig.stage.shown if place and place.paused]
        assert sorted(said) == [(job.id, "new rules on Monday") for job in waiting], "each is told once"

        await pause(rig, None)
        await rig.until(waiting[0], JobState.RUNNING, limit_s=0.5)
        await rig.pass_time(3)
        last = {job.id: place for job, _, place in rig.stage.shown if place}
        assert [last[job.id].paused for job in waiting[1:]] == [None, None]
        await rig.until_all(waiting, JobState.DONE)


async def test_every_card_of_a_long_line_is_told_of_a_pause_and_of_its_end(rig: Rig) -> None:
    rig.options["max_concurrent"] = 1
    async with rig.process():
        rig.wiro.lives_s = 1000
        await rig.until(await rig.ask(user_id=1), JobState.RUNNING)
        jobs = [await rig.ask(user_id=user) for user in range(2, 2 + 2 * TOLD_JOBS)]
        for why in ("maintenance", None):
            await pause(rig, why)
            await rig.pass_time(10)
            last = {job.id: place.paused for job, _, place in rig.stage.shown if place}
            waiting = [job for job in await rig.jobs(jobs) if job.state is JobState.WAITING]
            assert len(waiting) >= len(jobs) - 1
            assert {last[job.id] for job in waiting} == {why}


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
