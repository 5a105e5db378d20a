"""Everything at once, with a kill in its midst: each request ends in one card that tells the truth."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from bot.model import JobState
from sandbox.discord.faults import Outcome
from tests.support.house import House, buttons, gallery, open_house, until, words

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.discord.actions import Interaction

PEOPLE = ("mira", "tomas", "ines", "oskar", "lev")
CHANNELS = ("portraits", "after-dark", "wall-of-faces")
REQUESTS = 24
PLACES = 4
"""At Wiro at once."""


class Storm:
    """Requests, clicks and faults by a seeded chance."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.chance = random.Random(seed)
        self.asked: list[Interaction] = []
        self.left = REQUESTS

    async def ask(self) -> None:
        options = {"samples": self.chance.choice([1, 2]), "private": self.chance.random() < 0.2}
        person, channel = self.chance.choice(PEOPLE), self.chance.choice(CHANNELS)
        self.asked.append(await self.house.portrait(person, channel, **options))
        self.left -= 1

    async def cancel(self) -> None:
        """Somebody presses Cancel on a card that still has it."""
        interaction = self.chance.choice(self.asked)
        card = self.house.card(interaction, interaction.person.key)
        if card is not None and "Cancel" in buttons(card):
            await self.house.press(card, "Cancel", interaction.person.key)

    def trouble(self) -> None:
        """One fault, at Discord or at Wiro."""
        discord, wiro, chance = self.house.discord.faults, self.house.wiro, self.chance
        outcomes = [Outcome.STATUS, Outcome.APPLY_THEN_STATUS, Outcome.DROP, Outcome.APPLY_THEN_DROP]
        if chance.random() < 0.5:
            discord.fail_next(chance.choice(["callback", "edit_*", "*"]), chance.choice(outcomes), status=502)
            return
        faults: list[dict[str, Any]] = [
            {"fault": "socket_drop"},
            {"fault": "http_error", "where": {"path": "Task/"}},
            {"fault": "run_lost"},
            {"fault": "fail_task"},
            {"fault": "concurrency_limit"},
            {"fault": "cdn_truncated"},
            {"fault": "malformed", "where": {"path": "Task/"}},
        ]
        wiro.apply(chance.choice(faults))

    async def blow(self) -> None:
        """Go on until everything was asked for."""
        while self.left:
            await self.ask()
            if self.chance.random() < 0.5:
                self.trouble()
            if self.chance.random() < 0.25:
                await self.cancel()
            await asyncio.sleep(0.03)

    async def calm(self) -> None:
        """No more faults; wait until all has ended."""
        self.house.discord.faults.clear()
        self.house.wiro.apply({"clear": True})
        await self.house.all_end(patience_s=45)


@pytest.mark.parametrize("seed", [6])
async def test_every_request_of_a_storm_ends_in_one_card_that_tells_the_truth(
    tmp_path: Path, seed: int
) -> None:
    async with open_house(
        tmp_path, QUOTA_IMAGES_PER_DAY="500", QUOTA_CONCURRENT_TASKS="50", WIRO_MAX_CONCURRENT=str(PLACES)
    ) as house:
        house.wiro.variety = 4  # painting is not what is tested here
        storm = Storm(house, seed)
        await storm.blow()
        storm.asked += await kill_at_work(house)
        storm.left = REQUESTS // 4
        await storm.blow()
        await storm.calm()

        jobs = {job.interaction_id: job for job in house.jobs()}
        for interaction in storm.asked:
            job, person = jobs.get(interaction.id), interaction.person.key
            if interaction.failed or job is None:
                continue
            await until(
                lambda i=interaction, j=job: tells(house, i, j.state), f"{job.code} tells {job.state}"
            )
            assert len(gallery(house.card(interaction, person) or {})) == (
                job.images if job.state is JobState.DONE else 0
            )
        shown = {message["id"] for name in CHANNELS for who in PEOPLE for message in house.posted(name, who)}
        cards = {str(each.original.id) for each in storm.asked if each.original is not None}
        answered = {message for message in shown if message not in cards}
        assert answered == set() or all(is_answer(house, message) for message in answered)
        ours = [task for task in house.tasks() if task.who == "bot"]
        assert sorted(task.id for task in ours) == sorted(job.task_id for job in jobs.values() if job.task_id)


async def kill_at_work(house: House) -> list[Interaction]:
    """Kill the bot while every place at Wiro is taken, so that none is being handed over, and start it again.

    Returns the requests that took them.
    """
    house.discord.faults.clear()
    house.wiro.apply({"clear": True})
    house.wiro.paused = True
    asked = [await house.portrait("ines", "after-dark", samples=1) for _ in range(PLACES + 1)]

    def steady() -> bool:
        states = [job.state for job in house.jobs() if not job.state.has_ended]
        return states.count(JobState.RUNNING) == PLACES and set(states) == {
            JobState.RUNNING,
            JobState.WAITING,
        }

    await until(steady, "every place at Wiro is taken", every_s=0.05)
    await house.bot.kill()
    house.wiro.paused = False
    await house.bot.start()
    return asked


def tells(house: House, interaction: Interaction, state: JobState) -> bool:
    """Whether the card says that end."""
    card = house.card(interaction, interaction.person.key)
    if card is None:
        return False
    told = {JobState.DONE: " image", JobState.FAILED: "did not work", JobState.CANCELLED: "Cancelled"}[state]
    return told in words(card).partition("·")[0]


def is_answer(house: House, message_id: str) -> bool:
    """Whether this is a private answer to a click, not a second card."""
    message = house.discord.message(message_id)
    return message.ephemeral_for is not None and not message.files
