from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

from bot.clock import SystemClock
from bot.errors import StoreError
from bot.model import JobState
from bot.store import engines, jobs, ledger, migrate, tables
from bot.store.database import Database
from bot.store.errors import NewerDatabase
from tests.support.store import Bench

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = SystemClock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a new, empty database of each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/atelier.db"
    found: str = request.getfixturevalue("postgres_database")
    return found


def on(url: str, work: Any) -> Any:
    """Run it as a migration runs: on a connection of its own."""
    return migrate._on_connection(engines.read_url(url), work)


async def fill(url: str) -> None:
    """Jobs in every kind of state, with events, claims and entries that point to them."""
    async with Database.open(url, clock=CLOCK) as db:
        bench = Bench(db)
        me = await bench.process()
        await bench.ended(me)
        await bench.ended(me, JobState.KEPT)
        delivering = await bench.delivering(me)
        await db.write(partial(jobs.claim_delivery, job_id=delivering.id, owner=me, way="dm", now=bench.now))
        await bench.waiting()


def counts(conn: sa.Connection) -> dict[str, int]:
    return {
        table.name: conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in tables.METADATA.sorted_tables
    }


def rebuild_job(conn: sa.Connection) -> None:
    """What a later migration will do to the table that others point to: SQLite's is dropped and made anew."""
    operations = Operations(MigrationContext.configure(conn, opts={"render_as_batch": True}))
    how: Literal["always", "auto"] = "always" if conn.dialect.name == "sqlite" else "auto"
    with operations.batch_alter_table("job", recreate=how) as batch:
        batch.add_column(sa.Column("later", sa.Text))


def test_new_database_becomes_what_the_program_needs(url: str) -> None:
    assert migrate.current(url) is None
    migrate.upgrade(url, CLOCK)
    assert migrate.current(url) == migrate.head()
    migrate.upgrade(url, CLOCK)
    assert migrate.current(url) == migrate.head()


def test_migrations_and_tables_say_the_same(url: str) -> None:
    migrate.upgrade(url, CLOCK)
    context = partial(MigrationContext.configure, opts={"compare_type": True})
    assert on(url, lambda conn: compare_metadata(context(conn), tables.METADATA)) == []


def test_database_of_a_later_version_is_refused_untouched(url: str) -> None:
    migrate.upgrade(url, CLOCK)
    on(url, lambda conn: conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(NewerDatabase, match=r"9999.*later version"):
        migrate.upgrade(url, CLOCK)
    assert migrate.current(url) == "9999"


def test_rebuilding_a_filled_table_loses_nothing(url: str) -> None:
    migrate.upgrade(url, CLOCK)
    asyncio.run(fill(url))
    before = on(url, counts)
    assert all(before[name] for name in ("job", "job_event", "delivery_claim", "quota_entry", "tool_run"))
    on(url, rebuild_job)
    assert on(url, counts) == before
    assert on(url, ledger.check) == []


def test_failed_migration_is_undone_whole(url: str) -> None:
    def fail(conn: sa.Connection) -> None:
        migrate._upgrade(conn, "head")
        raise StoreError("in the middle")

    file = engines.sqlite_file(engines.read_url(url))
    if file is not None:
        file.parent.mkdir()
    with pytest.raises(StoreError, match="in the middle"):
        on(url, fail)
    assert migrate.current(url) is None
    assert on(url, lambda conn: sa.inspect(conn).get_table_names()) == []


def test_row_that_points_to_nothing_stops_an_sqlite_migration(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/atelier.db"
    migrate.upgrade(url, CLOCK)
    event = sa.insert(tables.job_event).values(job_id=1, at=Bench(None).now, to_state=JobState.WAITING)  # type: ignore[arg-type]  # only its time
    on(url, lambda conn: conn.execute(event))
    with pytest.raises(StoreError, match="job_event"):
        migrate.upgrade(url, CLOCK)


def test_processes_that_start_together_migrate_once(url: str) -> None:
    program = (
        "import sys; from bot.clock import SystemClock; from bot.store import migrate; "
        "migrate.upgrade(sys.argv[1], SystemClock()); print(migrate.current(sys.argv[1]))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=50)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert all(output.splitlines()[-1] == migrate.head() for output in outputs)
    assert sum("database migrated" in output for output in outputs) == 1


def test_server_that_is_not_there_is_a_store_error() -> None:
    with pytest.raises(StoreError):
        migrate.current("postgresql://nobody@127.0.0.1:1/none")


def test_blocks_and_audit_come_to_a_filled_database_that_loses_nothing(url: str) -> None:
    def to_the_first(conn: sa.Connection) -> None:
        migrate._upgrade(conn, "0001")

    migrate.upgrade(url, CLOCK)
    asyncio.run(fill(url))
    # Back to what 0001 left: 0002 adds two tables and nothing else.
    on(url, lambda conn: [conn.execute(sa.text(f"DROP TABLE {name}")) for name in ("block", "audit")])
    on(url, lambda conn: conn.execute(sa.text("UPDATE alembic_version SET version_num = '0001'")))
    on(url, to_the_first)
    old = [table for table in tables.METADATA.sorted_tables if table.name not in {"block", "audit"}]

    def rows(conn: sa.Connection) -> dict[str, Any]:
        return {table.name: conn.execute(sa.select(table)).all() for table in old}

    before = on(url, rows)
    migrate.upgrade(url, CLOCK)
    assert migrate.current(url) == "0002"
    assert on(url, rows) == before
    assert {name: number for name, number in on(url, counts).items() if name in {"block", "audit"}} == {
        "block": 0,
        "audit": 0,
    }
    assert on(url, ledger.check) == []
