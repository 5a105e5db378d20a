"""Files that a person chose on the page, kept until the command or modal that they belong to is sent."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.discord import Upload

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1024 * 1024
_ONE_BYTES = 64 * MIB  # more than Discord takes: it is the stand-in that refuses, in Discord's words
_ALL_BYTES = 256 * MIB


class Uploads:
    """Received files by id, the oldest dropped when there are too many."""

    def __init__(self) -> None:
        self._held: dict[str, Upload] = {}

    async def receive(self, request: web.Request) -> web.Response:
        """`POST /sandbox/files?name=…` with the bytes as body; answers with the file's id."""
        data = bytearray()
        async for chunk in request.content.iter_any():
            data += chunk
            if len(data) > _ONE_BYTES:
                raise web.HTTPRequestEntityTooLarge(
                    _ONE_BYTES, len(data), text=f"The sandbox takes files up to {_ONE_BYTES // MIB} MB."
                )
        upload_id = secrets.token_urlsafe(9)
        self._held[upload_id] = Upload(request.query.get("name", "file"), bytes(data))
        self._drop_oldest()
        return web.json_response({"id": upload_id})

    def take(self, upload_id: object) -> Upload:
        """The file of that id, which is forgotten; raises ValueError when there is none."""
        upload = self._held.pop(str(upload_id), None)
        if upload is None:
            raise ValueError("That file is not here any more. Choose it again.")
        return upload

    def fill_in(self, value: object) -> object:
        """A modal field's value with its files in place of their ids: `{"files": [id, …]}` becomes a list."""
        ids: Mapping[str, object] | None = value if isinstance(value, dict) else None
        if ids is None:
            return value
        files = ids.get("files")
        return [self.take(one) for one in files] if isinstance(files, list) else []

    def _drop_oldest(self) -> None:
        while sum(len(one.data) for one in self._held.values()) > _ALL_BYTES:
            del self._held[next(iter(self._held))]
