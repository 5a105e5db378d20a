"""`/models` in the sandbox: what a member sees of models, and what only an owner can do with one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.model import JobState
from bot.store import auditing, models
from bot.trained import Share, ShareKind
from tests.support.clock import START
from tests.support.models import a_new_model
from tests.support.stand import buttons, words

if TYPE_CHECKING:
    from bot.trained import TrainedModel
    from tests.support.stand import Stand


async def a_model(stand: Stand, who: str = "mira", **changes: Any) -> TrainedModel:
    owner_id = stand.sandbox.discord.person(who).id
    new = a_new_model(owner_id=owner_id, guild_id=harbour(stand), **changes)
    return await stand.db.write(partial(models.record, new=new, now=START))


def harbour(stand: Stand) -> int:
    return int(stand.sandbox.discord.channels["portraits"].guild_id or 0)


def role(stand: Stand, name: str) -> int:
    roles = stand.sandbox.discord.guilds["harbour"].roles.values()
    return next(each.id for each in roles if each.name == name)


async def answer(stand: Stand, who: str, command: str, /, **options: Any) -> dict[str, Any]:
    """The private answer to a command."""
    message = (await stand.use(who, f"models {command}", options)).message
    assert message is not None
    assert message["flags"] & 64
    return message


async def press(stand: Stand, who: str, message: dict[str, Any], label: str) -> dict[str, Any]:
    """Press a button of an answer, by its label or its id; the answer as it is then."""
    custom_id = buttons(message).get(label, label)
    clicked = await stand.click(who, int(message["id"]), custom_id)
    return await updated(stand, clicked, message)


async def updated(stand: Stand, interaction: Any, message: dict[str, Any]) -> dict[str, Any]:
    answered = await interaction.answered()
    if answered.message is not None and answered.message["id"] != message["id"]:
        return answered.message  # type: ignore[no-any-return]
    seen = stand.sandbox.discord.messages("portraits", interaction.person.key)
    return next(each for each in seen if each["id"] == message["id"])


async def shares(stand: Stand, model: TrainedModel) -> tuple[Share, ...]:
    found = await stand.db.read(lambda conn: models.get(conn, model.id))
    assert found is not None
    return found.shares


async def test_a_member_without_models_is_told_how_one_comes(stand: Stand) -> None:
    assert "None yet. A training makes the first one" in words(await answer(stand, "mira", "list"))


async def test_a_list_has_ones_own_and_those_that_are_shared_here(stand: Stand) -> None:
    """A model chosen from it is shown: all of one's own, of another's only what its users need."""
    await a_model(stand)
    other = await a_model(stand, "ines", job_id=2, name="crew", wiro_id="901", description="a secret")
    await a_model(stand, "ines", job_id=3, name="hidden", wiro_id="902")
    await answer(stand, "ines", "share", model="crew", everyone=True)
    listed = await answer(stand, "mira", "list")
    assert "### Your models\n**`anna`** trained <t:" in words(listed)
    assert "yours alone" in words(listed)
    assert f"**`crew`** trained <t:{int(START.timestamp())}:R> · of <@{other.owner_id}>" in words(listed)
    assert "hidden" not in words(listed)
    chosen = await stand.sandbox.discord.click("mira", listed, "at:model:-", [str(other.id)])
    shown = (await chosen.answered()).message
    assert shown is not None
    assert "shares it with you here" in words(shown)
    assert "a secret" not in words(shown)
    assert list(buttons(shown)) == ["Make a portrait"]


async def test_an_owner_sees_all_of_a_model(stand: Stand) -> None:
    await a_model(stand)
    shown = words(await answer(stand, "mira", "show", model="anna"))
    assert "### `anna`" in shown
    assert "on 9 photos · from `CompVis/stable-diffusion-v1-4`" in shown
    assert "Trained on the words `photo of zwx`" in shown
    assert "me in daylight" in shown
    assert "It is yours alone" in shown


async def test_a_model_is_shared_by_the_command_and_taken_back_by_its_button(stand: Stand) -> None:
    """With a member, a role or everyone, one at a time; what is shared already changes nothing."""
    model = await a_model(stand)
    here, tomas = harbour(stand), stand.sandbox.discord.person("tomas").id
    moderators = role(stand, "Moderators")
    wanted: list[tuple[dict[str, Any], Share]] = [
        ({"member": tomas}, Share(guild_id=here, kind=ShareKind.MEMBER, target_id=tomas)),
        ({"role": moderators}, Share(guild_id=here, kind=ShareKind.ROLE, target_id=moderators)),
        ({"role": here}, Share(guild_id=here, kind=ShareKind.SERVER, target_id=here)),
        ({"everyone": True}, Share(guild_id=here, kind=ShareKind.SERVER, target_id=here)),
    ]
    for options, _share in wanted:
        shown = await answer(stand, "mira", "share", model="anna", **options)
    assert set(await shares(stand, model)) == {share for _options, share in wanted}
    for part in (f"Shared with <@{tomas}>", f"Shared with <@&{moderators}>", "everyone in this server"):
        assert part in words(shown)
    shown = await press(stand, "mira", shown, f"at:model_unshare:-:{model.id}.member.{tomas}")
    assert f"<@{tomas}>" not in words(shown)
    assert len(await shares(stand, model)) == 2
    shown = await press(stand, "mira", shown, "Mine alone")
    assert "It is yours alone" in words(shown)
    assert await shares(stand, model) == ()
    unclear: list[dict[str, Any]] = [{}, {"member": tomas, "everyone": True}]
    for options in unclear:
        assert "Say with whom" in words(await answer(stand, "mira", "share", model="anna", **options))


async def test_a_model_is_shared_from_its_panel(stand: Stand) -> None:
    """One menu has members and roles; a button has everyone."""
    model = await a_model(stand)
    shown = await answer(stand, "mira", "show", model="anna")
    moderators, tomas = role(stand, "Moderators"), stand.sandbox.discord.person("tomas").id
    for target in (moderators, tomas):
        picked = await stand.sandbox.discord.click(
            "mira", shown, f"at:model_share:-:{model.id}", [str(target)]
        )
        shown = await updated(stand, picked, shown)
    shown = await press(stand, "mira", shown, "Share with everyone here")
    assert [each.kind for each in await shares(stand, model)] == [
        ShareKind.ROLE,
        ShareKind.MEMBER,
        ShareKind.SERVER,
    ]
    assert "Share with everyone here" not in buttons_that_work(shown)


def buttons_that_work(message: dict[str, Any]) -> list[str]:
    found, waiting = [], list(message["components"])
    while waiting:
        each = waiting.pop(0)
        if each["type"] == 2 and not each.get("disabled"):
            found.append(each["label"])
        waiting += each.get("components", [])
    return found


async def test_a_model_is_renamed_by_command_and_by_form(stand: Stand) -> None:
    model = await a_model(stand)
    shown = await answer(stand, "mira", "rename", model="anna", name="  Anna   Bell ")
    assert "### `Anna Bell`" in words(shown)
    refused = await answer(stand, "mira", "rename", model="Anna Bell", name="@model:7")
    assert "made of letters, digits" in words(refused)
    modal = (await (await stand.click("mira", int(shown["id"]), buttons(shown)["Rename"])).answered()).modal
    assert modal is not None
    assert modal.components[0]["component"]["value"] == "Anna Bell"
    sent = await stand.sandbox.discord.submit("mira", modal, {"name": "me"})
    assert "### `me`" in words(await updated(stand, sent, shown))
    found = await stand.db.read(lambda conn: models.get(conn, model.id))
    assert found is not None
    assert (found.name, found.wiro_name) == ("me", model.wiro_name)


async def test_a_model_with_an_unwanted_name_is_not_shared_there(stand: Stand) -> None:
    """Its name may come from another server, or from before the word was on the list."""
    model = await a_model(stand, name="badger")
    await stand.services.words.add("badger", guild_id=harbour(stand), moderator_id=1)
    said = words(await answer(stand, "mira", "share", model="badger", everyone=True))
    assert "has a word that is not wanted here" in said
    assert await shares(stand, model) == ()
    await answer(stand, "mira", "rename", model="badger", name="anna")
    await answer(stand, "mira", "share", model="anna", everyone=True)
    assert len(await shares(stand, model)) == 1


async def test_a_name_with_an_unwanted_word_is_refused_and_in_the_audit(stand: Stand) -> None:
    await a_model(stand)
    here = harbour(stand)
    await stand.services.words.add("badger", guild_id=here, moderator_id=1)
    said = words(await answer(stand, "mira", "rename", model="anna", name="B4dger"))
    assert "`name`" in said
    entries = await stand.db.read(lambda conn: auditing.entries(conn, here, limit=1))
    assert entries[0].actor_id == stand.sandbox.discord.person("mira").id
    assert "anna" in words(await answer(stand, "mira", "list"))


async def test_a_model_is_deleted_only_after_the_question(stand: Stand) -> None:
    """What goes where is said first; its training's files at Wiro go with it, and nobody has it any more."""
    training = await stand.finish(await stand.portrait(), JobState.DONE, draw=False)
    model = await a_model(stand, job_id=training.id)
    await answer(stand, "mira", "share", model="anna", everyone=True)
    asked = await answer(stand, "mira", "delete", model="anna")
    for part in ("Delete `anna`?", "Nobody can use it any more", "At Wiro", "cannot be brought back"):
        assert part in words(asked)
    kept = await press(stand, "mira", asked, "Keep it")
    assert "### `anna`" in words(kept)
    asked = await press(stand, "mira", kept, "Delete")
    gone = await press(stand, "mira", asked, "Delete it")
    assert "`anna` is deleted" in words(gone)
    assert stand.desk.deleted == [training.code]
    assert await stand.db.read(lambda conn: models.get(conn, model.id)) is None
    assert "None yet" in words(await answer(stand, "tomas", "list"))


