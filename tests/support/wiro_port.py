"""Wiro as jobs see it (`bot.jobs.ports.Wiro` and `Events`), simulated on the test's clock."""

from __future__ import annotations

import asyncio
import io
from collections import defaultdict, deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from PIL import Image

from bot.wiro import (
    AnswerLost,
    Download,
    InputOption,
    InputSpec,
    NoTask,
    NotCancellable,
    OutputFile,
    OutputGone,
    Reconnected,
    RunAnswer,
    Task,
    TaskEvent,
    TaskPage,
    TaskProgress,
    TaskStatus,
    ToolPage,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
    from datetime import datetime

    from tests.support.clock import ManualClock


def a_png(side: int = 16) -> bytes:
    """A small true PNG."""
    file = io.BytesIO()
    Image.effect_noise((side, side), 60).convert("RGB").save(file, "PNG")
    return file.getvalue()


@dataclass
class SimulatedTask:
    """A task as Wiro has it."""

    id: str
    token: str
    parameters: dict[str, Any]
    callback_url: str
    created_at: datetime
    lives_s: float
    queued_s: float
    images: int
    ends_as: tuple[str, int | None] | None = None
    """None: as all tasks do."""
    status: str = TaskStatus.QUEUE
    pexit: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    debug_error: str = ""
    cost_nano_usd: int | None = None
    files_deleted: bool = False
    goes_on: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def outputs(self) -> tuple[OutputFile, ...]:
        if self.status != TaskStatus.POSTPROCESS_END or self.pexit:
            return ()
        return tuple(
            OutputFile(url=f"https://cdn/{self.id}/{n}.png", name=f"{n}.png") for n in range(self.images)
        )

    def row(self, skew: timedelta) -> Task:
        def by_wiro(moment: datetime | None) -> datetime | None:
            return None if moment is None else (moment + skew).replace(microsecond=0)

        return Task(
            id=self.id,
            token=self.token,
            status=self.status,
            pexit=self.pexit,
            outputs=self.outputs,
            parameters={key: str(value) for key, value in self.parameters.items()},
            cost_nano_usd=self.cost_nano_usd,
            create_time=by_wiro(self.created_at),
            start_time=by_wiro(self.started_at),
            end_time=by_wiro(self.ended_at),
            debug_error=self.debug_error,
            callback_url=self.callback_url,
        )


class SimulatedWiro:
    """Runs tasks in virtual time, tells of them over a socket, and fails as it is told to.

    Attributes:
        fails: By the name of a call: what its next calls raise, in order; None: nothing.
        loses: What becomes of the next Runs: "answer" (the task exists, nobody is told), "late" (it exists,
            but the list shows it only after `late_s`).
        calls: Every call made, by name.
        ends_as: The status in which tasks end, and their exit code.
        spawn: How what goes on at Wiro is begun.
    """

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.skew = timedelta()
        self.lives_s: float | Callable[[], float] = 10.0
        self.queued_s = 0.0
        self.cost_nano_usd: int | None = 3_510_000
        self.fails: dict[str, deque[Exception | None]] = defaultdict(deque)
        self.loses: deque[str | None] = deque()
        self.late_s = 3600.0
        self.ends_as: tuple[str, int | None] = (TaskStatus.POSTPROCESS_END, 0)
        self.ignores_stops = False
        self.calls: list[str] = []
        self.tasks_by_id: dict[str, SimulatedTask] = {}
        self.events = SimulatedEvents(self)
        self.gone_urls: set[str] = set()
        self.png = a_png()
        self.models: Callable[[], dict[str, str]] = self.trained
        self.spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]] = asyncio.create_task
        self.hidden_until: dict[str, float] = defaultdict(float)

    @property
    def clock_skew_s(self) -> float | None:
        return self.skew.total_seconds()

    def jump_ours(self, seconds: float) -> None:
        """Let our clock jump, and not Wiro's: what it says of its tasks stays as it was."""
        jump = timedelta(seconds=seconds)
        self.clock.jump(seconds)
        self.skew -= jump
        for task in self.tasks_by_id.values():
            task.created_at += jump

    def count(self, name: str) -> int:
        return self.calls.count(name)

    @property
    def runs(self) -> int:
        """How many tasks were ever made."""
        return len(self.tasks_by_id)

    @property
    def only(self) -> SimulatedTask:
        [task] = self.tasks_by_id.values()
        return task

    async def run(
        self,
        owner_slug: str,
        project_slug: str,
        inputs: Mapping[str, Any],
        *,
        callback_url: str | None = None,
    ) -> RunAnswer:
        lost = self.loses.popleft() if self.loses else None
        if lost is None:
            await self._call("run")
        else:
            self.calls.append("run")
        number = len(self.tasks_by_id) + 1
        task = SimulatedTask(
            id=f"task-{number}",
            token=f"socket-{number}",
            parameters=dict(inputs),
            callback_url=callback_url or "",
            created_at=self.clock.now(),
            lives_s=self.lives_s() if callable(self.lives_s) else self.lives_s,
            queued_s=self.queued_s,
            images=int(inputs.get("samples", 1)),
        )
        self.tasks_by_id[task.id] = task
        task.goes_on = self.spawn(self._live(task))
        if lost is not None:
            await self._call("run-answer")
            if lost == "late":
                self.hidden_until[task.id] = self.clock.monotonic_s() + self.late_s
            raise AnswerLost("the answer was lost")
        return RunAnswer(task_id=task.id, socket_token=task.token)

    async def detail(self, *, task_id: str | None = None, token: str | None = None) -> Task:
        await self._call("detail")
        return self._find(task_id, token).row(self.skew)

    async def tasks(self, *, start: int = 0, limit: int = 50) -> TaskPage:
        await self._call("tasks")
        now_s = self.clock.monotonic_s()
        shown = [task for task in self.tasks_by_id.values() if self.hidden_until[task.id] <= now_s]
        newest_first = [task.row(self.skew) for task in reversed(shown)]
        return TaskPage(tasks=tuple(newest_first[start : start + limit]), total=len(newest_first))

    async def cancel(self, *, task_id: str | None = None, token: str | None = None) -> Task | None:
        await self._call("cancel")
        return await self._stop(self._find(task_id, token), in_queue=True)

    async def kill(self, *, task_id: str | None = None, token: str | None = None) -> Task | None:
        await self._call("kill")
        return await self._stop(self._find(task_id, token), in_queue=False)

    async def delete_files(self, token: str) -> None:
        await self._call("delete_files")
        self._find(None, token).files_deleted = True

    async def check(self) -> None:
        await self._call("check")

    async def tool(self, owner: str, project: str) -> ToolPage:
        """The page that lists the account's trained models, by `models`."""
        await self._call("tool")
        options = tuple(InputOption(value=value, label=label) for label, value in self.models().items())
        own = InputSpec(id="selectedModelPrivate", type="select", options=options)
        return ToolPage(slug_owner=owner, slug_project=project, inputs=(own,))

    def trained(self) -> dict[str, str]:
        """The models of all trainings that succeeded: Wiro's id by name."""
        done = [task for task in self.tasks_by_id.values() if task.ended_at is not None and not task.pexit]
        named = [(task.parameters.get("trainModelName"), task) for task in done if task.cost_nano_usd]
        return {str(name): f"model-of-{task.id}" for name, task in named if name}

    async def download(self, url: str, *, max_bytes: int, content_types: Collection[str]) -> Download:
        await self._call("download")
        if url in self.gone_urls:
            raise OutputGone("not there")
        return Download(data=self.png, content_type="image/png")

    async def aclose(self) -> None:
        """Stop all that goes on."""
        going = [task.goes_on for task in self.tasks_by_id.values() if task.goes_on]
        for each in going:
            each.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    def end(self, task: SimulatedTask, status: str, pexit: int | None) -> None:
        """End a task now and tell the socket."""
        task.status, task.pexit, task.ended_at = status, pexit, self.clock.now()
        succeeded = status == TaskStatus.POSTPROCESS_END and not pexit
        task.cost_nano_usd = self.cost_nano_usd if succeeded else 0
        self.events.tell(task)

    def _find(self, task_id: str | None, token: str | None) -> SimulatedTask:
        for task in self.tasks_by_id.values():
            if task_id == task.id or (task_id is None and token == task.token):
                return task
        raise NoTask("There is no task yet.", 1)

    async def _call(self, name: str) -> None:
        self.calls.append(name)
        await asyncio.sleep(0)
        if self.fails[name] and (error := self.fails[name].popleft()) is not None:
            raise error

    async def _stop(self, task: SimulatedTask, *, in_queue: bool) -> Task | None:
        is_queued = task.status == TaskStatus.QUEUE
        if task.ended_at is not None or is_queued is not in_queue:
            raise NotCancellable("Task is not in a cancellable state.", 1)
        if not self.ignores_stops:
            if task.goes_on:
                task.goes_on.cancel()
            self.end(task, TaskStatus.CANCEL, None)
        return task.row(self.skew)

    async def _live(self, task: SimulatedTask) -> None:
        if task.queued_s:
            await self.clock.sleep(task.queued_s)
        task.status, task.started_at = TaskStatus.START, self.clock.now()
        self.events.tell(task)
        await self.clock.sleep(task.lives_s / 2)
        self.events.tell(task, TaskProgress(percent=50, step=15, steps=30))
        await self.clock.sleep(task.lives_s / 2)
        self.end(task, *(task.ends_as or self.ends_as))


