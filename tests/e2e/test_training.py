"""A member trains a model from photos and makes portraits with it, whatever stops the bot on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.model import ALL_SERVERS, JobState, Unit
from bot.store import tables
from sandbox.discord.model import Upload
from tests.support.books import reading
from tests.support.house import House, open_house, until, words
from tests.support.photos import a_photo, a_picture, blurred, encoded
from tests.support.trainings import (
    a_training,
    draft,
    draft_id,
    photos,
    photos_here,
    reaches,
    start,
    trainings,
    uploads,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPEED = 8000.0
"""A training takes about a second."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("training")
    async with open_house(folder, speed=SPEED, QUOTA_TRAININGS_PER_WEEK="3") as opened:
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    await house.tidy()


def used(house: House) -> int:
    """Trainings that the quota counts, of everybody."""
    with reading(house.bot.database) as conn:
        counter = tables.quota_counter
        here = sa.select(counter.c.held + counter.c.settled).where(
            counter.c.unit == Unit.TRAINING, counter.c.guild_id != ALL_SERVERS
        )
        return sum(conn.execute(here).scalars())


async def test_from_twelve_photos_to_a_portrait_with_the_model_that_nine_of_them_made(house: House) -> None:
    """The three bad ones are told by name; nobody else sees the thread, and no photo stays here."""
    given = photos(8) | {
        "image9": Upload("tiny.png", encoded(a_picture(40, 300, 700), "PNG")),
        "image10": Upload("smeared.jpg", blurred(41)),
    }
    card = await draft(house, given, name="anna", instance_prompt="photo of sks anna")
    opened = await (await house.discord.click("mira", card, draft_id(card, "add"))).answered()
    assert opened.modal is not None
    more = [Upload("me-9.jpg", a_photo(9)), Upload("again.png", encoded(a_picture(3), "PNG"))]
    sent = await house.discord.submit("mira", opened.modal, {"photos": more})
    await until(lambda: "9 photos, all fit" in words(house.card(sent) or {}), "all photos were looked at")
    told = words(house.card(sent) or {})
    assert "`again.png` shows the same as photo 3." in told
    assert "`tiny.png` has 300×700 pixels" in words(card)
    assert "`smeared.jpg` is too blurred" in words(card)
    assert "Started as" in await start(house, card)
    [job] = house.jobs()
    done = await reaches(house, job, JobState.DONE)

    thread = house.discord.channel(done.channel_id)
    assert (thread.type, thread.name) == (12, f"Training #{job.code}")
    assert house.discord.messages(thread, as_="tomas") == []
    shown = next(each for each in house.discord.messages(thread, as_="mira") if each.get("components"))
    assert "The model is trained" in words(shown)
    assert "anna" not in words(shown)
    assert photos_here(house) == []
    assert [name for name in ("smeared.jpg", "me-9.jpg", "sks anna") if name in house.bot.log()] == []
    [names] = uploads(house).values()
    assert [name[:4] for name in names] == [f"{number:03d}-" for number in range(1, 10)]
    [training] = trainings(house)
    assert training.inputs["trainModelName"].startswith("anna-")

    opened = await (await house.press(shown, "Make a portrait")).answered()
    assert opened.modal is not None
    portrait = await house.discord.submit(
        "mira", opened.modal, {"prompt": "as a pilot", "numbers": "samples 1"}
    )
    await house.images(portrait, 1)
    assert house.tasks()[-1].tool.slug == "wiro/text-to-image-sd"
    assert house.tasks()[-1].inputs["prompt"] == "photo of sks anna, as a pilot"


async def test_a_training_that_is_stopped_is_given_back(house: House) -> None:
    before = used(house)
    house.wiro.paused = True
    job = await a_training(house, "dm", "tomas", first=11)
    await until(lambda: trainings(house), "the training is at Wiro")
    assert used(house) == before + 1
    [card] = [each for each in house.posted("dm-tomas", "tomas") if each.get("components")]
    assert "`anna`" in words(card)
    await house.press(card, "Stop", "tomas")
    ended = await reaches(house, job, JobState.CANCELLED)
    assert ended.cost_nano_usd == 0
    assert used(house) == before


async def test_a_training_that_fails_at_wiro_is_given_back(house: House) -> None:
    before = used(house)
    house.wiro.apply({"fault": "fail_task"})
    job = await a_training(house, "here", "tomas", first=20)
    ended = await reaches(house, job, JobState.FAILED)

    def told() -> str | None:
        card = next(each for each in house.posted() if int(each["id"]) == ended.message_id)
        return words(card) if "The training was given back to your quota." in words(card) else None

    assert "anna" not in str(await until(told, "the card says that it was given back"))
    assert used(house) == before


async def test_kill_9_while_photos_are_sent_and_while_it_trains_makes_one_model_for_one_charge(
    house: House,
) -> None:
    """The draft too outlives a kill."""
    card = await draft(house, photos(5, first=30), "lev", name="lev")
    await house.bot.kill()
    await house.bot.start()
    card = await draft(house, {}, "lev")
    assert "5 photos, all fit" in words(card)
    house.wiro.apply({"fault": "hang", "where": {"path": "File/Upload"}})  # it is stored, and nobody hears
    known = set(uploads(house))
    assert "Started as" in await start(house, card, "lev")
    await until(lambda: set(uploads(house)) - known, "the first folder is there")
    await until(lambda: not house.wiro.faults.armed, "a photo is on its way")
    await house.bot.kill()
    house.wiro.apply({"clear": True})
    house.wiro.paused = True
    await house.bot.start()
    await until(lambda: trainings(house), "the training is at Wiro")
    await house.bot.kill()
    await house.bot.start()
    house.wiro.paused = False
    [job] = [each for each in house.jobs() if not each.state.has_ended]
    await reaches(house, job, JobState.DONE)
    new = [uploads(house)[name] for name in uploads(house) if name not in known]
    assert len(new[-1]) == 5
    [training] = trainings(house)
    assert training.inputs["selectedFolder"] in {
        each.id for each in house.wiro.uploads.values() if each.name.endswith("-2")
    }
    assert photos_here(house) == []


@pytest.mark.parametrize("way", ["url", "zip"])
async def test_photos_come_to_wiro_as_one_archive_where_that_is_set(tmp_path: Path, way: str) -> None:
    """By the bot's own address, which is dead afterwards, or uploaded."""
    public_url = "http://127.0.0.1:{port}"
    async with open_house(tmp_path, speed=SPEED, TRAINING_UPLOAD=way, PUBLIC_URL=public_url) as house:
        job = await reaches(house, await a_training(house), JobState.DONE)
        sent = job.inputs["selectedFolderUrl"]
        assert job.inputs["selectedFolder"] == ""
        ours, is_ours, path = sent.partition(f"http://127.0.0.1:{house.bot.port}")
        assert (ours, bool(is_ours)) == (("", True) if way == "url" else (sent, False))
        if is_ours:
            status, _text = await house.get(path)
            assert status == 404
        else:
            assert photos_here(house) == []
