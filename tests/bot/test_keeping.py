"""`backup` and `restore` as an operator runs them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.errors import StoreError
from bot.model import JobState
from bot.store import dumps, engines, jobs, ledger, migrate, processes
from bot.store.database import Database
from bot.store.lock import exclusive
from tests.support.postgres import client_tools
from tests.support.project import ROOT
from tests.support.store import Bench

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = SystemClock()


def command(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The program in that folder, whose database is data/atelier.db unless `DATABASE_URL` says otherwise."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DISCORD_TOKEN": "token-of-the-bot",
            "WIRO_API_KEY": "key-of-the-project",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/data/atelier.db"


def replaced_in(folder: Path) -> list[Path]:
    """What restoring has kept there of what was before."""
    return list(folder.glob("*.replaced-*"))


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
    [kept] = replaced_in(file.parent)
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
        ("9999", "kept.db has revision 9999, which this version of Atelier does not know"),
        (None, "kept.db has nothing of Atelier in it"),
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


@pytest.mark.postgres
async def test_a_postgresql_is_backed_up_and_restored_by_its_own_tools(
    tmp_path: Path, postgres_database: str
) -> None:
    """Like a file; somebody else's table in the same database is left alone."""
    given = {"DATABASE_URL": postgres_database, "PATH": f"{client_tools()}{os.pathsep}{os.environ['PATH']}"}
    run = partial(command, tmp_path, **given)
    await asyncio.to_thread(migrate.upgrade, postgres_database, CLOCK)
    async with Database.open(postgres_database, clock=CLOCK) as db:
        bench = Bench(db, now=CLOCK.now())
        me = await bench.process()
        running, waiting = await bench.running(me), await bench.waiting()
        await db.write(lambda conn: conn.execute(sa.text("CREATE TABLE somebody_elses AS SELECT 1 AS one")))
        made = await asyncio.to_thread(run, "backup", "kept.dump")
        after = await bench.waiting()
        refused = await asyncio.to_thread(run, "restore", "kept.dump")
        await db.write(lambda conn: processes.retire(conn, me, CLOCK.now()))
    assert (made.returncode, made.stderr) == (0, "")
    assert stat.S_IMODE((tmp_path / "kept.dump").stat().st_mode) == 0o600
    assert refused.returncode == 2
    assert "already running" in refused.stderr

    (tmp_path / "none.dump").write_bytes(b"no dump")
    spoilt = await asyncio.to_thread(run, "restore", "none.dump")
    assert spoilt.returncode == 1
    assert "pg_restore could not do it" in spoilt.stderr
    restored = await asyncio.to_thread(run, "restore", "kept.dump")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert "follows 1 at Wiro and looks there for 1; 0 are over" in restored.stdout
    assert len(replaced_in(tmp_path)) == 1
    async with Database.open(postgres_database, clock=CLOCK) as db:
        found = await db.read(lambda conn: [jobs.get(conn, job.id) for job in (running, waiting, after)])
        assert [job and job.state for job in found] == [JobState.RUNNING, JobState.DOUBTFUL, None]
        assert await db.read(ledger.check) == []
        assert (
            await db.read(lambda conn: conn.execute(sa.text("SELECT one FROM somebody_elses")).scalar()) == 1
        )
        new = await Bench(db, now=CLOCK.now()).accepted(code="NEW1", hook_token="new", interaction_id=99)
        assert new.id > waiting.id, "ids go on where the backup was"


def test_without_its_tools_a_postgresql_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = engines.read_url("postgresql://somebody@127.0.0.1:1/none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="postgresql-client"):
        dumps.dump(url, tmp_path / "kept.dump")
