from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.jobs.purses import Purses
from bot.limits import Limit, Target
from bot.model import JobState
from bot.store import auditing, logbook
from tests.support.limits import instance_of
from tests.support.stand import words

if TYPE_CHECKING:
    from tests.support.stand import Stand


async def choose(stand: Stand, setting: str, value: object) -> None:
    """Choose it as Oskar, who manages the server, would."""
    guild = stand.sandbox.discord.guilds["harbour"].id
    await stand.services.choices.choose(guild, setting, value, by=stand.sandbox.discord.people["oskar"].id)
    await stand.logbook.post_all()


async def with_log(stand: Stand) -> None:
    await choose(stand, "log_channel_id", stand.sandbox.discord.channels["mod-log"].id)


def logged(stand: Stand) -> list[str]:
    """What stands in the log channel, as Ines reads it."""
    return [words(message) for message in stand.sandbox.discord.messages("mod-log", "ines")]


async def test_acts_and_refusals_are_told_in_the_log_channel_once(stand: Stand) -> None:
    await with_log(stand)
    people = stand.sandbox.discord.people
    await stand.use("ines", "mod block", {"user": "lev", "reason": "spam"})
    await stand.use("lev", "portrait", {"prompt": "a secret wish"})
    for _ in range(2):
        await stand.logbook.post_all()
    [setting, acts] = logged(stand)
    assert "Log channel" in setting
    assert f"<@{people['ines'].id}> blocked <@{people['lev'].id}>" in acts
    assert "`spam`" in acts
    assert f"<@{people['lev'].id}> was refused: blocked here" in acts
    assert "a secret wish" not in acts
    assert stand.sandbox.discord.messages("mod-log", "ines")[0]["mentions"] == []


async def test_prompts_of_public_tasks_are_told_where_the_server_chose_that(stand: Stand) -> None:
    await with_log(stand)
    await choose(stand, "log_prompts", value=True)
    await stand.use("ines", "mod words add", {"words": "kill"})
    await stand.use("mira", "portrait", {"prompt": "to kill time"})
    await stand.use("mira", "portrait", {"prompt": "to kill in private", "private": True})
    await stand.logbook.post_all()
    assert "asked for `to kill time`" in logged(stand)[-1]
    assert "in private" not in str(logged(stand))


async def test_a_message_that_may_be_there_is_looked_for_before_it_is_posted_again(stand: Stand) -> None:
    await with_log(stand)
    await stand.use("ines", "mod block", {"user": "lev"})
    now = stand.services.clock.now()
    [batch] = await stand.db.write(partial(logbook.claim, now=now))
    poster = stand.logbook._poster
    first = await poster.post(batch)
    # The process ended here. Much later, when Discord has forgotten the nonce, another one takes over.
    stand.sandbox.discord.advance(3600)
    later = now + logbook.LEASE
    [again] = await stand.db.write(partial(logbook.claim, now=later))
    assert again.is_repeat
    assert await poster.post(again) == first
    assert len(logged(stand)) == 2


async def test_a_task_that_is_stopped_is_told_with_its_code(stand: Stand) -> None:
    await with_log(stand)
    job = await stand.portrait()
    await stand.finish(job, JobState.RUNNING, ended_at=None, wiro_ended_at=None, draw=False)
    await stand.use("ines", "mod kill", {"task": job.code, "reason": "too loud"})
    await stand.logbook.post_all()
    assert f"stopped `#{job.code}`" in logged(stand)[-1]
    assert "too loud" in logged(stand)[-1]


async def test_the_last_of_a_servers_money_is_told_once_with_how_much_it_was(stand: Stand) -> None:
    await with_log(stand)
    harbour, oskar = stand.sandbox.discord.guilds["harbour"].id, stand.sandbox.discord.people["oskar"].id
    await stand.services.quotas.change(Target.server(harbour), {Limit.SHARED_PER_DAY: 5}, by=oskar)
    for who in ("mira", "tomas"):  # each costs a nano-dollar here
        await stand.portrait(who)
    purses = Purses(stand.db, stand.services.clock, instance_of())
    await purses.look()
    await stand.portrait("lev")
    await stand.portrait("oskar")
    await purses.look()
    await purses.look()
    await stand.logbook.post_all()
    assert str(logged(stand)).count("More than 80 % of the money for") == 1
    await stand.portrait("ines")
    for who in ("mira", "tomas"):
        refused = await stand.use(who, "portrait", {"prompt": "one more"})
        assert "spending limit here is reached" in words(refused.message or {})
    await purses.look()
    await stand.logbook.post_all()
    assert str(logged(stand)).count("No money is left") == 1


async def test_a_log_channel_that_was_deleted_costs_nobody_anything(stand: Stand) -> None:
    await with_log(stand)
    channel = stand.sandbox.discord.channels["mod-log"]
    stand.sandbox.discord.guilds["harbour"].channels.pop(channel.id)
    await stand.use("ines", "mod block", {"user": "lev"})
    await stand.logbook.post_all()
    guild = stand.sandbox.discord.guilds["harbour"].id
    assert await stand.db.read(partial(auditing.count, guild_id=guild)) == 2
    assert await stand.db.read(partial(logbook.held_back, now=stand.services.clock.now())) == 1
