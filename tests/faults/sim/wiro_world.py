"""Wiro with everything that it can do to a bot, on the world's clock."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING, Any, TypeVar

from bot.wiro import (
    AnswerLost,
    AuthError,
    ConcurrencyLimit,
    InsufficientBalance,
    MalformedAnswer,
    NoTask,
    NotCancellable,
    NotSent,
    OutputGone,
    OutputTooLarge,
    OutputWrongType,
    RateLimited,
    ServiceUnavailable,
    TaskEvent,
    TaskPage,
    TaskStatus,
    WiroError,
)
from tests.support.wiro_port import SimulatedEvents, SimulatedTask, SimulatedWiro

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from bot.wiro import Download, RunAnswer, Task, TaskProgress
    from tests.faults.sim.life import Life
    from tests.support.clock import ManualClock

T = TypeVar("T")

DOWN: dict[str, Callable[[], WiroError]] = {
    "503": lambda: ServiceUnavailable("503", status=503),
    "429": lambda: RateLimited("429", retry_after_s=2),
    "garbled": lambda: MalformedAnswer("the answer is no JSON"),
}
RUN: dict[str, Callable[[], WiroError]] = {
    **DOWN,
    "not-sent": lambda: NotSent("connection refused"),
    "reset": lambda: AnswerLost("reset"),  # before the task existed
    "96": lambda: ConcurrencyLimit("limit", 96, limit=2),
    "97": lambda: InsufficientBalance("Insufficient balance", 97),
    "auth": lambda: AuthError("unknown key", 98),
    "refused": lambda: WiroError("The prompt is not accepted", 7),
}
LOST_RUNS = ("lost", "lost-late", "lost-slow")
"""The task exists, and the answer is lost; Wiro's list shows it only later; the answer never came at all."""

FAULTS: dict[str, tuple[str, ...]] = {
    "run": (*RUN, *LOST_RUNS),
    "detail": (*DOWN, "never", "no-task"),
    "tasks": (*DOWN, "never", "bare", "shifted"),
    "kill": (*DOWN, "never", "refused", "lost"),
    "cancel": (*DOWN, "never", "refused", "lost"),
    "download": (*DOWN, "never", "slow", "gone", "wrong", "large", "cut"),
    "delete_files": tuple(DOWN),
}
"""By call, what may befall it."""

LISTED_AFTER_S = 20.0
NEVER_S = 45.0
SLOW_S = 25.0
SHUFFLED_S = (0.0, 7.0, 1.0)
"""How late events come, by turns, when they come out of order."""

FATES: dict[str, tuple[str, int | None]] = {
    "fails": (TaskStatus.POSTPROCESS_END, 1),
    "no-exit-code": (TaskStatus.POSTPROCESS_END, None),
    "error": (TaskStatus.ERROR, None),
    "cancelled": (TaskStatus.CANCEL, None),
}
MARKS = ("stubborn", "free", "strange", "empty", "vanished", "hiccup")
OTHER_FATES = ("", "long", "queued", *MARKS)
"""As it should · over the tool's longest run · queued long · heeds no stop and ends as it should · no cost
told · a status that nobody knows · no outputs · outputs that are nowhere · `task_error` once, and no end."""


