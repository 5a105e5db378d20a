"""Each server is greeted once: on joining, or with the first `/help` or `/settings` there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.ui.messages import Lost, Refused
from sandbox.discord.model import Overwrite
from sandbox.discord.permissions import P
from tests.support.stand import until, words

if TYPE_CHECKING:
    import pytest

    from sandbox.discord.actions import Answer
    from tests.support.stand import Stand

GREETING = "says where and how I work here"


def greetings(stand: Stand, channel: str = "general", who: str = "juno") -> list[dict[str, Any]]:
    """What the server sees of it in that channel."""
    found = stand.sandbox.discord.messages(channel, who)
    return [message for message in found if GREETING in words(message)]


def greeted(answer: Answer) -> bool:
    assert answer.message is not None
    return GREETING in words(answer.message)


async def rejoin(stand: Stand) -> None:
    """The bot leaves the small server and is added again, and has heard of both."""
    guild = stand.sandbox.discord.guilds["tiny"]
    await until(stand.client.is_ready)  # until then whatever is heard was found at the start
    await stand.sandbox.discord.remove_bot("tiny")
    await until(lambda: stand.client.get_guild(guild.id) is None)
    await stand.sandbox.discord.add_bot("tiny")
    await until(lambda: stand.client.get_guild(guild.id) is not None)


async def test_a_server_that_adds_the_bot_is_greeted_once_in_a_channel(stand: Stand) -> None:
    """One message; the first help says nothing of it any more."""
    await rejoin(stand)
    await until(lambda: bool(greetings(stand)))
    assert not greeted(await stand.use("juno", "help", channel="general"))
    assert len(greetings(stand)) == 1


async def test_where_it_may_not_speak_nothing_is_posted_and_the_first_help_says_it(stand: Stand) -> None:
    """No message, no error; whoever asks first is told, and only they."""
    channel = stand.sandbox.discord.channel("general")
    everyone = stand.sandbox.discord.guilds["tiny"].id
    channel.overwrites.append(Overwrite(everyone, 0, deny=int(P.SEND_MESSAGES)))
    bot = stand.sandbox.discord.application_id
    channel.overwrites.append(Overwrite(bot, 1, deny=int(P.SEND_MESSAGES)))
    await rejoin(stand)
    channel.overwrites.clear()
    assert greeted(await stand.use("juno", "help", channel="general"))
    assert not greeted(await stand.use("juno", "help", channel="general"))
    assert greetings(stand, who="mira") == []


async def test_a_server_joined_while_the_bot_was_away_is_greeted_by_its_first_answer(stand: Stand) -> None:
    """The servers found at the start are not written to; `/settings` greets as well as `/help`."""
    assert greeted(await stand.use("oskar", "settings"))
    assert not greeted(await stand.use("mira", "help"))
    assert greeted(await stand.use("juno", "help", channel="general"))
    assert greetings(stand, who="mira") == []


async def test_a_greeting_that_was_refused_is_left_to_the_first_answer(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Surely not sent: the claim is given back. Perhaps sent: it counts, rather than greet twice."""
    await until(stand.client.is_ready)
    guild = stand.client.get_guild(stand.sandbox.discord.guilds["tiny"].id)
    assert guild is not None
    for answer, told in ((Refused(403, 50013, "Missing Permissions"), True), (Lost("HTTP 502"), False)):

        async def create(*_: object, answer: object = answer, **__: object) -> object:
            return answer

        with monkeypatch.context() as patch:
            patch.setattr("bot.ui.messages.DiscordMessages.create", create)
            await stand.services.greeter.joined(guild)
        assert greeted(await stand.use("juno", "help", channel="general")) is told
        await stand.services.greeter.left(guild.id)
