"""One life of the process, from its start to its end by whatever: killed, frozen, stopped, or of itself."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Coroutine
    from contextvars import Context
    from datetime import datetime

    from tests.support.clock import ManualClock

_LIFE: ContextVar[Life | None] = ContextVar("life", default=None)

OUTSIDE_DELAYS_S = (0.0, 0.02, 0.1, 0.4)
"""How long an answer from outside may be on its way, when answers are not immediate."""


class Life:
    """What one process does between its start and its end.

    Everything that it does outside of itself passes `gate`, once before and once after: there it can be
    killed or frozen. A dead life reaches nothing any more, so its tasks end where they are, as by SIGKILL.

    Attributes:
        tasks: Every asyncio task that was ever begun in it and has not ended.
        passed: How many gates were passed.
        dies_in: It is killed at that many gates from now.
    """

    def __init__(self, number: int, clock: ManualClock, chance: random.Random | None) -> None:
        self.number = number
        self.clock = clock
        self.tasks: set[asyncio.Task[Any]] = set()
        self.passed = 0
        self.dies_in: int | None = None
        self.is_dead = False
        self._chance = chance
        self._goes_on = asyncio.Event()
        self._goes_on.set()

    def spawn(self, coroutine: Coroutine[Any, Any, Any], *, name: str | None = None) -> asyncio.Task[Any]:
        """Begin a task in this life."""
        context = copy_context()
        context.run(_LIFE.set, self)
        return asyncio.create_task(coroutine, context=context, name=name)

    async def gate(self, *, is_far: bool = False) -> None:
        """Come to the border between the process and what is outside, or is kept."""
        self._be_alive()
        self.passed += 1
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in <= 0:
                self.kill()
                self._be_alive()
        await self.thaw()
        if self._chance is not None:
            await self._take_a_while(self._chance, is_far=is_far)

    async def thaw(self) -> None:
        """Wait while the process is frozen; not counted as a gate."""
        await self._goes_on.wait()
        self._be_alive()

    def kill(self) -> None:
        """End it at once."""
        self.is_dead = True
        self._goes_on.set()
        for task in list(self.tasks):
            task.cancel()

    async def buried(self) -> None:
        """Return when nothing of a dead life is left."""
        while self.tasks:
            for task in self.tasks:
                task.cancel()
            await asyncio.wait(set(self.tasks))

    def freeze(self) -> None:
        """Stop it as SIGSTOP does."""
        self._goes_on.clear()

    def go_on(self) -> None:
        """Let it go on as SIGCONT does."""
        self._goes_on.set()

    def _be_alive(self) -> None:
        if self.is_dead:
            raise asyncio.CancelledError

    async def _take_a_while(self, chance: random.Random, *, is_far: bool) -> None:
        for _ in range(chance.choice((0, 0, 1, 3))):
            await asyncio.sleep(0)
        if is_far and chance.random() < 0.5:
            await self.clock.sleep(chance.choice(OUTSIDE_DELAYS_S))
        self._be_alive()


class LifeClock:
    """The world's clock as one life has it: who sleeps while it is frozen wakes when it goes on."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def now(self) -> datetime:
        return self._life.clock.now()

    def monotonic_s(self) -> float:
        return self._life.clock.monotonic_s()

    async def sleep(self, delay_s: float) -> None:
        await self._life.clock.sleep(delay_s)
        await self._life.thaw()

    def timeout(self, delay_s: float | None) -> asyncio.Timeout:
        return self._life.clock.timeout(delay_s)


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop that knows whose each task is, and does the work of threads in its own, so that it repeats."""
    loop = asyncio.new_event_loop()
    adapt(loop)
    return loop


def adapt(loop: asyncio.AbstractEventLoop) -> None:
    """Make a loop such a one."""
    loop.set_task_factory(_make_task)  # type: ignore[arg-type]  # the stub's protocol leaves the options out
    vars(loop)["run_in_executor"] = _run_at_once


def _make_task(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, Any],
    *,
    context: Context | None = None,
    **options: Any,
) -> asyncio.Task[Any]:
    task = asyncio.Task(coroutine, loop=loop, context=context, **options)
    life = _LIFE.get() if context is None else context.get(_LIFE)
    if life is not None:
        life.tasks.add(task)
        task.add_done_callback(life.tasks.discard)
        if life.is_dead:
            task.cancel()
    return task


def _run_at_once(_executor: object, work: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
    future = asyncio.get_running_loop().create_future()
    try:
        future.set_result(work(*arguments))
    except Exception as error:  # noqa: BLE001  # it is the caller's, as a thread's would be
        future.set_exception(error)
    return future
