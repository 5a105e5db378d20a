"""`/train` in the sandbox: a draft from its first photo to its consent, and what keeps it from starting."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from PIL import Image

from bot.errors import QuotaRefused
from bot.jobs.ports import Done
from bot.model import JobState, Unit
from bot.store import drafts, jobs, models, trainings
from bot.training import Follow, NewPhoto
from sandbox.discord.model import Upload
from tests.support.clock import START
from tests.support.models import a_new_model
from tests.support.photos import a_photo, a_picture, blurred, encoded
from tests.support.stand import became, buttons, words

if TYPE_CHECKING:
    from bot.model import Job
    from bot.training import Draft
    from sandbox.discord.actions import Interaction, Modal
    from tests.support.stand import Stand


def photo(seed: int) -> Upload:
    return Upload(f"me-{seed}.jpg", a_photo(seed))


def some(count: int, first: int = 1) -> dict[str, Upload]:
    return {f"image{number}": photo(first + number - 1) for number in range(1, count + 1)}


async def train(
    stand: Stand,
    given: dict[str, Upload] | None = None,
    who: str = "mira",
    channel: str = "portraits",
    **options: Any,
) -> dict[str, Any]:
    """Use `/train`; the draft's card, or what was said instead."""
    used = await stand.sandbox.discord.command(who, channel, "train", options, attachments=given or {})
    return await became(stand, used)


async def press(stand: Stand, card: dict[str, Any], label: str, who: str = "mira") -> Interaction:
    return await stand.click(who, int(card["id"]), buttons(card)[label])


async def form(stand: Stand, card: dict[str, Any], label: str) -> Modal:
    """The form behind a button."""
    answer = await (await press(stand, card, label)).answered()
    assert answer.modal is not None, answer
    return answer.modal


async def send(stand: Stand, card: dict[str, Any], modal: Modal, values: dict[str, Any]) -> dict[str, Any]:
    """Send a form; the draft's card as it is then."""
    sent = await stand.sandbox.discord.submit("mira", modal, values)
    return await became(stand, sent)


async def draft_of(stand: Stand, who: str = "mira") -> Draft | None:
    guild_id = int(stand.sandbox.discord.channels["portraits"].guild_id or 0)
    user_id = stand.sandbox.discord.person(who).id
    now = stand.services.clock.now()
    return await stand.db.read(partial(drafts.find_open, guild_id=guild_id, user_id=user_id, now=now))


async def ready(stand: Stand, **options: Any) -> dict[str, Any]:
    """The card of a draft that could be started."""
    return await train(stand, some(5), name="anna", **options)


async def agree(stand: Stand, card: dict[str, Any]) -> dict[str, Any]:
    modal = await form(stand, card, "Start")
    return await send(stand, card, modal, {"consent": ["agreed"]})


async def started(stand: Stand) -> Job:
    [job] = stand.desk.accepted
    return await stand.read(job)


async def test_of_twelve_photos_three_are_told_by_name_and_nine_could_be_trained(stand: Stand) -> None:
    """Ten by options, two more by an archive in the same command; only the good ones are on the sheet."""
    given = some(8)
    given["image9"] = Upload("tiny.png", encoded(a_picture(20, 300, 700), "PNG"))
    given["image10"] = Upload("smeared.jpg", blurred(21))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr("holiday/last.jpg", a_photo(30))
        zipped.writestr("holiday/copy of me.png", encoded(a_picture(2), "PNG"))
    given["archive"] = Upload("holiday.zip", out.getvalue())
    card = await train(stand, given, name="anna")
    assert card["flags"] & 64
    told = words(card)
    assert "9 photos, all fit to train on:" in told
    assert "`tiny.png` has 300×700 pixels; the short side needs 512." in told
    assert "`smeared.jpg` is too blurred to learn from." in told
    assert "`copy of me.png` shows the same as photo 2." in told
    [item] = next(part for part in parts(card) if part["type"] == 12)["items"]
    async with aiohttp.ClientSession() as session, session.get(item["media"]["url"]) as answer:
        sheet = Image.open(io.BytesIO(await answer.read()))
    assert sheet.size == (6 * 168 + 8, 2 * 168 + 8)
    assert "Start" in buttons(card)


