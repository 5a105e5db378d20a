from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.app import offer
from bot.model import Act
from bot.store import auditing, blocks, reports, retention
from bot.ui.router import Router
from sandbox.discord.model import Member
from tests.support.stand import buttons, until, words

if TYPE_CHECKING:
    from bot.model import Job
    from bot.store.blocks import Block
    from sandbox.discord.actions import Interaction
    from tests.support.stand import Stand


async def with_log(stand: Stand, *, prompts: bool = False) -> None:
    """Harbour Arts has chosen a log channel, and maybe that prompts are told there."""
    guild, oskar = stand.sandbox.discord.guilds["harbour"].id, stand.sandbox.discord.people["oskar"].id
    channel = stand.sandbox.discord.channels["mod-log"].id
    await stand.services.choices.choose(guild, "log_channel_id", channel, by=oskar)
    await stand.services.choices.choose(guild, "log_prompts", prompts, by=oskar)
    await stand.logbook.post_all()


async def a_result(stand: Stand, who: str = "mira", **options: Any) -> Job:
    return await stand.finish(await stand.portrait(who, **options))


async def report(stand: Stand, job: Job, who: str = "tomas", *, message_id: int | None = None) -> str:
    menu = await stand.sandbox.discord.menu(who, message_id or job.message_id or 0, "Report image")
    said = await stand.said(menu)
    await stand.logbook.post_all()
    return said


def in_log(stand: Stand) -> list[dict[str, Any]]:
    """The reports in the log channel, as Ines sees them."""
    found = stand.sandbox.discord.messages("mod-log", "ines")
    return [message for message in found if "A reported image" in words(message)]


async def press(stand: Stand, label: str, who: str = "ines", which: int = 0) -> Interaction:
    message = in_log(stand)[which]
    clicked = await stand.click(who, int(message["id"]), buttons(message)[label])
    await clicked.answered()
    return clicked


async def blocked(stand: Stand, user_id: int) -> Block | None:
    guild, now = stand.sandbox.discord.guilds["harbour"].id, stand.services.clock.now()
    return await stand.db.read(partial(blocks.find, guild_id=guild, user_id=user_id, now=now))


async def acts(stand: Stand) -> list[Act]:
    guild = stand.sandbox.discord.guilds["harbour"].id
    found = await stand.db.read(partial(auditing.entries, guild_id=guild, limit=50))
    return [entry.act for entry in found if entry.act is not Act.SETTING]


# Reporting


async def test_a_report_stands_in_the_log_channel_with_the_way_to_the_card(stand: Stand) -> None:
    await with_log(stand, prompts=True)
    job = await a_result(stand, prompt="a red fox")
    assert "have been told" in await report(stand, job)
    [message] = in_log(stand)
    people = stand.sandbox.discord.people
    said = words(message)
    assert f"<@{people['tomas'].id}> reported `#{job.code}` of <@{people['mira'].id}>" in said
    assert "a red fox`" in said
    assert f"/{job.guild_id}/{job.channel_id}/{job.message_id}" in str(message)
    assert list(buttons(message)) == ["Remove", "Block", "Dismiss"]
    assert message["mentions"] == []
    assert await acts(stand) == [Act.REPORT]


async def test_the_prompt_is_told_only_where_the_server_chose_it(stand: Stand) -> None:
    await with_log(stand)
    await report(stand, await a_result(stand, prompt="a red fox"))
    assert "fox" not in str(in_log(stand))


async def test_a_member_reports_an_image_once_and_others_may_report_it_too(stand: Stand) -> None:
    await with_log(stand)
    job = await a_result(stand)
    await report(stand, job)
    assert "before" in await report(stand, job)
    assert len(in_log(stand)) == 1
    await report(stand, job, "lev")
    assert len(in_log(stand)) == 2


async def test_a_member_may_report_five_images_within_an_hour(stand: Stand) -> None:
    await with_log(stand)
    authors = ["mira", "ines", "oskar", "mira", "ines", "oskar"]
    assert len(authors) == reports.MOST + 1
    jobs = [await a_result(stand, who) for who in authors]
    for job in jobs[:-1]:
        assert "have been told" in await report(stand, job)
    assert "within an hour" in await report(stand, jobs[-1])
    assert "have been told" in await report(stand, jobs[-1], "lev")


