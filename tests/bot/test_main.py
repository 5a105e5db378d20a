"""The process: exit codes, signals, and what it says before it can log. The bot in it is a few lines long."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.project import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")

APP = """
import asyncio, sys, types
from bot.errors import AlreadyRunning, CannotStart, SettingsError
app = types.ModuleType("bot.app")
async def run(settings, *, stop, clock):
    print("running", flush=True)
    {body}
app.run = run
sys.modules["bot.app"] = app
import bot.__main__, bot.process
bot.process.STOP_WITHIN_S = 0.5
def early():
    {before}
    pass
settings = bot.process.load_settings
bot.process.load_settings = lambda: (early(), settings())[1]
sys.exit(bot.__main__.main())
"""


class Process:
    """The program with that body for its bot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables = {"DISCORD_TOKEN": "token-of-the-bot", "WIRO_API_KEY": "key-of-the-project"}

    async def start(self, body: str, *arguments: str, before: str = "") -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", APP.format(body=body, before=before), *arguments),
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(
        self,
        body: str,
        *signals: signal.Signals,
        arguments: tuple[str, ...] = ("run",),
        before: str = "",
    ) -> tuple[int, str]:
        """Exit code and stderr, after sending these signals once it runs; `before` is done at its start."""
        process = await self.start(body, *arguments, before=before)
        assert process.stdout
        assert process.stderr
        if signals:
            await process.stdout.readline()
        for nth, number in enumerate(signals):
            if nth:
                await process.stderr.readline()  # until it has said that it is stopping
            process.send_signal(number)
        said = await process.stderr.read()
        return await process.wait(), said.decode()


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path)


async def test_missing_settings_are_a_line_each_and_exit_code_2(process: Process) -> None:
    process.variables = {"HTTP_PORT": "x"}
    code, said = await process.run("")
    assert code == 2
    assert [line.split()[0] for line in said.splitlines()] == ["DISCORD_TOKEN", "WIRO_API_KEY", "HTTP_PORT"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stopped_as_asked_is_exit_code_0(process: Process, number: signal.Signals) -> None:
    code, said = await process.run("await stop.wait()", number)
    assert code == 0
    assert number.name in said


async def test_without_a_command_it_runs(process: Process) -> None:
    assert (await process.run("await stop.wait()", signal.SIGTERM, arguments=()))[0] == 0


async def test_fault_is_exit_code_1_with_its_traceback_and_without_secrets(process: Process) -> None:
    code, said = await process.run("raise RuntimeError('with token-of-the-bot in it')")
    assert code == 1
    assert "RuntimeError" in said
    assert "token-of-the-bot" not in said


@pytest.mark.parametrize(
    "error", ["SettingsError(['HTTP_PORT is taken.'])", "AlreadyRunning('data/atelier.db')"]
)
async def test_what_the_operator_must_change_is_exit_code_2_without_traceback(
    process: Process, error: str
) -> None:
    code, said = await process.run(f"raise {error}")
    assert code == 2
    assert len(said.splitlines()) == 1


async def test_a_service_that_is_not_there_is_exit_code_1_in_one_line(process: Process) -> None:
    code, said = await process.run("raise CannotStart('The database is away.')")
    assert code == 1
    assert "The database is away." in said
    assert len(said.splitlines()) == 1


async def test_bot_that_hangs_while_stopping_is_left_in_time(process: Process) -> None:
    code, said = await process.run("await asyncio.Event().wait()", signal.SIGTERM)
    assert code == 1
    assert "did not stop in time" in said


async def test_files_that_it_makes_are_its_owners_alone(process: Process) -> None:
    assert (await process.run("open('made', 'x').close()"))[0] == 0
    assert (process.folder / "made").stat().st_mode & 0o777 == 0o600


async def test_bot_whose_end_hangs_too_is_left_in_time(process: Process) -> None:
    forever = "try: await asyncio.Event().wait()\n    finally: await asyncio.Event().wait()"
    code, said = await process.run(forever, signal.SIGTERM)
    assert code == 1
    assert "did not stop in time" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_before_the_bot_is_there_ends_it_as_asked_and_without_a_word(
    process: Process, number: signal.Signals
) -> None:
    early = f"import os; os.kill(os.getpid(), {int(number)})"
    code, said = await process.run("", arguments=("run",), before=early)
    assert (code, said) == (0, "")


async def test_second_signal_ends_it_at_once(process: Process) -> None:
    code, said = await process.run("await asyncio.Event().wait()", signal.SIGINT, signal.SIGINT)
    assert code == 1
    assert "a second time" in said


async def test_timeout_inside_the_bot_is_a_fault_and_not_a_slow_stop(process: Process) -> None:
    code, said = await process.run("raise TimeoutError('the database')")
    assert code == 1
    assert "stopped by a fault" in said
