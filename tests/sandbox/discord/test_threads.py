"""Threads over plain HTTP: who opens them, who is in them, and what an archived one takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import pytest

from tests.sandbox.discord.bots import Bot, running
from tests.sandbox.discord.conftest import PAINT, Answered, RawClient, png
from tests.support.house import until

if TYPE_CHECKING:
    from sandbox.discord import DiscordStandIn
    from sandbox.discord.model import Channel, Json

MANAGE_THREADS = 1 << 34


def messages(place: Channel) -> str:
    return f"/channels/{place.id}/messages"


async def opened(raw: RawClient, **form: object) -> Channel:
    """A private thread of the bot under #portraits."""
    portraits = raw.stand_in.channels["portraits"]
    answer = await raw.call("POST", f"/channels/{portraits.id}/threads", {"name": "t"} | form)
    assert answer.status == 201, answer.json
    return raw.stand_in.channel(answer.json["id"])


async def take_in(raw: RawClient, thread: Channel, key: str, method: str = "PUT") -> Answered:
    person = raw.stand_in.people[key]
    return await raw.call(method, f"/channels/{thread.id}/thread-members/{person.id}")


def allow(raw: RawClient, bits: int) -> None:
    roles = raw.stand_in.guilds["harbour"].roles.values()
    next(role for role in roles if role.name == "Atelier").permissions |= bits


def seen_by(raw: RawClient, key: str) -> set[str]:
    guilds = raw.stand_in.state(key)["guilds"]
    return {channel["id"] for guild in guilds for channel in guild["channels"]}


async def test_threads_are_opened_from_messages_and_from_nothing(raw: RawClient) -> None:
    portraits = raw.stand_in.channels["portraits"]
    message = (await raw.call("POST", messages(portraits), {"content": "a"})).json
    from_message = f"{messages(portraits)}/{message['id']}/threads"
    public = await raw.call("POST", from_message, {"name": "t"})
    assert (public.status, public.json["id"], public.json["type"]) == (201, message["id"], 11)
    assert (await raw.call("POST", from_message, {"name": "t"})).json["code"] == 160004
    assert (await opened(raw)).is_private_thread
    assert (await opened(raw, type=None)).is_private_thread
    assert not (await opened(raw, type=11)).is_private_thread


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 101}, "name"),
        ({}, "name"),
        ({"name": "n", "type": 10}, "type"),
        ({"name": "n", "auto_archive_duration": 5}, "auto_archive_duration"),
    ],
    ids=["no name", "a long name", "nothing", "an announcement", "five minutes"],
)
async def test_a_thread_against_the_rules_is_refused(raw: RawClient, form: Json, where: str) -> None:
    portraits = raw.stand_in.channels["portraits"]
    answer = await raw.call("POST", f"/channels/{portraits.id}/threads", form)
    assert (answer.status, answer.json["code"], list(answer.json["errors"])) == (400, 50035, [where])


async def test_threads_need_a_channel_and_the_right_to_open_them(raw: RawClient) -> None:
    stand_in = raw.stand_in
    form = {"name": "t"}
    in_thread = await raw.call("POST", f"/channels/{stand_in.channels['wall-of-faces'].id}/threads", form)
    assert in_thread.json["code"] == 50024
    for key, code in (("lounge", 50013), ("general", 50013)):
        answer = await raw.call("POST", f"/channels/{stand_in.channels[key].id}/threads", form)
        assert (answer.status, answer.json["code"]) == (403, code)


async def test_a_private_thread_is_seen_by_who_is_in_it_and_by_moderators(raw: RawClient) -> None:
    thread = await opened(raw, invitable=False)
    assert thread.invitable is False
    of_mira = raw.stand_in.subscribe("mira")
    assert str(thread.id) not in seen_by(raw, "mira")
    assert (await take_in(raw, thread, "mira")).status == 204
    assert (await take_in(raw, thread, "mira")).status == 204  # is in it already
    assert str(thread.id) in seen_by(raw, "mira")
    assert str(thread.id) not in seen_by(raw, "tomas")
    assert str(thread.id) in seen_by(raw, "ines")  # a moderator
    (line,) = raw.stand_in.messages(thread, as_="mira")
    assert (line["type"], line["mentions"][0]["username"]) == (1, "mira.k")
    assert [of_mira.get_nowait()["t"] for _ in range(2)] == ["THREAD_MEMBERS_UPDATE", "MESSAGE_CREATE"]
    assert (await take_in(raw, thread, "mira", "DELETE")).status == 204
    assert str(thread.id) not in seen_by(raw, "mira")
    assert of_mira.get_nowait()["d"]["removed_member_ids"] == [str(raw.stand_in.people["mira"].id)]
    assert of_mira.empty()  # the line about it is in a place that they see no more


async def test_members_of_a_thread_are_asked_for_one_by_one(raw: RawClient) -> None:
    thread = await opened(raw)
    await take_in(raw, thread, "tomas")
    tomas = await take_in(raw, thread, "tomas", "GET")
    assert (tomas.json["id"], tomas.json["user_id"]) == (
        str(thread.id),
        str(raw.stand_in.people["tomas"].id),
    )
    assert (await take_in(raw, thread, "lev", "GET")).json["code"] == 10007
    own = f"/channels/{thread.id}/thread-members/{raw.app}?with_member=true"
    assert (await raw.call("GET", own)).json["member"]["user"]["id"] == raw.app
    listed = await raw.call("GET", f"/channels/{thread.id}/thread-members")
    assert (listed.status, listed.json["code"]) == (403, 50001)
    assert (await raw.call("GET", f"/channels/{thread.id}")).json["member_count"] == 2


