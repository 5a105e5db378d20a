"""Whether a Run that failed may have made a task: the difference between a retry and a second bill."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Never

import aiohttp
import pytest
from aiohttp import web

from bot.wiro import AnswerLost, FilePart, NotSent, RateLimited, WiroClient, WiroError
from tests.bot.wiro.conftest import AT_ONCE, KEY, SECRET, Calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiohttp.test_utils import TestServer

    from tests.bot.wiro.fake import FakeWiro
    from tests.support.clock import ManualClock

    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(serve: Serve) -> AsyncIterator[str]:
    """A TCP server; yields the API's address there."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}/v1"


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN, as a crashed peer does."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def make_client(session: aiohttp.ClientSession, api_url: str, clock: ManualClock) -> WiroClient:
    return WiroClient(
        session, api_url=api_url, api_key=KEY, api_secret=SECRET, clock=clock, retry=AT_ONCE, timeout_s=30
    )


async def test_refused_connection_is_not_sent(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"

        with pytest.raises(NotSent, match="Run was not sent"):
            await make_client(session, url, clock).run("a", "b", {})


async def test_unknown_name_is_not_sent(clock: ManualClock) -> None:
    class NoNames(aiohttp.abc.AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> Never:
            raise OSError(None, "no such name")

        async def close(self) -> None:
            pass

    connector = aiohttp.TCPConnector(resolver=NoNames())
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(NotSent):
            await make_client(session, "http://wiro.invalid/v1", clock).run("a", "b", {})


async def test_failed_tls_is_not_sent(
    session: aiohttp.ClientSession, clock: ManualClock, server: TestServer, wiro: FakeWiro
) -> None:
    url = str(server.make_url("/v1")).replace("http:", "https:")

    with pytest.raises(NotSent):
        await make_client(session, url, clock).run("a", "b", {})

    assert wiro.seen == []


@pytest.mark.parametrize("url", ["wiro/v1", "ftp://127.0.0.1/v1", "http:///v1"])
async def test_an_address_that_is_none_is_not_sent(
    session: aiohttp.ClientSession, clock: ManualClock, url: str
) -> None:
    with pytest.raises(NotSent):
        await make_client(session, url, clock).run("a", "b", {})


async def test_closed_session_is_not_sent(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    await session.close()

    with pytest.raises(NotSent):
        await make_client(session, "http://127.0.0.1:1/v1", clock).run("a", "b", {})


async def test_deadline_while_waiting_for_a_free_connection_is_not_sent(
    clock: ManualClock, server: TestServer, wiro: FakeWiro
) -> None:
    released = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    wiro.answers.append(hang)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        url = str(server.make_url("/v1"))
        other = asyncio.create_task(session.get(url))
        await clock.until(lambda: len(wiro.seen) == 1)
        run = asyncio.create_task(make_client(session, url, clock).run("a", "b", {}))

        await clock.until(run.done)

        with pytest.raises(NotSent):
            await run
        assert clock.monotonic_s() == 30
        released.set()
        (await other).close()
    assert len(wiro.seen) == 1


async def test_server_that_accepts_and_resets_leaves_the_answer_lost(
    session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    """Its answer was lost as far as we can know: the bytes may have been read before the reset."""

    async def accept_and_reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        reset(writer)

    async with raw_server(accept_and_reset) as url:
        with pytest.raises(AnswerLost, match="answer to Run was lost"):
            await make_client(session, url, clock).run("a", "b", {})


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"result":true,',
        b"SSH-2.0-x\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "another protocol"],
)
async def test_a_connection_that_ends_within_the_answer_leaves_it_lost(
    session: aiohttp.ClientSession, clock: ManualClock, answer: Any
) -> None:
    async def cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async with raw_server(cut_off) as url:
        with pytest.raises(AnswerLost):
            await make_client(session, url, clock).run("a", "b", {})


async def test_deadline_after_sending_leaves_the_answer_lost(
    client: WiroClient, wiro: FakeWiro, clock: ManualClock
) -> None:
    released = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    wiro.answers.append(hang)
    run = asyncio.create_task(client.run("a", "b", {}))

    await clock.until(run.done)

    with pytest.raises(AnswerLost, match="in time"):
        await run
    released.set()


@pytest.mark.parametrize("status", [301, 408, 500, 502, 503, 504])
async def test_an_answer_that_may_come_from_in_between_leaves_it_lost_and_is_not_repeated(
    client: WiroClient, wiro: FakeWiro, calls: Calls, status: int
) -> None:
    wiro.refuse(96, "up to 1 tasks", status=status)

    with pytest.raises(AnswerLost):
        await client.run("a", "b", {})

    assert len(wiro.seen) == 1
    assert calls == [("Run", "AnswerLost")]


@pytest.mark.parametrize("body", ["", "{}", "<html>", "[]", '{"result":true}', '{"result":true,"taskid":""}'])
async def test_a_success_that_names_no_task_leaves_the_answer_lost(
    client: WiroClient, wiro: FakeWiro, body: Any
) -> None:
    wiro.answers.append(web.Response(text=body))

    with pytest.raises(AnswerLost):
        await client.run("a", "b", {})

    assert len(wiro.seen) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 429])
async def test_a_4xx_answer_says_that_no_task_was_made(
    client: WiroClient, wiro: FakeWiro, status: int
) -> None:
    wiro.answers.append(web.Response(status=status, text="no"))

    with pytest.raises(WiroError) as caught:
        await client.run("a", "b", {})

    assert not isinstance(caught.value, AnswerLost | NotSent)
    assert len(wiro.seen) == 1


async def test_a_rate_limit_says_how_long_to_wait(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answers.append(web.Response(status=429, headers={"Retry-After": "7"}))

    with pytest.raises(RateLimited) as caught:
        await client.run("a", "b", {})

    assert caught.value.retry_after_s == 7


async def test_a_lost_upload_is_not_repeated_either(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answers.append(web.Response(status=503))

    with pytest.raises(AnswerLost, match="File/Upload"):
        await client.upload(FilePart(field="", filename="a.zip", data=b"PK"))

    assert len(wiro.seen) == 1


async def test_a_cancelled_run_is_counted_and_leaves_nothing_open(
    client: WiroClient, wiro: FakeWiro, calls: Calls, clock: ManualClock
) -> None:
    released = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    wiro.answers.append(hang)
    run = asyncio.create_task(client.run("a", "b", {}))
    await clock.until(lambda: len(wiro.seen) == 1)

    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert calls == [("Run", "cancelled")]
    released.set()
