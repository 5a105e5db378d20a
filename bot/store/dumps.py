"""Whole copies of a PostgreSQL database, by its own tools: pg_dump, pg_restore and psql. Blocks.

The address goes to them in their surroundings, where no list of processes shows the password.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.store.tables import METADATA

if TYPE_CHECKING:
    import sqlalchemy as sa

_OURS = ("alembic_version", *(table.name for table in METADATA.sorted_tables))
_DROP = f"DROP TABLE IF EXISTS {', '.join(_OURS)} CASCADE"
_HOLD_BACK = "UPDATE job SET not_before = 9000000000000000 WHERE state = 'waiting'"
"""Far in the future: a bot that starts before the restored jobs are looked through must send none of them."""
_PLAIN = ("--no-owner", "--no-privileges")


def dump(url: sa.URL, target: Path) -> None:
    """Write our tables as they are at this moment, without holding up whoever works on them.

    Raises:
        StoreError: A tool is missing or could not do it.
    """
    part = target.with_name(target.name + ".part")
    try:
        tables = [f"--table={name}" for name in _OURS]
        _run(url, "pg_dump", "--format=custom", *_PLAIN, *tables, f"--file={part}")
        part.replace(target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def revision_of(url: sa.URL, source: Path) -> str | None:
    """The revision of the database in a dump; None when it is none of ours.

    Raises:
        StoreError: It is no dump, or a tool is missing.
    """
    script = _run(url, "pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(source))
    lines = iter(script.splitlines())
    copied = any(line.startswith("COPY ") for line in lines)  # the values are in the lines that follow
    return next(lines, None) if copied else None


def load(url: sa.URL, source: Path) -> None:
    """Replace our tables by those of a dump, in one transaction; its waiting jobs may not go anywhere yet.

    Raises:
        StoreError: A tool is missing or could not do it; the database is as it was.
    """
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        # As a whole first: psql would commit the half that a tool wrote before it failed.
        _run(url, "pg_restore", *_PLAIN, f"--file={script}", str(source))
        back = ("-c", "RESET search_path", "-c", _HOLD_BACK)  # the script leaves no search path
        once = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction")
        _run(url, "psql", *once, "-c", _DROP, "-f", str(script), *back)


def _run(url: sa.URL, program: str, *arguments: str) -> str:
    """What the program wrote."""
    try:
        done = subprocess.run(  # noqa: S603  # one of three tools, and no shell between
            [program, *arguments],
            env=_surroundings(url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise StoreError(
            f"{program} is not on the PATH: install PostgreSQL's client tools, of the server's version "
            "(on Debian and Ubuntu the package postgresql-client)"
        ) from None
    if done.returncode:
        # Only its first line: what follows may quote a row.
        why = next(iter(done.stderr.splitlines()), f"exit code {done.returncode}")
        raise StoreError(f"{program} could not do it: {why}")
    return done.stdout


def _surroundings(url: sa.URL) -> dict[str, str]:
    given = {
        "PGHOST": url.query.get("host") or url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("sslmode") or url.query.get("ssl"),
    }
    return dict(os.environ) | {name: str(value) for name, value in given.items() if value}
