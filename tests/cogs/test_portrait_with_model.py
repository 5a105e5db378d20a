"""`/portrait model:` in the sandbox: what is offered to whom, what runs, what Again and Edit make of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.store import models
from bot.trained import Share, ShareKind
from tests.support.clock import START
from tests.support.models import a_new_model
from tests.support.stand import buttons, words

if TYPE_CHECKING:
    from bot.trained import TrainedModel
    from tests.support.stand import Stand


@pytest.fixture
async def model(stand: Stand) -> TrainedModel:
    """Mira's, shared with the role Regulars of Harbour Arts, which she has and Tomas does not."""
    mira = stand.sandbox.discord.person("mira").id
    return await stand.db.write(
        partial(models.record, new=a_new_model(owner_id=mira, guild_id=harbour(stand)), now=START)
    )


def harbour(stand: Stand) -> int:
    return int(stand.sandbox.discord.channels["portraits"].guild_id or 0)


async def suggested(stand: Stand, who: str, typed: str = "") -> list[tuple[str, str]]:
    given = {"prompt": "x", "model": typed}
    found = await stand.sandbox.discord.autocomplete(who, "portraits", "portrait", given, "model")
    return [(each["name"], each["value"]) for each in found]


async def share_with(stand: Stand, model: TrainedModel, who: str) -> None:
    member = stand.sandbox.discord.person(who).id
    share = Share(guild_id=harbour(stand), kind=ShareKind.MEMBER, target_id=member)
    await stand.db.write(
        partial(models.share, model_id=model.id, owner_id=model.owner_id, wanted=share, now=START)
    )


async def press(stand: Stand, who: str, job: Any, label: str) -> Any:
    return await stand.click(who, job.message_id, buttons(stand.card(job))[label])


async def test_a_model_is_offered_only_to_those_who_may_use_it(stand: Stand, model: TrainedModel) -> None:
    """Shared with a role, it is offered to whoever has the role there, and named as shared."""
    assert await suggested(stand, "mira") == [("anna", "@model:1")]
    assert await suggested(stand, "mira", "bob") == []
    assert await suggested(stand, "ines") == []
    moderators = next(
        role.id
        for role in stand.sandbox.discord.guilds["harbour"].roles.values()
        if role.name == "Moderators"
    )
    share = Share(guild_id=harbour(stand), kind=ShareKind.ROLE, target_id=moderators)
    await stand.db.write(
        partial(models.share, model_id=model.id, owner_id=model.owner_id, wanted=share, now=START)
    )
    assert await suggested(stand, "ines") == [("anna (shared)", "@model:1")]
    assert await suggested(stand, "tomas") == []


async def test_a_portrait_with_a_model_runs_the_models_tool_and_says_its_words(
    stand: Stand, model: TrainedModel
) -> None:
    job = await stand.portrait(prompt="a red fox", model="@model:1", samples=2, seed=7, width=256)
    assert (job.tool, job.images) == ("text-to-image-sd", 2)
    assert job.inputs["selectedModelPrivate"] == "900"
    assert job.prompt == "photo of zwx, a red fox"
    done = await stand.finish(job)
    assert "I put `photo of zwx` in front" in words(stand.card(done))
    assert "anna" not in words(stand.card(done)), "its name is its owner's business"
    for who, told in (("mira", True), ("tomas", False)):
        details = await stand.sandbox.discord.menu(who, stand.card(done), "Task details")
        assert ("with `anna`" in await stand.said(details)) is told
    again = await stand.until_carded(await press(stand, "mira", done, "Again"))
    assert (again.tool, again.prompt) == (job.tool, job.prompt)
    assert {**again.inputs, "seed": "7"} == job.inputs


async def test_a_model_of_somebody_else_is_refused_and_nothing_is_stored(
    stand: Stand, model: TrainedModel
) -> None:
    """By its choice as by its name, and by Again and Edit on a card that everybody sees."""
    for name in ("@model:1", "anna"):
        options = {"prompt": "a fox", "model": name}
        asked = await stand.sandbox.discord.command("tomas", "portraits", "portrait", options)
        assert "There is no such model" in await stand.said(asked)
    done = await stand.finish(await stand.portrait(model="anna"))
    for label in ("Again", "Edit"):
        assert "There is no such model" in await stand.said(await press(stand, "tomas", done, label))
    assert len(stand.desk.accepted) == 1


async def test_a_models_words_are_read_like_any_others(stand: Stand) -> None:
    """Its owner chose them freely; what a server does not want is no more wanted there."""
    mira = stand.sandbox.discord.person("mira").id
    new = a_new_model(owner_id=mira, trigger_words=("nude photo",))
    await stand.db.write(partial(models.record, new=new, now=START))
    done = await stand.finish(await stand.portrait(model="anna"))
    await stand.use("ines", "mod words add", {"words": "nude"})
    options = {"prompt": "a fox", "model": "anna"}
    asked = await stand.sandbox.discord.command("mira", "portraits", "portrait", options)
    assert "`prompt` has a word" in await stand.said(asked)
    assert "`prompt` has a word" in await stand.said(await press(stand, "mira", done, "Again"))
    assert len(stand.desk.accepted) == 1


async def test_edit_keeps_the_model_under_the_same_rule(stand: Stand, model: TrainedModel) -> None:
    """A form that was opened while the model was shared is refused once it no longer is."""
    await share_with(stand, model, "tomas")
    done = await stand.finish(await stand.portrait(model="anna", prompt="a fox"))
    modal = (await (await press(stand, "tomas", done, "Edit")).answered()).modal
    assert modal is not None
    first = modal.components[0]["component"]
    assert first["value"] == "a fox", "the words that were put in front are put there again"
    sent = await stand.sandbox.discord.submit("tomas", modal, {"prompt": "a badger"})
    second = await stand.until_carded(sent)
    assert (second.prompt, second.tool) == ("photo of zwx, a badger", "text-to-image-sd")
    await stand.db.write(partial(models.unshare, model_id=model.id, owner_id=model.owner_id))
    refused = await stand.sandbox.discord.submit("tomas", modal, {"prompt": "a badger"})
    assert "There is no such model" in await stand.said(refused)


async def test_a_model_whose_number_wiro_has_not_told_cannot_be_used_yet(stand: Stand) -> None:
    mira = stand.sandbox.discord.person("mira").id
    new = a_new_model(owner_id=mira, wiro_id=None)
    await stand.db.write(partial(models.record, new=new, now=START))
    options = {"prompt": "a fox", "model": "anna"}
    asked = await stand.sandbox.discord.command("mira", "portraits", "portrait", options)
    assert "cannot be used" in await stand.said(asked)
    assert stand.desk.accepted == []
