"""The first answer to an interaction: whatever happens to it, one job with one card, or none at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.model import JobState, Reason
from sandbox.discord.actions import AnswerKind
from sandbox.discord.faults import Outcome
from tests.support.house import House, buttons, gallery, open_house, until, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("acknowledgement"), QUOTA_IMAGES_PER_DAY="100") as opened:
        opened.wiro.variety = 4  # painting is not what is tested here
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    await house.tidy()


FAULTS: dict[str, dict[str, Any]] = {
    "503": {"outcome": Outcome.STATUS},
    "applied-502": {"outcome": Outcome.APPLY_THEN_STATUS, "status": 502},
    "cut": {"outcome": Outcome.DROP},
    "applied-cut": {"outcome": Outcome.APPLY_THEN_DROP},
    "429": {"outcome": Outcome.RATE_LIMIT, "retry_after_s": 0.2},
    "429-without-via": {"outcome": Outcome.RATE_LIMIT, "retry_after_s": 0.2, "via": False},
}
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@every_fault
async def test_a_callback_in_trouble_still_becomes_one_card_of_one_job(
    house: House, fault: dict[str, Any]
) -> None:
    house.discord.faults.fail_next("callback", **fault)
    interaction = await house.portrait()
    answer = await interaction.answered()
    assert answer.kind is AnswerKind.MESSAGE
    await house.images(interaction, 1)
    assert house.discord.faults.active() == []
    assert len(house.posted()) == 1
    assert house.runs() == 1


@every_fault
async def test_a_refusal_in_trouble_is_said_once(house: House, fault: dict[str, Any]) -> None:
    house.discord.faults.fail_next("callback", **fault)
    interaction = await house.portrait(prompt="@inspire:99")
    assert "no idea" in await house.refusal(interaction)
    await until(lambda: house.discord.faults.active() == [], "the fault has struck")
    assert len(house.posted()) == 1


async def test_a_card_that_came_too_late_ends_its_job_and_gives_all_back(house: House) -> None:
    house.discord.faults.fail_next("callback", Outcome.LATE)
    interaction = await house.portrait()
    assert (await interaction.answered()).kind is AnswerKind.FAILED
    job = await house.reaches(interaction, JobState.FAILED, JobState.CANCELLED)
    assert job.reason is Reason.NOBODY_SAW_IT
    assert house.posted() == []
    assert house.runs() == 0


async def test_a_callback_that_never_gets_through_ends_its_job_and_gives_all_back(house: House) -> None:
    house.discord.faults.fail_next("callback", Outcome.DROP, times=100)
    interaction = await house.portrait()
    assert (await interaction.answered()).kind is AnswerKind.FAILED
    job = await house.reaches(interaction, JobState.FAILED)
    assert job.reason is Reason.NOBODY_SAW_IT
    assert house.runs() == 0


async def test_a_refusal_that_is_delivered_twice_is_said_once(house: House) -> None:
    house.discord.faults.apply({"fault": "duplicate_interaction"})
    assert "no idea" in await house.refusal(await house.portrait(prompt="@inspire:99"))
    await house.refusal(await house.portrait("tomas", prompt="@inspire:99"))  # by now the first is over
    assert len(house.posted()) == 1


async def test_an_interaction_that_is_delivered_twice_is_one_job(house: House) -> None:
    house.discord.faults.apply({"fault": "duplicate_interaction"})
    interaction = await house.portrait()
    await house.images(interaction, 1)
    await house.reaches(interaction, JobState.DONE)
    assert len([job for job in house.jobs() if job.interaction_id == interaction.id]) == 1
    assert len(house.posted()) == 1
    assert house.runs() == 1


async def test_a_click_that_is_delivered_twice_is_one_job(house: House) -> None:
    first = await house.portrait()
    await house.images(first, 1)
    await house.reaches(first, JobState.DONE)
    house.discord.faults.apply({"fault": "duplicate_interaction"})
    again = await house.press(house.card(first), "Again")
    await house.images(again, 1)
    await house.reaches(again, JobState.DONE)
    assert len(house.posted()) == 2
    assert house.runs() == 2


async def test_a_cancel_that_is_delivered_twice_cancels_once(house: House) -> None:
    house.wiro.paused = True
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.RUNNING)
    house.discord.faults.apply({"fault": "duplicate_interaction"})
    await (await house.press(house.card(interaction), "Cancel")).answered()
    await house.reaches(interaction, JobState.CANCELLED)
    await house.card_says(interaction, "Cancelled")


async def test_a_delete_that_is_delivered_twice_deletes_once(house: House) -> None:
    interaction = await house.portrait()
    await house.images(interaction, 1)
    await house.reaches(interaction, JobState.DONE)
    house.discord.faults.apply({"fault": "duplicate_interaction"})
    await (await house.press(house.card(interaction), "Delete")).answered()
    await until(lambda: gallery(house.card(interaction) or {}) == [], "the files leave the card")
    assert buttons(house.card(interaction) or {}) == {}


@pytest.mark.parametrize("label", ["Cancel", "Again", "Delete", "Edit"])
@pytest.mark.parametrize("fault", ["503", "applied-502", "cut", "applied-cut"])
async def test_a_click_in_trouble_is_answered_and_does_what_it_says(
    house: House, label: str, fault: str
) -> None:
    house.wiro.paused = label == "Cancel"
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.RUNNING if label == "Cancel" else JobState.DONE)
    await house.card_says(interaction, "At work" if label == "Cancel" else "1 image")
    house.discord.faults.fail_next("callback", **FAULTS[fault])
    click = await house.press(house.card(interaction), label)
    answer = await click.answered()
    assert answer.kind is not AnswerKind.FAILED
    if label == "Cancel":
        await house.reaches(interaction, JobState.CANCELLED)
        await house.card_says(interaction, "Cancelled")
    elif label == "Again":
        await house.images(click, 1)
        assert house.runs() == 2
    elif label == "Delete":
        await house.card_says(interaction, "Deleted")
    else:
        assert answer.modal is not None


@pytest.mark.parametrize("fault", ["503", "applied-502", "cut", "applied-cut"])
async def test_suggestions_come_through_trouble_too(house: House, fault: str) -> None:
    house.discord.faults.fail_next("callback", **FAULTS[fault])
    found = await house.discord.autocomplete("mira", "portraits", "portrait", {"prompt": ""}, "prompt")
    assert found != []


async def test_a_button_of_another_version_is_answered(house: House) -> None:
    interaction = await house.portrait()
    await house.images(interaction, 1)
    message = interaction.original
    assert message is not None
    for part in message.components[0]["components"]:
        for each in part.get("components", []):
            each["custom_id"] = f"at:frobnicate:{each['custom_id'].split(':')[2]}"
    card = house.card(interaction)
    click = await house.discord.click("mira", card or {}, next(iter(buttons(card or {}).values())))
    assert "older version" in await house.refusal(click)


async def test_a_gateway_that_reconnects_misses_no_command(house: House) -> None:
    house.inspector.expects_traceback = True
    for fault in ("gateway_reconnect", "gateway_drop"):
        resumed = house.discord.gateway.resumes
        house.discord.faults.apply({"fault": fault})
        await until(lambda r=resumed: house.discord.gateway.resumes > r, "the bot resumes")
        interaction = await house.portrait()
        await house.images(interaction, 1)


async def test_a_lost_session_is_opened_anew_and_commands_are_not_published_again(house: House) -> None:
    house.inspector.expects_traceback = True
    opened = house.discord.gateway.identifies
    house.discord.faults.apply({"fault": "gateway_lost"})
    await until(lambda: house.discord.gateway.identifies > opened, "the bot identifies again")
    interaction = await house.portrait()
    await house.images(interaction, 1)
    assert [each for each in house.discord.requests if each.method == "PUT"] == []
    assert words(house.card(interaction) or {}) != ""
