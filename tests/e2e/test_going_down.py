"""Stopping and being stopped at awkward moments: what was asked for holds after the next start."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from bot.model import CancelBy, JobState
from sandbox.discord.faults import Outcome
from tests.support.house import BotProcess, gallery, open_house, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.house import House


async def test_a_stop_waits_for_the_answer_of_a_run_and_takes_no_new_work(house: House) -> None:
    house.wiro.apply({"fault": "slow", "where": {"path": "Run/"}, "seconds": 1.0})
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.SUBMITTING)
    stopping = asyncio.create_task(house.bot.stop())
    await until(lambda: "draining" in house.bot.log(), "the bot drains")
    refused = await house.portrait("tomas")
    assert "restarting" in await house.refusal(refused)
    assert await stopping == 0
    assert (await house.reaches(interaction, JobState.RUNNING)).task_id is not None

    await house.bot.start()
    await house.images(interaction, 1)
    assert house.runs() == 1


async def test_a_stop_does_not_wait_for_ever_and_the_run_is_found_afterwards(house: House) -> None:
    house.wiro.apply({"fault": "hang", "where": {"path": "Run/"}})
    interaction = await house.portrait()
    await until(house.tasks, "the task is at Wiro")
    begun_s = time.monotonic()
    assert await house.bot.stop() == 0
    assert time.monotonic() - begun_s < 8
    await house.bot.start()
    await house.images(interaction, 1)
    assert house.runs() == 1


async def test_a_cancel_while_run_is_under_way_is_acted_on_when_its_answer_comes(house: House) -> None:
    house.wiro.paused = True
    house.wiro.apply({"fault": "slow", "where": {"path": "Run/"}, "seconds": 1.0})
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.SUBMITTING)
    await (await house.press(house.card(interaction), "Cancel")).answered()
    await house.reaches(interaction, JobState.CANCELLED)
    assert [task.status for task in house.tasks()] == ["task_cancel"]
    await house.card_says(interaction, "given back")


async def test_a_wish_to_stop_outlives_kill_9(house: House) -> None:
    house.wiro.paused = True
    house.wiro.apply({"fault": "cancel_refused", "times": None})
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.RUNNING)
    await (await house.press(house.card(interaction), "Cancel")).answered()
    job = await house.reaches(interaction, JobState.RUNNING)
    assert job.cancel_by is CancelBy.OWNER
    await house.bot.kill()
    house.wiro.apply({"clear": True})
    await house.bot.start()
    await house.reaches(interaction, JobState.CANCELLED)
    await house.card_says(interaction, "Cancelled")
    assert house.tasks()[0].status == "task_cancel"


async def test_a_result_that_was_shown_but_not_noted_before_kill_9_stays_one_card(house: House) -> None:
    house.wiro.apply({"fault": "cdn_slow", "seconds": 0.3})
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.DELIVERING)
    house.discord.faults.fail_next("edit_*", Outcome.APPLY_THEN_STATUS, times=50, status=502)
    await until(lambda: gallery(house.card(interaction) or {}), "the images are shown")
    await house.bot.kill()
    house.discord.faults.clear()
    await house.bot.start()
    await house.reaches(interaction, JobState.DONE)
    assert len(house.posted()) == 1
    assert len(gallery(house.card(interaction) or {})) == 1
    assert house.runs() == 1


async def test_a_card_that_was_shown_but_not_noted_before_kill_9_gets_its_images(house: House) -> None:
    house.discord.faults.fail_next("callback", Outcome.APPLY_THEN_STATUS, status=502)
    house.discord.faults.fail_next("callback", Outcome.STATUS, times=100)
    interaction = await house.portrait()
    await interaction.answered()
    await house.bot.kill()
    house.discord.faults.clear()
    assert (house.jobs()[0].state, house.jobs()[0].message_id) == (JobState.WAITING, None)
    await house.bot.start()
    await house.images(interaction, 1)
    assert len(house.posted()) == 1


async def test_a_job_that_nobody_saw_before_kill_9_is_given_back(house: House) -> None:
    house.discord.faults.fail_next("callback", Outcome.STATUS, times=100)
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.WAITING)
    await house.bot.kill()
    house.discord.faults.clear()
    await house.bot.start()
    await house.reaches(interaction, JobState.FAILED)
    assert house.posted() == []
    assert house.runs() == 0


async def test_kill_9_again_and_again_still_ends_in_one_card_and_one_run(house: House) -> None:
    house.wiro.speed = 1.5
    interaction = await house.portrait(steps=30)
    await until(house.tasks, "the task is at Wiro")
    await house.reaches(interaction, JobState.RUNNING)
    for _ in range(3):
        await house.bot.kill()
        await house.bot.start()
    house.wiro.speed = 40
    await house.images(interaction, 1)
    assert house.runs() == 1
    assert len(house.posted()) == 1


async def test_a_first_start_makes_its_own_database(tmp_path: Path) -> None:
    async with open_house(tmp_path, database=False) as house:
        interaction = await house.portrait()
        await house.images(interaction, 1)


async def test_a_second_process_on_the_same_file_says_so_and_leaves_with_2(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        second = BotProcess(house.sandbox, tmp_path, {})
        second.log_path = tmp_path / "second.log"
        with pytest.raises(AssertionError, match="ended with 2"):
            await second.start()
        assert "already running" in second.log()
        assert len(second.log().splitlines()) == 1
        interaction = await house.portrait()
        await house.images(interaction, 1)