async def test_only_members_of_the_server_are_taken_in_and_only_into_threads(raw: RawClient) -> None:
    thread = await opened(raw)
    assert (await take_in(raw, thread, "juno")).json["code"] == 10007
    assert (await take_in(raw, raw.stand_in.channels["portraits"], "mira")).json["code"] == 50024


async def test_somebody_elses_thread_has_its_own_rules(raw: RawClient) -> None:
    thread = await opened(raw, invitable=False)
    thread.owner_id = raw.stand_in.people["mira"].id
    assert (await take_in(raw, thread, "tomas")).json["code"] == 50013
    assert (await take_in(raw, thread, "mira", "DELETE")).json["code"] == 50013
    patch = await raw.call("PATCH", f"/channels/{thread.id}", {"name": "mine"})
    assert patch.json["code"] == 50013
    thread.invitable = True
    assert (await take_in(raw, thread, "tomas")).status == 204
    allow(raw, MANAGE_THREADS)
    assert (await take_in(raw, thread, "tomas", "DELETE")).status == 204
    assert (await raw.call("PATCH", f"/channels/{thread.id}", {"name": "mine"})).json["name"] == "mine"


async def test_an_archived_thread_takes_messages_alone_and_is_open_again_with_one(raw: RawClient) -> None:
    await raw.sync(PAINT)
    thread = await opened(raw)
    for key in ("mira", "tomas"):
        await take_in(raw, thread, key)
    first = (await raw.call("POST", messages(thread), {"content": "a"})).json
    screen = raw.stand_in.subscribe("mira")
    closed = await raw.call("PATCH", f"/channels/{thread.id}", {"archived": True})
    assert closed.json["thread_metadata"]["archived"] is True
    assert screen.get_nowait()["t"] == "THREAD_UPDATE"
    one = f"{messages(thread)}/{first['id']}"
    for method, path, body in (
        ("PATCH", one, {"content": "b"}),
        ("PUT", f"{one}/reactions/👍/@me", None),
        ("PUT", f"/channels/{thread.id}/thread-members/@me", None),
        ("DELETE", f"/channels/{thread.id}/thread-members/@me", None),
        ("PATCH", f"/channels/{thread.id}", {"name": "other"}),
    ):
        refused = await raw.call(method, path, body)
        assert (refused.status, refused.json["code"]) == (400, 50083), (method, path)
    for method in ("PUT", "DELETE"):
        assert (await take_in(raw, thread, "tomas", method)).json["code"] == 50083
    with pytest.raises(ValueError, match="is archived: a message opens it again"):
        await raw.stand_in.command("mira", thread, "paint", {"prompt": "a"})
    await raw.stand_in.say("mira", thread, "still there?")
    assert thread.archived is False
    assert [screen.get_nowait()["t"] for _ in range(2)] == ["THREAD_UPDATE", "MESSAGE_CREATE"]
    assert (await raw.call("PATCH", one, {"content": "b"})).status == 200


async def test_a_locked_thread_is_for_moderators(raw: RawClient) -> None:
    thread = await opened(raw)
    assert (await raw.call("PATCH", f"/channels/{thread.id}", {"locked": True})).json["code"] == 50013
    thread.locked = thread.archived = True
    assert (await raw.call("PATCH", f"/channels/{thread.id}", {"archived": False})).json["code"] == 50013
    assert (await raw.call("POST", messages(thread), {"content": "a"})).json["code"] == 50013
    allow(raw, MANAGE_THREADS)
    again = await raw.call("PATCH", f"/channels/{thread.id}", {"archived": False, "locked": False})
    assert again.json["thread_metadata"]["locked"] is False


async def test_in_a_thread_the_right_to_send_is_its_own(raw: RawClient) -> None:
    wall, thread = raw.stand_in.channels["wall-of-faces"], await opened(raw)
    assert (await raw.call("POST", messages(wall), {"content": "a"})).status == 200
    assert (await raw.call("POST", messages(thread), {}, files={0: ("a.png", png())})).status == 200
    roles = raw.stand_in.guilds["harbour"].roles
    for role in roles.values():
        role.permissions &= ~(1 << 38)
    assert (await raw.call("POST", messages(wall), {"content": "a"})).json["code"] == 50013


@pytest.mark.usefixtures("pointed")
async def test_discordpy_opens_a_private_thread_and_takes_a_member_in(
    discord_stand_in: DiscordStandIn,
) -> None:
    async with running(Bot(), discord_stand_in) as bot:
        channel_id = discord_stand_in.channels["portraits"].id
        channel = await until(lambda: bot.get_channel(channel_id), "the bot knows its channels")
        assert isinstance(channel, discord.TextChannel)
        thread = await channel.create_thread(name="for one", invitable=False)
        await thread.add_user(discord.Object(discord_stand_in.people["mira"].id))
        await thread.send("hello")
        seen = discord_stand_in.messages(str(thread.id), as_="mira")
        assert [message["content"] for message in seen] == ["", "hello"]
        known = await until(lambda: channel.guild.get_thread(thread.id), "the gateway tells of it")
        assert known.me is not None
        await thread.edit(archived=True)
        await until(lambda: known.archived, "the bot hears of it")
        with pytest.raises(discord.HTTPException) as refused:
            await thread.add_user(discord.Object(discord_stand_in.people["lev"].id))
        assert refused.value.code == 50083
