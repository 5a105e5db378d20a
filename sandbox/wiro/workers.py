"""Wiro's workers: they take tasks from the queue and bring them, status by status, to their end."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.wiro.inputs import number_of
from sandbox.wiro.tasks import CANCELLED, ENDED, FATAL, Output, Task
from sandbox.wiro.tools import CPS_USD
from sandbox.wiro.training import NoPhotos

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.wiro.gallery import Gallery
    from sandbox.wiro.training import PhotoRoom
    from sandbox.wiro.world import World

# When a status is reached, as a share of the whole time from Run to the end.
_PREPARATION = (
    ("task_accept", 0.02),
    ("task_preprocess_start", 0.03),
    ("task_preprocess_end", 0.05),
    ("task_assign", 0.06),
    ("task_start", 0.10),
)
_STEPS_FROM, _STEPS_TO = 0.12, 0.90
_MOST_TOLD = 100  # steps of a task that it tells of
_OUTPUT_FULL_AT, _END_AT, _POSTPROCESS_AT = 0.91, 0.92, 0.93


_log = logging.getLogger(__name__)


class Publisher(Protocol):
    """Where a task's events go."""

    def publish(self, task: Task, kind: str, message: Any = None) -> None:
        """Send one event to all who follow the task."""
        ...


class Workers:
    """As many workers as there are tasks, or `max_running`; none takes a task while `paused`."""

    def __init__(
        self,
        world: World,
        publisher: Publisher,
        gallery: Gallery,
        photos: PhotoRoom,
        on_end: Callable[[Task], None],
    ) -> None:
        self._world = world
        self._publisher = publisher
        self._gallery = gallery
        self._photos = photos
        self._on_end = on_end
        self._waiting: deque[tuple[Task, asyncio.Event]] = deque()
        self._carrying: dict[str, asyncio.Task[None]] = {}
        self._paused = False
        self._max_running: int | None = None

    @property
    def paused(self) -> bool:
        """Whether tasks stay in the queue; those that left it go on."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = paused
        self._take_next()

    @property
    def max_running(self) -> int | None:
        """How many tasks are worked on at once; None is all."""
        return self._max_running

    @max_running.setter
    def max_running(self, max_running: int | None) -> None:
        self._max_running = max_running
        self._take_next()

    @property
    def active(self) -> int:
        """How many tasks count against the account's limit: from the queue to the end."""
        return len(self._carrying)

    def start(self, task: Task) -> None:
        """Queue a task."""
        turn = asyncio.Event()
        task.reach(task.status, self._world.now_s())
        self._waiting.append((task, turn))
        self._carrying[task.id] = asyncio.create_task(self._carry(task, turn), name=f"wiro task {task.id}")
        self._publisher.publish(task, task.status)
        self._take_next()

    def cancel(self, task: Task) -> None:
        """End a task at once as cancelled: free of charge, without outputs."""
        carrying = self._carrying.pop(task.id, None)
        if carrying:
            carrying.cancel()
        self._end(task, CANCELLED, "Task is cancelled.")

    async def stop(self) -> None:
        """Drop all work."""
        carrying = list(self._carrying.values())
        for one in carrying:
            one.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
        self._carrying.clear()
        self._waiting.clear()

    def _take_next(self) -> None:
        """Give queued tasks their turn, the oldest first, while there are workers."""
        self._waiting = deque(entry for entry in self._waiting if not entry[0].is_ended)
        working = len(self._carrying) - len(self._waiting)
        while self._waiting and not self._paused:
            if self._max_running is not None and working >= self._max_running:
                break
            self._waiting.popleft()[1].set()
            working += 1

    async def _carry(self, task: Task, turn: asyncio.Event) -> None:
        await turn.wait()
        try:
            await self._live(task)
        except Exception as error:  # noqa: BLE001 - the border of a worker: the client sees a failed task
            _log.exception("the work on task %s broke", task.id)
            task.debug_error = f"Internal error: {type(error).__name__}"
            self._end(task, FATAL, task.debug_error)

    async def _live(self, task: Task) -> None:
        run = _Run(task, self._world, self._publisher)
        if "error_task" in task.traits:
            await run.until(0.04)
            task.debug_error = task.traits["error_task"]["debugerror"]
            self._end(task, FATAL, task.debug_error)
            return
        for status, share in _PREPARATION:
            await run.reach(status, share)
            if status == "task_preprocess_start" and task.tool.trains:
                try:
                    task.photos = await self._photos.fetch(task.inputs)
                except NoPhotos as error:
                    task.debug_error = str(error)
                    self._end(task, FATAL, task.debug_error)
                    return
        # Drawn beside the work, so that the end comes on time.
        painting = asyncio.create_task(self._gallery.make_outputs(task), name=f"wiro outputs {task.id}")
        try:
            await self._work(task, run)
            await self._finish(task, run, painting)
        finally:
            painting.cancel()

    async def _work(self, task: Task, run: _Run) -> None:
        """The process at work: its words, its progress, its exit."""
        run.say("Loading pipeline components...")
        if "unknown_status" in task.traits:
            await run.reach("task_warming_up", _STEPS_FROM)
        if "stderr" in task.traits:
            self._publisher.publish(task, "task_error", "UserWarning: the safety checker is disabled")
        steps = max(1, int(number_of(task.inputs, "trainingSteps" if task.tool.trains else "steps", 30)))
        told = min(steps, _MOST_TOLD)
        for number in range(1, told + 1):
            step = steps * number // told
            await run.until(_STEPS_FROM + (_STEPS_TO - _STEPS_FROM) * step / steps)
            run.progress(step, steps)
            if "stuck_task" in task.traits and step * 2 >= steps:
                await asyncio.Event().wait()
        if "fail_task" in task.traits:
            task.debug_error = task.traits["fail_task"]["debugerror"]
            self._publisher.publish(task, "task_error", task.debug_error)
            self._publisher.publish(task, "task_error_full", {"raw": task.debug_error})
        await run.reach("task_output_full", _OUTPUT_FULL_AT, {"raw": task.debug_output})
        await run.reach("task_end", _END_AT)

    async def _finish(self, task: Task, run: _Run, painting: asyncio.Task[tuple[Output, ...]]) -> None:
        """Outputs, exit code and bill, all at once with the last status."""
        await run.reach("task_postprocess_start", _POSTPROCESS_AT)
        outputs = await painting
        await run.until(1.0)
        failed = task.traits.get("fail_task")
        task.pexit = failed["pexit"] if failed else "0"
        if not failed:
            task.outputs = () if "no_outputs" in task.traits else outputs
            task.model_id = self._world.new_id() if task.tool.trains else ""
            elapsed = Decimal(f"{task.elapsed_s(self._world.now_s()):.4f}")
            task.cost_usd = elapsed * CPS_USD
            self._world.account.balance_usd -= task.cost_usd
        self._end(task, ENDED, [output.event() for output in task.outputs])

    def _end(self, task: Task, status: str, message: Any) -> None:
        self._carrying.pop(task.id, None)
        task.reach(status, self._world.now_s())
        self._publisher.publish(task, status, message)
        self._on_end(task)
        self._take_next()
        self._world.changed()


