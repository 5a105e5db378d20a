"""`backup` and `restore` as an operator runs them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.clock import SystemClock
from bot.model import JobState
from bot.store import jobs, migrate
from bot.store.database import Database
from bot.store.lock import exclusive
from tests.support.project import ROOT
from tests.support.store import Bench

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = SystemClock()


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program in that folder, whose database is data/atelier.db."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DISCORD_TOKEN": "token-of-the-bot",
            "WIRO_API_KEY": "key-of-the-project",
        },
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/data/atelier.db"


async def test_a_backup_of_the_working_bot_is_taken_back_once_it_is_stopped(tmp_path: Path) -> None:
    """While the bot has the file a backup is made, and none is taken back."""
    migrate.upgrade(url_of(tmp_path), CLOCK)
    file = tmp_path / "data" / "atelier.db"
    async with Database.open(url_of(tmp_path), clock=CLOCK) as db:
        bench = Bench(db, now=CLOCK.now())
        waiting = await bench.waiting()
        with exclusive(file):  # as the bot has it
            made = command(tmp_path, "backup", "kept.db")
            after = await bench.waiting()
            refused = command(tmp_path, "restore", "kept.db")
    assert (made.returncode, made.stderr) == (0, "")
    assert "The database is in kept.db" in made.stdout
    assert refused.returncode == 2
    assert "already running" in refused.stderr
    again = command(tmp_path, "backup", "kept.db")
    assert (again.returncode, again.stderr) == (1, "kept.db is there already: name a file that is not\n")

    restored = command(tmp_path, "restore", "kept.db")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert "follows 0 at Wiro and looks there for 1; 0 are over. None is started again." in restored.stdout
    [kept] = file.parent.glob("atelier.db.replaced-*")
    assert str(kept.relative_to(tmp_path)) in restored.stdout
    assert sorted(path.name for path in file.parent.iterdir()) == [file.name, file.name + ".lock", kept.name]
    async with Database.open(url_of(tmp_path), clock=CLOCK) as db:
        found = await db.read(lambda conn: [jobs.get(conn, job.id) for job in (waiting, after)])
    assert [job and job.state for job in found] == [JobState.DOUBTFUL, None]
    async with Database.open(f"sqlite:///{kept}", clock=CLOCK) as db:
        assert await db.read(partial(jobs.get, job_id=after.id)) is not None


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("9999", "The database has revision 9999, which this version of Atelier does not know"),
        (None, "kept.db is not a backup of Atelier"),
    ],
)
def test_what_is_no_backup_that_this_version_can_use_changes_nothing(
    tmp_path: Path, revision: str | None, said: str
) -> None:
    migrate.upgrade(url_of(tmp_path), CLOCK)
    file, kept = tmp_path / "data" / "atelier.db", tmp_path / "kept.db"
    before = file.read_bytes()
    with closing(sqlite3.connect(kept)) as conn:
        conn.execute("CREATE TABLE alembic_version (version_num TEXT)")
        conn.execute("INSERT INTO alembic_version SELECT ? WHERE ?1 IS NOT NULL", (revision,))
        conn.commit()
    done = command(tmp_path, "restore", "kept.db")
    assert done.returncode == 1
    assert said in done.stderr
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir()) == [file.name, file.name + ".lock"]
