"""What every REST request goes through: faults, authorization, rate limits, the handler, the log."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from sandbox.discord.errors import ApiError, not_found, snowflake_of, unauthorized
from sandbox.discord.faults import Fault, Outcome
from sandbox.discord.ratelimits import VIA
from sandbox.discord.requestlog import Request
from sandbox.discord.uploads import Body, read_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.discord.context import Context

BASE = "/api/v10"
_SECRET = re.compile(r"/(interactions|webhooks)/(\d+)/[^/?]+")
_NO_BODY = object()


@dataclass(slots=True)
class Call:
    """One request as a handler sees it."""

    request: web.Request
    context: Context
    fault: Fault | None = None
    message_id: int | None = None
    """Set by handlers of messages, for the log."""

    def id(self, name: str) -> int:
        """The snowflake in the path; raises 50035 for anything else."""
        return snowflake_of(self.request.match_info[name], (name,))

    def text(self, name: str) -> str:
        """A path parameter as it is."""
        return self.request.match_info[name]

    def flag(self, name: str) -> bool:
        """A boolean of the query."""
        return self.request.query.get(name, "").lower() in {"1", "true"}

    async def body(self) -> Body:
        """The request's body, read once."""
        return await read_body(self.request, self.context.limits.request_bytes)


@dataclass(slots=True)
class Reply:
    """A handler's answer: a status, and JSON unless it is 204."""

    payload: Any = _NO_BODY
    status: int = 200


@dataclass(slots=True, frozen=True)
class Route:
    """A route and how it is guarded."""

    name: str
    method: str
    path: str
    handler: Callable[[Call], Awaitable[Reply]]
    auth: bool = True
    """False for interaction routes (which the token in the path opens) and for `/gateway`."""
    bucket: str = "other"
    """A field of `Limits`, or "" for none."""
    major: str = ""
    """The path parameter that has its own bucket."""

    @property
    def template(self) -> str:
        """`METHOD /path/{with}/{parameters}`."""
        return f"{self.method} {self.path}"


class Rest:
    """Serves routes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._routes: list[Route] = []

    def add(self, routes: list[Route]) -> None:
        """Serve these too."""
        self._routes += routes

    def templates(self) -> dict[str, str]:
        """`METHOD /template` of every route, by its name."""
        return {route.name: route.template for route in self._routes}

    def definitions(self) -> list[web.RouteDef]:
        """Routes for an aiohttp application; unknown paths get Discord's 404."""
        served = [web.route(route.method, BASE + route.path, self._guarded(route)) for route in self._routes]
        return [*served, web.route("*", "/api/{tail:.*}", self._guarded(_UNKNOWN))]

    def _guarded(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(route, request)

        return handle

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        context = self._context
        at_s, started_s = context.times.now_s(), context.times.pace_s()
        call = Call(request, context, context.faults.take(route.name, route.template))
        headers: dict[str, str] = {}
        cut, code, scope = False, 0, ""
        try:
            reply, cut = await self._answer(route, call, headers)
        except ApiError as refusal:
            reply = Reply(refusal.body, refusal.status)
            headers |= refusal.headers
            code, scope = refusal.code, refusal.headers.get("X-RateLimit-Scope", "")
        took_s = context.times.pace_s() - started_s
        path = _SECRET.sub(r"/\1/\2/…", request.path.removeprefix(BASE))
        status = 0 if cut else reply.status
        entry = Request(
            request.method, route.name, route.template, path, status, code, at_s, took_s, call.message_id
        )
        context.requests.add(entry, shared=scope == "shared")
        if cut:
            return _cut(request)
        return _response(reply, headers)

    async def _answer(self, route: Route, call: Call, headers: dict[str, str]) -> tuple[Reply, bool]:
        """The reply, and whether the connection is to be cut instead of sending it."""
        context, fault = self._context, call.fault
        if context.faults.latency_s:
            await asyncio.sleep(context.faults.latency_s)
        if context.faults.outage:
            raise ApiError(503, 0, "503: Service Unavailable")
        if fault and fault.outcome is Outcome.DROP:
            return Reply(status=499), True
        if fault and fault.outcome is Outcome.STATUS:
            raise _refused_by(fault)
        self._authorize(route, call.request)
        if fault and fault.outcome is Outcome.RATE_LIMIT:
            raise context.rate_limits.refusal(fault.retry_after_s, scope=fault.scope, via=fault.via)
        if route.auth:
            context.rate_limits.take_global()
        if route.bucket:
            size = getattr(context.limits, route.bucket)
            major = call.text(route.major) if route.major else ""
            bucket = route.bucket if route.bucket == "webhook" else route.name
            headers |= context.rate_limits.take(bucket, major, size)
        reply = await route.handler(call)
        if fault and fault.outcome is Outcome.APPLY_THEN_STATUS:
            raise _refused_by(fault)
        return reply, bool(fault and fault.outcome is Outcome.APPLY_THEN_DROP)

    def _authorize(self, route: Route, request: web.Request) -> None:
        if not route.auth:
            return
        if request.headers.get("Authorization") != f"Bot {self._context.token}":
            raise unauthorized()
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            raise ApiError(403, 40333, "internal network error")


def _refused_by(fault: Fault) -> ApiError:
    headers = VIA if fault.status == 429 else {}
    return ApiError(fault.status, 0, f"{fault.status}: caused on demand", headers=dict(headers))


def _response(reply: Reply, headers: dict[str, str]) -> web.Response:
    if reply.payload is _NO_BODY:
        return web.Response(status=reply.status, headers=headers)
    # Exactly this type: discord.py does not parse JSON that comes with a charset.
    return web.Response(
        body=orjson.dumps(reply.payload),
        status=reply.status,
        headers={"Content-Type": "application/json", **headers},
    )


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


async def _nowhere(_: Call) -> Reply:
    raise not_found()


_UNKNOWN = Route("unknown", "*", "/{tail}", _nowhere, auth=False, bucket="")


def no_content() -> Reply:
    """204."""
    return Reply(status=204)
