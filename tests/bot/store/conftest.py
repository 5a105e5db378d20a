from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from bot.clock import SystemClock
from bot.store import migrate
from tests.support.postgres import fresh_database
from tests.support.store import Bench, TwiceDatabase, empty_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from bot.store.database import Database

ENGINES = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Iterator[str]:
    """One migrated database for all tests of the store; each test empties it first."""
    with fresh_database(postgres_url) as url:
        migrate.upgrade(url, SystemClock())
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated file that tests copy: migrating takes longer than most of them."""
    path = tmp_path_factory.mktemp("store") / "atelier.db"
    migrate.upgrade(f"sqlite:///{path}", SystemClock())
    return path


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a migrated database of each engine; PostgreSQL's is shared and may not be empty."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("migrated_postgres")
        return url
    shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "atelier.db")
    return f"sqlite:///{tmp_path}/atelier.db"


@pytest.fixture
async def db(store_url: str) -> AsyncIterator[Database]:
    """An empty database on each engine, which runs every unit twice."""
    async with TwiceDatabase.open(store_url, clock=SystemClock()) as database:
        if database.dialect == "postgresql":
            await database.write(empty_all)
        yield database


@pytest.fixture
def bench(db: Database) -> Bench:
    return Bench(db)
