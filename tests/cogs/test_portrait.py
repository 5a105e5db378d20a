from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from bot.errors import BudgetRefused, Draining
from bot.model import JobState, Reason
from bot.store import policies
from bot.store.policies import GuildPolicy
from tests.support.limits import instance_of
from tests.support.stand import buttons, words

if TYPE_CHECKING:
    from bot.tools import Tool
    from sandbox.discord.actions import Modal
    from tests.support.stand import Stand


async def test_a_portrait_is_answered_with_its_card_and_then_in_the_line(stand: Stand) -> None:
    job = await stand.portrait(prompt="a red fox", samples=2)
    card = stand.card(job)
    assert "### In the line" in words(card)
    assert "portrait+ style a red fox" in words(card)
    assert list(buttons(card)) == ["Cancel"]
    assert (job.images, job.state, job.private) == (2, JobState.WAITING, False)
    assert job.inputs["negativePrompt"] == "painted illustration"
    assert job.notes == ("seed_drawn", "trigger_added")
    assert 0 <= int(job.seed) <= 4294967295


async def test_every_option_arrives_at_wiros_inputs(stand: Stand) -> None:
    job = await stand.portrait(
        prompt="portrait+ style x",
        negative_prompt="none",
        samples=1,
        steps=5,
        scale=3.5,
        seed=7,
        clip_skip=0,
        width=256,
        height=1024,
        scheduler="DDIMScheduler",
    )
    assert job.inputs == {
        "prompt": "portrait+ style x",
        "negativePrompt": "",
        "samples": 1,
        "steps": 5,
        "scale": "3.5",
        "seed": "7",
        "clipSkip": 0,
        "width": 256,
        "height": 1024,
        "scheduler": "DDIMScheduler",
    }
    assert job.notes == ()


async def test_a_private_portrait_is_for_its_member_alone(stand: Stand) -> None:
    job = await stand.portrait(private=True)
    assert job.private
    assert "### In the line" in words(stand.card(job))
    seen = stand.sandbox.discord.messages("portraits", "tomas")
    assert all(int(message["id"]) != job.message_id for message in seen)


async def test_a_public_card_speaks_the_servers_language_and_a_private_one_the_readers(stand: Stand) -> None:
    assert (await stand.portrait("tomas")).locale == "en-US"
    assert (await stand.portrait("tomas", private=True)).locale == "de"


async def test_a_missing_permission_is_named_before_anything_is_charged(stand: Stand) -> None:
    interaction = await stand.sandbox.discord.command("mira", "lounge", "portrait", {"prompt": "a fox"})
    said = await stand.said(interaction)
    assert "**Send Messages**" in said
    assert "**Attach Files**" in said
    assert "private:true" in said
    assert stand.desk.accepted == []
    assert (await stand.portrait(channel="lounge", private=True)).private


async def test_a_thread_needs_its_own_permission(stand: Stand) -> None:
    assert (await stand.portrait(channel="wall-of-faces")).state is JobState.WAITING


@pytest.mark.parametrize("refusal", [Draining(), BudgetRefused()])
async def test_a_refusal_is_said_privately_as_it_is(stand: Stand, refusal: Exception) -> None:
    stand.desk.refusal = refusal
    interaction = await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "a fox"})
    assert await stand.said(interaction) == str(refusal)


async def test_a_fault_is_an_apology_with_a_reference_that_the_log_knows(stand: Stand) -> None:
    stand.desk.refusal = ZeroDivisionError("secret prompt")
    with capture_logs() as logged:
        interaction = await stand.sandbox.discord.command(
            "mira", "portraits", "portrait", {"prompt": "a fox"}
        )
        said = await stand.said(interaction)
    reference = re.search(r"`([0-9A-Z]{8})`", said)
    assert reference is not None
    assert "ZeroDivision" not in said
    [line] = [each for each in logged if each["log_level"] == "error"]
    assert line["reference"] == reference[1]
    assert isinstance(line["exc_info"], ZeroDivisionError)


async def test_a_fourth_task_at_once_is_refused(stand: Stand) -> None:
    for _ in range(3):
        await stand.portrait(samples=1)
    interaction = await stand.sandbox.discord.command("mira", "portraits", "portrait", {"prompt": "a fox"})
    assert "3 of 3 tasks waiting or running" in await stand.said(interaction)


async def test_more_images_than_are_left_are_refused_with_what_is_left(stand: Stand) -> None:
    stand.desk.instance = instance_of(images_per_day=12)
    await stand.portrait(samples=10)
    options = {"prompt": "a fox", "samples": 4}
    said = await stand.said(await stand.sandbox.discord.command("mira", "portraits", "portrait", options))
    assert "you have 2 of 12 left today. Ask for 2 or fewer." in said


# What may be chosen


async def choices(stand: Stand, typed: str, **options: Any) -> list[dict[str, Any]]:
    given = {"prompt": typed} | options
    return await stand.sandbox.discord.autocomplete("mira", "portraits", "portrait", given, "prompt")