async def test_a_new_draft_says_what_it_lacks_and_cannot_be_started(stand: Stand) -> None:
    card = await train(stand, some(3))
    assert "- Add 2 more photos." in words(card)
    assert "- Name the model, with Details." in words(card)
    start = next(part for part in parts(card) if part.get("label") == "Start")
    assert start["disabled"]


def parts(card: dict[str, Any]) -> list[dict[str, Any]]:
    found, waiting = [], list(card["components"])
    while waiting:
        part = waiting.pop(0)
        found.append(part)
        waiting += part.get("components", [])
    return found


async def test_a_card_says_price_time_and_quota_before_anything_is_started(stand: Stand) -> None:
    told = words(await ready(stand))
    assert "About **$2.50** and **1 h 30 min** at Wiro" in told
    assert "1 of 1 trainings left this week." in told
    assert stand.desk.accepted == []
    stand.desk.refusal = QuotaRefused(Unit.TRAINING, used=1, cap=1)
    card = await train(stand)
    assert "- You have used your training this week." in words(card)
    assert "Start" not in {label for label in buttons(card) if not disabled(card, label)}


def disabled(card: dict[str, Any], label: str) -> bool:
    return any(part.get("label") == label and part.get("disabled") for part in parts(card))


async def test_using_it_again_adds_to_the_open_draft(stand: Stand) -> None:
    """The name need not be given again, and a later value goes before an earlier one."""
    await train(stand, some(3), name="anna", description="me")
    card = await train(stand, some(2, first=4), reference_model="6", description="myself")
    assert "It is to be called `anna`." in words(card)
    assert "5 photos, all fit" in words(card)
    draft = await draft_of(stand)
    assert draft is not None
    assert draft.given == {"name": "anna", "description": "myself", "reference_model": "6"}
    assert "reference model `wavymulder/portraitplus`" in words(card)
    other = await train(stand, who="tomas")
    assert "No photos yet" in words(other)


async def test_photos_are_added_and_taken_out_by_forms(stand: Stand) -> None:
    card = await train(stand, some(2), name="anna")
    modal = await form(stand, card, "Add photos")
    assert "There is room for 48 more." in str(modal.components)
    card = await send(stand, card, modal, {"photos": [photo(3), photo(4)], "more": [photo(5), photo(1)]})
    assert "5 photos, all fit" in words(card)
    assert "`me-1.jpg` shows the same as photo 1." in words(card)
    modal = await form(stand, card, "Remove…")
    menu = modal.components[0]["component"]
    assert [each["label"] for each in menu["options"]][:2] == ["1  me-1.jpg", "2  me-2.jpg"]
    gone = [menu["options"][0]["value"], menu["options"][3]["value"]]
    card = await send(stand, card, modal, {menu["custom_id"]: gone})
    assert "3 photos, all fit" in words(card)
    draft = await draft_of(stand)
    assert draft is not None
    left = await stand.db.read(lambda conn: drafts.photos(conn, draft.id))
    assert [each.name for each in left] == ["me-2.jpg", "me-3.jpg", "me-5.jpg"]


async def test_fifty_photos_can_all_be_taken_out(stand: Stand) -> None:
    """A menu holds twenty-five."""
    card = await train(stand, some(1), name="anna")
    draft = await draft_of(stand)
    assert draft is not None
    for number in range(2, 31):
        await stand.db.write(partial(_add_row, draft_id=draft.id, number=number))
    answer = await (await press(stand, card, "Remove…")).answered()
    assert answer.modal is not None
    sizes = [len(row["component"]["options"]) for row in answer.modal.components]
    assert sizes == [25, 5]
    assert [row["label"] for row in answer.modal.components] == ["Photos 1 to 25", "Photos 26 to 30"]


