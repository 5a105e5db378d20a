from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.model import CancelBy, JobState
from tests.support.stand import buttons, until, words

if TYPE_CHECKING:
    from bot.model import Job
    from tests.support.stand import Stand


# Cancel


async def test_cancel_ends_a_waiting_task_and_its_card_says_so(stand: Stand) -> None:
    job = await stand.portrait()
    clicked = await stand.click("mira", job.message_id or 0, f"at:cancel:{job.code}")
    await clicked.answered()
    await until(lambda: "### Cancelled" in words(stand.card(job)))
    assert (await stand.read(job)).state is JobState.CANCELLED
    assert list(buttons(stand.card(job))) == ["Try again", "Edit"]


async def test_only_the_owner_cancels(stand: Stand) -> None:
    job = await stand.portrait()
    for stranger in ("tomas", "ines", "oskar"):
        clicked = await stand.click(stranger, job.message_id or 0, f"at:cancel:{job.code}")
        assert "Only the member who asked" in await stand.said(clicked)
    assert (await stand.read(job)).state is JobState.WAITING


async def test_cancelling_a_running_task_is_a_wish_that_its_card_shows(stand: Stand) -> None:
    job = await stand.portrait()
    job = await stand.finish(job, JobState.RUNNING, ended_at=None, wiro_ended_at=None)
    clicked = await stand.click("mira", job.message_id or 0, f"at:cancel:{job.code}")
    await clicked.answered()
    await until(lambda: "### Stopping" in words(stand.card(job)))
    assert (await stand.read(job)).cancel_by is CancelBy.OWNER
    assert buttons(stand.card(job)) == {}


async def test_cancelling_what_is_finished_says_so(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait())
    answer = await stand.use("mira", "tasks cancel", {"task": job.code})
    assert answer.message is not None
    assert "finished already" in words(answer.message)


async def test_tasks_cancel_stops_a_task_by_its_number(stand: Stand) -> None:
    job = await stand.portrait()
    answer = await stand.use("mira", "tasks cancel", {"task": f"#{job.code.lower()}"})
    assert answer.message is not None
    assert "is cancelled" in words(answer.message)
    assert (await stand.read(job)).state is JobState.CANCELLED


async def test_a_click_on_a_private_card_keeps_its_fresh_token(stand: Stand) -> None:
    job = await stand.portrait(private=True)
    job = await stand.finish(job, JobState.RUNNING, ended_at=None, wiro_ended_at=None)
    clicked = await stand.click("mira", job.message_id or 0, f"at:cancel:{job.code}")
    await clicked.answered()
    await until(lambda: "### Stopping" in words(stand.card(job)))
    assert (await stand.read(job)).interaction_token == clicked.token


# Delete


async def test_delete_takes_the_images_and_the_words_away(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait())
    assert stand.sandbox.discord.message(job.message_id or 0).files
    clicked = await stand.click("mira", job.message_id or 0, f"at:delete:{job.code}")
    answer = await clicked.answered()
    assert answer.kind == "update"
    card = stand.card(job)
    assert "### Deleted" in words(card)
    assert "fox" not in str(card["components"])
    assert stand.sandbox.discord.message(job.message_id or 0).files == []
    assert stand.desk.deleted == [job.code]
    assert (await stand.read(job)).deleted_at is not None


@pytest.mark.parametrize(("who", "may"), [("ines", True), ("tomas", False), ("oskar", True)])
async def test_a_moderator_of_this_server_deletes_too(stand: Stand, who: str, may: bool) -> None:
    job = await stand.finish(await stand.portrait())
    clicked = await stand.click(who, job.message_id or 0, f"at:delete:{job.code}")
    await clicked.answered()
    # Oskar manages the server and, as its roles are, moderates it too.
    assert ((await stand.read(job)).deleted_at is not None) is may


async def test_a_task_at_work_is_not_deleted(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait())
    # Its card shows the images already, the end is not stored yet.
    await stand.finish(job, JobState.RUNNING, ended_at=None, draw=False)
    clicked = await stand.click("mira", job.message_id or 0, f"at:delete:{job.code}")
    assert "still at work" in await stand.said(clicked)


# Share


async def test_share_posts_the_private_result_once_for_everyone(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(private=True))
    clicked = await stand.click("mira", job.message_id or 0, f"at:share:{job.code}")
    await clicked.answered()
    await until(lambda: any("Shared by" in words(each) for each in seen_by("tomas", stand)))
    [copy] = [each for each in seen_by("tomas", stand) if "Shared by" in words(each)]
    assert list(buttons(copy)) == ["Again", "Edit", "Delete"]
    await until(lambda: any("can see it now" in words(each) for each in seen_by("mira", stand)))
    assert (await stand.read(job)).shared_message_id == int(copy["id"])


async def test_again_on_the_shared_copy_is_public_and_anybodys(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(private=True))
    clicked = await stand.click("mira", job.message_id or 0, f"at:share:{job.code}")
    await clicked.answered()
    await until(lambda: any("can see it now" in words(each) for each in seen_by("mira", stand)))
    job = await stand.read(job)
    again = await stand.click("tomas", job.shared_message_id or 0, f"at:again:{job.code}")
    second = await stand.until_carded(again)
    assert not second.private


