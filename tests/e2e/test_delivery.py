"""Results reach their owner, whatever has become of the card meanwhile."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image

from bot.model import JobState, Reason
from sandbox.clock import SandboxClock
from sandbox.discord import Limits
from sandbox.discord.actions import AnswerKind
from sandbox.discord.faults import Outcome
from sandbox.discord.model import Overwrite
from sandbox.discord.permissions import P
from tests.support.house import House, buttons, gallery, open_house, until, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sandbox.discord.actions import Interaction

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN_S = 15 * 60 + 1.0
USUAL = Limits()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("delivery"), QUOTA_IMAGES_PER_DAY="100") as opened:
        opened.wiro.variety = 4  # painting is not what is tested here
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    for person in house.discord.people.values():
        person.dms_open = True
    house.discord.channel("portraits").overwrites.clear()
    house.discord.limits.file_bytes, house.discord.limits.request_bytes = (
        USUAL.file_bytes,
        USUAL.request_bytes,
    )
    await house.tidy()


async def at_wiro(house: House, person: str = "mira", **options: Any) -> Interaction:
    """A portrait that Wiro has and does not begin with."""
    house.wiro.paused = True
    interaction = await house.portrait(person, **options)
    await house.reaches(interaction, JobState.RUNNING)
    return interaction


def forbid(house: House, *what: P) -> None:
    """Take these permissions from the bot in #portraits."""
    role = next(role for role in house.discord.guilds["harbour"].roles.values() if role.name == "Atelier")
    denied = Overwrite(role.id, 0, deny=int(sum(what)))
    house.discord.channel("portraits").overwrites.append(denied)


async def direct_message(house: House, person: str) -> dict[str, Any]:
    """Wait for the direct message with images, which is the only one since the test began."""

    messages = await until(lambda: house.posted(f"dm-{person}", person), f"{person} gets a direct message")
    assert len(messages) == 1
    assert len(gallery(messages[0])) == 1
    found: dict[str, Any] = messages[0]
    return found


# The token


async def test_after_the_tokens_death_a_public_card_is_edited_through_its_channel(house: House) -> None:
    interaction = await at_wiro(house)
    house.discord.advance(TOKEN_S)
    house.wiro.paused = False
    await house.images(interaction, 1)
    assert len(house.posted()) == 1
    assert [each.status for each in house.discord.requests.of("edit_message")][-1] == 200
    dead = [each for each in house.discord.requests if each.status == 401]
    assert len(dead) <= 1  # the bot's own clock was not moved, so it had to be told


async def test_after_the_tokens_death_a_private_result_comes_as_a_direct_message(house: House) -> None:
    interaction = await at_wiro(house, private=True)
    house.discord.advance(TOKEN_S)
    house.wiro.paused = False
    await direct_message(house, "mira")
    await house.reaches(interaction, JobState.DONE)
    assert house.posted(person="tomas") == []


async def test_with_closed_direct_messages_it_is_kept_and_delivered_where_the_owner_asks(
    house: House,
) -> None:
    house.discord.people["tomas"].dms_open = False
    interaction = await at_wiro(house, "tomas", private=True)
    house.discord.advance(TOKEN_S)
    house.wiro.paused = False
    job = await house.reaches(interaction, JobState.KEPT)
    assert job.kept_until is not None

    shown = await house.private_answer(
        await house.discord.command("tomas", "after-dark", "tasks show", {"task": job.code})
    )
    assert "kept" in words(shown)
    here = await house.press(shown, "Deliver here", "tomas")
    items = await house.images(here, 1, "tomas")
    assert len(items) == 1
    assert (house.card(here, "tomas") or {})["flags"] & 64
    await house.reaches(interaction, JobState.DONE)
    assert house.runs() == 1

    again = await house.press(shown, "Deliver here", "tomas")  # harmless twice
    await house.images(again, 1, "tomas")


async def test_a_click_on_a_private_card_keeps_it_alive_for_the_result(house: House) -> None:
    interaction = await at_wiro(house, private=True)
    house.discord.advance(TOKEN_S - 60)
    job = await house.reaches(interaction, JobState.RUNNING)
    shown = await house.private_answer(
        await house.discord.command("mira", "portraits", "tasks show", {"task": job.code})
    )
    moved = await house.press(shown, "Continue here")
    await house.card_says(moved, job.code)
    house.discord.advance(120)
    house.wiro.paused = False
    await house.images(moved, 1)
    await house.reaches(interaction, JobState.DONE)
    assert house.posted("dm-mira") == []


