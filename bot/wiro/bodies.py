"""What a request carries: JSON, or multipart when there are real files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
from aiohttp.payload import BytesIOPayload

from bot.wiro.wire import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp.abc import AbstractStreamWriter

    from bot.wiro.models import FilePart


class Body(BytesIOPayload):
    """A request's body that says whether the request has begun to leave.

    aiohttp keeps the headers back until the body is written: as long as `has_begun` is false, nothing has
    left, whether the request waits for a free connection, for a name, or for TLS.
    """

    def __init__(self, data: bytes, content_type: str) -> None:
        super().__init__(io.BytesIO(data), content_type=content_type)
        self.has_begun = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body (and the headers before it)."""
        self.has_begun = True
        await super().write_with_length(writer, content_length)


def json_body(fields: Mapping[str, Any]) -> Body:
    """The fields as a JSON object."""
    return Body(orjson.dumps(dict(fields)), "application/json")


async def multipart_body(
    fields: Mapping[str, Any], files: Sequence[FilePart], *, with_addresses: bool = True
) -> Body:
    """The fields as text parts and the files as file parts.

    With `with_addresses`, of a file input both `{id}` and `{id}Url` are sent, one of them empty: the file
    takes the place of an empty `{id}`, and `{id}Url` is added when the fields lack it.
    """
    form = aiohttp.MultipartWriter("form-data")
    sent = {part.field for part in files}
    addresses = {f"{part.field}Url": "" for part in files if with_addresses}
    for name, value in (addresses | dict(fields)).items():
        if name in sent and not value:
            continue
        for entry in value if isinstance(value, list | tuple) else [value]:
            form.append(_as_text(entry)).set_content_disposition("form-data", name=name)
    for part in files:
        payload = form.append(io.BytesIO(part.data), {"Content-Type": part.content_type})
        payload.set_content_disposition("form-data", name=part.field, filename=part.filename)
    return Body(await form.as_bytes(), form.content_type)


def _as_text(value: Any) -> str:
    return orjson.dumps(value).decode() if isinstance(value, dict) else text(value)
