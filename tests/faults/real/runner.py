"""A house whose bot is broken on purpose, and started again whenever it was."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

import psutil

from tests.faults.real.points import Blow, hits
from tests.support.house import BotProcess, open_house, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from sandbox.server import Sandbox
    from tests.faults.real.points import Hit, Strike
    from tests.support.house import House

PATIENCE_S = 40.0
"""How long the bot may take to be ready, however often it is killed on the way."""
LOOK_EVERY_S = 0.05
ENDS: dict[Blow | None, frozenset[int]] = {
    Blow.KILL: frozenset({-signal.SIGKILL}),
    Blow.STOP: frozenset({0, 1}),
    Blow.PAUSE: frozenset(),
}
"""The exit codes after each; a stop that takes too long is 1."""


class BreakableBot(BotProcess):
    """The bot with its hooks. Each life of the process has the strikes of its own, in turn.

    Attributes:
        lives: How often it was started.
        faults: How it ended when nobody had struck it.
        pause_s: How long a paused process stands still.
    """

    has_stdin = True

    def __init__(self, sandbox: Sandbox, folder: Path, settings: dict[str, str]) -> None:
        super().__init__(sandbox, folder, settings)
        self.trace = folder / "trace.jsonl"
        self.lives = 0
        self.faults: list[str] = []
        self.pause_s = 1.0
        self._strikes: Sequence[Sequence[Strike]] = ()
        self._keeper: asyncio.Task[None] | None = None

    def plan(self, strikes: Sequence[Sequence[Strike]]) -> None:
        """What is to happen in the next lives of the process."""
        self._strikes = [()] * self.lives + list(strikes)

    @property
    def command(self) -> list[str]:
        strikes = self._strikes[self.lives - 1] if self.lives <= len(self._strikes) else ()
        return ["-m", "tests.faults.real.breakable", str(self.trace), *(each.to_text() for each in strikes)]

    @property
    def hits(self) -> list[Hit]:
        """The points that were reached, over all lives."""
        if not self.trace.exists():
            return []
        return hits(self.trace.read_text().splitlines(keepends=True))

    @property
    def blows(self) -> list[Hit]:
        """Where it was struck."""
        return [hit for hit in self.hits if hit.blow is not None]

    async def start(self) -> Self:
        self._keeper = asyncio.create_task(self._keep(), name="keeper")
        await self.is_ready()
        return self

    async def is_ready(self) -> None:
        """Return when it runs and hears what people do."""
        gateway = self.sandbox.discord.gateway

        def hears() -> bool:
            if self.faults:
                msg = f"{self.faults}:\n{self.log()[-4000:]}"
                raise AssertionError(msg)
            is_up = self.process is not None and self.process.returncode is None
            return is_up and gateway.connected and bool(self.sandbox.discord.commands("mira", "portraits"))

        await until(hears, "the bot is ready", PATIENCE_S)

    async def kill(self) -> None:
        await self._forget()
        await super().kill()

    async def stop(self) -> int:
        await self._forget()
        await self.lead(1.0)  # it has 8 s of real time
        return await super().stop()

    async def lead(self, rate: float) -> None:
        """Let the time of the sandbox and the bot run at that rate."""
        self.sandbox.clock.rate = rate
        self._tell_time()

    async def _keep(self) -> None:
        while True:
            self.lives += 1
            struck = len(self.blows)
            await self.spawn()
            self._tell_time()
            assert self.process is not None
            while self.process.returncode is None:
                await self._wake_when_paused()
            blows = self.blows[struck:]
            code = self.process.returncode
            if not blows or code not in ENDS[blows[-1].blow]:
                self.faults.append(f"life {self.lives} ended with {code} after {blows}")
                return

    async def _wake_when_paused(self) -> None:
        assert self.process is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await self.process.wait()
        with suppress(psutil.NoSuchProcess):
            is_paused = psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED
            if is_paused and self.process.returncode is None:
                await asyncio.sleep(self.pause_s)
                self.process.send_signal(signal.SIGCONT)

    def _tell_time(self) -> None:
        clock = self.sandbox.clock
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.write(f"{clock.time_s()} {clock.rate}\n".encode())

    async def _forget(self) -> None:
        """Do not start it again."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None


@asynccontextmanager
async def open_breakable(
    folder: Path, strikes: Sequence[Sequence[Strike]], *, speed: float = 40.0
) -> AsyncIterator[tuple[House, BreakableBot]]:
    """A house whose bot is struck so, a sequence of strikes for each life of its process."""
    made: list[BreakableBot] = []

    def make(sandbox: Sandbox, place: Path, given: dict[str, str]) -> BreakableBot:
        bot = BreakableBot(sandbox, place, given)
        bot.plan(strikes)
        made.append(bot)
        return bot

    async with open_house(folder, speed=speed, make_bot=make) as house:
        yield house, made[0]
        assert made[0].faults == [], made[0].log()[-4000:]
