from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import discord
import pytest

from bot.client import fingerprint
from bot.model import JobState, Reason
from tests.cogs.conftest import stand as stand  # noqa: PLC0414 -- the same stand, for the client itself
from tests.support.jobs import a_job
from tests.support.limits import instance_of
from tests.support.stand import until, words

if TYPE_CHECKING:
    from tests.support.stand import Stand


async def test_commands_are_published_once_and_not_again(stand: Stand) -> None:
    assert set(stand.client.command_ids) == {
        *("portrait", "train", "tasks", "quota", "inspire", "help", "mod", "models", "settings"),
        *("Task details", "Report image", "Add to my training photos"),
    }
    assert await stand.client.publish_commands() is False
    stand.client.tree.remove_command("help")
    assert await stand.client.publish_commands() is True
    assert "help" not in stand.client.command_ids


def test_what_discord_adds_makes_no_difference() -> None:
    ours = {"type": 1, "name": "x", "description": "d", "contexts": [0], "nsfw": False, "options": []}
    theirs = ours | {"id": "1", "version": "2", "application_id": "3", "default_member_permissions": None}
    assert fingerprint([ours]) == fingerprint([theirs])
    assert fingerprint([ours]) != fingerprint([ours | {"description": "e"}])


async def test_an_old_button_is_answered(stand: Stand) -> None:
    job = await stand.portrait()
    message = stand.sandbox.discord.message(job.message_id or 0)
    message.components[0]["components"][-1]["components"][0]["custom_id"] = "v0:whatever"
    clicked = await stand.click("mira", message.id, "v0:whatever")
    assert "older version" in await stand.said(clicked)


async def test_a_handler_that_fails_is_answered(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await stand.portrait()

    async def fail(code: str) -> None:
        raise RuntimeError(code)

    monkeypatch.setattr(stand.services.records, "by_code", fail)
    clicked = await stand.click("mira", job.message_id or 0, f"at:cancel:{job.code}")
    assert "reference" in await stand.said(clicked)


@pytest.mark.parametrize("outcome", ["apply_then_drop", "apply_then_status"])
async def test_a_card_that_discord_took_without_saying_so_is_found(stand: Stand, outcome: str) -> None:
    """The callback is applied, its answer lost; where it is repeated, the second is refused (40060)."""
    stand.sandbox.discord.faults.fail_next("callback", outcome)
    interaction = await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "a fox"})
    job = await stand.until_carded(interaction)
    assert interaction.original is not None
    assert job.message_id == interaction.original.id
    assert (job.state, stand.desk.unseen) == (JobState.WAITING, [])


async def test_a_callback_that_discord_could_not_take_is_repeated(stand: Stand) -> None:
    stand.sandbox.discord.faults.fail_next("callback", "status", status=502)
    interaction = await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "a fox"})
    job = await stand.until_carded(interaction)
    assert job.state is JobState.WAITING


async def test_a_callback_that_is_dropped_is_repeated(stand: Stand) -> None:
    stand.sandbox.discord.faults.fail_next("callback", "drop")
    interaction = await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "a fox"})
    assert (await stand.until_carded(interaction)).state is JobState.WAITING
    assert not interaction.failed


async def test_a_callback_that_never_gets_through_leaves_no_job_behind(stand: Stand) -> None:
    stand.sandbox.discord.faults.fail_next("callback", "drop", times=100)
    interaction = await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "a fox"})
    job = await stand.until_carded(interaction)
    assert (job.state, job.reason) == (JobState.CANCELLED, Reason.NOBODY_SAW_IT)


async def test_a_card_that_comes_too_late_ends_its_job(stand: Stand) -> None:
    stand.desk.after_accept = lambda: stand.sandbox.discord.advance(4)
    interaction = await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "a fox"})
    job = await stand.until_carded(interaction)
    assert interaction.failed
    assert stand.desk.unseen == [job.code]
    assert job.state is JobState.CANCELLED


async def test_a_card_that_discord_finds_wrong_ends_its_job_and_is_an_apology(stand: Stand) -> None:
    stand.sandbox.discord.faults.fail_next("callback", "status", status=400)
    interaction = await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "a fox"})
    assert "reference" in await stand.said(interaction)
    assert len(stand.desk.unseen) == 1


async def test_an_interaction_that_comes_twice_makes_one_job(stand: Stand) -> None:
    stand.sandbox.discord.faults.duplicate_interactions = 1
    interaction = await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "a fox"})
    job = await stand.until_carded(interaction)
    await asyncio.sleep(0.3)
    assert {each.id for each in stand.desk.accepted} == {job.id}
    assert (await stand.read(job)).state is JobState.WAITING


async def test_the_client_keeps_no_members_and_no_messages(stand: Stand) -> None:
    await until(lambda: len(stand.client.guilds) == 2)
    assert stand.client.intents == discord.Intents(guilds=True)
    assert stand.client._connection._messages is None
    for guild in stand.client.guilds:
        assert {member.id for member in guild.members} <= {stand.client.application_id}


async def test_a_server_that_was_left_closes_its_places(stand: Stand) -> None:
    left: list[int] = []

    async def note(guild_id: int) -> None:
        left.append(guild_id)

    stand.client._when_server_left = note
    await stand.client.wait_until_ready()
    guild_id = stand.sandbox.discord.guilds["tiny"].id
    job = a_job(guild_id=guild_id, channel_id=stand.sandbox.discord.channels["general"].id)
    assert stand.client.access_of(job).in_server
    await stand.sandbox.discord.set_unavailable("tiny", unavailable=True)
    await asyncio.sleep(0.1)
    assert left == []
    await stand.sandbox.discord.set_unavailable("tiny", unavailable=False)
    await stand.sandbox.discord.remove_bot("tiny")
    await until(lambda: bool(left))
    assert left == [guild_id]
    assert not stand.client.access_of(job).in_server


async def test_what_the_cache_knows_of_a_channel(stand: Stand) -> None:
    await stand.client.wait_until_ready()
    channels = stand.sandbox.discord.channels
    guild_id = stand.sandbox.discord.guilds["harbour"].id

    def may_write(name: str) -> bool | None:
        job = a_job(guild_id=guild_id, channel_id=channels[name].id)
        return stand.client.access_of(job).may_write

    assert may_write("portraits") is True
    assert may_write("lounge") is False
    assert may_write("wall-of-faces") is True


async def test_many_cards_at_once_are_all_acknowledged(stand: Stand) -> None:
    stand.desk.instance = instance_of(images_per_day=10**6, concurrent_tasks=10**6)
    used = [
        await stand.sandbox.discord.command(
            "mira", "portraits", "portrait", {"prompt": f"fox {n}", "samples": 1}
        )
        for n in range(60)
    ]
    answers = await asyncio.gather(*(each.answered() for each in used))
    assert all(answer.message is not None and "In the line" in words(answer.message) for answer in answers)
