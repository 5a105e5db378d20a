"""Fetches outputs from Wiro's CDN: streamed, capped, and looked at before they are believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from bot.wiro.errors import (
    MalformedAnswer,
    OutputGone,
    OutputTooLarge,
    OutputWrongType,
    RateLimited,
    ServiceUnavailable,
    WiroError,
)
from bot.wiro.models import Download
from bot.wiro.retry import parse_retry_after
from bot.wiro.transport import CONNECT_TIMEOUT_S, NETWORK_ERRORS, network_words

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.clock import Clock
    from bot.wiro.retry import Repeater
    from bot.wiro.transport import Calls

STALL_TIMEOUT_S = 15.0
"""A download from which nothing comes for so long counts as broken."""

MAX_REDIRECTS = 3

_UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""Content types by which a server says nothing."""


class Downloader:
    """Fetches outputs. It sends no header of ours: the addresses are public, and the keys stay home."""

    def __init__(
        self, session: aiohttp.ClientSession, *, clock: Clock, repeater: Repeater, calls: Calls
    ) -> None:
        self._session = session
        self._clock = clock
        self._repeater = repeater
        self._calls = calls

    async def fetch(
        self, url: str, *, max_bytes: int, content_types: Collection[str], timeout_s: float
    ) -> Download:
        """The whole file; see `WiroClient.download`."""
        address = _address(url)

        async def attempt() -> Download:
            with self._calls.measured("download"):
                return await self._once(address, max_bytes, content_types)

        return await self._repeater.run(attempt, name="download", timeout_s=timeout_s)

    async def _once(self, address: URL, max_bytes: int, content_types: Collection[str]) -> Download:
        if self._session.closed:
            raise ServiceUnavailable("the HTTP session is closed")
        try:
            async with self._session.get(
                address,
                headers={"Accept-Encoding": "identity"},  # so that Content-Length counts what is read
                max_redirects=MAX_REDIRECTS,
                raise_for_status=False,
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=CONNECT_TIMEOUT_S, sock_read=STALL_TIMEOUT_S
                ),
            ) as response:
                self._check_head(response, max_bytes, content_types)
                data = await _read(response, max_bytes)
        except aiohttp.TooManyRedirects as error:
            raise OutputGone("the output's address leads in circles") from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise OutputGone("the output's address leads to no web address") from error
        except NETWORK_ERRORS as error:
            raise ServiceUnavailable(network_words(error)) from error
        return _checked(data, content_types)

    def _check_head(
        self, response: aiohttp.ClientResponse, max_bytes: int, content_types: Collection[str]
    ) -> None:
        if response.status != 200:
            raise self._http_error(response)
        if (response.content_length or 0) > max_bytes:
            raise _too_large(max_bytes)
        told = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if told not in _UNTOLD and told not in content_types:
            raise OutputWrongType(f"the output says it is {told[:80]}")

    def _http_error(self, response: aiohttp.ClientResponse) -> WiroError:
        status = response.status
        wait_s = parse_retry_after(response.headers.get("Retry-After"), self._clock.now())
        if status == 429:
            return RateLimited(f"HTTP {status}", retry_after_s=wait_s)
        if 400 <= status < 500 and status not in {408, 425}:
            return OutputGone(f"HTTP {status}")
        return ServiceUnavailable(f"HTTP {status}", status=status, retry_after_s=wait_s)


def sniff(data: bytes) -> str:
    """The content type that the first bytes show; "" for one that is not known here."""
    if data[:4] == b"RIFF" and len(data) >= 12:
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12], "")
    if data[4:8] == b"ftyp":
        return "video/mp4"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), "")


_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"%PDF-", "application/pdf"),
)


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(data)


def _checked(data: bytes, content_types: Collection[str]) -> Download:
    if not data:
        raise MalformedAnswer("the output is empty")  # transient: it may still be on its way to the CDN
    kind = sniff(data)
    if kind not in content_types:
        raise OutputWrongType(f"the output's first bytes are not of a wanted type ({kind or 'unknown'})")
    return Download(data=data, content_type=kind)


def _too_large(max_bytes: int) -> OutputTooLarge:
    return OutputTooLarge(f"the output is larger than {max_bytes} bytes", max_bytes=max_bytes)


def _address(url: str) -> URL:
    try:
        address = URL(url)
    except ValueError as error:
        raise OutputGone("the output has no web address") from error
    if address.scheme not in {"http", "https"} or not address.host or address.user is not None:
        raise OutputGone("the output has no web address")
    return address