class _Run:
    """One task's way through its time, at whatever speed the workers have."""

    def __init__(self, task: Task, world: World, publisher: Publisher) -> None:
        self._task = task
        self._world = world
        self._publisher = publisher
        self._began_s = world.machine.monotonic_s()

    async def until(self, share: float) -> None:
        """Return when that share of the task's time has passed."""
        machine = self._world.machine
        await machine.sleep(self._began_s + share * self._task.duration_s - machine.monotonic_s())

    async def reach(self, status: str, share: float, message: Any = None) -> None:
        """Take on a status when its time has come, and say so."""
        await self.until(share)
        self._task.reach(status, self._world.now_s())
        self._publisher.publish(self._task, status, message)
        self._world.changed()

    def say(self, text: str) -> None:
        """A line of the process's output."""
        self._task.debug_output += text + "\n"
        self._task.reach("task_output", self._world.now_s())
        self._publisher.publish(self._task, "task_output", text)

    def progress(self, step: int, steps: int) -> None:
        """A progress object: every value is text."""
        passed_s = (self._world.machine.monotonic_s() - self._began_s) or 1e-6
        working_s = max(1e-6, passed_s - _STEPS_FROM * self._task.duration_s)
        self._task.percent = round(100 * step / steps)
        self._task.reach("task_output", self._world.now_s())
        message: Any = {
            "type": "progressGenerate",
            "task": "Generate",
            "percentage": str(self._task.percent),
            "stepCurrent": str(step),
            "stepTotal": str(steps),
            "speed": f"{step / working_s:.1f}",
            "speedType": "it/s",
            "elapsedTime": f"{working_s:.0f}s",
            "remainingTime": f"{working_s * (steps - step) / step:.0f}s",
        }
        if "text_progress" in self._task.traits:
            message = json.dumps(message)
        self._publisher.publish(self._task, "task_output", message)
        self._world.changed()