async def test_ideas_are_suggested_without_real_persons(stand: Stand) -> None:
    names = [choice["name"] for choice in await choices(stand, "")]
    assert len(names) == 10
    assert not any("swift" in name.casefold() or "gates" in name.casefold() for name in names)
    assert all(1 <= len(name) <= 100 for name in names)


async def test_real_persons_are_suggested_where_the_server_turned_that_on(stand: Stand) -> None:
    guild_id = stand.sandbox.discord.guilds["harbour"].id
    policy = GuildPolicy(guild_id=guild_id, real_persons=True)
    now = stand.services.clock.now()
    await stand.db.write(lambda conn: policies.set_guild_policy(conn, policy, now=now))
    assert len(await choices(stand, "")) == 12


async def test_own_prompts_are_suggested_first_long_ones_by_reference(stand: Stand) -> None:
    long = await stand.portrait(prompt="a heron, " * 30)
    await stand.portrait(prompt="a heron", private=True)
    await stand.portrait("tomas", prompt="a heron of Tomas")
    found = await choices(stand, "heron")
    assert [choice["value"] for choice in found] == [f"@recent:{long.code}"]
    private = await choices(stand, "heron", private=True)
    assert [choice["value"] for choice in private] == ["portrait+ style a heron", f"@recent:{long.code}"]


async def test_a_reference_brings_the_whole_prompt(stand: Stand) -> None:
    first = await stand.portrait(prompt="a heron, " * 30)
    again = await stand.portrait(prompt=f"@recent:{first.code}")
    assert again.prompt == first.prompt
    idea = await stand.portrait(prompt="@inspire:4")
    assert idea.prompt.startswith("anime portrait+ style *a young inventor")
    assert idea.inputs["negativePrompt"] == ""


@pytest.mark.parametrize("reference", ["@inspire:1", "@inspire:99", "@recent:0000"])
async def test_a_reference_that_leads_nowhere_is_refused(stand: Stand, reference: str) -> None:
    options = {"prompt": reference}
    said = await stand.said(await stand.sandbox.discord.command("mira", "portraits", "portrait", options))
    assert said
    assert stand.desk.accepted == []


async def test_a_reference_reveals_neither_anothers_nor_a_private_prompt(stand: Stand) -> None:
    of_tomas = await stand.portrait("tomas", prompt="secret of Tomas")
    private = await stand.portrait(prompt="my own secret", private=True)
    for code in (of_tomas.code, private.code):
        options = {"prompt": f"@recent:{code}"}
        said = await stand.said(await stand.sandbox.discord.command("mira", "portraits", "portrait", options))
        assert "secret" not in said
    again = await stand.portrait(prompt=f"@recent:{private.code}", private=True)
    assert again.prompt == private.prompt


# Again, Try again, Edit


async def test_again_is_anybodys_own_job_with_a_new_seed(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(seed=7))
    again = buttons(stand.card(job))["Again"]
    clicked = await stand.click("tomas", job.message_id or 0, again)
    second = await stand.until_carded(clicked)
    assert second.user_id == stand.sandbox.discord.people["tomas"].id
    assert second.parent_code == job.code
    assert second.prompt == job.prompt
    assert second.seed != "7"
    assert second.notes == ("seed_drawn", "trigger_added")


async def test_again_takes_a_prompt_of_full_length_a_second_time(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(prompt="x" * 1500))
    clicked = await stand.click("mira", job.message_id or 0, buttons(stand.card(job))["Again"])
    assert (await stand.until_carded(clicked)).prompt == job.prompt


async def test_again_on_a_private_result_is_private(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(private=True))
    clicked = await stand.click("mira", job.message_id or 0, buttons(stand.card(job))["Again"])
    assert (await stand.until_carded(clicked)).private


async def test_try_again_repeats_the_very_same_for_its_owner(stand: Stand) -> None:
    job = await stand.portrait(seed=7, samples=1)
    job = await stand.finish(job, JobState.FAILED, reason=Reason.LOST)
    custom_id = buttons(stand.card(job))["Try again"]
    stranger = await stand.click("tomas", job.message_id or 0, custom_id)
    assert "Only the member who asked" in await stand.said(stranger)
    clicked = await stand.click("mira", job.message_id or 0, custom_id)
    second = await stand.until_carded(clicked)
    assert second.inputs == job.inputs


async def opened(stand: Stand, who: str, message_id: int, custom_id: str) -> Modal:
    clicked = await stand.click(who, message_id, custom_id)
    modal = (await clicked.answered()).modal
    assert modal is not None
    return modal


def defaults(modal: Modal) -> dict[str, Any]:
    found = {}
    for label in modal.components:
        field = label["component"]
        options = field.get("options", [])
        chosen = next((each["value"] for each in options if each.get("default")), None)
        found[field["custom_id"]] = chosen if options else field.get("value")
    return found


