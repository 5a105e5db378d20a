"""`GET /photos/{token}.zip`: the archive of a training's photos, which Wiro fetches once its task begins.

The address is all that protects it, so it is random, known to Wiro alone, and dead when the training has
ended. Who guesses learns nothing: whatever is wrong, there is no such file.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from aiohttp import web

from bot.errors import StoreError
from bot.log import get_logger
from bot.web.limits import Limiter, Rate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.clock import Clock

log = get_logger(__name__)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")
_OVERALL = Rate(burst=60, per_s=5)


class PhotoArchives:
    """Serves archives, within bounds.

    Args:
        find: The archive that is fetched under a token; None when nobody may.
        clock: Time.
    """

    def __init__(self, find: Callable[[str], Awaitable[Path | None]], clock: Clock) -> None:
        self._find = find
        self._overall = Limiter(_OVERALL, clock)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        token = request.match_info["token"]
        if not _TOKEN.fullmatch(token):
            raise web.HTTPNotFound
        if not self._overall.allows():
            raise web.HTTPTooManyRequests(headers={"Retry-After": "2"})
        try:
            path = await self._find(token)
        except StoreError as error:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from error
        if path is None or not await asyncio.to_thread(path.is_file):
            raise web.HTTPNotFound
        log.info("the photos of a training are fetched")
        return web.FileResponse(path, headers={"Content-Type": "application/zip"})
