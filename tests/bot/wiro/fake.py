"""A small, scripted Wiro: it answers what the test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping


@dataclass
class Seen:
    """A request as it arrived."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass
class FakeWiro:
    """Answers each request with the next of `answers`; a callable there is the handler of that request."""

    answers: deque[web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(
        default_factory=deque
    )
    seen: list[Seen] = field(default_factory=list)

    def answer(self, document: Any = None, *, status: int = 200, **fields: Any) -> None:
        """Add an answer: a JSON document, given whole or by its fields."""
        text = json.dumps(fields if document is None else document)
        self.answers.append(web.Response(text=text, status=status, content_type="application/json"))

    def refuse(self, code: int | None, message: str, *, status: int = 200) -> None:
        """Add an answer with `result: false`."""
        self.answer(result=False, errors=[{"code": code, "message": message}], status=status)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(Seen(request.match_info["path"], dict(request.headers), await request.read()))
        if not self.answers:
            raise AssertionError(f"no answer is scripted for {request.path}")
        answer = self.answers.popleft()
        return answer if isinstance(answer, web.Response) else await answer(request)


def row(**changes: Any) -> dict[str, Any]:
    """A task row with the types that Wiro sends: nearly everything is text."""
    return {
        "id": "2221",
        "uuid": "15bce51f-442f-4f44-a71d-13c6374a62bd",
        "name": "",
        "socketaccesstoken": "eDcCm5yyUfIvMFspTwww49OUfgXkQt",
        "parameters": {"prompt": "a cat", "samples": 4},
        "debugoutput": "",
        "debugerror": "",
        "starttime": "1734513809",
        "endtime": "1734513813",
        "elapsedseconds": "6.0000",
        "status": "task_postprocess_end",
        "cps": "0.000585000000",
        "totalcost": "0.003510000000",
        "guestid": None,
        "projectid": "699",
        "modelid": "598",
        "basemodelid": "0",
        "runtype": "model",
        "callbackurl": "",
        "marketplaceid": None,
        "createtime": "1734513807",
        "canceltime": "0",
        "assigntime": "1734513807",
        "pexit": "0",
        "categories": '["tool","image-to-image"]',
        "outputs": [
            {
                "id": "6bc392c93856dfce3a7d1b4261e15af3",
                "name": "0.png",
                "contenttype": "image/png",
                "size": "202472",
                "ispublic": 0,
                "expiretime": None,
                "url": "https://cdn1.wiro.ai/6a6af820-c5050aee/0.png",
            }
        ],
        "size": "202472",
    } | changes
