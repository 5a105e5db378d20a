"""The launcher as a person starts it: copied into an empty folder, with locks of its own."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAUNCHER = ROOT / "atelier"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="drives the launcher through POSIX programs")

BOT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
print("bot", *sys.argv[1:], flush=True)
if "wait" in sys.argv:
    time.sleep(30)
sys.exit(7)
"""

UV = """#!/bin/sh
echo "$@" >> "{calls}"
if [ -e "{fails}" ]; then exit 1; fi
/bin/sleep 0.2
"""


class House:
    """A checkout with nothing in it but the launcher, two locks and a program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "atelier of mine"
        self.folder.mkdir()
        shutil.copy(LAUNCHER, self.folder)
        (self.folder / "requirements.lock").write_text("# nothing\n")
        (self.folder / "requirements-dev.lock").write_text("# nothing, and more\n")
        (self.folder / "bot").mkdir()
        (self.folder / "bot" / "__main__.py").write_text(BOT)
        self.tools = folder / "tools"
        self.tools.mkdir()
        self.calls, self.fails = folder / "calls", folder / "fails"
        self.calls.touch()

    def with_uv(self) -> House:
        """Put an installer on the PATH that only writes down what it was asked."""
        uv = self.tools / "uv"
        uv.write_text(UV.format(calls=self.calls, fails=self.fails))
        uv.chmod(0o755)
        return self

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder / "atelier"), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": str(self.tools)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._finish(self.command(*arguments))

    def pretend(self, state: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it in a Python that this statement has changed before."""
        program = str(self.folder / "atelier")
        code = f"import runpy, sys; {state}; del sys.argv[0]; runpy.run_path({program!r}, None, '__main__')"
        return self._finish([sys.executable, "-c", code, program, *arguments])

    def _finish(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment, cwd="/", timeout=50, check=False
        )

    @property
    def installs(self) -> list[str]:
        """Which lock each installation was from."""
        return [line.split("/")[-1] for line in self.calls.read_text().splitlines()]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_every_python_since_27_can_read_it() -> None:
    text = LAUNCHER.read_text(encoding="ascii")  # 2.7 reads nothing else without being told
    tree = ast.parse(text, feature_version=(3, 4))
    assert not [
        node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign | ast.JoinedStr | ast.NamedExpr)
    ]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert not [function.name for function in functions if function.returns or function.args.kwonlyargs]


def test_too_old_python_says_so_when_no_newer_one_is_there(house: House) -> None:
    done = house.pretend("sys.version_info = (3, 8, 18)", "run")
    assert done.returncode == 1
    assert "Atelier needs Python 3.11 or newer" in done.stderr
    assert "python3.11 atelier run" in done.stderr
    assert "Traceback" not in done.stderr


def test_too_old_python_hands_over_to_a_newer_one(house: House) -> None:
    (house.tools / "python3.14").write_text("#!/bin/sh\nexit 127\n")  # a version manager's stand-in
    (house.tools / "python3.13").write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\necho handed over: "$@"\n')
    for program in house.tools.iterdir():
        program.chmod(0o755)
    done = house.pretend("sys.version_info = (3, 8, 18)", "run", "x")
    assert done.stdout == f"handed over: {house.folder / 'atelier'} run x\n"


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_python_without_venv_is_told_the_name_of_the_package(house: House, missing: str) -> None:
    done = house.pretend(f"sys.modules[{missing!r}] = None", "run")
    assert done.returncode == 1
    assert f"comes without '{missing}'" in done.stderr
    assert f"python{sys.version_info[0]}.{sys.version_info[1]}-venv" in done.stderr
    assert not (house.folder / ".venv").exists()


def test_pip_installs_where_there_is_no_uv_and_arguments_and_exit_code_go_through(house: House) -> None:
    done = house.run("run", "--flag", "two words")
    assert done.stdout.splitlines()[-1] == "bot run --flag two words"
    assert done.returncode == 7
    assert house.run("doctor").stdout == "bot doctor\n"
    assert "installed" not in house.run("doctor").stdout.lower()


