"""The one door to Wiro's HTTP API: faults, authorisation, the call itself, and faults again."""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.wiro import refusals
from sandbox.wiro.bodies import read_body
from sandbox.wiro.faults import Fault, Point
from sandbox.wiro.refusals import Refusal

if TYPE_CHECKING:
    from sandbox.wiro.auth import Gate
    from sandbox.wiro.calls import Calls
    from sandbox.wiro.world import World


@dataclass(frozen=True, slots=True)
class Request:
    """One call as the log keeps it; status 0 is a call that was never answered."""

    path: str
    status: int
    at: float


class RequestLog(deque[Request]):
    """The last calls, oldest first; `counts` has all of them, by path without ids."""

    def __init__(self) -> None:
        super().__init__(maxlen=10_000)
        self.counts: Counter[str] = Counter()

    def note(self, path: str, status: int, at: float) -> None:
        """Add a call."""
        self.append(Request(path, status, at))
        self.counts["cdn" if path.startswith("cdn/") else path] += 1


class Door:
    """Every call comes in here, is noted in the log, and leaves with Wiro's Date."""

    def __init__(self, world: World, gate: Gate, calls: Calls, log: RequestLog) -> None:
        self._world = world
        self._gate = gate
        self._calls = calls
        self._log = log

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to a call to any path under the API's address."""
        path = request.match_info["path"]
        response = await self._answer(request, path)
        at = self._world.now_s()
        self._log.note(path, response.status if response else 0, at)
        if response is None:
            if request.transport:
                request.transport.abort()
            return web.Response()
        response.headers["Date"] = formatdate(at + self._world.skew_s(), usegmt=True)
        return response

    async def _answer(self, request: web.Request, path: str) -> web.Response | None:
        """The response, None for none at all."""
        fault = self._world.faults.take_at(Point.BEFORE_CALL, path=path)
        if fault and fault.kind.act == "slow":
            await self._world.pause(fault["seconds"])
        elif fault and fault.kind.act in {"http", "drop"}:
            return _http(fault)
        try:
            content = await self._carry_out(request, path, fault)
        except Refusal as refusal:
            return _refused(refusal)
        after = self._world.faults.take_at(Point.AFTER_CALL, path=path)
        if after is None:
            return web.json_response(content)
        if after.kind.act == "hang":
            await self._world.stopping.wait()
            return None
        if after.kind.act == "malformed":
            return web.Response(text=json.dumps(content)[:-7], content_type="application/json")
        return _http(after)

    async def _carry_out(self, request: web.Request, path: str, fault: Fault | None) -> dict[str, Any]:
        if fault and fault.kind.act == "refuse":
            raise Refusal(fault["message"], code=fault["code"], status=fault["status"])
        if fault and fault.kind.act == "limit":
            account = self._world.account
            raise refusals.concurrency_limit(account.balance_usd, account.limit or 1)
        call = self._calls.find(path)
        if call is None or request.method != "POST":
            raise refusals.no_such_path()
        if path != "Tool/List":
            self._gate.check(request.headers)
        return call(await read_body(request))


def _refused(refusal: Refusal) -> web.Response:
    error = {"code": refusal.code, "message": refusal.message}
    return web.json_response({"result": False, "errors": [error]}, status=refusal.status)


def _http(fault: Fault) -> web.Response | None:
    """A bare HTTP error; None where the connection is to be cut."""
    if fault.kind.act == "drop":
        return None
    headers = {"Retry-After": str(fault["retry_after_s"])} if "retry_after_s" in fault.settings else {}
    return web.Response(status=fault["status"], headers=headers, text="")
