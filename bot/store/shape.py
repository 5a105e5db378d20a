"""The database in the shape that this version needs, without keeping what makes it so in memory.

Alembic and its templates are a tenth of the bot's memory and are needed for a moment, once in a version. So a
database that fits already is only asked, and one that does not is migrated by a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.errors import StoreError
from bot.log import get_logger
from bot.store import copies, engines
from bot.store.database import Database
from bot.store.errors import NewerDatabase

if TYPE_CHECKING:
    from bot.clock import Clock

log = get_logger(__name__)

VERSIONS = Path(__file__).parent / "migrations" / "versions"
ROOT = Path(__file__).parents[2]
WITHIN_S = 600.0
"""How long a migration may take, waiting for another process's included."""

_OWN_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows alone has it
_KNOWN = {error.__name__: error for error in (StoreError, NewerDatabase)}
_REVISION = re.compile(r'^revision(?:: str)? = "(\w+)"$', re.MULTILINE)
_DOWN = re.compile(r'^down_revision(?:: str \| None)? = "(\w+)"$', re.MULTILINE)


async def bring_to_shape(url: str, clock: Clock) -> None:
    """Migrate the database at a contract address when it is not as this version needs it.

    Raises:
        NewerDatabase: A later version of the program has migrated it; the message says what to do.
        StoreError: It cannot be reached, or a migration failed and was undone.
    """
    if not await _fits(url, clock):
        await _migrate_apart(url, clock)


def head() -> str:
    """The revision that this version needs: the one that no other follows."""
    followed = {down for text in _texts() for down in _DOWN.findall(text)}
    [newest] = _revisions() - followed
    return newest


def _revisions() -> set[str]:
    return {str(name) for text in _texts() for name in _REVISION.findall(text)}


def _texts() -> list[str]:
    return [path.read_text("utf-8") for path in VERSIONS.glob("*.py")]


async def _fits(url: str, clock: Clock) -> bool:
    file = engines.sqlite_file(engines.read_url(url))
    if file is not None and not file.exists():
        return False
    revision = sa.text("SELECT version_num FROM alembic_version")
    async with Database.open(url, clock=clock) as db:
        try:
            found = await db.read(lambda conn: conn.execute(revision).scalar())
        except StoreError:  # not there, or not reached: the migration will say which
            return False
    return found == head()


async def _migrate_apart(url: str, clock: Clock) -> None:
    """Run `bot.store.migrate` in a child, which is given the address where nobody else can read it."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.store.shape"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # A Ctrl-C at the terminal is for the bot alone, which then ends this in order.
        start_new_session=True,
        creationflags=_OWN_GROUP,
    )
    absolute, begun_s = _absolute(url), clock.monotonic_s()
    try:
        async with clock.timeout(WITHIN_S):
            answer, _ = await child.communicate(absolute.encode())
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    try:
        fault = json.loads(answer)
    except ValueError:
        raise StoreError("the migration of the database ended without a word") from None
    if fault is not None:
        raise _KNOWN.get(fault["error"], StoreError)(fault["message"])
    log.info("database migrated", revision=head(), took_s=round(clock.monotonic_s() - begun_s, 3))


def _absolute(url: str) -> str:
    """The address as it is from any folder: the child runs in the program's own."""
    file = engines.sqlite_file(engines.read_url(url))
    return url if file is None else f"sqlite:///{file.resolve().as_posix()}"


def _migrate_here() -> None:
    """In the child: migrate the address on stdin, and write what went wrong, or null."""
    from bot.clock import SystemClock  # noqa: PLC0415 -- for the child alone
    from bot.log import configure  # noqa: PLC0415
    from bot.store import migrate  # noqa: PLC0415 -- what this module keeps out of the parent

    configure("WARNING")  # to stderr: stdout is for the answer
    fault = None
    try:
        url = sys.stdin.read()
        _keep_copy(url, migrate.current(url))
        migrate.upgrade(url, SystemClock())
    except StoreError as error:
        fault = {"error": type(error).__name__, "message": str(error)}
    sys.stdout.write(json.dumps(fault))


def _keep_copy(url: str, revision: str | None) -> None:
    """Keep an SQLite database as it is before it is migrated; a later version's is none of our business."""
    file = engines.sqlite_file(engines.read_url(url))
    if file is not None and revision in _revisions():
        copies.keep_before_migration(file, head())


if __name__ == "__main__":
    _migrate_here()
