"""Counts Discord's REST calls from the inside of aiohttp, because discord.py keeps its requests to itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from types import SimpleNamespace

    from yarl import URL

    from bot.clock import Clock
    from bot.web.metrics import Metrics

_API = re.compile(r".*/api/v\d+(/.*)")
_TOKEN = re.compile(r"(/(?:webhooks|interactions)/\{id\}/)[^/]+")
_WORD = re.compile(r"oauth2|@?[a-z][a-z_-]{0,31}|\{\w+\}")


def discord_trace(metrics: Metrics, clock: Clock) -> aiohttp.TraceConfig:
    """For `discord.Client(http_trace=…)`: every request is counted by its route and result."""
    trace = aiohttp.TraceConfig()

    async def begin(_session: object, context: SimpleNamespace, _request: object) -> None:
        context.begun_s = clock.monotonic_s()

    def count(context: SimpleNamespace, method: str, url: URL, result: str) -> None:
        metrics.discord_call(route_of(method, url.path), result, clock.monotonic_s() - context.begun_s)

    async def end(_session: object, context: SimpleNamespace, request: aiohttp.TraceRequestEndParams) -> None:
        count(context, request.method, request.url, str(request.response.status))

    async def fail(
        _session: object, context: SimpleNamespace, request: aiohttp.TraceRequestExceptionParams
    ) -> None:
        count(context, request.method, request.url, type(request.exception).__name__)

    handlers: list[tuple[Any, Any]] = [
        (trace.on_request_start, begin),
        (trace.on_request_end, end),
        (trace.on_request_exception, fail),
    ]
    for signal, handler in handlers:
        signal.append(handler)
    return trace


def route_of(method: str, path: str) -> str:
    """A request in a few words, without ids and tokens: "PATCH /webhooks/{id}/{token}/messages/@original"."""
    api = _API.fullmatch(path)
    if api is None:  # attachments and the gateway's handshake
        return f"{method} (not the API)"
    ids_out = re.sub(r"(?<=/)\d+(?=/|$)", "{id}", api[1])
    tokens_out = _TOKEN.sub(r"\1{token}", ids_out)
    parts = [part if _WORD.fullmatch(part) else "{other}" for part in tokens_out.strip("/").split("/")]
    return f"{method} /{'/'.join(parts)}"