class FaultyWiro(SimulatedWiro):
    """An account that bears so many tasks at once.

    Attributes:
        befalls: By call: what its next ones meet.
        fates: What becomes of the next tasks; "" is a good end.
        marked: The tasks with each of the other fates.
        is_down: No call is answered.
        places: How many tasks run at once before code 96.
        most_at_once: How many did run at once.
        unreadable: How many pages of tasks told nothing of whose they are: what they hid may be run again.
    """

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.befalls: dict[str, deque[str]] = {name: deque() for name in FAULTS}
        self.fates: deque[str] = deque()
        self.places = 50
        self.most_at_once = 0
        self.marked: dict[str, set[str]] = {mark: set() for mark in MARKS}
        self.unreadable = 0
        self.is_down = False
        self.events: FaultyEvents = FaultyEvents(self)

    @property
    def alive(self) -> list[SimulatedTask]:
        """The tasks that have not ended."""
        return [task for task in self.tasks_by_id.values() if task.ended_at is None]

    async def run(
        self,
        owner_slug: str,
        project_slug: str,
        inputs: Mapping[str, Any],
        *,
        callback_url: str | None = None,
    ) -> RunAnswer:
        fault = self._fault("run")
        if fault in RUN:
            self.calls.append("run")
            error = RUN[fault]()
            raise error
        if len(self.alive) >= self.places:
            raise ConcurrencyLimit("too many", 96, limit=self.places)
        fate = self.fates.popleft() if self.fates else ""
        before = self.ends_as, self.lives_s, self.queued_s
        if fate == "long":
            self.lives_s = 4000.0
        if fate == "queued":
            self.queued_s = 120.0
        answer = await super().run(owner_slug, project_slug, inputs, callback_url=callback_url)
        self.ends_as, self.lives_s, self.queued_s = before
        task = self.tasks_by_id[answer.task_id]
        self._doom(task, fate)
        self.most_at_once = max(self.most_at_once, len(self.alive))
        if fault in LOST_RUNS:
            if fault == "lost-late":
                self.hidden_until[task.id] = self.clock.monotonic_s() + LISTED_AFTER_S
            if fault == "lost-slow":
                await self.clock.sleep(NEVER_S)
            raise AnswerLost("reset after the request was sent")
        return answer

    async def detail(self, *, task_id: str | None = None, token: str | None = None) -> Task:
        fault = self._fault("detail")
        if fault == "no-task":
            raise NoTask("There is no task yet.", 1)
        self._raise(fault)
        await self._keep_waiting(fault)
        row = await super().detail(task_id=task_id, token=token)
        if row.id in self.marked["strange"] and not row.is_terminal:
            return replace(row, status="task_pondering")
        if row.id in self.marked["hiccup"] and row.status == TaskStatus.START:
            self.marked["hiccup"].discard(row.id)
            return replace(row, status=TaskStatus.ERROR)
        return row

    async def tasks(self, *, start: int = 0, limit: int = 50) -> TaskPage:
        fault = self._fault("tasks")
        self._raise(fault)
        await self._keep_waiting(fault)
        page = await super().tasks(start=start, limit=limit)
        if not page.tasks:
            return page
        rows = page.tasks
        if fault == "bare":
            self.unreadable += len(rows)
            rows = tuple(replace(task, parameters={}) for task in rows)
        if fault == "shifted":  # new tasks came between two pages
            rows = (*rows, *rows)
        foreign = replace(rows[0], id=f"foreign-{start}", token="", parameters={"prompt": "of somebody else"})
        return TaskPage(tasks=(foreign, *rows), total=page.total)

    async def cancel(self, *, task_id: str | None = None, token: str | None = None) -> Task | None:
        fault = self._fault("cancel")
        self._raise(fault)
        await self._keep_waiting(fault)
        found = await super().cancel(task_id=task_id, token=token)
        return self._answered(fault, found)

    async def kill(self, *, task_id: str | None = None, token: str | None = None) -> Task | None:
        fault = self._fault("kill")
        self._raise(fault)
        await self._keep_waiting(fault)
        found = await super().kill(task_id=task_id, token=token)
        return self._answered(fault, found)

    async def delete_files(self, token: str) -> None:
        self._raise(self._fault("delete_files"))
        await super().delete_files(token)

    async def download(self, url: str, *, max_bytes: int, content_types: Collection[str]) -> Download:
        fault = self._fault("download")
        if fault == "gone":
            raise OutputGone("404")
        if fault == "wrong":
            raise OutputWrongType("it is a page of text")
        if fault == "large":
            raise OutputTooLarge("over the cap", max_bytes=max_bytes)
        self._raise(fault)
        await self._keep_waiting(fault)
        found = await super().download(url, max_bytes=max_bytes, content_types=content_types)
        return replace(found, data=found.data[: len(found.data) // 2]) if fault == "cut" else found

    def end(self, task: SimulatedTask, status: str, pexit: int | None) -> None:
        if task.id in self.marked["empty"]:
            task.images = 0
        super().end(task, status, pexit)
        if task.id in self.marked["free"]:
            task.cost_nano_usd = None
        if task.id in self.marked["vanished"]:
            self.gone_urls.update(output.url for output in task.outputs)

    def calm(self) -> None:
        """Let everything work from now on; what goes on for ever ends when it is told to."""
        for queue in self.befalls.values():
            queue.clear()
        self.fates.clear()
        self.is_down = False
        self.marked["stubborn"].clear()
        self.hidden_until.clear()
        self.places = 50
        self.events.silent = False
        self.events.manner = ""
        if not self.events.connected:
            self.events.mend()

    def _doom(self, task: SimulatedTask, fate: str) -> None:
        if fate in FATES:
            task.ends_as = FATES[fate]
        if fate in self.marked:
            self.marked[fate].add(task.id)

    def _fault(self, call: str) -> str:
        queue = self.befalls[call]
        if self.is_down:
            return "503"
        return queue.popleft() if queue else ""

    def _raise(self, fault: str) -> None:
        if fault in DOWN:
            error = DOWN[fault]()
            raise error
        if fault == "refused":
            raise NotCancellable("Task is not in a cancellable state.", 1)

    async def _keep_waiting(self, fault: str) -> None:
        if fault == "slow":
            await self.clock.sleep(SLOW_S)
        if fault == "never":
            await self.clock.sleep(NEVER_S)
            raise ServiceUnavailable("no answer in time")

    def _answered(self, fault: str, found: Task | None) -> Task | None:
        if fault == "lost":
            raise ServiceUnavailable("reset")
        return found

    async def _stop(self, task: SimulatedTask, *, in_queue: bool) -> Task | None:
        if task.id in self.marked["stubborn"]:
            return task.row(self.skew)
        return await super()._stop(task, in_queue=in_queue)


class FaultyEvents(SimulatedEvents):
    """The socket, with what it can do to its frames.

    Attributes:
        manner: "twice", "shuffled" (late by turns, so out of order), or "" for as it should be.
    """

    def __init__(self, wiro: FaultyWiro) -> None:
        super().__init__(wiro)
        self.manner = ""
        self._account = wiro
        self._lateness = cycle(SHUFFLED_S)

    def tell(self, task: SimulatedTask, progress: TaskProgress | None = None) -> None:
        if task.id in self._account.marked["hiccup"]:
            self.say(
                task.token, TaskEvent(status=TaskStatus.ERROR, at=self._account.clock.now(), message="!")
            )
        super().tell(task, progress)

    def say(self, token: str, event: TaskEvent) -> None:
        if self.manner == "shuffled":
            self._account.spawn(self._say_later(token, event, next(self._lateness)))
            return
        for _ in range(2 if self.manner == "twice" else 1):
            super().say(token, event)

    async def _say_later(self, token: str, event: TaskEvent, late_s: float) -> None:
        await self._account.clock.sleep(late_s)
        super().say(token, replace(event, at=self._account.clock.now()))


class LifeWiro:
    """The account as one life of the process reaches it."""

    def __init__(self, wiro: FaultyWiro, life: Life) -> None:
        self._wiro = wiro
        self._life = life

    @property
    def clock_skew_s(self) -> float | None:
        return self._wiro.clock_skew_s

    async def run(self, *arguments: Any, **options: Any) -> RunAnswer:
        return await self._far(self._wiro.run, *arguments, **options)

    async def detail(self, **options: Any) -> Task:
        return await self._far(self._wiro.detail, **options)

    async def tasks(self, **options: Any) -> TaskPage:
        return await self._far(self._wiro.tasks, **options)

    async def cancel(self, **options: Any) -> Task | None:
        return await self._far(self._wiro.cancel, **options)

    async def kill(self, **options: Any) -> Task | None:
        return await self._far(self._wiro.kill, **options)

    async def delete_files(self, token: str) -> None:
        await self._far(self._wiro.delete_files, token)

    async def check(self) -> None:
        await self._far(self._wiro.check)

    async def download(self, url: str, **options: Any) -> Download:
        return await self._far(self._wiro.download, url, **options)

    async def _far(self, call: Callable[..., Awaitable[T]], *arguments: Any, **options: Any) -> T:
        await self._life.gate(is_far=True)
        try:
            return await call(*arguments, **options)
        finally:
            await self._life.gate(is_far=True)
