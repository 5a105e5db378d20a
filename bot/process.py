"""The bot as a process: its settings, its log, its signals, and the exit code that says how it ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.errors import AlreadyRunning, CannotStart, SettingsError
from bot.log import configure, get_logger
from bot.settings import load_settings

if TYPE_CHECKING:
    from bot.settings import Settings

STOPPED_AS_ASKED = 0
STOPPED_BY_A_FAULT = 1
WRONG_SETTINGS = 2

STOP_WITHIN_S = 7.5
"""After SIGTERM; who stops us is promised 8 s."""

log = get_logger(__name__)


def run() -> int:
    """Run the bot until it is told to stop, and return the process's exit code."""
    os.umask(0o077)  # prompts and tokens lie in the files that it makes: they are for their owner alone
    try:
        settings = load_settings()
        configure(settings.log_level, settings.log_format, secrets=settings.secrets)
        return asyncio.run(_serve(settings))
    except SettingsError as error:
        sys.stderr.write("".join(f"{line}\n" for line in error.problems))
        return WRONG_SETTINGS
    except AlreadyRunning as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    except CannotStart as error:
        log.critical("cannot start", why=str(error))
        return STOPPED_BY_A_FAULT
    except Exception:  # the outermost border: what nobody could mend ends the process, once, in the log
        log.critical("stopped by a fault", exc_info=True)
        return STOPPED_BY_A_FAULT


async def _serve(settings: Settings) -> int:
    stop = asyncio.Event()
    _stop_on_signals(stop)
    from bot.app import run as be_the_bot  # noqa: PLC0415 -- settings are checked before so many imports

    clock = SystemClock()
    bot = asyncio.create_task(be_the_bot(settings, stop=stop, clock=clock), name="bot")
    asked = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({bot, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    try:
        async with clock.timeout(STOP_WITHIN_S if stop.is_set() else None):
            await asyncio.wait({bot})  # `await bot` would, when the time is up, wait for its cancellation too
    except TimeoutError:
        _leave_now(
            "did not stop in time; what was in hand is safe in the database and goes on at the next start"
        )
    bot.result()
    return STOPPED_AS_ASKED


def _stop_on_signals(stop: asyncio.Event) -> None:
    """Ask for the end at the first signal, leave at once at the second."""
    loop = asyncio.get_running_loop()

    def ask(number: int) -> None:
        if stop.is_set():
            _leave_now("asked to stop a second time")
        log.info("stopping", signal=signal.Signals(number).name)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, ask, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda got, _frame: loop.call_soon_threadsafe(ask, got))


def _leave_now(why: str) -> None:
    log.error(why)
    sys.stderr.flush()
    os._exit(STOPPED_BY_A_FAULT)  # threads that hang would hold up every other way out