def test_environment_is_made_once_and_again_when_the_lock_changes(house: House) -> None:
    house.with_uv()
    for _ in range(2):
        assert house.run("run").returncode == 7
    assert house.installs == ["requirements.lock"]
    (house.folder / "requirements.lock").write_text("# something else\n")
    (house.folder / ".venv" / "left-over").touch()
    assert house.run("run").returncode == 7
    assert house.installs == ["requirements.lock", "requirements.lock"]
    assert not (house.folder / ".venv" / "left-over").exists()


def test_what_development_needs_is_added_and_then_serves_for_running_too(house: House) -> None:
    house.with_uv()
    house.run("setup")
    (house.folder / ".venv" / "kept").touch()
    assert house.run("setup", "--dev").returncode == 0
    assert house.run("run").returncode == 7
    assert house.installs == ["requirements.lock", "requirements-dev.lock"]
    assert (house.folder / ".venv" / "kept").exists()
    (house.folder / "requirements-dev.lock").write_text("# newer\n")
    (house.folder / "requirements.lock").write_text("# newer\n")
    house.run("run")
    assert house.installs[2:] == ["requirements-dev.lock"]


def test_failed_installation_is_said_and_done_again(house: House) -> None:
    house.with_uv().fails.touch()
    done = house.run("run")
    assert done.returncode == 1
    assert "The libraries could not be installed" in done.stderr
    assert "Traceback" not in done.stderr
    house.fails.unlink()
    assert house.run("run").returncode == 7
    assert len(house.installs) == 2


def test_environment_whose_python_is_gone_is_made_again(house: House) -> None:
    house.with_uv().run("setup")
    python = house.folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert house.run("run").returncode == 7


def test_two_starts_at_once_install_once(house: House) -> None:
    house.with_uv()
    codes: list[int] = []
    threads = [threading.Thread(target=lambda: codes.append(house.run("run").returncode)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [7, 7, 7]
    assert len(house.installs) == 1


def test_installer_is_told_to_check_hashes_and_to_build_nothing(house: House) -> None:
    house.with_uv().run("setup")
    assert "--require-hashes --only-binary :all:" in house.calls.read_text()


def test_signal_reaches_the_program(house: House) -> None:
    house.with_uv().run("setup")
    with subprocess.Popen(
        house.command("run", "wait"), env=house.environment, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout
        program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 5


def test_unknown_command_shows_the_known_ones(house: House) -> None:
    done = house.run("rnu")
    assert done.returncode == 2
    assert "no command 'rnu'" in done.stderr
    assert "doctor" in done.stderr
    assert not (house.folder / ".venv").exists()


def test_the_fault_suite_is_asked_for_by_one_word(house: House) -> None:
    house.with_uv()
    (house.folder / "pytest.py").write_text("import sys\nprint(*sys.argv[1:])\n")
    words = house.run("test", "--faults").stdout.splitlines()[-1].split()
    assert words[-2:] == ["--faults", "tests/faults"]
    assert "-n" in words
    assert house.run("test", "--faults", "-k", "x").stdout.split() == ["--faults", "-k", "x"]
    assert "tests/faults" not in house.run("test").stdout


@pytest.mark.parametrize("arguments", [("setup", "--def"), ("check", "bot")], ids=" ".join)
def test_argument_that_a_command_does_not_take_is_refused(house: House, arguments: tuple[str, str]) -> None:
    done = house.run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("'{}' takes no '{}'.".format(*arguments))
    assert not (house.folder / ".venv").exists()


def test_help_names_every_command() -> None:
    done = subprocess.run([sys.executable, LAUNCHER], capture_output=True, text=True, check=True)
    for command in ("demo", "run", "doctor", "setup", "backup", "restore", "test", "check", "bench"):
        assert f"\n  {command} " in done.stdout
