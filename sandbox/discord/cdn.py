"""Files by signed address, and the pictures of people and servers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import secrets
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from aiohttp import web
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from sandbox.discord.model import Guild, Limits, Person, StoredFile
    from sandbox.discord.times import Times
    from sandbox.discord.world import World

_SIDE_PX = 128


class _Pictured(Protocol):
    id: int
    colour: str


class Links:
    """Addresses of files; those of attachments say until when they work and prove it."""

    def __init__(self, times: Times, limits: Limits) -> None:
        self.base_url = ""
        self._times = times
        self._limits = limits
        self._secret = secrets.token_bytes(32)

    def file(self, file: StoredFile) -> str:
        """An address that works for a day of sandbox time."""
        path = f"{file.folder}/{file.place_id}/{file.id}/{quote(file.filename)}"
        issued_s = int(self._times.now_s())
        expires_s = issued_s + int(self._limits.cdn_link_s)
        mark = self._sign(f"{file.folder}/{file.place_id}/{file.id}", expires_s, issued_s)
        return f"{self.base_url}/cdn/{path}?ex={expires_s:x}&is={issued_s:x}&hm={mark}&"

    def holds(self, file: StoredFile, expires: str, issued: str, mark: str) -> bool:
        """Whether a link's parts are ours and still good."""
        try:
            expires_s, issued_s = int(expires, 16), int(issued, 16)
        except ValueError:
            return False
        ours = self._sign(f"{file.folder}/{file.place_id}/{file.id}", expires_s, issued_s)
        return hmac.compare_digest(ours.encode(), mark.encode()) and self._times.now_s() < expires_s

    def _sign(self, path: str, expires_s: int, issued_s: int) -> str:
        return hmac.new(self._secret, f"{path}:{expires_s}:{issued_s}".encode(), hashlib.sha256).hexdigest()


class Cdn:
    """The handlers under `/cdn/`."""

    def __init__(self, world: World, links: Links) -> None:
        self._world = world
        self._links = links
        self._pictures: dict[str, bytes] = {}

    def routes(self) -> list[web.RouteDef]:
        """Attachments, avatars, server icons."""
        return [
            web.get("/cdn/{folder:(?:ephemeral-)?attachments}/{place}/{file}/{filename}", self._file),
            web.get("/cdn/avatars/{owner}/{picture}", self._avatar),
            web.get("/cdn/icons/{owner}/{picture}", self._icon),
            web.get("/cdn/embed/avatars/{picture}", self._default_avatar),
        ]

    async def _file(self, request: web.Request) -> web.Response:
        wanted = request.match_info
        file = self._world.files.get(int(wanted["file"]) if wanted["file"].isdecimal() else 0)
        if file is None or (file.folder, str(file.place_id), file.filename) != (
            wanted["folder"],
            wanted["place"],
            wanted["filename"],
        ):
            raise web.HTTPNotFound(text="This content is no longer available.")
        given = request.query
        if not self._links.holds(file, given.get("ex", ""), given.get("is", ""), given.get("hm", "")):
            raise web.HTTPNotFound(text="This content is no longer available.")
        inline = (file.content_type or "").startswith(("image/", "video/", "audio/"))
        disposition = "inline" if inline else "attachment"
        return web.Response(
            body=file.data,
            headers={
                "Content-Type": file.content_type or "application/octet-stream",
                "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(file.filename)}",
                "Cache-Control": "private, max-age=86400",
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def _avatar(self, request: web.Request) -> web.Response:
        owner = request.match_info["owner"]
        person = self._world.accounts.get(int(owner) if owner.isdecimal() else 0)
        if person is None:
            raise web.HTTPNotFound
        return await self._picture(picture_hash(person), person.display_name, person.colour)

    async def _icon(self, request: web.Request) -> web.Response:
        owner = request.match_info["owner"]
        guild = self._world.guild(int(owner) if owner.isdecimal() else 0)
        if guild is None:
            raise web.HTTPNotFound
        return await self._picture(picture_hash(guild), guild.name, guild.colour)

    async def _default_avatar(self, _: web.Request) -> web.Response:
        return await self._picture("default", "?", "#5865a0")

    async def _picture(self, key: str, name: str, colour: str) -> web.Response:
        if key not in self._pictures:
            self._pictures[key] = await asyncio.to_thread(draw_picture, name, colour)
        headers = {"Cache-Control": "public, max-age=86400"}
        return web.Response(body=self._pictures[key], content_type="image/png", headers=headers)


def picture_hash(owner: Person | Guild) -> str:
    """The hash by which an avatar or icon is asked for."""
    one: _Pictured = owner
    return hashlib.md5(f"{one.id}{one.colour}".encode(), usedforsecurity=False).hexdigest()


def draw_picture(name: str, colour: str) -> bytes:
    """A PNG square of one colour with the name's first letter on it."""
    image = Image.new("RGB", (_SIDE_PX, _SIDE_PX), colour)
    draw = ImageDraw.Draw(image)
    middle = _SIDE_PX / 2
    draw.ellipse((-20, 78, 148, 210), fill=_darker(colour))
    draw.text(
        (middle, middle), name[:1].upper(), fill="#ffffff", anchor="mm", font=ImageFont.load_default(64)
    )
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _darker(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) * 4 // 5 for i in (1, 3, 5))
    return red, green, blue
