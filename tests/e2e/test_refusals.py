"""Bad input and full quotas: one private answer, nothing charged, nothing sent to Wiro."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.model import JobState
from bot.store import tables
from sandbox.discord.interactions import COMMAND
from tests.support.books import reading
from tests.support.house import House, buttons, fields, open_house, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.discord.actions import Interaction

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A bot that allows two images a day and one task at once."""
    folder = tmp_path_factory.mktemp("refusals")
    async with open_house(folder, QUOTA_IMAGES_PER_DAY="2", QUOTA_CONCURRENT_TASKS="1") as opened:
        opened.wiro.variety = 4  # painting is not what is tested here
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    await house.tidy()


async def refused(house: House, interaction: Interaction, entries_before: int) -> str:
    """The words of a refusal: the one private answer, after which the books and Wiro are as before."""
    told = await house.refusal(interaction)
    person, channel = interaction.person.key, interaction.channel.key
    assert house.job(interaction) is None
    assert entries(house) == entries_before
    assert [request for request in house.wiro.requests if request.path.startswith("Run")] == []
    answers = [each for each in house.posted(channel, person) if each["flags"] & 64]
    assert len(answers) == 1
    return told


def entries(house: House) -> int:
    """How many lines both ledgers have."""
    with reading(house.bot.database) as conn:
        ledgers = (tables.quota_entry, tables.money_entry)
        return sum(
            conn.execute(sa.select(sa.func.count()).select_from(each)).scalar_one() for each in ledgers
        )


async def test_discord_itself_keeps_values_out_of_range_from_being_sent(house: House) -> None:
    for options in ({"samples": 11}, {"steps": 0}, {"prompt": "x" * 1501}, {"width": 500}, {"scale": 31.0}):
        with pytest.raises(ValueError, match=r"(?i)prompt|samples|steps|width|scale"):
            await house.portrait(**options)


@pytest.mark.parametrize("value", [{"samples": 11}, {"prompt": "x" * 1501}, {"width": 500}])
async def test_a_client_that_sends_them_all_the_same_is_told_privately(
    house: House, value: dict[str, Any]
) -> None:
    before = entries(house)
    data = house.discord._invocations.command(
        house.discord.people["mira"], house.discord.channel("portraits"), "portrait", {"prompt": "a fox"}
    )
    for name, given in value.items():
        kind = 4 if isinstance(given, int) else 3
        data["options"] = [each for each in data["options"] if each["name"] != name]
        data["options"].append({"name": name, "type": kind, "value": given})
    interaction = house.discord._interactions.create(
        COMMAND, house.discord.people["mira"], house.discord.channel("portraits"), data
    )
    told = await refused(house, interaction, before)
    assert "wrong on my side" not in told


async def test_an_idea_that_is_not_there_is_refused(house: House) -> None:
    before = entries(house)
    told = await refused(house, await house.portrait(prompt="@inspire:99"), before)
    assert "99" in told
    assert "/inspire" in told


async def test_anothers_prompt_cannot_be_had_by_its_reference(house: House) -> None:
    first = await house.portrait("ines", prompt="a secret garden")
    await house.images(first, 1, "ines")
    job = await house.reaches(first, JobState.DONE)
    before = entries(house)
    house.wiro.requests.clear()
    told = await refused(house, await house.portrait("lev", prompt=f"@recent:{job.code}"), before)
    assert "secret garden" not in told
    assert "no prompt of yours" in told


async def test_a_form_with_bad_numbers_is_refused_with_the_way_back_as_it_was_filled_in(house: House) -> None:
    first = await house.portrait("oskar")
    await house.images(first, 1, "oskar")
    await house.reaches(first, JobState.DONE)
    before, house_requests = entries(house), house.wiro.requests
    house_requests.clear()
    opened = await (await house.press(house.card(first, "oskar"), "Edit", "oskar")).answered()
    assert opened.modal is not None
    names = fields(opened.modal)
    sent = await house.discord.submit(
        "oskar", opened.modal, {names["prompt"]: "a heron", names["numbers"]: "samples 11, steps 900"}
    )
    told = await refused(house, sent, before)
    assert "samples" in told
    assert "11" in told
    assert "900" in told

    card = house.card(sent, "oskar")
    again = await (await house.press(card, "Edit again", "oskar")).answered()
    assert again.modal is not None
    held = fields(again.modal, values=True)
    assert held["prompt"] == "a heron"
    assert held["numbers"] == "samples 11, steps 900"


async def test_without_attach_files_the_permission_is_named_and_private_is_offered(house: House) -> None:
    before = entries(house)
    told = await refused(house, await house.portrait("tomas", "lounge"), before)
    assert "Send Messages" in told
    assert "Attach Files" in told
    assert "private:true" in told
    assert "Nothing was charged" in told


async def test_the_private_way_that_is_offered_there_works(house: House) -> None:
    interaction = await house.portrait("lev", "lounge", private=True)
    await house.images(interaction, 1, "lev")
    assert house.posted("lounge", "tomas") == []


async def test_a_second_task_at_once_is_refused_until_the_first_has_ended(house: House) -> None:
    house.wiro.paused = True
    first = await house.portrait("tomas")
    await house.reaches(first, JobState.RUNNING)
    before = entries(house)
    house.wiro.requests.clear()
    second = await house.portrait("tomas")
    told = await house.refusal(second)
    assert "/tasks cancel" in told
    assert (house.job(second), entries(house), house.runs()) == (None, before, 1)

    house.wiro.paused = False
    await house.images(first, 1, "tomas")
    await house.reaches(first, JobState.DONE)
    third = await house.portrait("tomas")
    await house.images(third, 1, "tomas")


async def test_a_quota_that_is_used_up_says_when_it_comes_back_and_quota_shows_it(house: House) -> None:
    interaction = await house.portrait(samples=2)
    await house.images(interaction, 2)
    await house.reaches(interaction, JobState.DONE)
    before = entries(house)
    house.wiro.requests.clear()
    told = await house.refusal(await house.portrait())
    assert "2 images" in told
    assert "<t:" in told
    assert entries(house) == before
    assert house.runs() == 1

    shown = await house.private_answer(await house.discord.command("mira", "portraits", "quota"))
    assert "0 of 2" in words(shown) or "2 of 2" in words(shown)


async def test_more_images_than_are_left_says_how_many_are(house: House) -> None:
    before = entries(house)
    told = await refused(house, await house.portrait("juno", "general", samples=3), before)
    assert "2 of 2" in told
    assert "Ask for 2 or fewer" in told


async def test_a_refusal_repeats_in_the_metrics(house: House) -> None:
    counted = await house.metric('atelier_refusals_total{unit="image"}')
    await house.refusal(await house.portrait("juno", "general", samples=3))
    assert await house.metric('atelier_refusals_total{unit="image"}') == counted + 1


async def test_a_spending_limit_refuses_without_telling_whose(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with open_house(tmp_path_factory.mktemp("budget"), BUDGET_USD_PER_DAY="0.000001") as poor:
        for person, private in (("mira", False), ("tomas", True)):
            told = await poor.refusal(await poor.portrait(person, private=private))
            assert "spending limit" in told
            assert "0.000001" not in told
        assert poor.jobs() == []
        assert entries(poor) == 0
        asked = {each.path for each in poor.wiro.requests}
        assert asked <= {"socket", "Tool/Detail"}, "for a job that was refused Wiro was asked"
        assert buttons(poor.posted()[0]) == {}
