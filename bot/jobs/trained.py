"""What a training made: the model's id at Wiro, found by several ways, and what is recorded of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from bot.jobs.marks import TRAINING_NAME
from bot.log import get_logger
from bot.tools.training import trigger_words
from bot.trained import NewModel
from bot.wiro import WiroError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.clock import Clock
    from bot.model import Job
    from bot.tools import Tool
    from bot.trained import TrainedModel
    from bot.training import Training
    from bot.wiro import Task, ToolPage

log = get_logger(__name__)

USED_BY = ("wiro", "text-to-image-sd")
"""The tool whose page lists the account's trained models."""
PRIVATE_MODEL = "selectedModelPrivate"

LOOKS_S = (0.0, 3.0, 10.0, 30.0)
"""When the page is looked at after the end: it may be a moment behind."""

GUESSED_AFTER = timedelta(hours=1)
"""How long after the end the outputs' folder is taken for the model: a recorded id is never corrected."""


class Shelf(Protocol):
    """Where models are looked for; `bot.wiro.WiroClient` is one."""

    async def tool(self, owner: str, project: str) -> ToolPage:
        """The page of a tool."""
        ...

    async def detail(self, *, task_id: str | None = None, token: str | None = None) -> Task:
        """The task as it is now."""
        ...


class ModelFinder:
    """Finds the id by which Wiro knows a trained model."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    async def find(self, job: Job, *, patiently: bool = True) -> str | None:
        """The model's id, None while no way gives one; never raises on Wiro's account.

        First the list of the account's own models on the page of the tool that uses them, by the name that
        nobody else's has; then what the task itself says of its model's folder or file; and, once the page
        has had its time, the folder of its outputs.
        """
        for pause_s in LOOKS_S if patiently else LOOKS_S[:1]:
            await self._clock.sleep(pause_s)
            if (found := await self._on_the_page(str(job.inputs.get(TRAINING_NAME, "")))) is not None:
                return found
        return await self._in_the_task(job)

    async def _on_the_page(self, name: str) -> str | None:
        try:
            page = await self._shelf.tool(*USED_BY)
        except WiroError as error:
            log.info("the list of trained models could not be read", error=type(error).__name__)
            return None
        own = (each.options for each in page.inputs if each.id == PRIVATE_MODEL)
        return next((option.value for options in own for option in options if option.label == name), None)

    async def _in_the_task(self, job: Job) -> str | None:
        try:
            task = await self._shelf.detail(task_id=job.task_id)
        except WiroError as error:
            log.info("the training could not be read", error=type(error).__name__)
            return None
        is_late = job.ended_at is not None and self._clock.now() - job.ended_at >= GUESSED_AFTER
        return next(_ids_of(task.raw, guessing=is_late), None)


def _ids_of(row: Any, *, guessing: bool) -> Iterator[str]:
    """Ids in a task's row that may be its model's, the likeliest first; "" and "0" are none."""
    outputs = row.get("outputs") if guessing else ()
    parents = [each.get("parentid") for each in outputs or () if isinstance(each, dict)]
    for value in (row.get("modelfolderid"), row.get("modelfileid"), *parents):
        text = str(value or "").strip()
        if text not in {"", "0"}:
            yield text


def new_model(
    job: Job,
    tool: Tool,
    training: Training | None,
    wiro_id: str | None,
    *,
    started_from: TrainedModel | None = None,
) -> NewModel:
    """All that is recorded of the model.

    One that started from a trained model has its words too, but does not name it: it may be somebody else's.
    """
    wiro_name = str(job.inputs.get(TRAINING_NAME, ""))
    base = str(job.inputs.get("referenceModel") or "")
    known = tool.input("referenceModel").option_of(base)
    inherited = started_from.trigger_words if started_from is not None else ()
    return NewModel(
        owner_id=job.user_id,
        guild_id=job.guild_id,
        job_id=job.id,
        name=wiro_name.rpartition("-")[0] or wiro_name,
        wiro_name=wiro_name,
        wiro_id=wiro_id,
        trigger_words=tuple(dict.fromkeys((*trigger_words(tool, job.inputs), *inherited))),
        base=(known.label if known is not None else "") or base,
        description=str(job.inputs.get("trainModelDescription", "")),
        photos=training.photos if training is not None else 0,
    )
