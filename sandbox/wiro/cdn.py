"""Wiro's CDN: public files at addresses that nobody guesses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.wiro.faults import Fault, Point
from sandbox.wiro.tasks import Task

if TYPE_CHECKING:
    from sandbox.wiro.gallery import Gallery
    from sandbox.wiro.world import World

_SLOW_PIECES = 20
# Files come from anywhere and share an origin with the sandbox's page: whatever they are, they run nothing.
_HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
_WRONG_PAGE = "<!doctype html><title>Just a moment</title><p>Checking your browser.</p>"


class Cdn:
    """Serves outputs until they are deleted, and uploads."""

    def __init__(self, world: World, gallery: Gallery) -> None:
        self._world = world
        self._gallery = gallery

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file, or 404 in plain text."""
        folder, name = request.match_info["folder"], request.match_info["name"]
        fault = self._world.faults.take_at(Point.DOWNLOAD, path=f"{folder}/{name}")
        if fault and fault.kind.act == "http":
            return web.Response(status=fault["status"], text="")
        found = await self._find(folder, name)
        if found is None:
            return web.Response(status=404, text="File not found.")
        data, content_type = found
        if fault:
            return await self._spoil(request, fault, data, content_type)
        return web.Response(body=data, content_type=content_type, headers=_HEADERS)

    async def _find(self, folder: str, name: str) -> tuple[bytes, str] | None:
        owner = self._world.find_folder(folder)
        if isinstance(owner, Task):
            index = next((i for i, output in enumerate(owner.outputs) if output.name == name), None)
            if index is None or owner.files_deleted:
                return None
            return await self._gallery.get(self._gallery.picture(owner, index)), "image/png"
        if owner is None or owner.data is None or owner.name != name:
            return None
        return owner.data, owner.content_type

    async def _spoil(
        self, request: web.Request, fault: Fault, data: bytes, content_type: str
    ) -> web.StreamResponse:
        if fault.kind.act == "wrong":
            return web.Response(text=_WRONG_PAGE, content_type="text/html", headers=_HEADERS)
        response = web.StreamResponse(
            headers={**_HEADERS, "Content-Type": content_type, "Content-Length": str(len(data))}
        )
        await response.prepare(request)
        if fault.kind.act == "truncate":
            await response.write(data[: len(data) // 2])
            # What was written is on its way; the connection ends where more was promised.
            await asyncio.sleep(0)
            if request.transport:
                request.transport.close()
            return response
        piece = len(data) // _SLOW_PIECES + 1
        for start in range(0, len(data), piece):
            await self._world.pause(fault["seconds"] / _SLOW_PIECES)
            await response.write(data[start : start + piece])
        return response
