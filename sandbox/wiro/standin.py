"""A stand-in for Wiro: its HTTP API, its WebSocket and its CDN, on one web application."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from sandbox.clock import SandboxClock
from sandbox.wiro.account import Account
from sandbox.wiro.auth import Gate
from sandbox.wiro.callback import Callbacks
from sandbox.wiro.calls import Calls, Duration
from sandbox.wiro.cdn import Cdn
from sandbox.wiro.door import Door, RequestLog
from sandbox.wiro.gallery import Gallery
from sandbox.wiro.portraits import Picture, paint
from sandbox.wiro.socket import Hub
from sandbox.wiro.tools import PORTRAITPLUS, Tool, usual_duration
from sandbox.wiro.training import PhotoRoom
from sandbox.wiro.workers import Workers
from sandbox.wiro.world import World

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from sandbox.wiro.faults import Faults
    from sandbox.wiro.tasks import Task
    from sandbox.wiro.world import Upload

_SHOWN_TASKS = 50
_SHOWN_PROMPT = 60


class WiroStandIn:
    """Enough of Wiro for a client that knows no better: limits, errors and, on demand, faults.

    Add `routes()` to a web application, set `base_url` to that application's address before the first Run,
    and use the object as an async context manager or call `stop` at the end.

    Args:
        api_key: The project's key.
        api_secret: The project's secret; None makes the project key-only.
        speed: How fast the workers are: at 1.0 a default portrait takes about 10 s, at 0 they stand still.
        seed: The same seed gives the same ids, tokens and durations.
        balance_usd: The account's balance, from which the limit of tasks at once follows.
        max_concurrent: A limit of tasks at once, instead of the balance's.
        strict_nonce: Refuse a nonce that was used before.
        clock: The sandbox's time; row times and the Date header follow it.
        painter: Draws a picture as PNG, in a thread.
    """

    def __init__(
        self,
        *,
        api_key: str = "sandbox-key",
        api_secret: str | None = "sandbox-secret",  # noqa: S107 - it opens nothing but this stand-in
        speed: float = 1.0,
        seed: int = 0,
        balance_usd: Decimal | float = 120,
        max_concurrent: int | None = None,
        strict_nonce: bool = False,
        clock: SandboxClock | None = None,
        painter: Callable[[Picture], bytes] = paint,
    ) -> None:
        self.requests = RequestLog()
        account = Account(Decimal(str(balance_usd)), max_concurrent)
        self._world = World(account, clock or SandboxClock(), Random(seed))
        self._world.machine.rate = speed
        self._gallery = Gallery(self._world, painter)
        self._hub = Hub(self._world)
        self._callbacks = Callbacks(self._world)
        self._photos = PhotoRoom(self._world)
        self._workers = Workers(
            self._world, self._hub, self._gallery, self._photos, self._callbacks.task_ended
        )
        gate = Gate(api_key, api_secret, strict_nonce=strict_nonce)
        self._calls = Calls(self._world, self._workers, self._photos, usual_duration)
        self._door = Door(self._world, gate, self._calls, self.requests)
        self._cdn = Cdn(self._world, self._gallery)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def routes(self) -> list[web.RouteDef]:
        """The routes of the API, the socket and the CDN."""
        return [
            web.route("*", "/wiro/v1/{path:.*}", self._door.answer),
            web.get("/wiro/socket/v1", self._connect),
            web.get("/wiro/cdn/{folder}/{name}", self._download),
        ]

    async def stop(self) -> None:
        """End all work, calls and connections; nothing of the stand-in runs afterwards."""
        self._world.stopping.set()
        await self._workers.stop()
        await self._callbacks.stop()
        await self._photos.stop()
        await self._hub.stop()
        await self._gallery.stop()

    # What can be set and seen while it runs.

    @property
    def base_url(self) -> str:
        """The address of the web application, without a slash at its end."""
        return self._world.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._world.base_url = url.rstrip("/")

    @property
    def clock(self) -> SandboxClock:
        """The time that row times and the Date header follow."""
        return self._world.clock

    @property
    def speed(self) -> float:
        """How fast the workers are; may be set while they work, 0 stops them."""
        return self._world.machine.rate

    @speed.setter
    def speed(self, speed: float) -> None:
        self._world.machine.rate = speed
        self._world.changed()

    @property
    def paused(self) -> bool:
        """Whether tasks stay in the queue; those that left it go on."""
        return self._workers.paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._workers.paused = paused
        self._world.changed()

    @property
    def max_running(self) -> int | None:
        """How many tasks Wiro works on at once, the others queue; None is all."""
        return self._workers.max_running

    @max_running.setter
    def max_running(self, max_running: int | None) -> None:
        self._workers.max_running = max_running

    @property
    def balance_usd(self) -> Decimal:
        """The account's balance; every finished task lowers it."""
        return self._world.account.balance_usd

    @balance_usd.setter
    def balance_usd(self, balance_usd: Decimal | float) -> None:
        self._world.account.balance_usd = Decimal(str(balance_usd))
        self._world.changed()

    @property
    def max_concurrent(self) -> int | None:
        """A limit of tasks at once, from the queue to the end; None leaves it to the balance."""
        return self._world.account.max_concurrent

    @max_concurrent.setter
    def max_concurrent(self, limit: int | None) -> None:
        self._world.account.max_concurrent = limit
        self._world.changed()

    @property
    def duration(self) -> Duration:
        """Seconds from Run to the end at speed 1, for a task's inputs; may be replaced."""
        return self._calls.duration

    @duration.setter
    def duration(self, duration: Duration) -> None:
        self._calls.duration = duration

    @property
    def variety(self) -> int | None:
        """How many different pictures serve for all prompts and seeds; None is as many as are asked for."""
        return self._gallery.variety

    @variety.setter
    def variety(self, variety: int | None) -> None:
        self._gallery.variety = variety

    @property
    def pages(self) -> dict[str, Mapping[str, Any]]:
        """What Tool/Detail says otherwise than the tools themselves, by slug: members of the tool's row.

        `parameters` holds members of single inputs by their ids: `{"samples": {"max": 4}}`.
        """
        return self._world.pages

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Every task that was created, by id, oldest first."""
        return self._world.tasks

    @property
    def uploads(self) -> Mapping[str, Upload]:
        """Every file and folder of the account's storage, by id, oldest first."""
        return self._world.uploads

    def files_in(self, folder_id: str) -> list[Upload]:
        """What was uploaded into a folder, in its order; "0" is the one that all others are in."""
        return self._world.files_in(folder_id)

    @property
    def faults(self) -> Faults:
        """What goes wrong now."""
        return self._world.faults

    @property
    def connections(self) -> int:
        """How many sockets are connected."""
        return len(self._hub.connections)

    def is_followed(self, task: Task) -> bool:
        """Whether any socket has registered the task."""
        return self._hub.is_followed(task)

    def apply(self, spec: Mapping[str, Any]) -> None:
        """Arm or lift a fault as a JSON object says; see `Faults.apply`, which raises `ValueError`."""
        self.faults.apply(spec)

    def run_elsewhere(self, inputs: Mapping[str, Any], tool: Tool = PORTRAITPLUS) -> Task:
        """A task of the same account that another program started."""
        return self._calls.create(tool, inputs, who="elsewhere")

    def subscribe(self) -> asyncio.Event:
        """An event that is set at every change of `state`; whoever waits on it clears it."""
        return self._world.watch()

    def unsubscribe(self, event: asyncio.Event) -> None:
        """Forget an event that `subscribe` gave."""
        self._world.unwatch(event)

    def state(self) -> dict[str, Any]:
        """What a side panel shows, as plain JSON; the newest tasks first."""
        tasks = list(self._world.tasks.values())[: -_SHOWN_TASKS - 1 : -1]
        account = self._world.account
        return {
            "tasks": [self._task_state(task) for task in tasks],
            "active": self._workers.active,
            "speed": self.speed,
            "paused": self.paused,
            "balance_usd": f"{account.balance_usd:.2f}",
            "limit": account.limit,
            "max_concurrent": account.max_concurrent,
            "max_running": self.max_running,
            "connections": self.connections,
            "faults": self.faults.state(),
        }

    def _task_state(self, task: Task) -> dict[str, Any]:
        now_s = self._world.now_s()
        prompt = str(task.inputs.get("prompt") or task.inputs.get("trainModelName") or "")
        short = prompt if len(prompt) <= _SHOWN_PROMPT else prompt[: _SHOWN_PROMPT - 1] + "…"
        return {
            "id": task.id,
            "tool": task.tool.slug,
            "status": task.status,
            "pexit": task.pexit,
            "ended": task.is_ended,
            "percent": task.percent,
            "prompt": short,
            "elapsed_s": round((task.ended_s or now_s) - task.created_s, 1),
            "cost_usd": str(task.cost_usd),
            "followed": self.is_followed(task),
            "who": task.who,
        }

    # Calls other than the API's are logged here.

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        self.requests.note("socket", 503 if self.faults.peek("socket_refused") else 101, self._world.now_s())
        return await self._hub.connect(request)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        response = await self._cdn.download(request)
        folder, name = request.match_info["folder"], request.match_info["name"]
        self.requests.note(f"cdn/{folder}/{name}", response.status, self._world.now_s())
        return response
