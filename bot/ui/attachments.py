"""Files that people gave, as Discord tells of them; and fetching them, as `bot.jobs.intake.Source` asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.jobs.intake import Given, NotFetched
from bot.log import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
    from pathlib import Path

    import discord

    from bot.clock import Clock
    from bot.ui.answers import Interaction

log = get_logger(__name__)

FETCH_WITHIN_S = 180.0
"""For the largest archive over a slow line; the interaction's token lives for fifteen minutes."""
CHUNK_BYTES = 256 * 1024
GALLERY = 12
"""Discord: the type of a media gallery among components."""
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif")


class Attachments:
    """Fetches attachments from Discord's servers, and stops as soon as there is more than was told."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def read(self, url: str, *, most_bytes: int) -> bytes:
        """The file.

        Raises:
            NotFetched: It is gone, too large, or does not come in time.
        """
        data = bytearray()
        async for chunk in self._chunks(url, most_bytes):
            data += chunk
        return bytes(data)

    async def save(self, url: str, path: Path, *, most_bytes: int) -> None:
        """Write the file to that path, which only the bot can read.

        Raises:
            NotFetched: As `read`, or it could not be written.
        """
        try:
            await asyncio.to_thread(path.touch, 0o600)
            with await asyncio.to_thread(path.open, "wb") as out:
                async for chunk in self._chunks(url, most_bytes):
                    await asyncio.to_thread(out.write, chunk)
        except OSError as error:
            log.warning("a file could not be written", error=type(error).__name__)
            raise NotFetched(type(error).__name__) from error

    async def _chunks(self, url: str, most_bytes: int) -> AsyncIterator[bytes]:
        count = 0
        try:
            async with (
                self._clock.timeout(FETCH_WITHIN_S),
                self._session.get(url, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise NotFetched(f"HTTP {response.status}")
                async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                    count += len(chunk)
                    if count > most_bytes:
                        raise NotFetched("it is larger than was told")
                    yield chunk
        except (aiohttp.ClientError, TimeoutError, ValueError, RuntimeError) as error:
            # A RuntimeError is aiohttp's answer to a session that was closed: the process is stopping.
            raise NotFetched(type(error).__name__) from error


def given_of(attachments: Iterable[discord.Attachment]) -> list[Given]:
    """What commands are told of files."""
    return [
        Given(
            name=each.filename,
            url=each.url,
            size_bytes=each.size,
            width=each.width or 0,
            height=each.height or 0,
        )
        for each in attachments
    ]


def uploads_of(interaction: Interaction) -> list[Given]:
    """All files of a form that was sent, in the order of its fields."""
    data: Any = interaction.data or {}
    resolved = data.get("resolved", {}).get("attachments", {})
    fields = [row.get("component", {}) for row in data.get("components", ())]
    ids = [str(one) for each in fields for one in each.get("values") or ()]
    return [_as_given(resolved[one]) for one in ids if one in resolved]


def pictures_of(message: discord.Message, data: Mapping[str, Any]) -> list[Given]:
    """The images of any message: its attachments, and those that its components show.

    Only files that Discord keeps itself: a component may show any address.

    Args:
        message: The message.
        data: What Discord says of it, where discord.py leaves ids out.
    """
    found = given_of(message.attachments)
    known = {each.url for each in found}
    for part in _parts(data.get("components", ())):
        items = part.get("items", ()) if part.get("type") == GALLERY else ()
        for media in (item.get("media", {}) for item in items):
            if media.get("attachment_id") and media.get("url") not in known:
                found.append(_as_given(media))
    return [each for each in found if each.is_archive or each.name.lower().endswith(PICTURES)]


def _as_given(told: Mapping[str, Any]) -> Given:
    url = str(told.get("url", ""))
    return Given(
        name=str(told.get("filename") or url.partition("?")[0].rpartition("/")[2]),
        url=url,
        size_bytes=int(told.get("size") or 0),
        width=int(told.get("width") or 0),
        height=int(told.get("height") or 0),
    )


def _parts(components: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for part in components:
        yield part
        yield from _parts(part.get("components", ()))
