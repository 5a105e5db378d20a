"""Killed at the worst moment and started again: one card, one run, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.model import JobState
from tests.support.house import buttons, open_house, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.house import House


def at_submitting(house: House) -> None:
    """Run is sent and never answered, though the task is made."""
    house.wiro.apply({"fault": "hang", "where": {"path": "Run"}})


def at_running(house: House) -> None:
    """Wiro has the task and does nothing."""
    house.wiro.paused = True


def at_delivering(house: House) -> None:
    """The images exist, but their downloads take for ever."""
    house.wiro.apply({"fault": "cdn_slow", "seconds": 600, "times": None})


@pytest.mark.parametrize("at", [at_submitting, at_running, at_delivering], ids=lambda at: at.__name__)
async def test_kill_9_and_a_restart_end_in_one_card_and_one_run(
    house: House, at: Callable[[House], None]
) -> None:
    at(house)
    interaction = await house.portrait()
    answer = await interaction.answered()
    assert answer.message is not None
    await until(lambda: house.runs() == 1, "the task is at Wiro")
    if at is at_delivering:
        task = next(iter(house.wiro.tasks.values()))
        await until(lambda: task.is_ended, "Wiro is done")

    await house.bot.kill()
    house.wiro.paused = False
    house.wiro.apply({"clear": True})
    await house.bot.start()

    await house.images(interaction, 1)
    assert house.runs() == 1
    card = house.card(interaction)
    assert [message["id"] for message in house.discord.messages("portraits", as_="mira")] == [
        (card or {})["id"]
    ]


async def test_a_waiting_job_keeps_its_place_over_kill_9(tmp_path: Path) -> None:
    async with open_house(tmp_path, WIRO_MAX_CONCURRENT="1") as house:
        house.wiro.paused = True
        first = await house.portrait(seed=1)
        await first.answered()
        second = await house.portrait(seed=2)
        await second.answered()
        await until(lambda: house.runs() == 1, "the first is at Wiro")
        await house.bot.kill()
        house.wiro.paused = False
        await house.bot.start()
        await house.images(first, 1)
        await house.images(second, 1)
        assert [task.inputs["seed"] for task in house.wiro.tasks.values()] == ["1", "2"]


async def test_after_kill_9_all_that_is_in_flight_is_followed_with_a_page_of_the_list(tmp_path: Path) -> None:
    number = 20
    async with open_house(tmp_path, QUOTA_IMAGES_PER_DAY="100", QUOTA_CONCURRENT_TASKS="50") as house:
        house.wiro.paused, house.wiro.max_concurrent = True, number
        asked = [await house.portrait() for _ in range(number)]
        for interaction in asked:
            await house.reaches(interaction, JobState.RUNNING)
        await house.bot.kill()
        house.wiro.requests.clear()
        await house.bot.start()
        await until(lambda: all(map(house.wiro.is_followed, house.tasks())), "all are registered")
        made = await until(lambda: calls_for_tasks(house), "their states are read")
        assert made == ["Task/List"]
        house.wiro.max_running = 4
        house.wiro.paused = False
        await house.all_end()
        assert house.runs() == number


def calls_for_tasks(house: House) -> list[str]:
    """The calls about tasks that Wiro got."""
    return [call.path for call in house.wiro.requests if call.path.startswith("Task/")]


async def test_buttons_from_before_a_restart_still_work(house: House) -> None:
    interaction = await house.portrait()
    await house.images(interaction, 1)
    await house.bot.kill()
    await house.bot.start()
    card = house.card(interaction)
    assert card is not None
    click = await house.discord.click("mira", card, buttons(card)["Again"])
    await click.answered()
    await house.images(click, 1)


async def test_a_form_opened_before_a_restart_still_works(house: House) -> None:
    interaction = await house.portrait()
    await house.images(interaction, 1)
    card = house.card(interaction)
    assert card is not None
    opened = await (await house.discord.click("mira", card, buttons(card)["Edit"])).answered()
    assert opened.modal is not None
    await house.bot.kill()
    await house.bot.start()
    submitted = await house.discord.submit("mira", opened.modal, {})
    await submitted.answered()
    await house.images(submitted, 1)


async def test_sigterm_ends_in_time_and_what_runs_is_picked_up(house: House) -> None:
    house.wiro.paused = True
    interaction = await house.portrait()
    await interaction.answered()
    await until(lambda: house.runs() == 1, "the task is at Wiro")
    assert await house.bot.stop() == 0
    house.wiro.paused = False
    await house.bot.start()
    await house.images(interaction, 1)
    assert house.runs() == 1
