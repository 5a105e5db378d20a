"""A real HTTP server in Discord's place that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

APPLICATION_ID = 1100000000000000001


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: Any
    files: dict[str, bytes]


@dataclass(slots=True)
class Reply:
    """What to answer; `drop` cuts the connection instead."""

    status: int = 200
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hold: asyncio.Event | None = None
    """Answered only when it is set."""


class DiscordApi:
    """Answers with what is in `replies`, then with a message for everything."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.replies: deque[Reply] = deque()
        self.arrived = asyncio.Event()

    def reply(self, status: int = 200, json: Any = None, **more: Any) -> Reply:
        """Add an answer to the line; JSON is an error body with that code when it is a number."""
        body = {"code": json, "message": "words"} if isinstance(json, int) else json
        reply = Reply(status, body, **more)
        self.replies.append(reply)
        return reply

    def edits(self) -> list[Asked]:
        """The requests that write a message."""
        return [asked for asked in self.asked if asked.method in {"PATCH", "POST"}]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        json, files = await _read(request)
        self.asked.append(
            Asked(request.method, request.path, dict(request.query), dict(request.headers), json, files)
        )
        self.arrived.set()
        reply = self.replies.popleft() if self.replies else Reply()
        if reply.hold is not None:
            await reply.hold.wait()
        if reply.drop:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        body = {"id": "77", "channel_id": "88"} if reply.json is None else reply.json
        return web.Response(
            status=reply.status,
            body=orjson.dumps(body),
            content_type="application/json",
            headers=reply.headers,
        )


async def _read(request: web.Request) -> tuple[Any, dict[str, bytes]]:
    if request.content_type != "multipart/form-data":
        data = await request.read()
        return (orjson.loads(data) if data else None), {}
    json, files = None, {}
    async for part in await request.multipart():
        data = bytes(await part.read())  # type: ignore[union-attr]
        if part.name == "payload_json":  # type: ignore[union-attr]
            json = orjson.loads(data)
        else:
            files[f"{part.name}={part.filename}"] = data  # type: ignore[union-attr]
    return json, files


@asynccontextmanager
async def running_api() -> AsyncIterator[DiscordApi]:
    """The server on a free port of loopback."""
    api = DiscordApi()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await runner.cleanup()
