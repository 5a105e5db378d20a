"""Who may press what, and the private answers: lists, details, quota, ideas, help, suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.model import JobState
from sandbox.discord.actions import AnswerKind
from sandbox.discord.model import Member
from tests.support.house import House, buttons, fields, gallery, open_house, parts, until, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.discord.actions import Interaction

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Juno, who moderates the other server, is a plain member of this one too."""
    async with open_house(tmp_path_factory.mktemp("people"), QUOTA_IMAGES_PER_DAY="100") as opened:
        juno = opened.discord.people["juno"]
        opened.discord.guilds["harbour"].members[juno.id] = Member(juno)
        opened.wiro.variety = 4  # painting is not what is tested here
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    await house.tidy()


async def done(house: House, person: str = "mira", **options: Any) -> Interaction:
    """A finished portrait of that person."""
    interaction = await house.portrait(person, **options)
    await house.images(interaction, 1, person)
    await house.reaches(interaction, JobState.DONE)
    return interaction


# Who may


@pytest.mark.parametrize("person", ["tomas", "ines", "oskar", "juno"])
async def test_nobody_but_the_owner_cancels(house: House, person: str) -> None:
    house.wiro.paused = True
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.RUNNING)
    told = await house.refusal(await house.press(house.card(interaction), "Cancel", person))
    assert "Only the member who asked" in told
    assert (await house.reaches(interaction, JobState.RUNNING)).cancel_by is None


@pytest.mark.parametrize("person", ["tomas", "juno"])
async def test_nobody_but_the_owner_and_a_moderator_of_this_server_deletes(house: House, person: str) -> None:
    interaction = await done(house)
    told = await house.refusal(await house.press(house.card(interaction), "Delete", person))
    assert "Only the member who asked" in told
    assert len(gallery(house.card(interaction) or {})) == 1


@pytest.mark.parametrize("person", ["mira", "ines"])
async def test_the_owner_and_a_moderator_of_this_server_delete_here_and_at_wiro(
    house: House, person: str
) -> None:
    interaction = await done(house)
    await (await house.press(house.card(interaction), "Delete", person)).answered()
    card = await house.card_says(interaction, "Deleted")
    assert gallery(card) == []
    assert "lighthouse" not in words(card)
    await until(lambda: house.tasks()[0].files_deleted, "Wiro deletes inputs and outputs")


async def test_nobody_but_the_owner_tries_again(house: House) -> None:
    house.wiro.apply({"fault": "fail_task"})
    interaction = await house.portrait()
    card = await house.card_says(interaction, "CUDA")
    told = await house.refusal(await house.press(card, "Try again", "ines"))
    assert "Only the member who asked" in told
    assert house.runs() == 1


@pytest.mark.parametrize("person", ["tomas", "juno"])
async def test_anybody_who_may_use_commands_there_makes_their_own_with_again_and_edit(
    house: House, person: str
) -> None:
    interaction = await done(house)
    again = await house.press(house.card(interaction), "Again", person)
    await house.images(again, 1, person)
    opened = await (await house.press(house.card(interaction), "Edit", person)).answered()
    assert opened.modal is not None
    sent = await house.discord.submit(person, opened.modal, {fields(opened.modal)["prompt"]: "a heron"})
    await house.images(sent, 1, person)
    owner_id = house.discord.people[person].id
    for started in (again, sent):
        assert (await house.reaches(started, JobState.DONE)).user_id == owner_id


async def test_a_private_result_is_shared_once(house: House) -> None:
    interaction = await done(house, private=True)
    card = house.card(interaction)
    assert house.posted(person="tomas") == []
    for _ in range(2):
        await (await house.press(card, "Share")).answered()
    shared = await until(lambda: house.posted(person="tomas"), "everybody sees it")
    await until(lambda: len([m for m in house.posted() if m["flags"] & 64]) >= 3, "both clicks are answered")
    assert len(house.posted(person="tomas")) == 1
    assert "Share" not in buttons(shared[0])

    again = await house.press(shared[0], "Again", "tomas")  # the copy is everybody's
    await house.images(again, 1, "tomas")


# Tasks


async def test_the_list_shows_ones_own_tasks_to_oneself(house: House) -> None:
    mine, other = await done(house), await done(house, "tomas")
    codes = {each: (await house.reaches(each, JobState.DONE)).code for each in (mine, other)}
    shown = await house.private_answer(await house.discord.command("mira", "portraits", "tasks list"))
    assert codes[mine] in words(shown)
    assert codes[other] not in words(shown)
    assert all(int(message["id"]) != int(shown["id"]) for message in house.posted(person="tomas"))


async def test_show_has_all_of_a_task_and_nobody_elses(house: House) -> None:
    prompt = "a very long story of a lighthouse keeper " * 30
    interaction = await done(house, prompt=prompt.strip(), seed=77)
    code = (await house.reaches(interaction, JobState.DONE)).code
    shown = await house.private_answer(
        await house.discord.command("mira", "portraits", "tasks show", {"task": f"#{code.lower()}"})
    )
    assert prompt.strip() in words(shown)
    assert "77" in words(shown)
    assert "cost" in words(shown)
    told = await house.refusal(
        await house.discord.command("tomas", "portraits", "tasks show", {"task": code})
    )
    assert "do not have a task" in told


