"""By which ways a trained model's id is found, and when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.jobs.marks import TRAINING_NAME
from bot.jobs.trained import GUESSED_AFTER, PRIVATE_MODEL, ModelFinder
from bot.model import JobState
from bot.wiro import InputOption, InputSpec, Task, ToolPage
from tests.support.clock import START, ManualClock
from tests.support.jobs import a_job

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Job


class Shelf:
    """Wiro with one training; its page lists nothing but what is put into `listed`."""

    def __init__(self, **row: Any) -> None:
        self.row = row
        self.listed: tuple[InputOption, ...] = ()

    async def tool(self, owner: str, project: str) -> ToolPage:
        own = InputSpec(id=PRIVATE_MODEL, type="select", options=self.listed)
        return ToolPage(slug_owner=owner, slug_project=project, inputs=(own,))

    async def detail(self, *, task_id: str | None = None, token: str | None = None) -> Task:
        return Task(id=task_id or "", token=token or "", status="task_postprocess_end", raw=self.row)


def a_training(ended_at: datetime | None = START) -> Job:
    return a_job(JobState.DONE, inputs={TRAINING_NAME: "anna-k3f9"}, ended_at=ended_at)


async def test_the_folder_of_the_outputs_is_a_guess_that_leaves_the_page_its_time() -> None:
    """What is recorded is never corrected: a page that is late has to be read before that."""
    clock, shelf = ManualClock(), Shelf(modelfolderid="0", outputs=[{"parentid": "0"}, {"parentid": "77"}])
    finder = ModelFinder(shelf, clock)
    at_its_end = asyncio.create_task(finder.find(a_training(ended_at=None)))
    await clock.advance(60)
    assert await at_its_end is None
    assert await finder.find(a_training(), patiently=False) is None
    await clock.advance(GUESSED_AFTER.total_seconds())
    assert await finder.find(a_training(), patiently=False) == "77"
    shelf.listed = (InputOption(value="900", label="anna-k3f9"),)
    assert await finder.find(a_training(), patiently=False) == "900"


@pytest.mark.parametrize("field", ["modelfolderid", "modelfileid"])
async def test_what_a_task_says_of_its_model_is_taken_at_once(field: str) -> None:
    finder = ModelFinder(Shelf(**{field: "55", "outputs": [{"parentid": "77"}]}), ManualClock())
    assert await finder.find(a_training(), patiently=False) == "55"