# The card and its place


async def test_a_card_that_was_deleted_meanwhile_sends_the_result_as_a_direct_message(house: House) -> None:
    interaction = await at_wiro(house, "tomas")
    card = house.card(interaction, "tomas")
    assert card is not None
    await house.discord.delete_message("ines", card)
    house.wiro.paused = False
    message = await direct_message(house, "tomas")
    assert house.posted() == []
    await house.reaches(interaction, JobState.DONE)
    assert "could not put this into the channel" in words(message)


async def test_the_end_of_a_job_whose_card_was_deleted_bothers_nobody(house: House) -> None:
    interaction = await at_wiro(house, "tomas")
    card = house.card(interaction, "tomas")
    assert card is not None
    await house.discord.delete_message("ines", card)
    job = await house.reaches(interaction, JobState.RUNNING)
    answer = await house.discord.command("tomas", "portraits", "tasks cancel", {"task": job.code})
    assert "stopped" in await house.refusal(answer)
    await house.reaches(interaction, JobState.CANCELLED)
    assert house.posted("dm-tomas", "tomas") == []


@pytest.mark.parametrize("taken", [P.VIEW_CHANNEL, P.ATTACH_FILES], ids=["view", "attach"])
async def test_a_channel_that_was_closed_meanwhile_sends_a_direct_message(house: House, taken: P) -> None:
    interaction = await at_wiro(house, "lev")
    house.discord.advance(TOKEN_S)
    forbid(house, taken)
    house.wiro.paused = False
    message = await direct_message(house, "lev")
    assert "could not put this into the channel" in words(message)
    job = await house.reaches(interaction, JobState.DONE)
    assert job.result_message_id == int(message["id"])


async def test_a_failure_in_a_channel_that_was_closed_meanwhile_is_told_directly(house: House) -> None:
    house.wiro.apply({"fault": "fail_task"})
    interaction = await at_wiro(house, "oskar")
    house.discord.advance(TOKEN_S)
    forbid(house, P.VIEW_CHANNEL)
    house.wiro.paused = False
    await house.reaches(interaction, JobState.FAILED)
    await until(lambda: house.posted("dm-oskar", "oskar"), "oskar is told")
    told = house.posted("dm-oskar", "oskar")
    assert len(told) == 1
    assert "CUDA" in words(told[0])


async def test_a_channel_that_is_gone_sends_a_direct_message(house: House) -> None:
    guild, channel = house.discord.guilds["harbour"], house.discord.channel("after-dark")
    interaction = await at_wiro(house, "ines", channel="after-dark")
    house.discord.advance(TOKEN_S)
    del guild.channels[channel.id]
    house.wiro.paused = False
    await direct_message(house, "ines")
    guild.channels[channel.id] = channel
    await house.reaches(interaction, JobState.DONE)


@pytest.mark.parametrize("archived", [False, True], ids=["open", "archived"])
async def test_a_thread_gets_its_result_even_when_it_was_archived(house: House, *, archived: bool) -> None:
    interaction = await at_wiro(house, channel="wall-of-faces")
    house.discord.advance(TOKEN_S)
    house.discord.channel("wall-of-faces").archived = archived
    house.wiro.paused = False
    await house.reaches(interaction, JobState.DONE)
    shown = [message for message in house.posted("wall-of-faces") if gallery(message)]
    assert len(shown) == 1
    assert house.posted("dm-mira") == []


async def test_a_result_in_a_direct_message_can_be_deleted_there(house: House) -> None:
    interaction = await at_wiro(house, private=True)
    house.discord.advance(TOKEN_S)
    house.wiro.paused = False
    message = await direct_message(house, "mira")
    await house.reaches(interaction, JobState.DONE)
    assert set(buttons(message)) == {"Delete"}  # commands are for servers
    answer = await (await house.press(message, "Delete")).answered()
    assert answer.kind is AnswerKind.UPDATE
    assert gallery(house.posted("dm-mira")[0]) == []
    await until(lambda: house.tasks()[0].files_deleted, "Wiro deletes inputs and outputs")