class SimulatedEvents:
    """Wiro's socket: tells of a task's events from the moment of its registration on."""

    def __init__(self, wiro: SimulatedWiro) -> None:
        self._wiro = wiro
        self._queues: dict[str, list[asyncio.Queue[TaskEvent | Reconnected]]] = defaultdict(list)
        self.connected = True
        self.silent = False
        """Connected, and nothing is said."""

    @asynccontextmanager
    async def subscribe(self, token: str) -> AsyncIterator[AsyncIterator[TaskEvent | Reconnected]]:
        queue: asyncio.Queue[TaskEvent | Reconnected] = asyncio.Queue()
        self._queues[token].append(queue)
        if self.connected:
            queue.put_nowait(Reconnected(at=self._wiro.clock.now(), first=True))
        try:
            yield _drawn_from(queue)
        finally:
            self._queues[token].remove(queue)

    def drop(self) -> None:
        """Lose the connection."""
        self.connected = False

    def mend(self) -> None:
        """Connect again; everything followed is registered anew."""
        self.connected = True
        for queues in self._queues.values():
            for queue in queues:
                queue.put_nowait(Reconnected(at=self._wiro.clock.now(), first=False))

    def tell(self, task: SimulatedTask, progress: TaskProgress | None = None) -> None:
        """Tell whoever follows the task how it stands."""
        event = TaskEvent(
            status=TaskStatus.OUTPUT if progress else task.status,
            at=self._wiro.clock.now(),
            progress=progress,
            outputs=task.outputs,
        )
        self.say(task.token, event)

    def say(self, token: str, event: TaskEvent) -> None:
        """Send one event."""
        if self.connected and not self.silent:
            for queue in self._queues[token]:
                queue.put_nowait(event)


async def _drawn_from(
    queue: asyncio.Queue[TaskEvent | Reconnected],
) -> AsyncIterator[TaskEvent | Reconnected]:
    while True:
        yield await queue.get()
