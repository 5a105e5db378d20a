"""Whatever people write, cards, details and forms hold it: nobody is called, nothing is too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.model import JobState
from tests.support.house import House, fields, gallery, open_house, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("words"), QUOTA_IMAGES_PER_DAY="100") as opened:
        opened.wiro.variety = 4  # painting is not what is tested here
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    await house.tidy()


NASTY = {
    "fence": "``` @everyone <@1> <#2> </help:3> # big\n> quote ```",
    "lines": "one\r\ntwo\u2028three\tfour\n\n\n\n\n\nfive",
    "accents": "Z\u0335\u0321\u0322a\u0301\u0302\u0303l\u0336go" * 20,
    "right-to-left": "\u202eevil \u2066inside\u2069 \u200b\u200d\ufeff end",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 200,
    "astral": "\U0001f600" * 750,
    "full": "x" * 1500,
    "three-bytes": "漢" * 1500,
    "spaces": "  a  fox  ",
    "percent": "%s {prompt} {0} \\n $(rm) ${HOME} <script>alert(1)</script>",
    "link": "https://example.org/?token=abc&x=1 [text](https://example.org) discord.gg/abc",
}


@pytest.mark.parametrize("prompt", NASTY.values(), ids=NASTY)
async def test_any_prompt_gets_its_card_its_details_and_its_form(house: House, prompt: str) -> None:
    negative = prompt[:1500]
    interaction = await house.portrait(prompt=prompt, negative_prompt=negative)
    items = await house.images(interaction, 1)
    job = await house.reaches(interaction, JobState.DONE)
    card = house.card(interaction) or {}
    assert card["mentions"] == []
    assert card["mention_everyone"] is False
    assert 0 < len(items[0]["description"]) <= 1024
    assert "<script>" not in words(card) or "```" in words(card)

    shown = await house.private_answer(
        await house.discord.command("mira", "portraits", "tasks show", {"task": job.code})
    )
    assert job.code in words(shown)
    await house.private_answer(await house.discord.command("mira", "portraits", "tasks list"))
    found = await house.discord.autocomplete("mira", "portraits", "portrait", {"prompt": ""}, "prompt")
    assert found != []

    opened = await (await house.press(card, "Edit")).answered()
    assert opened.modal is not None
    again = await house.discord.submit("mira", opened.modal, {})
    await house.images(again, 1)
    first, second = house.tasks()
    assert second.inputs == first.inputs


async def test_a_form_changes_everything_it_offers(house: House) -> None:
    interaction = await house.portrait(seed=5)
    await house.images(interaction, 1)
    await house.reaches(interaction, JobState.DONE)
    opened = await (await house.press(house.card(interaction), "Edit")).answered()
    assert opened.modal is not None
    names = fields(opened.modal)
    values: dict[str, Any] = {
        names["prompt"]: "a heron",
        names["negative_prompt"]: "",
        names["seed"]: "",
        names["scheduler"]: ["DDIMScheduler"],
        names["numbers"]: "Samples: 2; steps=6 scale 3,5 size 320x256",
    }
    sent = await house.discord.submit("mira", opened.modal, values)
    items = await house.images(sent, 2)
    assert len(items) == 2
    inputs = house.tasks()[1].inputs
    assert inputs["prompt"] == "portrait+ style a heron"
    assert inputs["scheduler"] == "DDIMScheduler"
    assert (inputs["samples"], inputs["steps"], str(inputs["scale"])) == (2, 6, "3.5")
    assert (inputs["width"], inputs["height"]) == (320, 256)
    assert inputs["seed"] != "5"
    assert str(inputs["seed"]).isdecimal()
    assert len(gallery(house.card(sent) or {})) == 2


@pytest.mark.parametrize("seed", [0, 4294967295])
async def test_the_outermost_seeds_are_sent_as_they_are(house: House, seed: int) -> None:
    interaction = await house.portrait(seed=seed)
    await house.images(interaction, 1)
    assert house.tasks()[0].inputs["seed"] == str(seed)
    assert f"`{seed}`" in house.text(interaction)


async def test_ten_images_fill_one_card(house: House) -> None:
    interaction = await house.portrait(samples=10)
    await house.images(interaction, 10)