async def test_a_server_that_was_left_gets_no_more_and_its_members_get_theirs(tmp_path: Path) -> None:
    async with open_house(tmp_path, WIRO_MAX_CONCURRENT="1") as left:
        left.wiro.paused = True
        running = await left.portrait(channel="general")
        await left.reaches(running, JobState.RUNNING)
        waiting = await left.portrait(channel="general")
        await waiting.answered()
        await left.discord.remove_bot("tiny")
        ended = await left.reaches(waiting, JobState.FAILED)
        assert ended.reason is Reason.SERVER_LEFT
        left.discord.advance(TOKEN_S)
        left.wiro.paused = False
        await left.reaches(running, JobState.DONE)
        assert [len(gallery(message)) for message in left.posted("dm-mira") if gallery(message)] == [1]
        assert left.runs() == 1


# Discord's own troubles


@pytest.mark.parametrize(
    "fault",
    [
        {"outcome": Outcome.STATUS, "times": 2},
        {"outcome": Outcome.APPLY_THEN_STATUS, "status": 502},
        {"outcome": Outcome.DROP},
        {"outcome": Outcome.APPLY_THEN_DROP},
        {"outcome": Outcome.RATE_LIMIT, "retry_after_s": 0.2},
        {"outcome": Outcome.RATE_LIMIT, "retry_after_s": 0.2, "via": False},
        {"outcome": Outcome.RATE_LIMIT, "retry_after_s": 0.2, "scope": "shared"},
        {"outcome": Outcome.RATE_LIMIT, "retry_after_s": 0.2, "scope": "global"},
    ],
    ids=[
        "503-twice",
        "applied-502",
        "cut",
        "applied-cut",
        "429",
        "429-without-via",
        "429-shared",
        "429-global",
    ],
)
async def test_a_result_gets_through_one_card_once(house: House, fault: dict[str, Any]) -> None:
    interaction = await at_wiro(house)
    house.wiro.apply({"fault": "cdn_slow", "seconds": 0.2})  # progress is over before the fault is armed
    house.wiro.paused = False
    await house.reaches(interaction, JobState.DELIVERING)
    house.discord.faults.fail_next("edit_original", **fault)
    await house.images(interaction, 1)
    await house.reaches(interaction, JobState.DONE)
    assert house.discord.faults.active() == []
    assert len(house.posted()) == 1
    assert house.runs() == 1


async def test_a_short_outage_of_discord_loses_nothing(house: House) -> None:
    interaction = await at_wiro(house)
    house.inspector.expects_traceback = True  # discord.py's own, of each attempt to come back
    resumed = house.discord.gateway.resumes + house.discord.gateway.identifies
    house.discord.faults.start_outage()
    house.wiro.paused = False
    await until(lambda: house.tasks()[0].is_ended, "Wiro is done")
    house.discord.faults.end_outage()
    await house.images(interaction, 1)
    gateway = house.discord.gateway
    await until(lambda: gateway.resumes + gateway.identifies > resumed, "the bot is back at the gateway")
    assert len(house.posted()) == 1
    second = await house.portrait("tomas")
    await house.images(second, 1, "tomas")


# Size


async def test_images_over_discords_limit_are_made_smaller_and_the_card_says_so(house: House) -> None:
    house.discord.limits.file_bytes = 60_000
    interaction = await house.portrait(samples=2)
    items = await house.images(interaction, 2)
    assert "smaller format" in house.text(interaction)
    async with aiohttp.ClientSession() as session:
        for item in items:
            async with session.get(item["media"]["url"]) as answer:
                data = await answer.read()
            assert len(data) <= 60_000
            with Image.open(io.BytesIO(data)) as image:
                assert image.size == (512, 512)


async def test_a_size_that_discord_refuses_though_it_allowed_it_is_halved(house: House) -> None:
    house.discord.limits.request_bytes = 100_000
    interaction = await house.portrait()
    await house.images(interaction, 1)
    assert "smaller format" in house.text(interaction)
    assert [each.status for each in house.discord.requests if each.status == 413] != []


# Age


async def test_a_card_of_over_an_hour_gets_no_progress_but_its_result(tmp_path: Path) -> None:
    # The sandbox is an hour behind the bot, so that every card looks as old to it.
    async with open_house(tmp_path, speed=1.5, clock=SandboxClock(offset_s=-3700)) as old:
        old.wiro.paused = True
        interaction = await old.portrait(steps=30)
        await old.reaches(interaction, JobState.RUNNING)
        old.discord.advance(TOKEN_S)
        old.wiro.paused = False
        await until(lambda: old.discord.requests.of("edit_message"), "the bot learns that the token is dead")
        before = old.discord.requests.of("edit_message")
        await old.images(interaction, 1)
        assert len(old.discord.requests.of("edit_message")) == len(before) + 1
        assert "Cancel" not in buttons(old.card(interaction) or {})
