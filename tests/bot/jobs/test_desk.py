"""What commands ask of the desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import (
    Blocked,
    BlockedEverywhere,
    BudgetRefused,
    Draining,
    NoSuchTask,
    NotDeliverable,
    QuotaRefused,
    TooLate,
)
from bot.jobs.moderation import Moderation
from bot.jobs.ports import Denied, Gone, Unknown, Way
from bot.model import CancelBy, JobState, Reason, Unit
from bot.quota.policy import quota_windows
from bot.store import blocks, ledger
from bot.store import jobs as units
from bot.store.blocks import Block
from tests.support.limits import NO_ROLES, instance_of
from tests.support.workshop import CHANNEL, GUILD, USER, Rig


async def _used(rig: Rig) -> dict[Unit, int]:
    windows = quota_windows(rig.clock.now())
    usage = await rig.db.read(lambda conn: ledger.usage(conn, user_id=USER, guild_id=GUILD, windows=windows))
    return {unit: used.total for unit, used in usage.here.items()}


def _expires(rig: Rig) -> dict[str, object]:
    return {"token": "fresh", "expires_at": rig.clock.now() + timedelta(minutes=15)}


async def test_acceptance_holds_the_quota_and_a_result_settles_it(rig: Rig) -> None:
    async with rig.process():
        job = await rig.accept()
        assert job.estimate_nano_usd > 0
        assert job.size_key
        assert await _used(rig) == {Unit.IMAGE: 2, Unit.TRAINING: 0, Unit.TASK: 1}
        await rig.desk.card_shown(job, 1)
        await rig.until(job, JobState.DONE)
        assert await _used(rig) == {Unit.IMAGE: 2, Unit.TRAINING: 0, Unit.TASK: 0}
        assert await rig.db.read(ledger.check) == []


async def test_a_failure_gives_the_quota_back(rig: Rig) -> None:
    rig.wiro.ends_as = ("task_postprocess_end", 1)
    async with rig.process():
        await rig.until(await rig.ask(), JobState.FAILED)
        assert set((await _used(rig)).values()) == {0}


async def test_a_cap_refuses_stores_nothing_and_is_counted(rig: Rig) -> None:
    rig.instance = instance_of(images_per_day=3)
    async with rig.process():
        await rig.accept()
        with pytest.raises(QuotaRefused):
            await rig.accept()
    assert rig.heard.refusals == ["image"]
    assert (await _used(rig))[Unit.IMAGE] == 2


async def test_a_quote_says_what_would_be_refused_and_leaves_nothing_behind(rig: Rig) -> None:
    """Neither in the books nor in the metrics."""
    rig.instance = instance_of(images_per_day=3)
    async with rig.process():
        fits = await rig.desk.quote(rig.new(), standing=NO_ROLES)
        assert (fits.refusal, fits.nano_usd > 1, fits.run_s > 1) == (None, True, True)
        assert await _used(rig) == dict.fromkeys(Unit, 0)
        refused = await rig.desk.quote(rig.new(images=4), standing=NO_ROLES)
        assert isinstance(refused.refusal, QuotaRefused)
        assert rig.heard.refusals == []
        await rig.accept()
    assert len(await rig.db.read(lambda conn: units.unfinished_in(conn, GUILD))) == 1


async def test_the_budget_refuses(rig: Rig) -> None:
    rig.instance = instance_of(budget_nano_usd_per_day=1)
    async with rig.process():
        with pytest.raises(BudgetRefused):
            await rig.accept()
    assert rig.heard.refusals == ["budget"]


async def test_a_deadline_that_has_passed_stores_nothing(rig: Rig) -> None:
    async with rig.process():
        with pytest.raises(TooLate):
            await rig.desk.accept(rig.new(), standing=NO_ROLES, not_after_s=rig.clock.monotonic_s() - 0.1)
    assert await rig.db.read(units.unfinished) == []


async def test_the_same_interaction_twice_is_one_job(rig: Rig) -> None:
    new = rig.new()
    async with rig.process():
        one = await rig.desk.accept(new, standing=NO_ROLES, not_after_s=2)
        other = await rig.desk.accept(
            replace(new, code="ZZZZ", hook_token="other"), standing=NO_ROLES, not_after_s=2
        )
    assert one == other


async def test_a_code_that_is_taken_is_replaced(rig: Rig) -> None:
    async with rig.process():
        one = await rig.accept(code="4F7K")
        other = await rig.accept(code="4F7K")
    assert one.code == "4F7K"
    assert other.code != "4F7K"
    assert 4 <= len(other.code) <= 8


async def test_a_stopping_process_accepts_nothing(rig: Rig) -> None:
    async with rig.process() as workshop:
        await workshop.drain()
        with pytest.raises(Draining):
            await rig.accept()


async def test_a_job_that_nobody_saw_is_released_and_has_no_card(rig: Rig) -> None:
    async with rig.process():
        job = await rig.accept()
        ended = await rig.desk.nobody_saw(job)
        await rig.quiet()
    assert (ended.state, ended.reason) == (JobState.FAILED, Reason.NOBODY_SAW_IT)
    assert rig.stage.settled == []
    assert set((await _used(rig)).values()) == {0}


async def test_a_server_that_was_left_ends_its_waiting_jobs_and_no_others(rig: Rig) -> None:
    rig.options["max_concurrent"] = 1
    async with rig.process():
        running = await rig.ask(guild_id=5)
        await rig.until(running, JobState.RUNNING)
        left, other = await rig.ask(guild_id=5), await rig.ask(guild_id=6)
        assert await rig.desk.server_left(5) == 1
        ended = await rig.job(left)
        assert (ended.state, ended.reason) == (JobState.FAILED, Reason.SERVER_LEFT)
        await rig.until_all([running, other], JobState.DONE)


async def test_a_blocked_member_is_refused_and_their_waiting_jobs_end_alone(rig: Rig) -> None:
    rig.options["max_concurrent"] = 1
    async with rig.process():
        running = await rig.ask()
        await rig.until(running, JobState.RUNNING)
        waiting, others = await rig.ask(), await rig.ask(user_id=USER + 1)
        elsewhere = await rig.ask(guild_id=GUILD + 1)
        held = await _used(rig)
        moderation = Moderation(rig.desk, rig.db, rig.clock)
        done = await moderation.block(USER, guild_id=GUILD, moderator_id=42, lasts=timedelta(minutes=10))
        assert done.ended == 1
        ended = await rig.job(waiting)
        assert (ended.state, ended.reason) == (JobState.FAILED, Reason.BLOCKED)
        with pytest.raises(Blocked):
            await rig.accept()
        assert rig.heard.refusals == ["blocked"]
        assert held[Unit.TASK] - (await _used(rig))[Unit.TASK] == 1
        await rig.until_all([running, others, elsewhere], JobState.DONE)
        await rig.pass_time(10 * 60)
        await rig.until(await rig.ask(), JobState.DONE)


async def test_whom_the_operator_blocks_starts_nothing_and_what_waits_of_theirs_ends(rig: Rig) -> None:
    async with rig.process():
        waiting = await rig.accept()
    rig.options["blocked_users"] = [USER]
    async with rig.process():
        with pytest.raises(BlockedEverywhere, match="operator"):
            await rig.accept()
        await rig.desk.card_shown(waiting, 1)
        ended = await rig.until(waiting, JobState.FAILED)
        assert ended.reason is Reason.BLOCKED
        assert (await rig.accept(user_id=USER + 1)).user_id == USER + 1
    assert rig.heard.refusals == ["blocked"]
    assert rig.wiro.runs == 0


async def test_a_job_that_slipped_past_the_block_ends_before_run(rig: Rig) -> None:
    async with rig.process():
        job = await rig.accept()
        wanted = Block(guild_id=GUILD, user_id=USER, by=42, reason=None, at=rig.clock.now(), until=None)
        await rig.db.write(lambda conn: blocks.block(conn, wanted))
        await rig.desk.card_shown(job, 60_000)
        ended = await rig.until(job, JobState.FAILED)
    assert ended.reason is Reason.BLOCKED
    assert rig.wiro.runs == 0


async def _kept(rig: Rig) -> str:
    rig.stage.outcomes[Way.CARD].append(Gone())
    rig.stage.outcomes[Way.DM].append(Denied("closed"))
    job = await rig.ask()
    await rig.until(job, JobState.KEPT)
    return job.code


async def test_a_kept_result_is_fetched_where_its_owner_asks_for_it(rig: Rig) -> None:
    async with rig.process():
        code = await _kept(rig)
        done = await rig.desk.deliver_here(f"#{code.lower()}", user_id=USER, **_expires(rig))  # type: ignore[arg-type]  # a test's short way
    assert done.state is JobState.DONE
    assert done.result_message_id is not None
    assert rig.stage.attempts[-1][0] is Way.HERE
    assert len(rig.stage.attempts[-1][1]) == 2


async def test_a_kept_result_stays_kept_when_discord_refuses(rig: Rig) -> None:
    rig.stage.outcomes[Way.HERE].append(Unknown())
    async with rig.process():
        code = await _kept(rig)
        with pytest.raises(NotDeliverable, match="Try again"):
            await rig.desk.deliver_here(code, user_id=USER, **_expires(rig))  # type: ignore[arg-type]  # a test's short way
        await rig.desk.deliver_here(code, user_id=USER, **_expires(rig))  # type: ignore[arg-type]  # a test's short way


async def test_results_that_are_no_longer_kept_come_from_wiro_while_it_has_them(rig: Rig) -> None:
    async with rig.process():
        code = await _kept(rig)
        job = await rig.db.read(lambda conn: units.by_code(conn, code))
        assert job is not None
        await rig.results.drop(job.id)
        await rig.desk.deliver_here(code, user_id=USER, **_expires(rig))  # type: ignore[arg-type]  # a test's short way
        rig.wiro.gone_urls = {output.url for output in job.outputs}
        with pytest.raises(NotDeliverable, match="no longer kept"):
            await rig.desk.deliver_here(code, user_id=USER, **_expires(rig))  # type: ignore[arg-type]  # a test's short way


async def test_a_private_job_under_way_moves_its_card_to_where_it_is_asked_for(rig: Rig) -> None:
    rig.wiro.lives_s = 20 * 60
    async with rig.process():
        job = await rig.ask(private=True)
        await rig.pass_time(14 * 60)
        moved = await rig.desk.deliver_here(job.code, user_id=USER, **_expires(rig))  # type: ignore[arg-type]  # a test's short way
        assert moved.state is JobState.RUNNING
        assert moved.interaction_token == "fresh"
        await rig.until(job, JobState.DONE)


async def test_what_cannot_be_delivered_says_why(rig: Rig) -> None:
    async with rig.process():
        running = await rig.ask()
        with pytest.raises(NotDeliverable, match=f"<#{CHANNEL}>"):
            await rig.desk.deliver_here(running.code, user_id=USER, **_expires(rig))  # type: ignore[arg-type]  # a test's short way
        with pytest.raises(NoSuchTask):
            await rig.desk.deliver_here(running.code, user_id=USER + 1, **_expires(rig))  # type: ignore[arg-type]  # a test's short way
        await rig.until(running, JobState.RUNNING)
        await rig.desk.stop(running.code, by=CancelBy.OWNER, user_id=USER)
        await rig.until(running, JobState.CANCELLED)
        with pytest.raises(NotDeliverable, match="without images"):
            await rig.desk.deliver_here(running.code, user_id=USER, **_expires(rig))  # type: ignore[arg-type]  # a test's short way


async def test_delete_forgets_here_and_at_wiro(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask(private=True)
        done = await rig.until(job, JobState.DONE)
        deleted = await rig.desk.delete(done)
        await rig.quiet()
        assert deleted.deleted_at is not None
        assert rig.wiro.only.files_deleted
        assert await rig.results.load(job.id) == ()
        with pytest.raises(NotDeliverable, match="deleted"):
            await rig.desk.deliver_here(job.code, user_id=USER, **_expires(rig))  # type: ignore[arg-type]  # a test's short way


async def test_a_private_result_is_shared_once(rig: Rig) -> None:
    rig.stage.outcomes[Way.CHANNEL].append(Denied("403"))
    async with rig.process():
        job = await rig.ask(private=True)
        await rig.until(job, JobState.DONE)
        with pytest.raises(NotDeliverable, match="moderator"):
            await rig.desk.share(job.code, user_id=USER)
        shared = await rig.desk.share(job.code, user_id=USER)
        assert shared.shared_message_id is not None
        with pytest.raises(NotDeliverable, match="already"):
            await rig.desk.share(job.code, user_id=USER)


async def test_a_public_result_has_nothing_to_share(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
        with pytest.raises(NotDeliverable):
            await rig.desk.share(job.code, user_id=USER)
