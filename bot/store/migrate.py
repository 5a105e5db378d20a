"""Bring a database to the shape that this version of the program needs.

A migration runs on a connection of its own, in one transaction, and by one process at a time. On SQLite
foreign keys are off meanwhile (Alembic rebuilds tables, and under foreign keys the rebuild deletes the rows
that point to them) and are checked before the commit.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from bot.errors import StoreError
from bot.log import get_logger
from bot.store import engines
from bot.store.errors import NewerDatabase
from bot.store.faults import as_store_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from bot.clock import Clock

    T = TypeVar("T")

log = get_logger(__name__)

FOLDER = Path(__file__).parent / "migrations"

LOCK = 0x4174656C69657231  # "Atelier1": one process migrates, the others wait for it
LOCK_WAIT_S = 60
"""How long another process's migration is waited for."""


def head() -> str:
    """The revision that this program needs."""
    newest = _scripts().get_current_head()
    assert newest is not None  # noqa: S101  # the folder always holds a first revision
    return newest


def current(url: str) -> str | None:
    """The revision of the database, None for one that is empty or not there yet. Blocks; see `upgrade`.

    Raises:
        StoreError: It cannot be reached.
    """
    parsed = engines.read_url(url)
    file = engines.sqlite_file(parsed)
    if file is not None and not file.exists():
        return None
    return on_connection(parsed, revision)


def knows(name: str) -> bool:
    """Whether this program has the migration of that name; a later version's it has not."""
    return name in {script.revision for script in _scripts().walk_revisions()}


def upgrade(url: str, clock: Clock, *, target: str = "head") -> None:
    """Migrate the database to `target`; one that is there already is only read. Makes a missing folder.

    Blocks: call it before the event loop starts, or in a thread.

    Raises:
        NewerDatabase: A later version of the program has migrated it; the message says what to do.
        StoreError: It cannot be reached, or a migration failed and was undone.
    """
    parsed = engines.read_url(url)
    file = engines.sqlite_file(parsed)
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds prompts and tokens
    begun_s = clock.monotonic_s()
    before, after = on_connection(parsed, lambda conn: _upgrade(conn, target))
    if before != after:
        log.info(
            "database migrated", before=before, after=after, took_s=round(clock.monotonic_s() - begun_s, 3)
        )


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration; `migrations/env.py` runs on the connection in it."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def revision(conn: sa.Connection) -> str | None:
    """The revision of the database behind that connection, None for an empty one."""
    return MigrationContext.configure(conn).get_current_revision()


def _upgrade(conn: sa.Connection, target: str) -> tuple[str | None, str | None]:
    """The revision before and after."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    before = revision(conn)
    if before is not None and not knows(before):
        raise NewerDatabase(
            f"The database has revision {before}, which this version of Atelier does not know: "
            "a later version has used it. Install that version or a newer one, "
            "or restore a backup from before it."
        )
    command.upgrade(config(conn), target)
    if conn.dialect.name == "sqlite":
        broken = conn.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise StoreError(f"a migration left a row of {broken[0]} that points to nothing; it was undone")
    return before, revision(conn)


def on_connection(url: sa.URL, work: Callable[[sa.Connection], T]) -> T:
    """Run it in one transaction on a connection of its own. Blocks; see `upgrade`.

    Raises:
        StoreError: The database cannot be reached, or did not do it.
    """
    try:
        if url.get_backend_name() == "sqlite":
            return _on_sqlite(url, work)
        return asyncio.run(_on_postgres(url, work))
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise as_store_error(error) from None


def _on_sqlite(url: sa.URL, work: Callable[[sa.Connection], T]) -> T:
    engine = sa.create_engine(
        url, poolclass=sa.NullPool, connect_args={"timeout": LOCK_WAIT_S}, hide_parameters=True
    )

    @sa.event.listens_for(engine, "connect")
    def _connect(driver: Any, _record: Any) -> None:
        driver.isolation_level = None
        # Only outside a transaction does this have an effect.
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("PRAGMA journal_mode=WAL")

    @sa.event.listens_for(engine, "begin")
    def _begin(conn: sa.Connection) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as conn:
        return work(conn)


async def _on_postgres(url: sa.URL, work: Callable[[sa.Connection], T]) -> T:
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        poolclass=sa.NullPool,
        connect_args={"timeout": 10, "server_settings": {"lock_timeout": f"{LOCK_WAIT_S}s"}},
        hide_parameters=True,
    )
    try:
        async with engine.begin() as conn:
            return await conn.run_sync(work)
    finally:
        await engine.dispose()
