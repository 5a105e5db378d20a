"""A program kept beside the sandbox: started, stopped, killed, restarted, its output read line by line."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.leash import GRACE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_KEPT_LINES = 200
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST_LINE_BYTES = 256 * 1024
# A Ctrl-C at the terminal is for the demo alone, which then stops its child in order.
_OWN_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows alone has it
_KEPT_VARIABLES = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"),
    *("SYSTEMROOT", "USERPROFILE", "APPDATA", "TEMP", "TMP"),
)
_PROJECT = Path(__file__).parent.parent


class SupervisedProcess:
    """One Python module as a child process that ends when this process does.

    Args:
        command: The module and its arguments: `["bot", "run"]`.
        environment: Its environment, besides what Python and the system need.
        folder: Where it runs.
        on_line: Called with each line that it writes.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.log: deque[str] = deque(maxlen=_KEPT_LINES)
        """The last lines it wrote, oldest first."""
        self._command = command
        self._environment = environment
        self._folder = folder
        self._on_line = on_line
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._wanted = False
        self._turn = asyncio.Lock()
        self.ended = asyncio.Event()
        """Set while it does not run."""
        self.ended.set()

    @property
    def state(self) -> str:
        """`running`, `stopping`, `stopped`, or `crashed` when nobody asked it to end."""
        if not self.ended.is_set():
            return "running" if self._wanted else "stopping"
        return "crashed" if self._wanted else "stopped"

    @property
    def pid(self) -> int | None:
        """Of the process that runs; None when none does."""
        return self._process.pid if self._process and not self.ended.is_set() else None

    async def start(self) -> None:
        """Start it when it does not run."""
        async with self._turn:
            if not self.ended.is_set():
                return
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sandbox.leash",
                *self._command,
                cwd=self._folder,
                env=_system_environment() | dict(self._environment),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=_LONGEST_LINE_BYTES,
                start_new_session=True,
                creationflags=_OWN_GROUP,
            )
            self._wanted = True
            self.ended.clear()
            self._reader = asyncio.create_task(self._follow(self._process), name="output of the bot")

    async def stop(self) -> None:
        """Ask it to stop by letting go of its leash, and wait until it has."""
        async with self._turn:
            self._wanted = False
            if self._process and self._process.stdin and not self.ended.is_set():
                self._process.stdin.close()
                await self._wait(GRACE_S + 2)

    async def kill(self) -> None:
        """End it at once, as a crash of the machine would."""
        async with self._turn:
            self._wanted = False
            await self._wait(0)

    async def restart(self) -> None:
        """Stop it, then start it."""
        await self.stop()
        await self.start()

    async def _wait(self, patience_s: float) -> None:
        if self._process is None:
            return
        try:
            async with asyncio.timeout(patience_s):
                await self.ended.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self.ended.wait()

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout  # noqa: S101 - a pipe was asked for
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than anybody reads
                continue
            if not line:
                break
            text = _COLOURS.sub("", line.decode("utf-8", "replace").rstrip())
            self.log.append(text)
            self._on_line(text)
        await process.wait()
        self.ended.set()


def _system_environment() -> dict[str, str]:
    """What a Python program needs of this process's environment, without any setting of a bot."""
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return environment | {"PYTHONPATH": str(_PROJECT), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
