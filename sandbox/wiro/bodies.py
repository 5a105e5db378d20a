"""What a call brought: JSON whatever its header says, a form, or parts with files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, web

from sandbox.wiro import refusals

# The real service takes files of 100 MB; a body with several of them may be larger than this, and is refused.
MAX_BODY_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of a multipart body."""

    part: str
    name: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Body:
    """The fields of a call, and its files."""

    fields: dict[str, Any]
    files: tuple[SentFile, ...] = ()

    def text(self, name: str, default: str = "") -> str:
        """A field as stripped text; `default` when it is absent, null or empty."""
        value = self.fields.get(name)
        return default if value is None else str(value).strip() or default

    def whole(self, name: str, default: int) -> int:
        """A field as a whole number, which Wiro's clients send as text; `default` when it is none."""
        try:
            return int(self.text(name) or default)
        except ValueError:
            return default


async def read_body(request: web.Request) -> Body:
    """The body of a call.

    The tools' own curl samples declare multipart without a boundary and send JSON: it is read as JSON.

    Raises:
        Refusal: It is none of JSON object, form or multipart, or it is too large.
    """
    has_boundary = "boundary=" in request.headers.get("Content-Type", "")
    if request.content_type == "multipart/form-data" and has_boundary:
        return await _read_parts(request)
    raw = await _read_raw(request)
    if not raw.strip():
        return Body({})
    if raw.lstrip()[:1] == b"{":
        return Body(_json_object(raw))
    if request.content_type == "application/x-www-form-urlencoded":
        return Body(dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True)))
    raise refusals.invalid()


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        raise refusals.invalid() from None
    if not isinstance(value, dict):
        raise refusals.invalid()
    return value


async def _read_raw(request: web.Request) -> bytes:
    """The raw body, past the limit that the web application has for its other services."""
    chunks, size = [], 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise refusals.invalid()
        chunks.append(chunk)
    return b"".join(chunks)


async def _read_parts(request: web.Request) -> Body:
    fields: dict[str, Any] = {}
    files: list[SentFile] = []
    try:
        # The web application's own limit for a part is meant for its other services.
        reader = MultipartReader(request.headers, request.content, client_max_size=MAX_BODY_BYTES)
        async for part in reader:
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            data = bytes(await part.read(decode=True))
            if part.filename is None:
                fields[part.name] = data.decode(errors="replace")
            else:
                kind = part.headers.get("Content-Type", "application/octet-stream")
                files.append(SentFile(part.name, part.filename, kind, data))
    except ValueError:
        raise refusals.invalid() from None
    return Body(fields, tuple(files))