def _add_row(conn: Any, *, draft_id: int, number: int) -> None:
    row = NewPhoto(
        name=f"{number}.jpg",
        file=f"{number}.jpg",
        digest=str(number),
        fingerprint="0",
        width=600,
        height=600,
        size_bytes=1,
    )
    drafts.add_photos(conn, draft_id, [row])


async def test_details_and_advanced_are_forms_that_keep_what_is_there(stand: Stand) -> None:
    """What is emptied has its default again."""
    card = await train(stand, some(5), name="anna", description="me")
    modal = await form(stand, card, "Details")
    values = {
        "name": "anna-2",
        "description": "",
        "instance_prompt": "photo of anna",
        "allowed": ["show_name"],
    }
    card = await send(stand, card, modal, values)
    assert "It is to be called `anna-2`." in words(card)
    modal = await form(stand, card, "Advanced")
    assert len(modal.components) == 5
    card = await send(
        stand, card, modal, {"training_steps": "1200", "train_text_encoder": ["false"], "resolution": ["512"]}
    )
    assert "training steps `1200`" in words(card)
    draft = await draft_of(stand)
    assert draft is not None
    assert draft.given == {
        "name": "anna-2",
        "instance_prompt": "photo of anna",
        "training_steps": "1200",
        "train_text_encoder": "false",
        "resolution": "512",
    }
    assert (draft.show_name, draft.delete_photos) == (True, False)
    await agree(stand, card)
    sent = (await started(stand)).inputs
    assert (sent["trainingSteps"], sent["trainTextEncoder"], sent["instancePrompt"]) == (
        1200,
        False,
        "photo of anna",
    )


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "Anna Müller"}, "Write `Anna-M-ller`."),
        ({"description": "all of operatorword"}, "`description` has a word that is not wanted here"),
    ],
)
async def test_a_name_or_a_word_that_cannot_be_is_refused_at_once(
    stand: Stand, values: dict[str, Any], says: str
) -> None:
    assert says in words(await train(stand, None, **values))
    card = await train(stand, some(5), name="anna")
    assert says in words(await send(stand, card, await form(stand, card, "Details"), values))
    draft = await draft_of(stand)
    assert draft is not None
    assert draft.given == {"name": "anna"}


async def test_a_number_that_cannot_be_keeps_it_from_being_started(stand: Stand) -> None:
    card = await ready(stand)
    card = await send(stand, card, await form(stand, card, "Advanced"), {"training_steps": "many"})
    assert "- `training_steps` is `many`, not a whole number." in words(card)
    assert disabled(card, "Start")


async def test_it_starts_with_consent_and_the_words_are_stored(stand: Stand) -> None:
    """The draft is the training's from then on; its card says where it can be followed."""
    card = await ready(stand)
    modal = await form(stand, card, "Start")
    shown = str(modal.components)
    assert "photos are deleted as soon as all of them are at Wiro" in shown
    assert "These photos show me, or I have the permission of the person shown." in shown
    told = words(await send(stand, card, modal, {"consent": ["agreed"]}))
    job = await started(stand)
    assert f"Started as `#{job.code}`" in told
    assert (job.state, job.preparing, job.images, job.private) == (JobState.WAITING, True, 0, False)
    assert job.interaction_token is None
    assert job.inputs["trainModelName"].startswith("anna-")
    assert job.inputs["trainingSteps"] == 800
    assert "photos:5" in job.notes
    training = await stand.db.read(lambda conn: trainings.get(conn, job.id))
    assert training is not None
    assert training.consent_words.endswith("I have the permission of the person shown.")
    assert "At Wiro" in training.consent_words
    assert training.consent_locale == "en-US"
    assert await draft_of(stand) is None


async def test_without_the_box_nothing_is_started(stand: Stand) -> None:
    """Discord asks for the box, but what was sent is looked at again."""
    card = await ready(stand)
    modal = await form(stand, card, "Start")
    box = modal.components[1]["component"]
    box["required"], box["min_values"] = False, 0
    told = words(await send(stand, card, modal, {"consent": []}))
    assert "Nothing was started" in told
    assert stand.desk.accepted == []
    assert await draft_of(stand) is not None


