"""An unchanged discord.py goes through a bot's life in the stand-in."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import discord
import pytest

from tests.sandbox.discord.bots import Bot, Card, Form, painter, running
from tests.sandbox.discord.conftest import png

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.discord import DiscordStandIn

pytestmark = pytest.mark.usefixtures("pointed")


@pytest.fixture
async def bot(discord_stand_in: DiscordStandIn) -> AsyncIterator[Bot]:
    async with running(painter(), discord_stand_in) as bot:
        await bot.tree.sync()
        yield bot


async def test_logs_in_and_sees_both_servers(discord_stand_in: DiscordStandIn, bot: Bot) -> None:
    assert bot.application_id == discord_stand_in.application_id
    assert {guild.name for guild in bot.guilds} == {"Harbour Arts", "Tiny Studio"}
    lounge = bot.get_channel(discord_stand_in.channels["lounge"].id)
    assert isinstance(lounge, discord.TextChannel)
    rights = lounge.permissions_for(lounge.guild.me)
    assert rights.view_channel
    assert not rights.send_messages
    assert not rights.attach_files
    wall = bot.get_channel(discord_stand_in.channels["wall-of-faces"].id)
    assert isinstance(wall, discord.Thread)
    assert bot.user is not None
    assert (await bot.user.display_avatar.read()).startswith(b"\x89PNG")


async def test_a_wrong_token_does_not_log_in() -> None:
    bot = Bot()
    with pytest.raises(discord.LoginFailure):
        await bot.login("wrong")
    await bot.close()


async def test_a_command_becomes_a_card_that_is_edited_by_token_and_by_channel(
    discord_stand_in: DiscordStandIn, bot: Bot
) -> None:
    used = await discord_stand_in.command("mira", "portraits", "paint", {"prompt": "a cat", "steps": 12})
    answer = await used.answered()
    assert answer.message is not None
    message_id = int(answer.message["id"])
    assert "a cat in 12" in str(answer.message["components"])
    seen = bot.seen[0]
    assert seen.user.id == discord_stand_in.people["mira"].id
    assert seen.app_permissions.attach_files
    assert seen.filesize_limit == 10 * 1024 * 1024

    names = [f"face-{number}.png" for number in range(4)]
    files = [discord.File(io.BytesIO(png()), name) for name in names]
    await seen.edit_original_response(view=Card("done", *names), attachments=files)
    shown = discord_stand_in.messages("portraits", as_="tomas")[-1]
    assert shown["id"] == str(message_id)
    assert shown["attachments"] == []
    items = shown["components"][0]["components"][1]["items"]
    assert [item["media"]["width"] for item in items] == [8, 8, 8, 8]

    channel = bot.get_channel(discord_stand_in.channels["portraits"].id)
    assert isinstance(channel, discord.TextChannel)
    fetched = await channel.fetch_message(message_id)
    container = fetched.components[0]
    assert isinstance(container, discord.Container)
    media = container.children[1]
    assert isinstance(media, discord.MediaGalleryComponent)
    assert media.items[0].media.attachment_id
    async with bot.http._HTTPClient__session.get(media.items[0].media.url) as response:  # type: ignore[attr-defined]
        assert await response.read() == png()

    again = [discord.File(io.BytesIO(png(9)), "other.png")]
    await channel.get_partial_message(message_id).edit(view=Card("again", "other.png"), attachments=again)
    edited = discord_stand_in.messages("portraits", as_="mira")[-1]
    assert edited["edited_timestamp"]
    assert len(edited["components"][0]["components"][1]["items"]) == 1


async def test_a_deferred_answer_is_filled_by_the_edit(discord_stand_in: DiscordStandIn, bot: Bot) -> None:
    screen = discord_stand_in.subscribe("mira")
    used = await discord_stand_in.command("mira", "portraits", "think")
    answer = await used.answered()
    assert answer.kind == "deferred"
    assert answer.message is not None
    assert answer.message["flags"] == 128
    events = [(await asyncio.wait_for(screen.get(), 5)) for _ in range(3)]
    assert [event["t"] for event in events] == ["MESSAGE_CREATE", "INTERACTION_ACK", "MESSAGE_UPDATE"]
    assert events[-1]["d"]["content"] == "done"
    assert events[-1]["d"]["flags"] == 0


async def test_autocomplete_gives_the_bots_choices(discord_stand_in: DiscordStandIn, bot: Bot) -> None:
    choices = await discord_stand_in.autocomplete("mira", "portraits", "paint", {"prompt": "c"}, "prompt")
    assert [choice["value"] for choice in choices] == ["cat", "cow"]


async def test_an_attachment_option_reaches_the_bot_with_its_bytes(
    discord_stand_in: DiscordStandIn, bot: Bot
) -> None:
    photo = ("my face.png", png(11))
    used = await discord_stand_in.command("mira", "general", "look", attachments={"photo": photo})
    answer = await used.answered()
    assert answer.message is not None
    assert answer.message["content"] == f"11x11 {len(png(11))}"
    assert answer.message["flags"] == 64
    assert discord_stand_in.messages("general", as_="juno") == []


async def test_a_message_menu_carries_its_message(discord_stand_in: DiscordStandIn, bot: Bot) -> None:
    said = await discord_stand_in.say("tomas", "portraits", "hello")
    answer = await (await discord_stand_in.menu("mira", said, "Task details")).answered()
    assert answer.message is not None
    assert answer.message["content"] == f"about {said['id']}"
    assert answer.message["type"] == 23


async def test_a_modal_is_opened_filled_and_sent(discord_stand_in: DiscordStandIn, bot: Bot) -> None:
    sent: list[discord.Interaction[Any]] = []

    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.send_modal(Form())
        elif interaction.type is discord.InteractionType.modal_submit:
            sent.append(interaction)
            await interaction.response.edit_message(view=Card("changed"))

    bot.on_interaction = on_interaction  # type: ignore[method-assign]
    used = await discord_stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    card = (await used.answered()).message
    assert card is not None
    opened = (await (await discord_stand_in.click("tomas", card, "at:edit:1")).answered()).modal
    assert opened is not None
    assert opened.title == "Edit"
    values = {"prompt": "a dog", "photos": [("one.png", png()), ("two.png", png())]}
    submitted = await discord_stand_in.submit("tomas", opened, values)
    assert (await submitted.answered()).kind == "update"
    assert "changed" in str(discord_stand_in.messages("portraits", as_="mira")[-1]["components"])
    assert sent[0].data is not None
    assert "a dog" in str(sent[0].data)
    assert len(sent[0].data["resolved"]["attachments"]) == 2  # type: ignore[typeddict-item]


@pytest.mark.parametrize("fault", ["gateway_drop", "gateway_reconnect", "gateway_invalid"])
async def test_a_lost_connection_is_resumed_and_nothing_missed(
    discord_stand_in: DiscordStandIn, bot: Bot, fault: str
) -> None:
    discord_stand_in.faults.apply({"fault": fault})
    used = await discord_stand_in.command("mira", "portraits", "paint", {"prompt": "x"})
    assert (await used.answered()).kind == "message"
    async with asyncio.timeout(10):
        await bot.resumed.wait()
    assert discord_stand_in.gateway.identifies == 1
    assert discord_stand_in.gateway.resumes == 1


async def test_two_shards_get_each_server_once(discord_stand_in: DiscordStandIn) -> None:
    seen = []
    for shard in (0, 1):
        client = discord.Client(intents=discord.Intents(guilds=True), shard_id=shard, shard_count=2)
        ready = asyncio.Event()

        async def on_ready(ready: asyncio.Event = ready) -> None:
            ready.set()

        client.on_ready = on_ready  # type: ignore[attr-defined]
        client._connection.guild_ready_timeout = 0.05
        connection = asyncio.create_task(client.start(discord_stand_in.token))
        async with asyncio.timeout(10):
            await ready.wait()
        seen += [guild.name for guild in client.guilds]
        await client.close()
        await asyncio.gather(connection, return_exceptions=True)
    assert sorted(seen) == ["Harbour Arts", "Tiny Studio"]


async def test_a_429_with_via_is_waited_out_and_one_without_is_not(
    discord_stand_in: DiscordStandIn, bot: Bot
) -> None:
    channel = bot.get_channel(discord_stand_in.channels["portraits"].id)
    assert isinstance(channel, discord.TextChannel)
    for scope in ("user", "shared", "global"):
        discord_stand_in.faults.fail_next("create_message", "rate_limit", scope=scope, retry_after_s=0.01)
        await channel.send(scope)
    assert discord_stand_in.requests.invalid_requests == {429: 2}
    discord_stand_in.faults.fail_next("create_message", "rate_limit", via=False)
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send("banned")
    assert refused.value.status == 429


async def test_discordpy_paces_itself_by_the_buckets(discord_stand_in: DiscordStandIn, bot: Bot) -> None:
    discord_stand_in.limits.message_create = (5, 0.3)
    channel = bot.get_channel(discord_stand_in.channels["portraits"].id)
    assert isinstance(channel, discord.TextChannel)
    await asyncio.gather(*(channel.send(str(number)) for number in range(12)))
    assert [one.status for one in discord_stand_in.requests.of("create_message")] == [200] * 12


async def test_a_direct_message_opens_once_and_may_be_refused(
    discord_stand_in: DiscordStandIn, bot: Bot
) -> None:
    mira = await bot.fetch_user(discord_stand_in.people["mira"].id)
    await mira.send("hello")
    assert (await mira.create_dm()).id == discord_stand_in.channels["dm-mira"].id
    assert discord_stand_in.messages("dm-mira", as_="mira")[0]["content"] == "hello"
    discord_stand_in.people["mira"].dms_open = False
    with pytest.raises(discord.Forbidden) as refused:
        await mira.send("again")
    assert refused.value.code == 50007


async def test_a_left_server_is_gone_and_an_unavailable_one_comes_back(
    discord_stand_in: DiscordStandIn, bot: Bot
) -> None:
    harbour, tiny = discord_stand_in.guilds["harbour"], discord_stand_in.guilds["tiny"]

    async def until(check: Any) -> None:
        async with asyncio.timeout(5):
            while not check():  # noqa: ASYNC110 - discord.py's cache gives no event to wait for
                await asyncio.sleep(0.005)

    def found(guild_id: int) -> discord.Guild | None:
        return bot.get_guild(guild_id)

    await discord_stand_in.set_unavailable("harbour", unavailable=True)
    await until(lambda: (guild := found(harbour.id)) is not None and guild.unavailable)
    await discord_stand_in.set_unavailable("harbour", unavailable=False)
    await until(lambda: (guild := found(harbour.id)) is not None and not guild.unavailable)
    await discord_stand_in.remove_bot("tiny")
    await until(lambda: found(tiny.id) is None)
    with pytest.raises(ValueError, match="not in that server"):
        await discord_stand_in.command("juno", "general", "paint", {"prompt": "x"})


async def test_members_of_each_role_are_counted(discord_stand_in: DiscordStandIn, bot: Bot) -> None:
    """All roles but everyone's, with those that nobody has; no privileged intent is needed."""
    harbour = discord_stand_in.guilds["harbour"]
    guild = bot.get_guild(harbour.id)
    assert guild is not None
    counts = {
        getattr(role, "name", None): number for role, number in (await guild.role_member_counts()).items()
    }
    assert counts == {"Regulars": 1, "Atelier": 1, "Moderators": 1, "Managers": 1}
