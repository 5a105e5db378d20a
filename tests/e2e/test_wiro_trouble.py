"""Wiro in every kind of trouble: one result or one stated reason, paid at most once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.model import JobState, Reason
from tests.support.house import House, buttons, gallery, open_house, until, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sandbox.discord.actions import Interaction

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERSON = "tomas"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("wiro"), QUOTA_IMAGES_PER_DAY="100") as opened:
        await opened.images(await opened.portrait(), 1)  # so that the bot knows how long a run takes
        await opened.tidy()
        opened.wiro.variety = 4  # painting is not what is tested here
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    await house.tidy()


async def used_today(house: House) -> int:
    """How many images `/quota` says are used."""
    shown = await house.private_answer(await house.discord.command("mira", "portraits", "quota"))
    found = re.search(r"(\d+) of 100", words(shown))
    assert found is not None, words(shown)
    return int(found[1])


# Run


@pytest.mark.parametrize(
    ("fault", "channel"),
    [
        ({"fault": "run_lost"}, "after-dark"),
        ({"fault": "error_after", "where": {"path": "Run/"}}, "wall-of-faces"),
        ({"fault": "malformed", "where": {"path": "Run/"}}, "general"),
    ],
    ids=["cut", "502", "broken-json"],
)
async def test_a_run_whose_answer_is_lost_is_found_and_not_sent_again(
    house: House, fault: dict[str, Any], channel: str
) -> None:
    house.wiro.apply(fault)
    house.wiro.apply({"fault": "foreign_task"})
    interaction = await house.portrait(channel=channel)  # where no other card has just been edited
    await house.card_says(interaction, "nothing is paid twice")
    await house.images(interaction, 1)
    job = await house.reaches(interaction, JobState.DONE)
    assert [task.id for task in house.tasks() if task.who == "bot"] == [job.task_id]
    assert len(house.tasks()) == 2


async def test_a_run_that_wiro_limits_for_a_second_goes_a_second_later(house: House) -> None:
    house.wiro.apply({"fault": "rate_limited", "where": {"path": "Run/"}, "retry_after_s": 1})
    interaction = await house.portrait()
    await house.images(interaction, 1)
    assert house.runs() == 1


async def test_a_run_that_wiro_refuses_fails_with_its_words_and_is_given_back(house: House) -> None:
    before = await used_today(house)
    house.wiro.apply({"fault": "refuse", "where": {"path": "Run/"}, "message": "This model is resting."})
    interaction = await house.portrait()
    card = await house.card_says(interaction, "This model is resting.")
    job = await house.reaches(interaction, JobState.FAILED)
    assert job.reason is Reason.WIRO_REFUSED
    assert "given back" in words(card)
    assert await used_today(house) == before
    assert house.runs() == 0


# Following


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "late_task", "seconds": 1.0},
        {"fault": "no_task_yet"},
        {"fault": "http_error", "where": {"path": "Task/Detail"}, "times": 2},
        {"fault": "malformed", "where": {"path": "Task/Detail"}},
        {"fault": "drop_before", "where": {"path": "Task/Detail"}, "times": 2},
        {"fault": "rate_limited", "where": {"path": "Task/Detail"}},
        {"fault": "socket_drop"},
        {"fault": "socket_twice"},
        {"fault": "socket_out_of_order"},
        {"fault": "socket_garbage"},
        {"fault": "text_progress"},
        {"fault": "stderr"},
        {"fault": "unknown_status"},
        {"fault": "no_pexit"},
        {"fault": "clock_skew"},
    ],
    ids=lambda fault: str(fault["fault"]),
)
async def test_a_task_is_followed_to_its_images_all_the_same(house: House, fault: dict[str, Any]) -> None:
    house.wiro.apply(fault)
    interaction = await house.portrait()
    await house.images(interaction, 1)
    await house.reaches(interaction, JobState.DONE)
    assert house.runs() == 1


async def test_without_any_socket_the_looks_find_the_end(house: House) -> None:
    house.wiro.apply({"fault": "socket_refused"})
    house.wiro.apply({"fault": "socket_drop"})
    await until(lambda: house.wiro.connections == 0, "the socket is gone")
    interaction = await house.portrait()
    await house.images(interaction, 1)
    assert await house.metric("atelier_wiro_socket_connected") == 0
    house.wiro.apply({"clear": True})
    await until(lambda: house.wiro.connections == 1, "the socket is back")


# Ends


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"fault": "fail_task"}, "CUDA out of memory"),
        ({"fault": "error_task"}, "Output folder creation failed"),
        ({"fault": "no_outputs"}, "Wiro could not make the images"),
    ],
    ids=["exit-code", "before-execution", "no-outputs"],
)
async def test_a_task_that_fails_says_why_gives_back_and_can_be_tried_again(
    house: House, fault: dict[str, Any], told: str
) -> None:
    before = await used_today(house)
    house.wiro.apply(fault)
    interaction = await house.portrait(seed=99)
    card = await house.card_says(interaction, told)
    assert "given back" in words(card)
    job = await house.reaches(interaction, JobState.FAILED)
    assert job.reason is Reason.WIRO_FAILED
    assert gallery(card) == []
    assert await used_today(house) == before

    again = await house.press(house.card(interaction), "Try again")
    await house.images(again, 1)
    assert [task.inputs["seed"] for task in house.tasks()] == ["99", "99"]


async def test_a_cost_that_wiro_does_not_tell_is_booked_as_an_estimate(house: House) -> None:
    house.wiro.apply({"fault": "null_cost"})
    interaction = await house.portrait()
    await house.images(interaction, 1)
    job = await house.reaches(interaction, JobState.DONE)
    assert job.cost_is_estimate
    assert job.cost_nano_usd is None
    assert job.estimate_nano_usd > 0


# Outputs


@pytest.mark.parametrize("fault", ["cdn_missing", "cdn_error", "cdn_truncated", "cdn_wrong"])
async def test_a_download_that_goes_wrong_is_repeated(house: House, fault: str) -> None:
    house.wiro.apply({"fault": fault})
    interaction = await house.portrait(samples=2)
    await house.images(interaction, 2)
    assert house.runs() == 1


async def test_outputs_that_are_gone_fail_the_job_and_one_that_is_left_is_shown(house: House) -> None:
    before = await used_today(house)
    house.wiro.apply({"fault": "cdn_missing", "times": None, "where": {"path": "0.png"}})
    both, single = await house.portrait(samples=2), await house.portrait(PERSON)
    await house.images(both, 1)
    assert "1 of 2" in house.text(both)
    card = await house.card_says(single, "no longer had them", PERSON)
    assert "given back" in words(card)
    assert (await house.reaches(single, JobState.FAILED)).reason is Reason.OUTPUTS_GONE
    await house.reaches(both, JobState.DONE)
    assert abs(await used_today(house) - before) == 1


# Stopping


async def drawing(house: House) -> Interaction:
    """A portrait that Wiro draws, slowly."""
    house.wiro.speed = 1
    interaction = await house.portrait(steps=60)
    await until(lambda: any(task.percent for task in house.tasks()), "Wiro draws")
    return interaction


@pytest.mark.parametrize("fault", ["cancel_refused", "kill_refused"])
async def test_a_stop_that_wiro_refuses_is_tried_again(house: House, fault: str) -> None:
    house.wiro.apply({"fault": fault})
    if fault == "cancel_refused":
        house.wiro.paused = True
        interaction = await house.portrait()
        await house.reaches(interaction, JobState.RUNNING)
    else:
        interaction = await drawing(house)
    await (await house.press(house.card(interaction), "Cancel")).answered()
    await house.reaches(interaction, JobState.CANCELLED)
    await house.card_says(interaction, "Cancelled")
    assert house.tasks()[0].status == "task_cancel"
    assert house.wiro.faults.armed == []


async def test_a_cancel_that_comes_too_late_shows_what_was_finished_and_says_so(house: House) -> None:
    house.wiro.apply({"fault": "cancel_ignored"})
    killed = house.wiro.requests.counts["Task/Kill"]
    interaction = await drawing(house)
    await (await house.press(house.card(interaction), "Cancel")).answered()
    task = house.tasks()[0]
    await until(lambda: house.wiro.requests.counts["Task/Kill"] > killed, "Wiro is told to kill it")
    assert not task.is_ended
    house.wiro.speed = 40
    await house.images(interaction, 1)
    assert "finished before it could be stopped" in house.text(interaction)
    await house.reaches(interaction, JobState.DONE)


# The account


async def test_a_limit_of_tasks_at_once_is_learned_and_nobody_fails_for_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as small:
        small.wiro.max_concurrent = 1
        small.wiro.paused = True
        first = await small.portrait()
        await small.reaches(first, JobState.RUNNING)
        second, third = await small.portrait(PERSON), await small.portrait("ines")
        await until(lambda: refused_runs(small) >= 1, "Wiro refuses one with code 96")
        await small.reaches(second, JobState.WAITING)
        small.wiro.paused = False
        for interaction, person in ((first, "mira"), (second, PERSON), (third, "ines")):
            await small.images(interaction, 1, person)
        assert small.runs() == 3
        assert refused_runs(small) <= 2


def refused_runs(house: House) -> int:
    """How many times Run was called without a task coming of it."""
    return house.wiro.requests.counts["Run/wavymulder/portraitplus"] - house.runs()


async def test_a_refused_key_pauses_the_line_tells_the_operator_and_fails_nobody(tmp_path: Path) -> None:
    async with open_house(tmp_path) as closed:
        closed.wiro.apply({"fault": "auth_error", "times": None, "where": {"path": "Run/"}})
        first = await closed.portrait()
        await until(lambda: refused_runs(closed) == 1, "Wiro refuses the key")
        second = await closed.portrait(PERSON)
        await second.answered()
        await closed.reaches(first, JobState.WAITING)
        await closed.reaches(second, JobState.WAITING)
        assert "WIRO_API_KEY" in closed.bot.log()
        assert await closed.metric('atelier_line_paused{why="auth"}') == 1
        assert refused_runs(closed) == 1
        for interaction, person in ((first, "mira"), (second, PERSON)):
            await (await closed.press(closed.card(interaction, person), "Cancel", person)).answered()
            await closed.card_says(interaction, "given back", person)


async def test_an_empty_balance_keeps_jobs_in_the_line_and_they_can_be_cancelled(tmp_path: Path) -> None:
    async with open_house(tmp_path) as broke:
        broke.wiro.balance_usd = 0.10
        interaction = await broke.portrait()
        await until(lambda: refused_runs(broke) == 1, "Wiro refuses for the balance")
        await broke.reaches(interaction, JobState.WAITING)
        card = await broke.card_says(interaction, "In the line")
        assert "Cancel" in buttons(card)
        await (await broke.press(card, "Cancel")).answered()
        await broke.card_says(interaction, "given back")
        assert broke.runs() == 0
