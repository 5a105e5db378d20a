"""Fetching what people gave: no more than was told, from nowhere else, and not for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from bot.jobs.intake import NotFetched, Source
from bot.ui.attachments import FETCH_WITHIN_S, Attachments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.clock import ManualClock

BODY = b"0123456789" * 1000


class Shelf:
    """A server with files, and with addresses that lead elsewhere or nowhere."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.arrived, self.go_on = asyncio.Event(), asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path == "/elsewhere":
            return web.Response(status=302, headers={"Location": f"{self.url}/photo"})
        if request.path == "/slow":
            self.arrived.set()
            await self.go_on.wait()
        if request.path == "/cut":
            response = web.StreamResponse(headers={"Content-Length": str(len(BODY))})
            await response.prepare(request)
            await response.write(BODY[:10])
            assert request.transport is not None
            request.transport.abort()
            return response
        return web.Response(body=BODY, status=404 if request.path == "/gone" else 200)


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    shelf = Shelf()
    app = web.Application()
    app.router.add_get("/{path:.*}", shelf.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shelf.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield shelf
    shelf.go_on.set()
    await runner.cleanup()


@pytest.fixture
async def source(clock: ManualClock) -> AsyncIterator[Attachments]:
    async with aiohttp.ClientSession() as session:
        yield Attachments(session, clock)


async def test_a_file_is_read_or_written_whole(shelf: Shelf, source: Attachments, tmp_path: Path) -> None:
    port: Source = source
    assert await port.read(f"{shelf.url}/photo", most_bytes=len(BODY)) == BODY
    path = tmp_path / "photos.zip"
    await port.save(f"{shelf.url}/photo", path, most_bytes=len(BODY))
    assert path.read_bytes() == BODY
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("path", "most_bytes"),
    [("photo", len(BODY) - 1), ("gone", len(BODY)), ("elsewhere", len(BODY)), ("cut", len(BODY))],
)
async def test_what_is_too_large_or_gone_or_elsewhere_is_not_taken(
    shelf: Shelf, source: Attachments, tmp_path: Path, path: str, most_bytes: int
) -> None:
    with pytest.raises(NotFetched):
        await source.read(f"{shelf.url}/{path}", most_bytes=most_bytes)
    with pytest.raises(NotFetched):
        await source.save(f"{shelf.url}/{path}", tmp_path / "x", most_bytes=most_bytes)
    assert set(shelf.asked) == {f"/{path}"}


async def test_what_does_not_come_in_time_is_left(
    shelf: Shelf, source: Attachments, clock: ManualClock
) -> None:
    reading = asyncio.create_task(source.read(f"{shelf.url}/slow", most_bytes=10))
    await shelf.arrived.wait()
    await clock.advance(FETCH_WITHIN_S + 1)
    with pytest.raises(NotFetched):
        await reading


@pytest.mark.parametrize("url", ["", "no address", "http://127.0.0.1:1/x"])
async def test_an_address_that_is_none_or_where_nobody_listens_is_not_fetched(
    source: Attachments, url: str
) -> None:
    with pytest.raises(NotFetched):
        await source.read(url, most_bytes=10)


async def test_nothing_is_fetched_once_the_process_stops(shelf: Shelf, clock: ManualClock) -> None:
    async with aiohttp.ClientSession() as session:
        source: Any = Attachments(session, clock)
    with pytest.raises(NotFetched):
        await source.read(f"{shelf.url}/photo", most_bytes=10)
