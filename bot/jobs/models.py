"""Trained models as commands and jobs use them: finding, sharing, deleting; whether a job may use its own."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from bot.errors import NoSuchModel
from bot.log import get_logger
from bot.store import jobs
from bot.store import models as units
from bot.trained import Reader, is_by_role, may_use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.clock import Clock
    from bot.jobs.desk import Desk
    from bot.jobs.means import Means
    from bot.model import Job, NewJob
    from bot.store.database import Database
    from bot.tools import Tool
    from bot.trained import Share, TrainedModel

log = get_logger(__name__)

_BY_NUMBER = "@model:"
"""How a choice names a model; a name can hold neither sign."""


class Models:
    """The trained models; whoever may not use one is told that there is none."""

    def __init__(self, db: Database, desk: Desk, clock: Clock) -> None:
        self._db = db
        self._desk = desk
        self._clock = clock

    async def usable_by(self, reader: Reader) -> Sequence[TrainedModel]:
        """The models that the member may use there, their own first."""
        return await self._db.read(lambda conn: units.usable_by(conn, reader))

    async def named(self, words: str, reader: Reader) -> TrainedModel:
        """The model that a choice or a written name means; of namesakes the member's own, else the newest.

        Raises:
            NoSuchModel: The member may use none of that name there.
        """
        wanted = words.strip().casefold()
        for model in await self.usable_by(reader):
            if wanted in {reference(model), model.name.casefold()}:
                return model
        raise NoSuchModel

    async def one(self, model_id: int, reader: Reader) -> TrainedModel:
        """The model of that number.

        Raises:
            NoSuchModel: It is gone, or the member may not use it there.
        """
        model = await self._db.read(lambda conn: units.get(conn, model_id))
        if model is None or not may_use(model, reader):
            raise NoSuchModel
        return model

    async def made_by(self, job: Job, reader: Reader) -> TrainedModel:
        """The model that a training made.

        Raises:
            NoSuchModel: It is gone, or the member may not use it there.
        """
        model = await self._db.read(lambda conn: units.by_job(conn, job.id))
        if model is None or not may_use(model, reader):
            raise NoSuchModel
        return model

    async def of_job(self, job: NewJob, tool: Tool, reader: Reader) -> TrainedModel | None:
        """The model that a job uses, for the member who wants the like; None when it uses none.

        Raises:
            NoSuchModel: It is gone, or the member may not use it there.
        """
        if (wiro_id := _wiro_id_of(job, tool)) is None:
            return None
        model = await self._db.read(lambda conn: units.by_wiro_id(conn, wiro_id))
        if model is None or not may_use(model, reader):
            raise NoSuchModel
        return model

    async def name_for(self, job: Job, tool: Tool, reader: Reader) -> str | None:
        """What the model of a job is called, for somebody who may use it there; None for everybody else."""
        try:
            model = await self.of_job(job, tool, reader)
        except NoSuchModel:
            return None
        return None if model is None else model.name

    async def share(self, model_id: int, share: Share, *, owner_id: int) -> TrainedModel:
        """The model, shared so.

        Raises:
            NoSuchModel: It is not that member's.
        """
        now = self._clock.now()
        return await self._db.write(lambda conn: units.share(conn, model_id, owner_id, share, now=now))

    async def unshare(self, model_id: int, which: Share | None, *, owner_id: int) -> TrainedModel:
        """The model, no longer shared so; with None with nobody, in no server.

        Raises:
            NoSuchModel: It is not that member's.
        """
        return await self._db.write(lambda conn: units.unshare(conn, model_id, owner_id, which))

    async def rename(self, model_id: int, name: str, *, owner_id: int) -> TrainedModel:
        """The model under its new name; at Wiro it keeps the one that it was trained under.

        Raises:
            NoSuchModel: It is not that member's.
            InvalidValue: Another model of theirs is called so.
        """
        return await self._db.write(lambda conn: units.rename(conn, model_id, owner_id, name))

    async def delete(self, model_id: int, *, owner_id: int) -> TrainedModel:
        """The model as it was: nobody can use it any more, and Wiro is asked to delete its training's files.

        Raises:
            NoSuchModel: It is not that member's.
        """
        model = await self._db.write(lambda conn: units.delete(conn, model_id, owner_id))
        training = await self._db.read(lambda conn: jobs.get(conn, model.job_id))
        if training is not None and training.state.has_ended:
            await self._desk.delete(training)
        log.info("a model was deleted", model=model.id, at_wiro=training is not None)
        return model


class ModelAccess(Enum):
    """Whether a job may start with the model that it asks for."""

    OPEN = "open"
    CLOSED = "closed"
    UNSAID = "unsaid"
    """It depends on a role, and Discord did not say which ones the owner has."""


def reference(model: TrainedModel) -> str:
    """The model as the value of a choice."""
    return f"{_BY_NUMBER}{model.id}"


async def access_to_model(means: Means, job: Job) -> ModelAccess:
    """Whether the job's owner may use its model now; a job without one is open."""
    if (wiro_id := _wiro_id_of(job, means.tool_of(job.tool))) is None:
        return ModelAccess.OPEN
    model = await means.book.db.read(lambda conn: units.by_wiro_id(conn, wiro_id))
    reader = Reader(user_id=job.user_id, guild_id=job.guild_id)
    if model is not None and is_by_role(model, reader):
        roles = await means.stage.roles_of(job)
        if roles is None:
            return ModelAccess.UNSAID
        reader = Reader(user_id=job.user_id, guild_id=job.guild_id, role_ids=roles)
    return ModelAccess.OPEN if model is not None and may_use(model, reader) else ModelAccess.CLOSED


def _wiro_id_of(job: NewJob, tool: Tool) -> str | None:
    """What Wiro calls the trained model that the job asks for; None when it asks for none."""
    return str(job.inputs.get(tool.model_input) or "") or None
