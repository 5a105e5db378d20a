"""Fetching a task's outputs: all at once, a few at a time, begun before anybody asks for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.wiro import OutputGone, OutputTooLarge, OutputWrongType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.jobs.ports import Wiro
    from bot.wiro import Download

MAX_OUTPUT_BYTES = 64 * 1024 * 1024
"""A portrait weighs a few MiB; more than this is no portrait."""

IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")

AT_ONCE = 16
"""Downloads of the whole process at the same time: they are held in memory until they are delivered."""

Lost = OutputGone | OutputTooLarge | OutputWrongType
"""Why an output will never be there; everything else may be tried again."""


class Fetcher:
    """The process's downloads, bounded together."""

    def __init__(self, wiro: Wiro) -> None:
        self._wiro = wiro
        self._room = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, url: str) -> Download:
        """One output, whole. Raises as `WiroClient.download` does."""
        async with self._room:
            return await self._wiro.download(url, max_bytes=MAX_OUTPUT_BYTES, content_types=IMAGE_TYPES)


class Downloads:
    """The outputs of one job, by address. A repeat of `begin` fetches only what is new or has failed."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._tasks: dict[str, asyncio.Task[Download]] = {}

    def begin(self, urls: Iterable[str]) -> None:
        """Start fetching these in the background."""
        for url in urls:
            known = self._tasks.get(url)
            if known is None or _failed(known):
                self._tasks[url] = asyncio.create_task(self._fetcher.fetch(url), name="download")

    async def all(self, urls: Sequence[str]) -> list[Download | Exception]:
        """What became of each, in order; `begin` is included."""
        self.begin(urls)
        tasks = [self._tasks[url] for url in urls]
        await asyncio.wait(set(tasks))
        return [
            error if isinstance(error := task.exception(), Exception) else task.result() for task in tasks
        ]

    async def drop(self) -> None:
        """Stop and forget them all."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _failed(task: asyncio.Task[Download]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