async def test_only_images_of_ours_that_are_there_and_anothers_can_be_reported(stand: Stand) -> None:
    await with_log(stand)
    foreign = await stand.sandbox.discord.say("mira", "portraits", "hello")
    menu = await stand.sandbox.discord.menu("tomas", foreign, "Report image")
    assert "none of my tasks" in await stand.said(menu)
    assert "shows no images" in await report(stand, await stand.portrait())
    job = await a_result(stand)
    assert "your own task" in await report(stand, job, "mira")
    await (await stand.click("mira", job.message_id or 0, f"at:delete:{job.code}")).answered()
    assert "deleted already" in await report(stand, job)
    assert in_log(stand) == []


async def test_without_a_log_channel_the_reporter_is_told_whom_to_ask(stand: Stand) -> None:
    job = await a_result(stand)
    roles = {role.name: role.id for role in stand.sandbox.discord.guilds["harbour"].roles.values()}
    said = await report(stand, job)
    assert f"<@&{roles['Moderators']}>" in said
    assert await acts(stand) == [Act.REPORT]
    guild, oskar = stand.sandbox.discord.guilds["harbour"].id, stand.sandbox.discord.people["oskar"].id
    await stand.services.choices.choose(guild, "moderator_roles", [roles["Regulars"]], by=oskar)
    said = await report(stand, job, "lev")
    assert f"<@&{roles['Regulars']}>" in said
    assert f"<@&{roles['Moderators']}>" not in said


# Deciding


async def test_remove_takes_the_images_away_everywhere_and_the_report_says_who_did(stand: Stand) -> None:
    await with_log(stand)
    job = await a_result(stand)
    await report(stand, job)
    await report(stand, job, "lev")
    await press(stand, "Remove")
    ines = stand.sandbox.discord.people["ines"].id
    await until(lambda: all(f"**Removed** by <@{ines}>" in words(each) for each in in_log(stand)))
    assert not stand.sandbox.discord.message(job.message_id or 0).files
    assert "deleted here and at Wiro" in words(stand.card(job))
    assert (await stand.read(job)).deleted_at is not None
    assert stand.desk.deleted == [job.code]
    assert [list(buttons(each)) for each in in_log(stand)] == [["Block"], ["Block"]]
    assert (await acts(stand)).count(Act.DELETE) == 1


async def test_remove_takes_the_shared_copy_of_a_private_task_away(stand: Stand) -> None:
    await with_log(stand)
    job = await a_result(stand, private=True)
    await (await stand.click("mira", job.message_id or 0, f"at:share:{job.code}")).answered()
    await until(lambda: len(stand.sandbox.discord.messages("portraits", "tomas")) == 1)
    shared = int(stand.sandbox.discord.messages("portraits", "tomas")[0]["id"])
    async with asyncio.timeout(10):
        while (await stand.read(job)).shared_message_id != shared:  # noqa: ASYNC110 -- nobody is told
            await asyncio.sleep(0.01)
    assert "have been told" in await report(stand, job, message_id=shared)
    await press(stand, "Remove")
    await until(lambda: "**Removed**" in words(in_log(stand)[0]))
    assert not stand.sandbox.discord.message(shared).files


async def test_remove_leaves_the_report_open_while_discord_does_not_answer(stand: Stand) -> None:
    await with_log(stand)
    job = await a_result(stand)
    await report(stand, job)
    stand.sandbox.discord.faults.fail_next("PATCH /channels/*/messages/*", times=50)
    await press(stand, "Remove")
    await until(lambda: "still open" in str(said_to("ines", stand)))
    assert (await stand.read(job)).deleted_at is None
    assert "Remove" in buttons(in_log(stand)[0])