async def test_two_forms_sent_at_once_start_one_training(stand: Stand) -> None:
    card = await ready(stand)
    one, two = await form(stand, card, "Start"), await form(stand, card, "Start")
    discord = stand.sandbox.discord
    sent = [await discord.submit("mira", modal, {"consent": ["agreed"]}) for modal in (one, two)]
    told = [words(await became(stand, each)) for each in sent]
    assert sorted("Started as" in each for each in told) == [False, True]
    assert any("You have used your training this week." in each for each in told)
    assert len(stand.desk.accepted) == 1


async def test_where_it_is_followed_is_chosen_and_a_thread_is_the_first_choice(stand: Stand) -> None:
    card = await ready(stand)
    menu = next(part for part in parts(card) if part["type"] == 3)
    assert [(each["value"], bool(each.get("default"))) for each in menu["options"]] == [
        ("thread", True),
        ("here", False),
        ("dm", False),
    ]
    chosen = await stand.sandbox.discord.click("mira", card, menu["custom_id"], ["dm"])
    await became(stand, chosen)
    draft = await draft_of(stand)
    assert draft is not None
    assert draft.follow is Follow.DM
    chosen = await stand.sandbox.discord.click("mira", card, menu["custom_id"], ["here"])
    await became(stand, chosen)
    await agree(stand, card)
    assert "in_the_open" in (await started(stand)).notes
    elsewhere = await train(stand, some(1), who="tomas", channel="wall-of-faces")
    menu = next(part for part in parts(elsewhere) if part["type"] == 3)
    assert [each["value"] for each in menu["options"]] == ["here", "dm"]


async def test_a_discarded_draft_is_gone_and_its_buttons_say_so(stand: Stand) -> None:
    card = await ready(stand)
    add = buttons(card)["Add photos"]
    told = await became(stand, await press(stand, card, "Discard"))
    assert "The draft and its photos are deleted." in words(told)
    assert await draft_of(stand) is None
    other = await train(stand, some(1))
    again = await stand.click("mira", int(other["id"]), buttons(other)["Discard"])
    await again.answered()
    assert add not in buttons(other).values()
    assert [path for path in stand.photos.rglob("*") if path.is_file()] == []


async def test_nobody_else_touches_a_draft(stand: Stand) -> None:
    """Ids can be guessed: a control of another's draft is refused."""
    card = await ready(stand)
    own = await train(stand, some(1), who="tomas")
    foreign = buttons(card)["Discard"]
    mine = buttons(own)["Discard"]
    stand.sandbox.discord.message(own).components = _swapped(
        stand.sandbox.discord.message(own).components, mine, foreign
    )
    said = await stand.said(await stand.click("tomas", int(own["id"]), foreign))
    assert "This draft is over" in said
    assert await draft_of(stand) is not None


def _swapped(components: Any, old: str, new: str) -> Any:
    return json.loads(json.dumps(components).replace(old, new))


async def test_the_images_of_any_message_are_taken_by_its_menu(stand: Stand) -> None:
    discord = stand.sandbox.discord
    said = await discord.say(
        "tomas", "portraits", "us two", [photo(1), photo(2), Upload("list.txt", b"words")]
    )
    used = await discord.menu("mira", said, "Add to my training photos")
    card = await became(stand, used)
    assert "2 photos, all fit" in words(card)
    assert "list.txt" not in words(card)
    empty = await discord.say("tomas", "portraits", "no picture")
    used = await discord.menu("mira", empty, "Add to my training photos")
    assert "That message has no images." in words(await became(stand, used))


async def test_the_images_that_a_result_shows_are_taken_too(stand: Stand) -> None:
    """Their files are in a gallery of the message, not among its attachments."""
    job = await stand.portrait()
    await stand.finish(job)
    used = await stand.sandbox.discord.menu(
        "mira", int((await stand.read(job)).message_id or 0), "Add to my training photos"
    )
    told = words(await became(stand, used))
    assert f"`atelier-{job.code}-1.png` has 1×1 pixels" in told


