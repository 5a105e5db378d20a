"""The gateway, spoken to by hand: what it says, and what it closes the connection for."""

from __future__ import annotations

import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.sandbox.discord.conftest import PAINT, RawClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp


class Socket:
    """One connection that speaks JSON."""

    def __init__(self, raw: RawClient, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw
        self.socket = socket

    async def get(self) -> Any:
        return orjson.loads((await self.socket.receive(5)).data)

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_str(orjson.dumps({"op": op, "d": data}).decode())

    async def identify(self, **more: Any) -> None:
        token = self.raw.stand_in.token
        await self.send(2, {"token": token, "intents": 1, "properties": {}, "large_threshold": 250} | more)

    async def login(self, **more: Any) -> Any:
        """READY, with the servers' events read away."""
        assert (await self.get())["op"] == 10
        await self.identify(**more)
        ready = await self.get()
        for _ in ready["d"]["guilds"]:
            assert (await self.get())["t"] == "GUILD_CREATE"
        return ready["d"]

    async def closed_with(self) -> int | None:
        await self.socket.receive(5)
        return self.socket.close_code


@asynccontextmanager
async def connected(raw: RawClient, query: str = "?v=10&encoding=json") -> AsyncIterator[Socket]:
    url = f"{raw.stand_in.base_url.replace('http', 'ws')}/gateway/{query}"
    async with raw.session.ws_connect(url) as socket:
        yield Socket(raw, socket)


async def test_a_heartbeat_before_identifying_is_acknowledged(raw: RawClient) -> None:
    async with connected(raw) as one:
        assert (await one.get())["d"]["heartbeat_interval"] == 41_250
        await one.send(1, None)
        assert (await one.get())["op"] == 11
        await one.identify()
        ready = await one.get()
        assert ready["t"] == "READY"
        assert ready["s"] == 1
        assert ready["d"]["resume_gateway_url"].startswith("ws://127.0.0.1:")
        assert [guild["unavailable"] for guild in ready["d"]["guilds"]] == [True, True]
        created = [(await one.get())["d"] for _ in range(2)]
        assert {guild["name"] for guild in created} == {"Harbour Arts", "Tiny Studio"}
        assert [thread["name"] for thread in created[0]["threads"]] == ["Wall of faces"]


@pytest.mark.parametrize(
    ("identify", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"shard": [2, 2]}, 4010),
        ({"intents": -1}, 4013),
        ({"intents": 1 << 15}, 4014),
    ],
)
async def test_a_bad_identify_closes_the_connection(
    raw: RawClient, identify: dict[str, Any], code: int
) -> None:
    async with connected(raw) as one:
        await one.get()
        await one.identify(**identify)
        assert await one.closed_with() == code


async def test_other_breaches_close_with_their_codes(raw: RawClient) -> None:
    async with connected(raw) as one:
        await one.get()
        await one.send(3, {})
        assert await one.closed_with() == 4003
    async with connected(raw) as one:
        await one.login()
        await one.send(77, {})
        assert await one.closed_with() == 4001
    async with connected(raw) as one:
        await one.login()
        await one.identify()
        assert await one.closed_with() == 4005
    async with connected(raw) as one:
        await one.get()
        await one.socket.send_str("{")
        assert await one.closed_with() == 4002
    async with connected(raw) as one:
        await one.get()
        await one.send(1, "x" * 5000)
        assert await one.closed_with() == 4002
    async with connected(raw) as one:
        await one.get()
        for _ in range(121):
            await one.send(1, None)
        assert await one.closed_with() == 4008


async def test_a_resumed_session_gets_what_it_missed(raw: RawClient) -> None:
    await raw.sync(PAINT)
    async with connected(raw) as one:
        session = (await one.login())["session_id"]
        raw.stand_in.faults.drop_gateway()
    used = await raw.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    async with connected(raw) as two:
        await two.get()
        await two.send(6, {"token": raw.stand_in.token, "session_id": session, "seq": 3})
        missed, resumed = await two.get(), await two.get()
        assert (missed["t"], missed["d"]["id"], missed["s"]) == ("INTERACTION_CREATE", str(used.id), 4)
        assert (resumed["t"], resumed["d"]) == ("RESUMED", {})


