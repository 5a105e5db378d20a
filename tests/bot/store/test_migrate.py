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
from bot.store import engines, jobs, ledger, migrate, policies, tables
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
    return migrate.on_connection(engines.read_url(url), work)


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


def fill_blindly(conn: sa.Connection) -> None:
    """Two rows in every empty table, whatever tables and columns the database has by its revision."""
    for table in _tables_of(conn).values():
        if not conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one():
            for number in (1, 2):
                row = {column.name: _something(column, number) for column in table.columns}
                conn.execute(sa.insert(table).values(row))


def rows(conn: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    return {
        name: [dict(row._mapping) for row in conn.execute(sa.select(table).order_by(*table.primary_key))]
        for name, table in _tables_of(conn).items()
    }


def _tables_of(conn: sa.Connection) -> dict[str, sa.Table]:
    found = sa.MetaData()
    found.reflect(conn)
    return {table.name: table for table in found.sorted_tables if table.name != "alembic_version"}


def _something(column: sa.Column[Any], number: int) -> Any:
    kind = column.type.python_type
    values = {int: number, float: number / 2, bool: True, bytes: b"data", dict: {"number": number}}
    return values.get(kind, f"{column.name} {number}")


def test_no_migration_loses_a_row_or_a_value_of_a_filled_database(url: str) -> None:
    """Each is run on what the one before it left; what it adds is filled for the next one."""
    revisions = [script.revision for script in migrate._scripts().walk_revisions()][::-1]
    before: dict[str, list[dict[str, Any]]] = {}
    for revision in revisions:
        migrate.upgrade(url, CLOCK, target=revision)
        after = on(url, rows)
        for table, old in before.items():
            kept = [{name: row[name] for name in old[0]} for row in after[table]]
            assert kept == old, f"{revision} changed {table}"
        on(url, fill_blindly)
        before = on(url, rows)
    assert all(len(found) == 2 for found in before.values())


def test_a_server_that_chose_before_there_was_more_to_choose_has_the_defaults_of_the_rest(url: str) -> None:
    """What a migration adds to a server's policy is what held before it."""
    migrate.upgrade(url, CLOCK, target="0002")
    old = {"guild_id": 1, "real_persons": False, "deleted_card": "message", "updated_at": 1}
    on(url, lambda conn: conn.execute(sa.insert(_tables_of(conn)["guild_policy"]).values(old)))
    migrate.upgrade(url, CLOCK)
    chosen = on(url, lambda conn: policies.guild_policy(conn, 1))
    assert chosen == policies.GuildPolicy(guild_id=1, deleted_card="message")
