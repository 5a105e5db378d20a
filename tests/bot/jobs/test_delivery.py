"""A result reaches its owner: in the card, else by another way, else it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.jobs.job import KEEP_FOR
from bot.jobs.ports import Denied, Done, Gone, Put, TokenDead, TooLarge, Unknown, Way
from bot.model import JobState, Reason
from bot.store import policies
from bot.wiro import ServiceUnavailable
from tests.support.wiro_port import a_png
from tests.support.workshop import GUILD, Rig

DENIED = Denied("403 50013 Missing Permissions")


def _ways(rig: Rig) -> list[Way]:
    return [way for way, _ in rig.stage.attempts]


async def test_a_deleted_card_sends_the_result_as_a_direct_message(rig: Rig) -> None:
    rig.stage.outcomes[Way.CARD].append(Gone())
    async with rig.process():
        job = await rig.ask()
        done = await rig.until(job, JobState.DONE)
    assert _ways(rig) == [Way.CARD, Way.DM]
    [message] = rig.stage.results(job)
    assert message.way is Way.DM
    assert done.result_message_id == message.id


async def test_a_deleted_card_becomes_a_new_message_where_the_server_chose_that(rig: Rig) -> None:
    policy = policies.GuildPolicy(guild_id=GUILD, deleted_card="message")
    await rig.db.write(lambda conn: policies.set_guild_policy(conn, policy, now=rig.clock.now()))
    rig.stage.outcomes[Way.CARD].append(Gone())
    async with rig.process():
        await rig.until(await rig.ask(), JobState.DONE)
    assert _ways(rig) == [Way.CARD, Way.CHANNEL]


@pytest.mark.parametrize("put", [DENIED, TokenDead()], ids=["denied", "token"])
async def test_a_card_that_cannot_be_written_becomes_a_new_message_then_a_dm_then_it_is_kept(
    rig: Rig, put: Put
) -> None:
    rig.stage.outcomes[Way.CARD].append(put)
    rig.stage.outcomes[Way.CHANNEL].append(DENIED)
    rig.stage.outcomes[Way.DM].append(Denied("403 50007 Cannot send messages to this user"))
    async with rig.process():
        job = await rig.ask()
        kept = await rig.until(job, JobState.KEPT)
        files = await rig.results.load(job.id)
    assert _ways(rig) == [Way.CARD, Way.CHANNEL, Way.DM]
    assert kept.kept_until is not None
    assert kept.ended_at is not None
    assert kept.kept_until - kept.ended_at == KEEP_FOR
    assert len(files) == 2
    assert rig.stage.settled[0][0].state is JobState.KEPT, "the card says how to fetch it"


async def test_a_private_result_never_falls_back_to_the_channel(rig: Rig) -> None:
    rig.wiro.lives_s = 16 * 60
    rig.stage.outcomes[Way.DM].append(DENIED)
    async with rig.process():
        job = await rig.ask(private=True)
        await rig.until(job, JobState.KEPT)
    assert _ways(rig) == [Way.CARD, Way.DM]
    assert Way.CHANNEL not in {message.way for message in rig.stage.messages}


async def test_a_private_result_uses_the_token_while_it_lives_and_is_kept_for_sharing(rig: Rig) -> None:
    async with rig.process():
        job = await rig.ask(private=True)
        await rig.until(job, JobState.DONE)
        assert _ways(rig) == [Way.CARD]
        assert len(await rig.results.load(job.id)) == 2


async def test_a_click_brings_a_private_card_a_fresh_token(rig: Rig) -> None:
    rig.wiro.lives_s = 20 * 60
    async with rig.process():
        job = await rig.ask(private=True)
        await rig.pass_time(14 * 60)
        expires_at = rig.clock.now() + timedelta(minutes=15)
        await rig.desk.freshen(job, token="fresh", expires_at=expires_at)
        await rig.until(job, JobState.DONE)
    assert _ways(rig) == [Way.CARD]


async def test_an_attempt_of_unknown_fate_is_asserted_again_after_15_seconds(rig: Rig) -> None:
    rig.stage.outcomes[Way.CARD].append((Unknown(), True))
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DELIVERING)
        await rig.pass_time(14.5)
        assert (await rig.job(job)).state is JobState.DELIVERING
        assert len(await rig.results.load(job.id)) == 2, "kept before any longer wait"
        await rig.until(job, JobState.DONE, limit_s=2)
        assert await rig.results.load(job.id) == (), "and dropped when it was delivered"
    assert len(rig.stage.results(job)) == 1


async def test_a_discord_outage_of_a_minute_delays_and_loses_nothing(rig: Rig) -> None:
    rig.stage.outcomes[Way.CARD].extend([Unknown()] * 3)
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
    assert len(rig.stage.results(job)) == 1


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_second_message_of_unknown_fate_is_looked_for_before_it_is_sent_again(
    rig: Rig, *, arrived: bool
) -> None:
    rig.stage.outcomes[Way.CARD].append(Gone())
    rig.stage.outcomes[Way.DM].append((Unknown(), True) if arrived else Unknown())
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
    assert len(rig.stage.results(job)) == 1
    assert _ways(rig) == [Way.CARD, Way.DM] + ([] if arrived else [Way.DM])


async def test_files_that_are_too_large_are_halved_until_they_fit(rig: Rig) -> None:
    rig.stage.outcomes[Way.CARD].append(TooLarge())
    rig.wiro.png = a_png(256)
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
    first, second = (files for _, files in rig.stage.attempts)
    assert all(not file.reencoded for file in first)
    assert all(file.reencoded and len(file.data) <= max(len(f.data) for f in first) // 2 for file in second)


async def test_files_over_the_routes_limit_are_made_smaller_before_they_are_sent(rig: Rig) -> None:
    rig.wiro.png = a_png(256)
    rig.stage.limit_bytes = len(rig.wiro.png) // 3
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
    [(_, files)] = rig.stage.attempts
    assert all(len(file.data) <= rig.stage.limit_bytes and file.reencoded for file in files)


async def test_outputs_that_cannot_be_fetched_yet_are_asked_for_again(rig: Rig) -> None:
    rig.wiro.fails["download"].extend([ServiceUnavailable("503", status=503)] * 5)
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
    [message] = rig.stage.results(job)
    assert len(message.files) == 2


async def test_outputs_that_are_gone_fail_the_job_which_is_still_paid(rig: Rig) -> None:
    rig.wiro.gone_urls = {f"https://cdn/task-1/{number}.png" for number in range(2)}
    async with rig.process():
        job = await rig.ask()
        failed = await rig.until(job, JobState.FAILED, limit_s=120)
    assert failed.reason is Reason.OUTPUTS_GONE
    assert failed.cost_nano_usd == 3_510_000


async def test_one_output_that_is_gone_does_not_cost_the_others(rig: Rig) -> None:
    rig.wiro.gone_urls = {"https://cdn/task-1/0.png"}
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE, limit_s=120)
    [message] = rig.stage.results(job)
    assert [file.name for file in message.files] == [f"atelier-{job.code}-2.png"]


async def test_downloads_begin_with_the_sockets_word_while_detail_confirms(rig: Rig) -> None:
    rig.wiro.fails["detail"].extend([None, ServiceUnavailable("503", status=503)])
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
    calls = [call for call in rig.wiro.calls if call in ("detail", "download")]
    assert calls.index("download") < len(calls) - 1 - calls[::-1].index("detail"), "before the confirmation"
    assert calls.count("download") == 2


async def test_a_fault_of_ours_in_every_attempt_keeps_the_result(rig: Rig) -> None:
    rig.stage.raises.extend([RuntimeError("a card that cannot be drawn")] * 20)
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.KEPT)
        assert len(await rig.results.load(job.id)) == 2


async def test_a_passing_fault_of_ours_is_tried_again(rig: Rig) -> None:
    rig.stage.raises.append(RuntimeError("once"))
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.DONE)
    assert len(rig.stage.results(job)) == 1


async def test_the_end_is_written_into_the_card_once_discord_answers_again(rig: Rig) -> None:
    rig.wiro.ends_as = ("task_postprocess_end", 1)
    rig.stage.outcomes[Way.CARD].extend([Unknown()] * 3)
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.FAILED)
        await rig.pass_time(200)
    assert [way for _, way in rig.stage.settled] == [Way.CARD] * 4


async def test_the_reason_of_a_failure_goes_to_a_dm_when_the_card_cannot_be_written(rig: Rig) -> None:
    rig.wiro.ends_as = ("task_postprocess_end", 1)
    rig.stage.outcomes[Way.CARD].append(DENIED)
    async with rig.process():
        job = await rig.ask()
        await rig.until(job, JobState.FAILED)
        await rig.quiet()
    assert [way for _, way in rig.stage.settled] == [Way.CARD, Way.DM]


async def test_the_outcomes_of_the_stage_are_all_there_are() -> None:
    """Whoever adds one must say what delivery does with it."""
    assert set(Put.__args__) == {Done, Gone, Denied, TokenDead, TooLarge, Unknown}