async def test_a_session_that_is_gone_cannot_be_resumed(raw: RawClient) -> None:
    async with connected(raw) as one:
        session = (await one.login())["session_id"]
        raw.stand_in.faults.invalidate_sessions(resumable=False)
        assert (await one.get()) == {"op": 9, "d": False, "s": None, "t": None}
    async with connected(raw) as two:
        await two.get()
        await two.send(6, {"token": raw.stand_in.token, "session_id": session, "seq": 1})
        assert (await two.get())["op"] == 9
    async with connected(raw) as three:
        kept = (await three.login())["session_id"]
    raw.stand_in.advance(400)
    async with connected(raw) as four:
        await four.get()
        await four.send(6, {"token": raw.stand_in.token, "session_id": kept, "seq": 1})
        assert (await four.get())["d"] is False


async def test_op_7_and_a_resumable_op_9_reach_the_bot(raw: RawClient) -> None:
    async with connected(raw) as one:
        await one.login()
        raw.stand_in.faults.reconnect_gateway()
        raw.stand_in.faults.invalidate_sessions(resumable=True)
        assert [(await one.get())["op"], (await one.get())["d"]] == [7, True]


async def test_an_interaction_may_come_twice(raw: RawClient) -> None:
    await raw.sync(PAINT)
    async with connected(raw) as one:
        await one.login()
        raw.stand_in.faults.apply({"fault": "duplicate_interaction"})
        await raw.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
        first, second = await one.get(), await one.get()
        assert first["d"] == second["d"]
        await raw.stand_in.command("mira", "portraits", "paint", {"prompt": "b"})
        assert (await one.get())["d"]["id"] != first["d"]["id"]


async def test_each_shard_hears_of_its_own_servers(raw: RawClient) -> None:
    await raw.sync(PAINT)
    harbour = raw.stand_in.guilds["harbour"].id
    number = (harbour >> 22) % 2
    async with connected(raw) as ours, connected(raw) as other:
        mine = await ours.login(shard=[number, 2])
        await other.login(shard=[1 - number, 2])
        assert str(harbour) in [guild["id"] for guild in mine["guilds"]]
        await raw.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
        assert (await ours.get())["t"] == "INTERACTION_CREATE"
        await other.send(1, None)
        assert (await other.get())["op"] == 11


async def test_messages_reach_only_who_asked_for_them_and_without_others_words(raw: RawClient) -> None:
    async with connected(raw) as deaf, connected(raw) as one:
        await deaf.login()
        await one.login(intents=1 | 1 << 9)
        await raw.stand_in.say("mira", "portraits", "secret")
        said = await one.get()
        assert (said["t"], said["d"]["content"]) == ("MESSAGE_CREATE", "")
        mention = f"<@{raw.stand_in.application_id}> hello"
        await raw.stand_in.say("mira", "portraits", mention)
        assert (await one.get())["d"]["content"] == mention
        await deaf.send(1, None)
        assert (await deaf.get())["op"] == 11


async def test_identifying_again_too_soon_is_refused_where_that_is_on(raw: RawClient) -> None:
    raw.stand_in.limits.identify_every_s = 5.0
    async with connected(raw) as one, connected(raw) as two:
        await one.login()
        await two.get()
        await two.identify()
        assert (await two.get())["op"] == 9
        raw.stand_in.advance(5)
        await two.identify()
        assert (await two.get())["t"] == "READY"


async def test_members_can_be_asked_for_by_id(raw: RawClient) -> None:
    async with connected(raw) as one:
        await one.login()
        harbour, mira = raw.stand_in.guilds["harbour"], raw.stand_in.people["mira"]
        juno = raw.stand_in.people["juno"]
        await one.send(8, {"guild_id": str(harbour.id), "user_ids": [str(mira.id), str(juno.id)], "limit": 0})
        chunk = (await one.get())["d"]
        assert [member["user"]["username"] for member in chunk["members"]] == ["mira.k"]
        assert chunk["not_found"] == [str(juno.id)]


async def test_zlib_stream_is_one_stream_with_a_flush_after_each_message(raw: RawClient) -> None:
    async with connected(raw, "?v=10&encoding=json&compress=zlib-stream") as one:
        inflate = zlib.decompressobj()
        hello = (await one.socket.receive(5)).data
        assert hello.endswith(b"\x00\x00\xff\xff")
        assert orjson.loads(inflate.decompress(hello))["op"] == 10
        await one.send(1, None)
        assert orjson.loads(inflate.decompress((await one.socket.receive(5)).data))["op"] == 11


async def test_whether_a_bot_is_there_can_be_asked(raw: RawClient) -> None:
    assert not raw.stand_in.gateway.connected
    async with connected(raw) as one:
        await one.login()
        assert raw.stand_in.state("mira")["bot_connected"]
