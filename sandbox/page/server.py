"""The page's server side: its files, a WebSocket for each viewer, uploads and control."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.page.uploads import Uploads
from sandbox.page.viewer import Viewer
from sandbox.page.workbench import Workbench

if TYPE_CHECKING:
    from sandbox.discord import DiscordStandIn
    from sandbox.wiro import WiroStandIn

_STATIC = Path(__file__).parent / "static"
# Named here because Windows keeps its own table of types, where .js may be anything.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_LARGEST_FRAME_BYTES = 1024 * 1024
_LOOK_EVERY_S = 0.5


class Page:
    """Serves the page and keeps its viewers up to date."""

    def __init__(self, discord: DiscordStandIn, wiro: WiroStandIn) -> None:
        self.discord = discord
        self.workbench = Workbench(discord, wiro)
        self.uploads = Uploads()
        self._wiro = wiro
        self._viewers: set[Viewer] = set()
        self._watcher: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        """Everything under `/sandbox/`, and the page's files at the root."""
        return [
            web.get("/", self._file),
            web.get(r"/{name:[\w-]+(?:\.[\w-]+)*}", self._file),
            web.get("/sandbox/ws", self._connect),
            web.post("/sandbox/files", self.uploads.receive),
            web.get("/sandbox/state", self._state),
            web.post("/sandbox/lever", self._pull),
        ]

    def start(self) -> None:
        """Begin to tell viewers of changes."""
        self._watcher = asyncio.create_task(self._watch(), name="sandbox page watcher")

    async def close(self) -> None:
        """Say goodbye to every viewer."""
        if self._watcher:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher
        await self.drop_viewers()

    async def drop_viewers(self) -> None:
        """Close every viewer's connection; a page that is still open comes back."""
        for viewer in list(self._viewers):
            await viewer.close()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = _STATIC / request.match_info.get("name", "index.html")
        content_type = _TYPES.get(path.suffix)
        if content_type is None or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": content_type, "Cache-Control": "no-cache"})

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        person = self.discord.people.get(request.query.get("as", "mira"))
        if person is None:
            raise web.HTTPNotFound(text="There is no such person.")
        if request.query.get("fresh"):
            self.discord.reload(person)
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=_LARGEST_FRAME_BYTES)
        await socket.prepare(request)
        viewer = Viewer(socket, person, self)
        self._viewers.add(viewer)
        try:
            await viewer.run()
        finally:
            self._viewers.discard(viewer)
        return socket

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(self.workbench.state())

    async def _pull(self, request: web.Request) -> web.Response:
        try:
            wish = json.loads(await request.read())
            await self.workbench.pull(wish["lever"], wish.get("value"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.json_response(self.workbench.state())

    async def _watch(self) -> None:
        """Tell all viewers when the panel, or whether the bot is connected, has changed."""
        changed = self._wiro.subscribe()
        try:
            shown = connected = None
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await changed.wait()
                changed.clear()
                now = self.workbench.state()
                if now != shown:
                    shown = now
                    await self._tell("WORKBENCH", now)
                if (is_connected := self.discord.gateway.connected) != connected:
                    connected = is_connected
                    await self._tell("BOT", {"connected": connected})
        finally:
            self._wiro.unsubscribe(changed)

    async def _tell(self, event: str, data: object) -> None:
        for viewer in list(self._viewers):
            await viewer.send(event, data)
