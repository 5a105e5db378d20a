"""Whether a job may still use its trained model is asked when it starts, not only when it was asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import NoSuchModel
from bot.jobs.models import Models, reference
from bot.jobs.submit import ASK_AGAIN_S
from bot.model import JobState, Reason
from bot.store import models
from bot.tools import load_catalogue
from bot.trained import Reader, Share, ShareKind
from tests.support.clock import START
from tests.support.models import a_new_model
from tests.support.workshop import GUILD, USER

if TYPE_CHECKING:
    from bot.model import Job
    from bot.trained import TrainedModel
    from tests.support.workshop import Rig

OWNER = 1
TOOL = load_catalogue()["text-to-image-sd"]
WITH_USER = Share(guild_id=GUILD, kind=ShareKind.MEMBER, target_id=USER)
WITH_ROLE = Share(guild_id=GUILD, kind=ShareKind.ROLE, target_id=55)


async def a_model(rig: Rig, *shares: Share, owner_id: int = OWNER) -> TrainedModel:
    model = await rig.db.write(
        partial(models.record, new=a_new_model(owner_id=owner_id, job_id=99), now=START)
    )
    for share in shares:
        model = await rig.db.write(
            partial(models.share, model_id=model.id, owner_id=owner_id, wanted=share, now=START)
        )
    return model  # type: ignore[no-any-return]


async def ask(rig: Rig, **changes: Any) -> Job:
    return await rig.ask(tool=TOOL.key, inputs={"selectedModelPrivate": "900"}, **changes)


@pytest.mark.parametrize("shares", [(WITH_USER,), ()], ids=["shared", "own"])
async def test_a_model_that_is_open_to_its_owner_runs(rig: Rig, shares: tuple[Share, ...]) -> None:
    await a_model(rig, *shares, owner_id=OWNER if shares else USER)
    rig.stage.roles = None  # nobody asks for them
    async with rig.process():
        done = await rig.until(await ask(rig), JobState.DONE)
    assert rig.wiro.runs == 1
    assert done.inputs["selectedModelPrivate"] == "900"


async def test_a_model_that_was_taken_back_or_deleted_is_refused_before_it_costs(rig: Rig) -> None:
    """The waiting job fails with that reason, everything it held is given back, and Run is never sent."""
    model = await a_model(rig, WITH_USER)
    async with rig.process():
        waiting = await rig.accept(tool=TOOL.key, inputs={"selectedModelPrivate": "900"})
        await rig.db.write(partial(models.unshare, model_id=model.id, owner_id=OWNER))
        await rig.desk.card_shown(waiting, 50_001)
        failed = await rig.until(waiting, JobState.FAILED)
        await rig.db.write(partial(models.delete, model_id=model.id, owner_id=OWNER))
        gone = await rig.until(await ask(rig, user_id=OWNER), JobState.FAILED)
    assert failed.reason is gone.reason is Reason.MODEL_CLOSED
    assert failed.cost_nano_usd is None
    assert not failed.cost_is_estimate
    assert rig.wiro.runs == 0


async def test_a_training_starts_from_no_model_that_its_owner_may_not_use(rig: Rig) -> None:
    """Whoever writes somebody else's number is refused before it costs; one that starts from none runs."""
    await a_model(rig)
    training: dict[str, Any] = {"tool": "train-dreambooth-sd", "images": 0}
    async with rig.process():
        stolen = await rig.ask(inputs={"referenceModelPrivate": "900"}, **training)
        refused = await rig.until(stolen, JobState.FAILED)
        await rig.until(await rig.ask(inputs={"referenceModelPrivate": ""}, **training), JobState.DONE)
    assert refused.reason is Reason.MODEL_CLOSED
    assert rig.wiro.runs == 1


async def test_a_model_that_was_trained_from_another_has_its_words_and_not_its_name(rig: Rig) -> None:
    """The other one may be somebody else's, and whoever uses the new one does not know it."""
    await a_model(rig, WITH_USER)
    inputs = {"trainModelName": "two-k3f9", "instancePrompt": "photo of sks", "referenceModelPrivate": "900"}
    async with rig.process():
        job = await rig.ask(tool="train-dreambooth-sd", images=0, inputs=inputs)
        await rig.until(job, JobState.DONE)
    model = await rig.db.read(partial(models.by_job, job_id=job.id))
    assert model is not None
    assert (model.name, model.base) == ("two", "")
    assert model.trigger_words == ("photo of sks", "photo of zwx")


async def test_a_role_is_looked_up_when_the_job_starts(rig: Rig) -> None:
    """Who has lost it is refused; while Discord does not say, the job waits and then goes on."""
    await a_model(rig, WITH_ROLE)
    async with rig.process():
        rig.stage.roles = frozenset({54})
        refused = await rig.until(await ask(rig), JobState.FAILED)
        rig.stage.roles = None
        job = await ask(rig)
        await rig.pass_time(0.5)
        waiting = await rig.job(job)
        assert (waiting.state, waiting.owner) == (JobState.WAITING, None)
        rig.stage.roles = frozenset({55})
        await rig.pass_time(ASK_AGAIN_S)
        await rig.until(job, JobState.DONE)
    assert refused.reason is Reason.MODEL_CLOSED
    assert rig.wiro.runs == 1


async def test_a_model_is_found_by_its_choice_or_its_name_by_those_who_may_use_it(rig: Rig) -> None:
    model = await a_model(rig, WITH_ROLE)
    found = Models(rig.db, None, rig.clock)  # type: ignore[arg-type]  # nothing is deleted
    member = Reader(user_id=USER, guild_id=GUILD, role_ids=frozenset({55}))
    stranger = Reader(user_id=USER, guild_id=GUILD)
    for words in (reference(model), "Anna", " anna "):
        assert await found.named(words, member) == model
        with pytest.raises(NoSuchModel):
            await found.named(words, stranger)
    job = rig.new(tool=TOOL.key, inputs={"selectedModelPrivate": "900"})
    assert await found.of_job(job, TOOL, member) == model
    with pytest.raises(NoSuchModel):
        await found.of_job(job, TOOL, stranger)
    assert await found.of_job(rig.new(), load_catalogue()["portraitplus"], stranger) is None