async def test_nobody_but_the_owner_changes_a_model(stand: Stand) -> None:
    """Not with the commands, and not with the buttons of a panel that is not theirs, shared or not."""
    model = await a_model(stand)
    await answer(stand, "mira", "share", model="anna", everyone=True)
    shown = await answer(stand, "tomas", "show", model="anna")
    tries: list[tuple[str, dict[str, Any]]] = [
        ("share", {"nobody": True}),
        ("rename", {"name": "his"}),
        ("delete", {}),
    ]
    for command, options in tries:
        said = words(await answer(stand, "tomas", command, model="anna", **options))
        assert "There is no such model" in said
    found = await stand.sandbox.discord.autocomplete(
        "tomas", "portraits", "models delete", {"model": ""}, "model"
    )
    assert found == []
    assert list(buttons(shown)) == ["Make a portrait"]
    assert len(await shares(stand, model)) == 1


async def test_make_a_portrait_opens_a_form_and_starts_with_the_model(stand: Stand) -> None:
    """By the same rule as the command: once it is not shared any more, the form is refused."""
    model = await a_model(stand)
    await answer(stand, "mira", "share", model="anna", everyone=True)
    shown = await answer(stand, "tomas", "show", model="anna")
    clicked = await stand.click("tomas", int(shown["id"]), buttons(shown)["Make a portrait"])
    modal = (await clicked.answered()).modal
    assert modal is not None
    sent = await stand.sandbox.discord.submit("tomas", modal, {"prompt": "a badger", "numbers": "samples 1"})
    job = await stand.until_carded(sent)
    assert (job.tool, job.prompt, job.images) == ("text-to-image-sd", "photo of zwx, a badger", 1)
    assert job.inputs["selectedModelPrivate"] == model.wiro_id
    refused = await stand.sandbox.discord.submit(
        "tomas", modal, {"prompt": "a badger", "numbers": "steps 900"}
    )
    assert "goes from 1 to 150" in await stand.said(refused)
    await answer(stand, "mira", "share", model="anna", nobody=True)
    refused = await stand.sandbox.discord.submit("tomas", modal, {"prompt": "a badger"})
    assert "There is no such model" in await stand.said(refused)