async def test_a_trained_model_to_start_from_is_one_that_may_be_used(stand: Stand) -> None:
    """It completes as one types, and its number goes to Wiro."""
    mira = stand.sandbox.discord.person("mira").id
    guild_id = int(stand.sandbox.discord.channels["portraits"].guild_id or 0)
    new = a_new_model(owner_id=mira, guild_id=guild_id)
    await stand.db.write(partial(models.record, new=new, now=START))
    discord = stand.sandbox.discord
    offered = await discord.autocomplete(
        "mira", "portraits", "train", {"reference_model_private": ""}, "reference_model_private"
    )
    assert [each["value"] for each in offered] == ["@model:1"]
    card = await ready(stand, reference_model_private="@model:1")
    assert "reference model private `anna`" in words(card)
    await agree(stand, card)
    sent = (await started(stand)).inputs
    assert (sent["referenceModelPrivate"], sent["referenceModel"]) == (new.wiro_id, "")
    refused = await train(stand, some(5), who="tomas", name="mine", reference_model_private="@model:1")
    assert "- `reference_model_private` is no model that you may use here." in words(refused)
    assert "anna" not in words(refused)


async def test_a_model_to_start_from_completes_by_name_and_by_what_is_said_of_it(stand: Stand) -> None:
    async def offered(typed: str) -> list[tuple[str, str]]:
        found = await stand.sandbox.discord.autocomplete(
            "mira", "portraits", "train", {"reference_model": typed}, "reference_model"
        )
        return [(each["name"], each["value"]) for each in found]

    assert await offered("ink") == [("Envvi/Inkpunk-Diffusion · ink-punk style", "50")]
    assert ("466", "466") not in await offered("")


async def test_a_server_that_names_channels_has_trainings_started_there_only(stand: Stand) -> None:
    guild_id = int(stand.sandbox.discord.channels["portraits"].guild_id or 0)
    lounge = stand.sandbox.discord.channels["lounge"].id
    await stand.services.choices.choose(guild_id, "allowed_channels", (lounge,), by=1)
    card = await ready(stand)
    assert "- In this server tasks are started in <#" in words(card)
    assert disabled(card, "Start")
    await stand.services.choices.choose(guild_id, "allowed_channels", (), by=1)
    card = await train(stand)
    modal = await form(stand, card, "Start")
    await stand.services.choices.choose(guild_id, "allowed_channels", (lounge,), by=1)
    told = words(await send(stand, card, modal, {"consent": ["agreed"]}))
    assert "In this server tasks are started in" in told
    assert stand.desk.accepted == []
    assert await draft_of(stand) is not None


async def test_make_a_portrait_opens_the_form_of_the_model_that_a_training_made(stand: Stand) -> None:
    card = await ready(stand)
    await agree(stand, card)
    job = await started(stand)
    mira = job.user_id
    new = a_new_model(owner_id=mira, guild_id=job.guild_id, job_id=job.id)
    await stand.db.write(partial(models.record, new=new, now=START))
    discord = stand.sandbox.discord
    card_of = replace(await stand.read(job), state=JobState.DONE)
    put = await stand.places.put_card(card_of, may_be_there=False)
    assert isinstance(put, Done)
    posted = put.message_id
    clicked = await discord.click("mira", posted, f"at:model_use:{job.code}")
    answer = await clicked.answered()
    assert answer.modal is not None
    assert answer.modal.custom_id == f"at:model_use:{job.code}"
    other = await discord.click("tomas", posted, f"at:model_use:{job.code}")
    assert "There is no such model" in await stand.said(other)
    sent = await discord.submit("mira", answer.modal, {"prompt": "anna as a pilot"})
    portrait = await stand.until_carded(sent)
    assert portrait.inputs["selectedModelPrivate"] == new.wiro_id
    assert await stand.db.read(lambda conn: jobs.get(conn, portrait.id)) is not None
