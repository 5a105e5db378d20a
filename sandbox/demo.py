"""`python -m sandbox demo`: the sandbox with the real bot in it, on this machine and without any account."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.process import SupervisedProcess
from sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

BOT = ("bot", "run")
_KEPT_FOLDER = Path("data/demo")


_CEILINGS = {
    "QUOTA_IMAGES_PER_DAY_MAX": "200",
    "QUOTA_TRAININGS_PER_WEEK_MAX": "5",
    "QUOTA_CONCURRENT_TASKS_MAX": "10",
}
"""Above what everybody has, so that who moderates has something to grant."""


async def demo(
    *,
    port: int = 8080,
    keep: bool = False,
    speed: float = 1.0,
    command: Sequence[str] = BOT,
    environment: Mapping[str, str] | None = None,
) -> int:
    """The exit code, after Ctrl-C or SIGTERM: 0, or 1 when the port is taken.

    Args:
        port: The page's port on 127.0.0.1; 0 takes a free one.
        keep: Keep the bot's data in `data/demo` for the next demo.
        speed: How fast Wiro's stand-in works.
        command: The bot: a module and its arguments.
        environment: More of its environment than the settings that lead it here.
    """
    async with _opened(port, speed) as sandbox:
        if sandbox is None:
            return 1
        with _data_folder(keep=keep) as folder:
            own = _local_settings(folder) | _CEILINGS
            settings = sandbox.bot_environment() | own | dict(environment or {})
            return await _run(sandbox, command, settings, folder)


async def serve(*, port: int = 8080, speed: float = 1.0) -> int:
    """As `demo`, without a bot: prints the settings with which one can be started elsewhere."""
    async with _opened(port, speed) as sandbox:
        if sandbox is None:
            return 1
        _say(f"The sandbox is at {sandbox.url}/\n\nSettings for a bot:")
        for name, value in sandbox.bot_environment().items():
            _say(f"{name}={value}")
        await _until_told_to_stop()
        return 0


@asynccontextmanager
async def _opened(port: int, speed: float) -> AsyncIterator[Sandbox | None]:
    """The sandbox at that port; None, after a line that says why, when the port cannot be had."""
    async with AsyncExitStack() as stack:
        try:
            sandbox = await stack.enter_async_context(Sandbox(port=port, speed=speed))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            trouble = "is taken" if taken else f"cannot be opened ({error.strerror})"
            _say(f"Port {port} {trouble}. Choose another one with --port, or --port 0 for any.")
            yield None
            return
        yield sandbox


async def _run(sandbox: Sandbox, command: Sequence[str], settings: Mapping[str, str], folder: Path) -> int:
    bot = SupervisedProcess(
        command,
        environment=settings,
        folder=folder,
        on_line=lambda line: _say(f"bot │ {line}"),
    )
    sandbox.page.workbench.bot = bot
    await bot.start()
    _say(f"\n  The sandbox is at {sandbox.url}/\n  Stop it with Ctrl-C.\n")
    try:
        await _until_told_to_stop()
        _say("Stopping …")
    finally:
        await bot.stop()
    return 0


def _local_settings(folder: Path) -> dict[str, str]:
    """The bot's settings that name places on this machine."""
    return {
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{(folder / 'atelier.db').as_posix()}",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(_free_port()),
    }


@contextmanager
def _data_folder(*, keep: bool) -> Iterator[Path]:
    if keep:
        _KEPT_FOLDER.mkdir(parents=True, exist_ok=True)
        yield _KEPT_FOLDER.resolve()
        return
    # Windows may hold a file a moment longer than the process that had it open.
    with tempfile.TemporaryDirectory(prefix="atelier-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


async def _until_told_to_stop() -> None:
    """Return after SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: the handler runs between two steps of the loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    with suppress(asyncio.CancelledError):
        await stop.wait()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