async def test_edit_opens_a_form_with_the_jobs_settings(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(prompt="a fox", seed=7, width=256))
    modal = await opened(stand, "tomas", job.message_id or 0, buttons(stand.card(job))["Edit"])
    assert defaults(modal) == {
        "prompt": "a fox",
        "negative_prompt": "painted illustration",
        "seed": "7",
        "scheduler": "EulerDiscreteScheduler",
        "numbers": "samples 4, steps 30, scale 7.5, clip skip 4, size 256x512",
    }


async def test_a_sent_form_starts_a_job_of_its_own(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(prompt="a fox", seed=7))
    modal = await opened(stand, "tomas", job.message_id or 0, buttons(stand.card(job))["Edit"])
    values = {
        "prompt": "a badger",
        "negative_prompt": "",
        "seed": "",
        "scheduler": ["DDIMScheduler"],
        "numbers": "steps: 12  samples=2 size 256 x 384",
    }
    sent = await stand.sandbox.discord.submit("tomas", modal, values)
    second = await stand.until_carded(sent)
    assert second.prompt == "portrait+ style a badger"
    assert second.inputs["negativePrompt"] == ""
    assert (second.inputs["steps"], second.images) == (12, 2)
    assert (second.inputs["width"], second.inputs["height"]) == (256, 384)
    assert second.inputs["scheduler"] == "DDIMScheduler"
    assert second.seed != "7"
    assert second.parent_code == job.code


async def test_a_refused_form_can_be_opened_again_as_it_was(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(prompt="a fox"))
    modal = await opened(stand, "mira", job.message_id or 0, buttons(stand.card(job))["Edit"])
    values = {"prompt": "a badger", "numbers": "steps 900, size 999x512", "seed": "-1"}
    sent = await stand.sandbox.discord.submit("mira", modal, values)
    answer = (await sent.answered()).message
    assert answer is not None
    assert "`steps` is 900; it goes from 1 to 150" in words(answer)
    assert "nearest that can be made is 1024" in words(answer)
    assert len(stand.desk.accepted) == 1
    reopened = await opened(stand, "mira", int(answer["id"]), buttons(answer)["Edit again"])
    assert defaults(reopened)["prompt"] == "a badger"
    assert defaults(reopened)["numbers"] == "steps 900, size 999x512"
    assert defaults(reopened)["seed"] == "-1"


async def test_edit_again_after_a_restart_starts_from_the_task(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(prompt="a fox"))
    modal = await opened(stand, "mira", job.message_id or 0, buttons(stand.card(job))["Edit"])
    sent = await stand.sandbox.discord.submit("mira", modal, {"prompt": "a badger", "numbers": "steps 900"})
    answer = (await sent.answered()).message
    assert answer is not None
    stand.services.drafts._drafts.clear()
    reopened = await opened(stand, "mira", int(answer["id"]), buttons(answer)["Edit again"])
    assert defaults(reopened)["prompt"] == "a fox"


async def test_a_form_survives_a_restart_because_it_needs_nothing_in_memory(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(prompt="a fox"))
    modal = await opened(stand, "mira", job.message_id or 0, buttons(stand.card(job))["Edit"])
    assert modal.custom_id == f"at:edit:{job.code}"
    assert not stand.client._connection._view_store._modals
    assert not stand.client._connection._view_store._views


# What Wiro's page of the tool says today


def with_changed(stand: Stand, wiro_id: str, **changes: Any) -> Tool:
    tool = stand.services.catalogue["portraitplus"]
    inputs = tuple(each.model_copy(update=changes if each.id == wiro_id else {}) for each in tool.inputs)
    return tool.model_copy(update={"inputs": inputs})


async def test_a_refusal_names_the_range_that_the_tools_page_gives_now(stand: Stand) -> None:
    stand.today["portraitplus"] = with_changed(stand, "steps", maximum=50)
    answer = await stand.use("mira", "portrait", {"prompt": "a red fox", "steps": 60})
    assert answer.message is not None
    assert "`steps` is 60; it goes from 1 to 50" in words(answer.message)
    del stand.today["portraitplus"]
    assert (await stand.portrait(steps=60)).inputs["steps"] == 60


async def test_the_form_offers_the_choices_that_the_tools_page_gives_now(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait("mira"))
    stand.today["portraitplus"] = with_changed(
        stand, "scheduler", choices=("EulerDiscreteScheduler", "NewScheduler")
    )
    modal = await opened(stand, "mira", job.message_id or 0, buttons(stand.card(job))["Edit"])
    menus = [label["component"] for label in modal.components if "options" in label["component"]]
    assert [option["value"] for option in menus[0]["options"]] == ["EulerDiscreteScheduler", "NewScheduler"]
    sent = await stand.sandbox.discord.submit("mira", modal, {"scheduler": ["NewScheduler"]})
    assert (await stand.until_carded(sent)).inputs["scheduler"] == "NewScheduler"