async def test_deleting_a_private_result_takes_its_shared_copy_down(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(private=True))
    clicked = await stand.click("mira", job.message_id or 0, f"at:share:{job.code}")
    await clicked.answered()
    await until(lambda: any("can see it now" in words(each) for each in seen_by("mira", stand)))
    await (await stand.click("mira", job.message_id or 0, f"at:delete:{job.code}")).answered()
    await until(lambda: any("### Deleted" in words(each) for each in seen_by("tomas", stand)))


async def test_share_names_what_the_bot_may_not_do_there(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(private=True, channel="lounge"))
    clicked = await stand.click("mira", job.message_id or 0, f"at:share:{job.code}")
    said = await stand.said(clicked)
    assert "**Attach Files**" in said
    assert "private:true" not in said


async def test_share_of_images_that_are_no_longer_kept_is_refused(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(private=True))
    stand.desk.kept.clear()
    clicked = await stand.click("mira", job.message_id or 0, f"at:share:{job.code}")
    await clicked.answered()
    await until(lambda: any("no longer kept" in words(each) for each in seen_by("mira", stand)))


def seen_by(who: str, stand: Stand) -> list[dict[str, Any]]:
    return stand.sandbox.discord.messages("portraits", who)


# Lists and details


async def test_the_list_shows_ones_own_tasks_newest_first(stand: Stand) -> None:
    first = await stand.portrait(prompt="first")
    second = await stand.portrait(prompt="second", private=True)
    await stand.portrait("tomas", prompt="of Tomas")
    answer = await stand.use("mira", "tasks list")
    assert answer.message is not None
    listed = words(answer.message)
    assert listed.index(second.code) < listed.index(first.code)
    assert "of Tomas" not in listed
    assert f"/{first.message_id}" in listed
    assert f"/{second.message_id}" not in listed


async def test_an_empty_list_says_how_to_begin(stand: Stand) -> None:
    answer = await stand.use("lev", "tasks list")
    assert answer.message is not None
    assert "/portrait" in words(answer.message)


async def test_cancel_in_the_list_works_without_touching_the_cards_token(stand: Stand) -> None:
    job = await stand.portrait(private=True)
    answer = await stand.use("mira", "tasks list")
    assert answer.message is not None
    custom_id = buttons(answer.message)[f"Cancel #{job.code}"]
    clicked = await stand.click("mira", int(answer.message["id"]), custom_id)
    assert "is cancelled" in await stand.said(clicked)
    assert (await stand.read(job)).interaction_token != clicked.token


async def test_show_has_every_setting_and_the_whole_prompt(stand: Stand) -> None:
    job = await stand.portrait(prompt="a fox " + "x" * 1400, seed=7)
    answer = await stand.use("mira", "tasks show", {"task": job.code})
    assert answer.message is not None
    shown = words(answer.message)
    assert "x" * 1400 in shown
    assert "seed `7`" in shown
    assert "clip skip `4`" in shown


async def test_another_members_task_cannot_be_shown_or_cancelled(stand: Stand) -> None:
    job = await stand.portrait("tomas")
    for command in ("tasks show", "tasks cancel"):
        answer = await stand.use("mira", command, {"task": job.code})
        assert answer.message is not None
        assert "You do not have a task #" in words(answer.message)


async def test_tasks_are_suggested_by_number_state_and_words(stand: Stand) -> None:
    job = await stand.portrait(prompt="a heron")
    done = await stand.finish(await stand.portrait(prompt="a badger"))
    await stand.portrait("tomas", prompt="a heron of Tomas")

    async def suggested(command: str, typed: str) -> list[str]:
        options = {"task": typed}
        found = await stand.sandbox.discord.autocomplete("mira", "portraits", command, options, "task")
        return [each["value"] for each in found]

    assert await suggested("tasks show", "") == [done.code, job.code]
    assert await suggested("tasks show", "heron") == [job.code]
    assert await suggested("tasks cancel", "") == [job.code]


async def test_deliver_here_brings_a_kept_result(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(private=True), JobState.KEPT)
    stand.desk.kept[job.id] = stand.files(job)
    answer = await stand.use("mira", "tasks show", {"task": job.code})
    assert answer.message is not None
    clicked = await stand.click("mira", int(answer.message["id"]), buttons(answer.message)["Deliver here"])
    await clicked.answered()
    await until(lambda: clicked.original is not None and bool(clicked.original.files))


async def test_a_result_that_cannot_be_delivered_ends_the_thinking(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(private=True), JobState.KEPT)
    answer = await stand.use("mira", "tasks show", {"task": job.code})
    assert answer.message is not None
    clicked = await stand.click("mira", int(answer.message["id"]), buttons(answer.message)["Deliver here"])
    await clicked.answered()
    await until(lambda: any("no longer kept" in words(each) for each in seen_by("mira", stand)))


# The menu


async def details(stand: Stand, who: str, job: Job) -> str:
    used = await stand.sandbox.discord.menu(who, job.message_id or 0, "Task details")
    return await stand.said(used)


async def test_task_details_shows_the_cost_to_the_owner_and_those_in_charge(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(), cost_nano_usd=3_400_000)
    assert "cost $0.0034" in await details(stand, "mira", job)
    assert "cost" not in await details(stand, "tomas", job)
    assert "cost $0.0034" in await details(stand, "ines", job)
    assert "cost $0.0034" in await details(stand, "oskar", job)


async def test_task_details_of_any_other_message_says_what_it_is_for(stand: Stand) -> None:
    message = await stand.sandbox.discord.say("mira", "portraits", "hello")
    used = await stand.sandbox.discord.menu("mira", message, "Task details")
    assert "none of my tasks" in await stand.said(used)
