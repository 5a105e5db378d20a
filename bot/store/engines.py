"""SQLAlchemy engines for the addresses that settings name, with the pragmas and limits of the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StoreError
from bot.store.writer import BUSY_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Sequence

READERS = 4
CONNECTIONS = 10
POOL_TIMEOUT_S = 3.0

_WRITER_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    # Counters of many members lie far apart: pages that are kept, and copied back less often, save a third
    # of what is written. 16 MB each, once the file is that large.
    "cache_size=-16000",
    "wal_autocheckpoint=4000",
)
_READER_PRAGMAS = ("query_only=ON",)

# A transaction here lasts milliseconds; what takes longer is a lock that should be given up.
_SERVER_SETTINGS = {
    "application_name": "atelier",
    "synchronous_commit": "on",
    "lock_timeout": "3000",
    "statement_timeout": "10000",
    "idle_in_transaction_session_timeout": "30000",
    "timezone": "UTC",
}


def read_url(url: str) -> sa.URL:
    """The address, its driver left to the engines below.

    Raises:
        StoreError: It is neither an SQLite file nor a PostgreSQL server.
    """
    parsed = sa.make_url(url)
    backend = {"postgres": "postgresql"}.get(parsed.get_backend_name(), parsed.get_backend_name())
    if backend not in {"sqlite", "postgresql"}:
        raise StoreError(f"DATABASE_URL: {backend} is not supported; use sqlite:///file or postgresql://…")
    if backend == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("DATABASE_URL: an SQLite database needs a file, like sqlite:///data/atelier.db")
    return parsed.set(drivername=backend)


def sqlite_writer(url: sa.URL) -> sa.Engine:
    """One connection that may be used from the writer's thread; transactions begin with BEGIN IMMEDIATE."""
    engine = sa.create_engine(
        url.set(drivername="sqlite"),
        poolclass=sa.StaticPool,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_S},
        hide_parameters=True,
    )
    _listen(engine, _WRITER_PRAGMAS, begin="BEGIN IMMEDIATE")
    return engine


def sqlite_readers(url: sa.URL) -> AsyncEngine:
    """A pool of connections that cannot write."""
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        pool_size=READERS,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={"timeout": BUSY_TIMEOUT_S},
        hide_parameters=True,
    )
    _listen(engine.sync_engine, _READER_PRAGMAS, begin="BEGIN")
    return engine


def postgres(url: sa.URL, *, server_settings: dict[str, str] | None = None) -> AsyncEngine:
    """A pool of connections to a PostgreSQL server."""
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args={
            "timeout": 10,
            "server_settings": _SERVER_SETTINGS if server_settings is None else server_settings,
        },
        hide_parameters=True,
    )


def _listen(engine: sa.Engine, pragmas: Sequence[str], *, begin: str) -> None:
    @sa.event.listens_for(engine, "connect")
    def _connect(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # the driver must not emit a BEGIN of its own
        cursor = dbapi.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def _begin(dbapi: Any) -> None:
        cursor = dbapi.cursor()
        cursor.execute(begin)
        cursor.close()

    # In the place of a listener, for which SQLAlchemy would look at every statement: a tenth of their time.
    engine.dialect.do_begin = _begin  # type: ignore[assignment]


def sqlite_file(url: sa.URL) -> Path | None:
    """The file of an SQLite address, None for a server's."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
