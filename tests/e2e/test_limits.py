"""Limits in the running bot: twenty commands at once, what a moderator changes, what a manager sets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.model import JobState
from sandbox.discord.actions import AnswerKind
from tests.support.books import faults_of, reading
from tests.support.house import House, open_house, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.discord.actions import Interaction

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A bot that allows five images a day, at most ten, and twenty tasks at once."""
    async with open_house(
        tmp_path_factory.mktemp("limits"),
        QUOTA_IMAGES_PER_DAY="5",
        QUOTA_IMAGES_PER_DAY_MAX="10",
        QUOTA_CONCURRENT_TASKS="20",
    ) as opened:
        opened.wiro.variety = 4  # painting is not what is tested here
        yield opened


async def mod(house: House, command: str, **options: Any) -> str:
    """What a moderator was answered."""
    used = await house.discord.command("ines", "portraits", f"mod quota {command}", options)
    return words(await house.private_answer(used))


async def quota(house: House, person: str = "mira") -> str:
    used = await house.discord.command(person, "portraits", "quota")
    return words(await house.private_answer(used))


async def became(interaction: Interaction) -> str:
    """Whether a command became a card or a refusal."""
    answer = await interaction.answered()
    assert answer.kind is AnswerKind.MESSAGE
    assert answer.message is not None
    return "refusal" if answer.message["flags"] & 64 else "card"


async def test_of_twenty_commands_at_once_five_run_and_every_one_is_answered(house: House) -> None:
    asked = await asyncio.gather(*(house.portrait() for _ in range(20)))
    answers = [await became(each) for each in asked]
    assert (answers.count("card"), answers.count("refusal")) == (5, 15)
    await house.all_end()
    assert [job.state for job in house.jobs()] == [JobState.DONE] * 5
    assert house.runs() == 5
    assert "5 of 5 used" in await quota(house)
    with reading(house.bot.database) as conn:
        assert faults_of(conn) == []


async def test_what_a_moderator_grants_and_gives_back_lets_more_run(house: House) -> None:
    refused = await house.refusal(await house.portrait("tomas", samples=6))
    assert "5 of 5 left today" in refused
    assert "gets 3 more images a day" in await mod(house, "grant", user="tomas", what="image", amount=3)
    await house.images(await house.portrait("tomas", samples=6), 6, "tomas")
    await house.all_end()
    assert "6 of 8 used" in await quota(house, "tomas")
    told = await mod(house, "reset", user="tomas", what="used")
    assert "got back: 6 images" in told
    assert "allows no more than 10 images a day, over all servers" in told
    assert "6 of 10 used, 4 left" in await quota(house, "tomas")
    with reading(house.bot.database) as conn:
        assert faults_of(conn) == []


async def test_a_limit_of_the_server_is_told_with_its_fix_and_ends_with_the_undo(house: House) -> None:
    opened = await house.discord.command("oskar", "portraits", "settings")
    panel = await house.private_answer(opened)
    message_id = int(panel["id"])
    turned = await house.discord.click("oskar", message_id, "at:settings:-", values=["limits"])
    await turned.answered()
    asked = await (await house.discord.click("oskar", message_id, "at:set:-:limits.sizes")).answered()
    assert asked.modal is not None
    sent = await house.discord.submit("oskar", asked.modal, {"samples": "2", "side": "256"})
    assert (await sent.answered()).kind is AnswerKind.UPDATE
    told = await house.refusal(await house.portrait("lev", width=512))
    assert "`width` is 512, and the rule of this server allows at most 256" in told
    assert "at most 2 images of one task, by this server's rule" in await quota(house, "lev")
    changed = house.card(opened, "oskar")
    undo = await house.press(changed, "Undo", "oskar")
    assert (await undo.answered()).kind is AnswerKind.UPDATE
    await house.images(await house.portrait("lev", width=512), 1, "lev")
    await house.all_end()