async def test_cancel_by_number_stops_a_task_that_runs(house: House) -> None:
    house.wiro.paused = True
    interaction = await house.portrait()
    job = await house.reaches(interaction, JobState.RUNNING)
    found = await house.discord.autocomplete("mira", "portraits", "tasks cancel", {"task": ""}, "task")
    assert [each["value"] for each in found] == [job.code]
    assert job.code in found[0]["name"]
    assert await house.discord.autocomplete("tomas", "portraits", "tasks cancel", {"task": ""}, "task") == []
    told = await house.refusal(
        await house.discord.command("mira", "portraits", "tasks cancel", {"task": job.code})
    )
    assert "being stopped" in told
    await house.reaches(interaction, JobState.CANCELLED)
    await house.card_says(interaction, "Cancelled")


async def test_a_cancel_button_in_the_list_works_and_the_list_stays(house: House) -> None:
    house.wiro.paused = True
    interaction = await house.portrait()
    job = await house.reaches(interaction, JobState.RUNNING)
    shown = await house.private_answer(await house.discord.command("mira", "portraits", "tasks list"))
    pressed = await house.press(shown, f"Cancel #{job.code}")
    assert "being stopped" in await house.refusal(pressed)
    await house.reaches(interaction, JobState.CANCELLED)


async def test_task_details_of_a_message_show_the_cost_to_those_whom_it_concerns(house: House) -> None:
    interaction = await done(house)
    card = house.card(interaction)
    assert card is not None
    told = {
        person: words(await house.private_answer(await house.discord.menu(person, card, "Task details")))
        for person in ("mira", "ines", "tomas", "juno")
    }
    assert all("lighthouse keeper" in each for each in told.values())
    assert {person for person, each in told.items() if "cost" in each} == {"mira", "ines"}


async def test_task_details_of_another_message_say_what_they_are_for(house: House) -> None:
    message = await house.discord.say("tomas", "portraits", "hello")
    told = await house.refusal(await house.discord.menu("mira", message, "Task details"))
    assert "none of my tasks" in told


# Quota, ideas, help


async def test_quota_counts_what_was_made_and_what_it_cost(house: House) -> None:
    await done(house, "lev", samples=1)
    shown = words(await house.private_answer(await house.discord.command("lev", "portraits", "quota")))
    assert "1 of 100" in shown
    assert "comes back" in shown
    assert "$" in shown
    assert house.posted(person="oskar")[-1]["flags"] & 64 == 0


async def test_an_idea_is_turned_to_opened_changed_and_made(house: House) -> None:
    asked = await house.discord.command("mira", "portraits", "inspire")
    shown = await house.private_answer(asked)
    first_page = words(shown)
    turn = next(label for label in buttons(shown) if "next" in label.lower() or "more" in label.lower())
    await (await house.press(shown, turn)).answered()
    await until(lambda: words(house.card(asked) or {}) != first_page, "the page turns")

    shown = house.card(asked) or {}
    custom_id = next(part["custom_id"] for part in parts(shown) if ":idea:" in part.get("custom_id", ""))
    opened = await (await house.discord.click("mira", shown, custom_id)).answered()
    assert opened.modal is not None
    sent = await house.discord.submit("mira", opened.modal, {fields(opened.modal)["numbers"]: "samples 1"})
    await house.images(sent, 1)
    task = house.tasks()[0]
    assert str(task.inputs["prompt"]).startswith("portrait+ style")
    assert task.inputs["samples"] == 1


async def test_help_names_every_command_and_links_to_it(house: House) -> None:
    shown = words(await house.private_answer(await house.discord.command("tomas", "portraits", "help")))
    for command in house.discord.commands("tomas", "portraits"):
        if command["type"] == 1:
            names = [each["name"] for each in command.get("options", []) if each["type"] == 1]
            for name in [f"{command['name']} {each}" for each in names] or [command["name"]]:
                assert f"</{name}:{command['id']}>" in shown


# Suggestions


async def test_own_prompts_are_suggested_long_ones_by_reference_that_brings_them_whole(house: House) -> None:
    prompt = "a shepherd of very many clouds " * 6
    await done(house, "oskar", prompt=prompt.strip())
    found = await house.discord.autocomplete(
        "oskar", "portraits", "portrait", {"prompt": "shepherd"}, "prompt"
    )
    assert len(found) == 1
    assert found[0]["value"].startswith("@recent:")
    assert (
        await house.discord.autocomplete("tomas", "portraits", "portrait", {"prompt": "shepherd"}, "prompt")
        == []
    )
    await done(house, "oskar", prompt=found[0]["value"])
    first, second = (task.inputs["prompt"] for task in house.tasks())
    assert first == second


async def test_ideas_are_suggested_and_bring_their_own_words_but_no_real_person(house: House) -> None:
    found = await house.discord.autocomplete("lev", "portraits", "portrait", {"prompt": ""}, "prompt")
    ideas = [each for each in found if each["value"].startswith("@inspire:")]
    assert ideas != []
    assert not any("swift" in each["name"].lower() or "gates" in each["name"].lower() for each in found)
    await done(house, "lev", prompt=ideas[-1]["value"])
    assert "@inspire" not in str(house.tasks()[0].inputs["prompt"])


async def test_the_prompt_of_a_private_task_is_suggested_only_for_private_ones(house: House) -> None:
    await done(house, "juno", prompt="a whisper in the attic", private=True)
    for private, expected in ((False, 0), (True, 1)):
        found = await house.discord.autocomplete(
            "juno", "portraits", "portrait", {"prompt": "whisper", "private": private}, "prompt"
        )
        assert len(found) == expected


# Doors that stay open


async def test_an_answer_for_a_command_comes_in_the_channel_where_the_bot_may_not_write(house: House) -> None:
    for command in ("quota", "help", "inspire", "tasks list"):
        answer = await (await house.discord.command("tomas", "lounge", command)).answered()
        assert answer.kind is AnswerKind.MESSAGE
