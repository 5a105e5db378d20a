"""Where trainings are followed: threads that are opened once, cards that are found again, what is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.jobs.milestones import Herald, Milestone
from bot.jobs.ports import Denied, Done, Unknown
from bot.model import JobState
from bot.tools import load_catalogue
from bot.training import Follow
from bot.ui.courier import Courier
from bot.ui.places import DiscordPlaces
from tests.support.discord_api import APPLICATION_ID
from tests.support.jobs import CHANNEL, GUILD, NOW, OWNER, a_training

if TYPE_CHECKING:
    from bot.jobs.preparing import Places
    from bot.ui.messages import DiscordMessages
    from tests.support.clock import ManualClock
    from tests.support.discord_api import DiscordApi

THREAD = {"id": "555", "name": "Training #4F7K", "owner_id": str(APPLICATION_ID)}


@pytest.fixture
def places(messages: DiscordMessages, clock: ManualClock) -> DiscordPlaces:
    return DiscordPlaces(messages, Courier(messages, clock), load_catalogue())


def asked(api: DiscordApi) -> list[str]:
    return [f"{each.method} {each.path}" for each in api.asked]


def test_they_are_what_the_jobs_ask_for(places: DiscordPlaces) -> None:
    ports: tuple[Places, Herald] = (places, places)
    assert ports == (places, places)


async def test_a_thread_is_private_and_its_owner_is_in_it(places: DiscordPlaces, api: DiscordApi) -> None:
    """Its name says nothing of the model."""
    api.reply(201, THREAD)
    api.reply(204)
    assert await places.open(a_training(), Follow.THREAD, may_be_there=False) == 555
    assert asked(api) == [f"POST /channels/{CHANNEL}/threads", f"PUT /channels/555/thread-members/{OWNER}"]
    sent = api.asked[0].json
    assert (sent["type"], sent["invitable"], sent["name"]) == (12, False, "Training #4F7K")


async def test_a_thread_that_may_be_there_is_looked_for_first(places: DiscordPlaces, api: DiscordApi) -> None:
    others = [
        THREAD | {"id": "1", "owner_id": "2"},  # somebody who likes the name
        THREAD | {"id": "3", "name": "Training #4F7M"},
    ]
    api.reply(200, {"threads": [*others, THREAD]})
    assert await places.open(a_training(), Follow.THREAD, may_be_there=True) == 555
    api.reply(200, {"threads": others})
    api.reply(201, THREAD | {"id": "556"})
    assert await places.open(a_training(), Follow.THREAD, may_be_there=True) == 556
    assert asked(api)[0] == f"GET /guilds/{GUILD}/threads/active"


@pytest.mark.parametrize(
    ("status", "code", "becomes"),
    [(403, 50013, Denied("403 50013 words")), (500, 0, Unknown()), (429, 0, Unknown())],
)
async def test_a_thread_that_does_not_open(
    places: DiscordPlaces, api: DiscordApi, status: int, code: int, becomes: Denied | Unknown
) -> None:
    api.reply(status, code)
    assert await places.open(a_training(), Follow.THREAD, may_be_there=False) == becomes


async def test_a_thread_is_of_no_use_without_its_owner(places: DiscordPlaces, api: DiscordApi) -> None:
    api.reply(201, THREAD)
    api.reply(403, 50001)
    opened = await places.open(a_training(), Follow.THREAD, may_be_there=False)
    assert opened == Denied("403 50001 words")


async def test_what_is_followed_here_or_in_direct_messages_opens_no_thread(
    places: DiscordPlaces, api: DiscordApi
) -> None:
    assert await places.open(a_training(), Follow.HERE, may_be_there=False) == CHANNEL
    api.reply(200, {"id": "99"})
    assert await places.open(a_training(), Follow.DM, may_be_there=False) == 99
    assert asked(api) == ["POST /users/@me/channels"]


async def test_a_card_that_may_be_there_is_looked_for_first(places: DiscordPlaces, api: DiscordApi) -> None:
    job = a_training(message_id=None)
    assert await places.put_card(job, may_be_there=False) == Done(channel_id=88, message_id=77)
    card: Any = {"author": {"id": str(APPLICATION_ID)}, "components": api.asked[0].json["components"]}
    api.reply(
        200,
        [
            card | {"id": "1", "author": {"id": "5"}},
            {"id": "2", "author": {"id": str(APPLICATION_ID)}, "content": "`#4F7K`", "components": []},
            card | {"id": "3"},
        ],
    )
    assert await places.put_card(job, may_be_there=True) == Done(channel_id=CHANNEL, message_id=3)
    api.reply(500)
    assert await places.put_card(job, may_be_there=True) == Unknown()
    assert len(api.edits()) == 1


@pytest.mark.parametrize(
    ("milestone", "says"),
    [
        (Milestone(key="at-0", percent=0), "`#4F7K`: the training has begun."),
        (
            Milestone(key="at-50", percent=50, expected_end=NOW + timedelta(hours=1)),
            "50 % It should be done <t:",
        ),
        (Milestone(key="still-10", percent=None), "nothing has moved at Wiro for half an hour"),
    ],
)
async def test_a_milestone_is_a_message_of_its_own_under_the_card(
    places: DiscordPlaces, api: DiscordApi, milestone: Milestone, says: str
) -> None:
    await places.say(a_training(JobState.RUNNING), milestone)
    [message] = api.asked
    assert says in message.json["content"]
    assert message.json["message_reference"]["message_id"] == "1500000000000000002"
    assert message.json["allowed_mentions"]["users"] == []


async def test_a_milestone_that_discord_does_not_take_is_left(places: DiscordPlaces, api: DiscordApi) -> None:
    api.reply(403, 50001)
    await places.say(a_training(JobState.RUNNING), Milestone(key="at-0", percent=0))
    assert len(api.asked) == 1
