"""Request bodies: JSON, or a form with files, and what is found in the files' bytes."""

from __future__ import annotations

import io
import mimetypes
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import BodyPartReader
from PIL import Image, UnidentifiedImageError

from sandbox.discord.errors import ApiError, too_large
from sandbox.discord.model import StoredFile

if TYPE_CHECKING:
    from aiohttp import web

    from sandbox.discord.model import Json

_CHUNK_BYTES = 256 * 1024
_FIELD = re.compile(r"^files?\[(\d+)\]$|^file$")
_UNWANTED = re.compile(r"[^\w.\-()\[\]]+")


@dataclass(slots=True)
class Body:
    """What came with a request: the JSON, and the uploaded files by their placeholder number."""

    payload: Any = None
    files: dict[int, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def form(self) -> Json:
        """The JSON, which must be an object."""
        if not isinstance(self.payload, dict):
            raise ApiError(400, 50109, "The request body contains invalid JSON.")
        return self.payload


async def read_body(request: web.Request, most_bytes: int) -> Body:
    """The request's body; raises 413/40005 over `most_bytes`, after reading it to the end."""
    if request.content_type == "multipart/form-data":
        return await _read_form(request, most_bytes)
    data = bytearray()
    total = 0
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        total += len(chunk)
        if total <= most_bytes:
            data += chunk
    if total > most_bytes:
        raise too_large()
    if not data:
        return Body({})
    if request.content_type != "application/json":
        raise ApiError(400, 50035, "Invalid Form Body", extra={"_content_type": request.content_type})
    return Body(_parse(bytes(data)))


async def _read_form(request: web.Request, most_bytes: int) -> Body:
    body = Body({})
    left = most_bytes
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data = bytearray()
        while chunk := await part.read_chunk(_CHUNK_BYTES):
            left -= len(chunk)
            if left >= 0:
                data += chunk
        if left < 0:
            continue
        if part.name == "payload_json":
            body.payload = _parse(bytes(data))
        elif match := _FIELD.match(part.name or ""):
            body.files[int(match[1] or 0)] = (part.filename or "unknown", bytes(data))
    if left < 0:
        raise too_large()
    return body


def _parse(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


def clean_filename(name: str) -> str:
    """The name as Discord keeps it: no folders, spaces or signs that mean something in an address."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return _UNWANTED.sub("_", base.strip()).strip("_")[:260] or "unknown"


def inspect(file_id: int, filename: str, data: bytes, *, place_id: int) -> StoredFile:
    """A file with its type and, for pictures, its size in pixels, read from the bytes."""
    file = StoredFile(file_id, clean_filename(filename), data, place_id=place_id)
    file.spoiler = file.filename.startswith("SPOILER_")
    try:
        with Image.open(io.BytesIO(data)) as image:
            file.width, file.height = image.size
            file.content_type = Image.MIME.get(image.format or "")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        file.content_type = _type_of(file.filename, data)
    return file


def _type_of(filename: str, data: bytes) -> str | None:
    if data.startswith(b"PK\x03\x04"):
        return "application/zip"
    kind = mimetypes.guess_type(filename)[0]
    if kind and kind.startswith("image/"):
        return None  # named as a picture but none
    return f"{kind}; charset=utf-8" if kind and kind.startswith("text/") else kind
