"""The main journey: a member types /portrait and gets the images, in one message."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image

from tests.support.house import House, buttons, gallery, open_house, until, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("portrait"), QUOTA_IMAGES_PER_DAY="100") as opened:
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    await house.tidy()


async def test_one_message_from_the_line_to_the_images(house: House) -> None:
    house.wiro.paused = True
    interaction = await house.portrait(samples=4)
    answer = await interaction.answered()
    assert answer.message is not None
    assert "Cancel" in buttons(answer.message)
    await until(lambda: house.runs() == 1, "the task is at Wiro")
    house.wiro.paused = False

    items = await house.images(interaction, 4)
    card = house.card(interaction)
    assert card is not None
    assert [message["id"] for message in house.posted(person="tomas")] == [card["id"]]
    assert {"Again", "Edit", "Delete"} <= set(buttons(card))
    assert "Cancel" not in buttons(card)
    assert "a lighthouse keeper" in words(card)
    assert all("a lighthouse keeper" in item["description"] for item in items)
    assert house.runs() == 1


async def test_each_file_is_wiros_image_with_its_parameters(house: House) -> None:
    interaction = await house.portrait(samples=2, seed=4242)
    items = await house.images(interaction, 2)
    task = house.tasks()[0]
    async with aiohttp.ClientSession() as session:
        for item, output in zip(items, task.outputs, strict=True):
            async with session.get(item["media"]["url"]) as answer:
                shown = await answer.read()
            async with session.get(output.url) as answer:
                made = await answer.read()
            with Image.open(io.BytesIO(shown)) as image, Image.open(io.BytesIO(made)) as original:
                assert image.tobytes() == original.tobytes()
                assert "4242" in image.info["parameters"]
                assert "a lighthouse keeper" in image.info["parameters"]


async def test_progress_is_shown_while_wiro_works(house: House) -> None:
    house.wiro.speed = 1.5
    interaction = await house.portrait(steps=30)
    await house.card_says(interaction, "%")
    card = house.card(interaction)
    assert card is not None
    assert "Cancel" in buttons(card)
    house.wiro.speed = 40
    await house.images(interaction, 1)


async def test_a_private_portrait_is_seen_by_its_owner_alone(house: House) -> None:
    interaction = await house.portrait(private=True)
    items = await house.images(interaction, 1)
    assert len(items) == 1
    card = house.card(interaction)
    assert card is not None
    assert card["flags"] & 64
    assert "Share" in buttons(card)
    assert house.posted(person="tomas") == []

    await (await house.discord.click("mira", card, buttons(card)["Share"])).answered()
    shared = await until(lambda: house.posted(person="tomas"), "the result is shared")
    assert len(gallery(shared[0])) == 1


async def test_again_makes_a_new_job_of_whoever_clicks_with_another_seed(house: House) -> None:
    first = await house.portrait(seed=7)
    await house.images(first, 1)
    card = house.card(first)
    assert card is not None
    click = await house.discord.click("tomas", card, buttons(card)["Again"])
    await click.answered()
    await house.images(click, 1, "tomas")
    seeds = [task.inputs["seed"] for task in house.tasks()]
    assert seeds[0] == "7"
    assert seeds[1] != "7"
    assert words(house.card(first) or {}) == words(card)


async def test_edit_runs_again_with_what_the_form_says(house: House) -> None:
    first = await house.portrait(seed=7)
    await house.images(first, 1)
    card = house.card(first)
    assert card is not None
    opened = await (await house.discord.click("mira", card, buttons(card)["Edit"])).answered()
    assert opened.modal is not None
    fields = field_ids(opened.modal.components)
    prompt = next(name for name in fields if "prompt" in name and "negative" not in name)
    submitted = await house.discord.submit("mira", opened.modal, {prompt: "a beekeeper"})
    await submitted.answered()
    await house.images(submitted, 1)
    prompts = [task.inputs["prompt"] for task in house.tasks()]
    assert prompts[-1].endswith("a beekeeper")
    assert [task.inputs["steps"] for task in house.tasks()] == [4, 4]


async def test_delete_takes_the_files_away_here_and_at_wiro(house: House) -> None:
    interaction = await house.portrait()
    await house.images(interaction, 1)
    card = house.card(interaction)
    assert card is not None
    await (await house.discord.click("mira", card, buttons(card)["Delete"])).answered()
    await until(lambda: gallery(house.card(interaction) or {}) == [], "the files leave the card")
    task = house.tasks()[0]
    await until(lambda: task.files_deleted, "Wiro deletes inputs and outputs")


async def test_a_waiting_portrait_can_be_cancelled_and_costs_nothing(house: House) -> None:
    house.wiro.paused = True
    interaction = await house.portrait()
    answer = await interaction.answered()
    assert answer.message is not None
    await until(lambda: house.runs() == 1, "the task is at Wiro")
    await (await house.discord.click("mira", answer.message, buttons(answer.message)["Cancel"])).answered()
    await until(lambda: "Cancel" not in buttons(house.card(interaction) or {}), "the card ends")
    task = house.tasks()[0]
    assert task.status == "task_cancel"


async def test_a_running_portrait_can_be_cancelled(house: House) -> None:
    house.wiro.speed = 1
    interaction = await house.portrait(steps=150)
    card = await house.card_says(interaction, "%")
    await (await house.discord.click("mira", card, buttons(card)["Cancel"])).answered()
    await until(lambda: "Cancel" not in buttons(house.card(interaction) or {}), "the card ends")
    assert gallery(house.card(interaction) or {}) == []
    assert house.tasks()[0].status == "task_cancel"


def field_ids(components: list[dict[str, object]]) -> list[str]:
    """The custom ids of a modal's fields."""
    return [part["component"]["custom_id"] for part in components if "component" in part]  # type: ignore[index]  # Discord's JSON
