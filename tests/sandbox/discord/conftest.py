"""A stand-in on a real port, a raw HTTP client for it, and an unchanged discord.py pointed at it."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
import yarl
from aiohttp import web
from PIL import Image

from sandbox.clock import SandboxClock
from sandbox.discord import DiscordStandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Json = dict[str, Any]
USER_AGENT = "DiscordBot (https://example.org, 1)"


@asynccontextmanager
async def serve(stand_in: DiscordStandIn) -> AsyncIterator[DiscordStandIn]:
    """The stand-in, reachable on loopback."""
    app = web.Application()
    app.add_routes(stand_in.routes())
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stand_in.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stand_in
    finally:
        await stand_in.close()
        await runner.cleanup()


@pytest.fixture
async def discord_stand_in() -> AsyncIterator[DiscordStandIn]:
    async with serve(DiscordStandIn(SandboxClock())) as stand_in:
        yield stand_in


@dataclass
class Answered:
    """A REST answer with its JSON read."""

    status: int
    json: Any
    headers: Any


class RawClient:
    """Speaks plain HTTP to the stand-in, with a bot's headers."""

    def __init__(self, stand_in: DiscordStandIn, session: aiohttp.ClientSession) -> None:
        self.stand_in = stand_in
        self.session = session
        self.app = str(stand_in.application_id)

    async def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        files: dict[int, tuple[str, bytes]] | None = None,
        headers: Json | None = None,
    ) -> Answered:
        """One request; with `files` as a form."""
        sent = {"Authorization": f"Bot {self.stand_in.token}", "User-Agent": USER_AGENT} | (headers or {})
        what: Json = {"json": json} if json is not None else {}
        if files is not None:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("payload_json", aiohttp.JsonPayload(json).decode())
            for number, (name, data) in files.items():
                form.add_field(
                    f"files[{number}]", data, filename=name, content_type="application/octet-stream"
                )
            what = {"data": form}
        url = f"{self.stand_in.base_url}/api/v10{path}"
        async with self.session.request(method, url, headers=sent, **what) as response:
            body = await response.json(content_type=None) if response.status != 204 else None
            return Answered(response.status, body, response.headers)

    async def sync(self, *commands: Json) -> list[Json]:
        """Register these commands."""
        answer = await self.call("PUT", f"/applications/{self.app}/commands", list(commands))
        assert answer.status == 200, answer.json
        return list(answer.json)

    async def respond(self, interaction: Any, kind: int, data: Json | None = None, **more: Any) -> Answered:
        """Answer an interaction."""
        path = f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=1"
        return await self.call("POST", path, {"type": kind, "data": data or {}}, **more)

    def hook(self, interaction: Any, tail: str = "/messages/@original") -> str:
        """A path under the interaction's token."""
        return f"/webhooks/{self.app}/{interaction.token}{tail}"


@pytest.fixture
async def raw(discord_stand_in: DiscordStandIn) -> AsyncIterator[RawClient]:
    async with aiohttp.ClientSession() as session:
        yield RawClient(discord_stand_in, session)


PAINT: Json = {
    "name": "paint",
    "description": "Paint something",
    "options": [
        {"type": 3, "name": "prompt", "description": "What", "required": True, "autocomplete": True},
        {"type": 4, "name": "steps", "description": "How many", "min_value": 1, "max_value": 150},
        {"type": 3, "name": "size", "description": "Size", "choices": [{"name": "Small", "value": "s"}]},
        {"type": 11, "name": "photo", "description": "A photo"},
    ],
}
TASKS: Json = {
    "name": "tasks",
    "description": "Your tasks",
    "options": [{"type": 1, "name": "list", "description": "All", "options": []}],
}
MOD: Json = {"name": "mod", "description": "Moderate", "default_member_permissions": str(1 << 40)}
DETAILS: Json = {"name": "Task details", "type": 3}


@pytest.fixture
async def painting(raw: RawClient) -> RawClient:
    """The raw client with some commands registered."""
    await raw.sync(PAINT, TASKS, MOD, DETAILS)
    return raw


def png(side: int = 8, colour: str = "#336699") -> bytes:
    """A real little picture."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


def text(content: str) -> Json:
    """A Text Display."""
    return {"type": 10, "content": content}


def button(custom_id: str = "go", **more: Any) -> Json:
    """A button in a row."""
    return {"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": custom_id, **more}]}


def gallery(*names: str) -> Json:
    """A gallery of uploaded files."""
    return {"type": 12, "items": [{"media": {"url": f"attachment://{name}"}} for name in names]}


def card(*components: Json, flags: int = 1 << 15) -> Json:
    """A Components V2 message body."""
    return {"flags": flags, "components": list(components)}


def codes(errors: Json) -> set[str]:
    """Every error code in a 50035's tree."""
    found = {one["code"] for one in errors.get("_errors", [])}
    for key, inner in errors.items():
        if key != "_errors":
            found |= codes(inner)
    return found


@pytest.fixture
def pointed(discord_stand_in: DiscordStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py's three base addresses lead to the stand-in for the length of a test."""
    base = discord_stand_in.base_url
    monkeypatch.setattr(discord.http.Route, "BASE", f"{base}/api/v10")
    gateway = yarl.URL(f"{base.replace('http', 'ws')}/gateway/")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    monkeypatch.setattr(discord.Asset, "BASE", f"{base}/cdn")
