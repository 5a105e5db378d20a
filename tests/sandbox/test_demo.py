"""The demo as a process: what it prints, what it starts, and that it leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
PATIENCE_S = 20.0

# Stands for the bot: says what it was given, and how it ends.
PROGRAM = """
import os, signal, sys, time
def stop(*_):
    print("stopped in order", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
names = ("DISCORD_TOKEN", "WIRO_API_URL", "DATA_DIR", "DATABASE_URL", "HTTP_PORT", "PUBLIC_URL")
for name in names:
    print(name, os.environ.get(name), flush=True)
print("pid", os.getpid(), "arguments", sys.argv[1:], flush=True)
while True:
    time.sleep(0.05)
"""


class Demo:
    """A running demo and what it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output = ""

    def read_until(self, pattern: str) -> re.Match[str]:
        """What it prints, up to the first match."""
        assert self.process.stdout
        deadline = time.monotonic() + PATIENCE_S
        while not (found := re.search(pattern, self.output)):
            line = self.process.stdout.readline()
            assert line, f"the demo ended without {pattern!r}:\n{self.output}"
            assert time.monotonic() < deadline, self.output
            self.output += line
        return found

    def bot(self) -> psutil.Process:
        """The program that stands for the bot."""
        return psutil.Process(int(self.read_until(r"pid (\d+)")[1]))

    def end(self) -> int:
        """Read the rest and return the exit code."""
        rest, _ = self.process.communicate(timeout=PATIENCE_S)
        self.output += rest
        return self.process.returncode


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "stand_in_bot.py").write_text(PROGRAM, "utf-8")
    return tmp_path


@pytest.fixture
def demo(program: Path, tmp_path: Path) -> Iterator[Demo]:
    """`demo(port=0)` with the program in the bot's place."""
    path = os.pathsep.join((str(PROJECT), str(program)))
    start = (
        "import asyncio, sys; from sandbox.demo import demo;"
        f"more = {{'PYTHONPATH': {path!r}}};"
        "sys.exit(asyncio.run(demo(port=0, command=('stand_in_bot', 'run'), environment=more)))"
    )
    environment = os.environ | {
        "TMPDIR": str(tmp_path),
        "PUBLIC_URL": "https://bot.example",
        "DISCORD_TOKEN": "the operator's own",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", start],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Demo(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def test_address_is_printed_and_serves_the_page(demo: Demo) -> None:
    address = demo.read_until(r"http://127\.0\.0\.1:(\d+)/")
    with socket.create_connection(("127.0.0.1", int(address[1]))) as connection:
        connection.sendall(f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{address[1]}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.0 200")


def test_bot_gets_the_sandboxs_settings_and_none_of_the_operators(demo: Demo) -> None:
    """Settings around the demo, or a .env in the project, must not lead its bot to the real services."""
    address = demo.read_until(r"(http://127\.0\.0\.1:\d+)/")[1]
    demo.read_until("arguments")
    assert f"bot │ WIRO_API_URL {address}/wiro/v1" in demo.output
    assert "bot │ PUBLIC_URL None" in demo.output
    assert "the operator's own" not in demo.output
    assert "arguments ['run']" in demo.output
    folder = Path(demo.read_until(r"DATA_DIR (.+)")[1])
    assert folder.is_dir()
    assert f"DATABASE_URL sqlite:///{folder.as_posix()}/atelier.db" in demo.output
    assert Path(demo.bot().cwd()) == folder
    demo.process.send_signal(signal.SIGTERM)
    demo.end()
    assert not folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_signal_stops_the_bot_in_order_then_the_demo(demo: Demo, number: signal.Signals) -> None:
    bot = demo.bot()
    demo.process.send_signal(number)
    assert demo.end() == 0
    assert "bot │ stopped in order" in demo.output
    assert not bot.is_running()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_killed_demo_leaves_no_bot_behind(demo: Demo) -> None:
    bot = demo.bot()
    demo.process.kill()
    psutil.wait_procs([bot], timeout=PATIENCE_S)
    assert not bot.is_running()


def run_demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A demo that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "demo", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.mark.parametrize(
    ("argument", "value"),
    [("--port", "65536"), ("--port", "-1"), ("--port", "http"), ("--speed", "-1"), ("--speed", "nan")],
)
def test_values_that_cannot_be_are_said_in_one_line(argument: str, value: str) -> None:
    ended = run_demo(f"{argument}={value}")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(
        f"python -m sandbox demo: error: argument {argument}: '{value}'"
    )
    assert "Traceback" not in ended.stderr


def test_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_demo("--port", str(port))
    assert ended.returncode == 1
    assert ended.stdout.startswith(f"Port {port} is taken")
    assert ended.stdout.count("\n") == 1
    assert ended.stderr == ""
