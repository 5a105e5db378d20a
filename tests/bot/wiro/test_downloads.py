from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from aiohttp import web

from bot.wiro import (
    OutputGone,
    OutputTooLarge,
    OutputWrongType,
    RateLimited,
    ServiceUnavailable,
    WiroClient,
    WiroError,
)
from bot.wiro.downloads import sniff
from tests.bot.wiro.test_run import make_client, raw_server

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.test_utils import TestServer

    from bot.wiro import Download
    from tests.bot.wiro.conftest import Calls
    from tests.bot.wiro.fake import FakeWiro
    from tests.support.clock import ManualClock


class Fetch(Protocol):
    """Downloads from the fake CDN."""

    async def __call__(self, path: str = ..., *, max_bytes: int = ...) -> Download: ...


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
IMAGES = frozenset({"image/png", "image/jpeg"})


def output(body: bytes = PNG, content_type: str | None = "image/png", **options: Any) -> web.Response:
    headers = {"Content-Type": content_type} if content_type is not None else {}
    return web.Response(body=body, headers=headers, **options)


@pytest.fixture
def fetch(client: WiroClient, server: TestServer) -> Fetch:
    async def fetch(path: str = "/cdn/0.png", *, max_bytes: int = len(PNG)) -> Download:
        return await client.download(str(server.make_url(path)), max_bytes=max_bytes, content_types=IMAGES)

    return fetch


async def test_an_output_arrives_whole_and_no_key_is_sent(fetch: Fetch, wiro: FakeWiro, calls: Calls) -> None:
    wiro.answers.append(output())

    download = await fetch()

    assert download.data == PNG
    assert download.content_type == "image/png"
    assert not [name for name in wiro.seen[0].headers if name.lower().startswith("x-")]
    assert calls == [("download", "ok")]


@pytest.mark.parametrize(
    "told", ["image/png; charset=binary", "IMAGE/PNG", "application/octet-stream", "image/jpeg"]
)
async def test_the_first_bytes_say_what_an_output_is(fetch: Fetch, wiro: FakeWiro, told: str) -> None:
    wiro.answers.append(output(content_type=told))

    assert (await fetch()).content_type == "image/png"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>sorry</html>", "image/png"),
        (b"GIF89a" + PNG, "image/gif"),
        (PNG, "text/html"),
        (b"PK\x03\x04zip", "application/octet-stream"),
    ],
)
async def test_an_output_of_another_type_is_refused(
    fetch: Fetch, wiro: FakeWiro, body: Any, told: str
) -> None:
    wiro.answers.append(output(body, told))

    with pytest.raises(OutputWrongType):
        await fetch(max_bytes=10_000)

    assert len(wiro.seen) == 1


async def test_an_output_that_says_it_is_too_large_is_not_read(fetch: Fetch, wiro: FakeWiro) -> None:
    wiro.answers.append(output())

    with pytest.raises(OutputTooLarge) as caught:
        await fetch(max_bytes=len(PNG) - 1)

    assert caught.value.max_bytes == len(PNG) - 1


async def test_an_output_that_grows_too_large_is_dropped_on_the_way(fetch: Fetch, wiro: FakeWiro) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        await response.prepare(request)
        try:
            while True:
                await response.write(PNG)
        except ConnectionError:
            return response

    wiro.answers.append(endless)

    with pytest.raises(OutputTooLarge):
        await fetch(max_bytes=100_000)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_an_output_that_is_gone_is_not_asked_for_again(
    fetch: Fetch, wiro: FakeWiro, status: int
) -> None:
    wiro.answers.append(web.Response(status=status))

    with pytest.raises(OutputGone):
        await fetch()

    assert len(wiro.seen) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(503, ServiceUnavailable), (500, ServiceUnavailable), (429, RateLimited)]
)
async def test_a_cdn_that_fails_is_asked_again(
    fetch: Fetch, wiro: FakeWiro, status: int, kind: type[WiroError]
) -> None:
    wiro.answers.extend([web.Response(status=status), web.Response(status=status), output()])
    assert (await fetch()).data == PNG

    wiro.answers.extend(web.Response(status=status) for _ in range(3))
    with pytest.raises(kind):
        await fetch()


async def test_an_empty_output_may_be_whole_the_next_time(fetch: Fetch, wiro: FakeWiro) -> None:
    wiro.answers.extend([output(b""), output()])

    assert (await fetch()).data == PNG


async def test_a_truncated_output_is_fetched_again(
    session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    tries = 0

    async def cut_off_twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {len(PNG)}\r\n\r\n"
        writer.write(head.encode() + (PNG if tries == 3 else PNG[:-1]))
        writer.close()
        await writer.wait_closed()

    async with raw_server(cut_off_twice) as url:
        client = make_client(session, url, clock)

        download = await client.download(f"{url}/0.png", max_bytes=10_000, content_types=IMAGES)

    assert download.data == PNG
    assert tries == 3


async def test_an_output_that_never_comes_ends_at_the_deadline(
    client: WiroClient, server: TestServer, wiro: FakeWiro, clock: ManualClock
) -> None:
    released = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        await response.prepare(request)
        await response.write(PNG)
        await released.wait()
        return response

    wiro.answers.append(stall)
    url = str(server.make_url("/0.png"))
    call = asyncio.create_task(client.download(url, max_bytes=10_000, content_types=IMAGES, timeout_s=9))

    await clock.until(call.done)

    with pytest.raises(ServiceUnavailable):
        await call
    assert clock.monotonic_s() == 9
    released.set()


async def test_a_redirect_is_followed(fetch: Fetch, wiro: FakeWiro) -> None:
    wiro.answers.extend([web.Response(status=302, headers={"Location": "/cdn/moved.png"}), output()])

    assert (await fetch()).data == PNG
    assert wiro.seen[1].path == "cdn/moved.png"


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "file:///etc/passwd", "/cdn/again.png"])
async def test_a_redirect_to_nowhere_or_in_circles_is_gone(
    fetch: Fetch, wiro: FakeWiro, location: str
) -> None:
    wiro.answers.extend(web.Response(status=302, headers={"Location": location}) for _ in range(4))

    with pytest.raises(OutputGone):
        await fetch()


@pytest.mark.parametrize(
    "url", ["", "0.png", "/0.png", "file:///etc/passwd", "http://a:b@127.0.0.1/0.png", "http://["]
)
async def test_what_is_no_web_address_is_gone_without_a_call(
    client: WiroClient, wiro: FakeWiro, url: str
) -> None:
    with pytest.raises(OutputGone):
        await client.download(url, max_bytes=1, content_types=IMAGES)

    assert wiro.seen == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF", ""),
        (b"GIF89a", "image/gif"),
        (b"GIF87a", "image/gif"),
        (b"PK\x03\x04", "application/zip"),
        (b"%PDF-1.7", "application/pdf"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_types_are_told_by_their_first_bytes(data: bytes, kind: str) -> None:
    assert sniff(data) == kind
