"""Sending files as large as Discord takes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.jobs.files import REQUEST_BYTES, fitted
from bot.jobs.ports import TooLarge
from bot.log import get_logger
from bot.media import MediaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.jobs.ports import Put
    from bot.model import ResultFile

log = get_logger(__name__)

HALVINGS = 5
"""How often files are halved in size when Discord finds them too large: 10 MiB down to 320 KiB."""


async def send_fitted(
    files: Sequence[ResultFile], limit_bytes: int, send: Callable[[Sequence[ResultFile]], Awaitable[Put]]
) -> Put:
    """Send the files, each within the limit and all within one request; smaller ones when they are refused.

    Args:
        files: As Wiro made them.
        limit_bytes: What one file may weigh on the route.
        send: One attempt.
    """
    for _ in range(HALVINGS):
        try:
            fit = await _fit(files, limit_bytes)
        except MediaError as error:
            log.warning("a file cannot be made smaller", error=str(error))
            break
        put = await send(fit)
        if not isinstance(put, TooLarge):
            return put
        largest = max((len(file.data) for file in fit), default=0)
        limit_bytes = min(limit_bytes, largest) // 2
    return TooLarge()


async def _fit(files: Sequence[ResultFile], limit_bytes: int) -> Sequence[ResultFile]:
    if sum(len(file.data) for file in files) <= min(limit_bytes, REQUEST_BYTES):
        return files  # the usual case needs no thread
    return await asyncio.to_thread(fitted, files, limit_bytes)