async def test_block_asks_for_how_long_and_why_and_keeps_remove(stand: Stand) -> None:
    await with_log(stand)
    job = await a_result(stand)
    await report(stand, job)
    form = (await (await press(stand, "Block")).answered()).modal
    assert form is not None
    wrong = await stand.sandbox.discord.submit("ines", form, {"days": "abc", "reason": ""})
    assert "from 1 to 365" in await stand.said(wrong)
    assert await blocked(stand, job.user_id) is None
    await (await stand.sandbox.discord.submit("ines", form, {"days": "3", "reason": "rude"})).answered()
    found = await blocked(stand, job.user_id)
    assert found is not None
    assert found.reason == "rude"
    assert found.until is not None
    assert (found.until - found.at).days == 3
    assert "owner was blocked" in words(in_log(stand)[0])
    assert list(buttons(in_log(stand)[0])) == ["Remove"]
    assert "blocked you" in await stand.said(
        await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "again"})
    )


async def test_dismiss_ends_the_report_and_leaves_the_images(stand: Stand) -> None:
    await with_log(stand)
    job = await a_result(stand)
    await report(stand, job)
    stale = buttons(in_log(stand)[0])["Remove"]
    await press(stand, "Dismiss")
    assert "Nothing wrong" in words(in_log(stand)[0])
    assert buttons(in_log(stand)[0]) == {}
    assert await acts(stand) == [Act.DISMISS, Act.REPORT]
    # A click that was under way when another moderator decided.
    message = stand.sandbox.discord.message(int(in_log(stand)[0]["id"]))
    message.components.append(
        {
            "type": 1,
            "id": 9001,
            "components": [{"type": 2, "style": 2, "label": "x", "custom_id": stale, "id": 9000}],
        }
    )
    await (await stand.click("ines", message.id, stale)).answered()
    assert (await stand.read(job)).deleted_at is None
    assert await acts(stand) == [Act.DISMISS, Act.REPORT]


async def test_only_moderators_of_the_server_decide(stand: Stand) -> None:
    await with_log(stand)
    world = stand.sandbox.discord
    job = await a_result(stand)
    await report(stand, job)
    ids = buttons(in_log(stand)[0])
    form = (await (await press(stand, "Block")).answered()).modal
    assert form is not None
    there = await stand.portrait("mira", channel="general")
    for number, custom_id in enumerate(ids.values()):
        forged = {"type": 2, "style": 2, "label": str(number), "custom_id": custom_id, "id": 9100 + number}
        for card in (job, there):
            message = world.message(card.message_id or 0)
            message.components.append({"type": 1, "id": 9200 + number, "components": [forged]})
    harbour = world.guilds["harbour"].members
    harbour[world.people["juno"].id] = Member(world.people["juno"])
    for custom_id in ids.values():
        for who in ("mira", "tomas", "lev", "juno"):
            clicked = await stand.click(who, job.message_id or 0, custom_id)
            assert "Only moderators" in await stand.said(clicked), (who, custom_id)
        # Juno moderates the other server: a button of this one does nothing there.
        clicked = await stand.click("juno", there.message_id or 0, custom_id)
        assert "Only moderators" in await stand.said(clicked), custom_id
    # Ines is no moderator any more when she sends the form that she opened.
    harbour[world.people["ines"].id].role_ids.clear()
    sent = await world.submit("ines", form, {"days": "", "reason": ""})
    assert "Only moderators" in await stand.said(sent)
    assert await acts(stand) == [Act.REPORT]
    assert await blocked(stand, job.user_id) is None


async def test_the_buttons_of_a_report_work_in_a_process_that_has_never_seen_it(stand: Stand) -> None:
    await with_log(stand)
    job = await a_result(stand)
    await report(stand, job)
    fresh = Router()
    stand.client.tree.clear_commands(guild=None)
    offer(stand.client, replace(stand.services, router=fresh))
    stand.client._router = fresh
    await press(stand, "Dismiss")
    assert "Nothing wrong" in words(in_log(stand)[0])


async def test_a_report_of_a_task_that_is_not_kept_any_more_says_so(stand: Stand) -> None:
    await with_log(stand)
    job = await a_result(stand)
    await report(stand, job)
    await stand.db.write(partial(retention.forget_jobs, ids=[job.id]))
    assert "no longer stored" in await stand.said(await press(stand, "Dismiss"))


def said_to(who: str, stand: Stand) -> list[str]:
    return [words(each) for each in stand.sandbox.discord.messages("mod-log", who)]
