from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.errors import StoreError
from bot.store import migrate, shape
from bot.store.errors import NewerDatabase

if TYPE_CHECKING:
    from pathlib import Path


def test_the_head_is_the_one_that_alembic_finds() -> None:
    assert shape.head() == migrate.head()


async def test_an_empty_database_is_migrated_by_another_process(tmp_path: Path) -> None:
    url = f"sqlite:///{(tmp_path / 'new' / 'atelier.db').as_posix()}"
    await shape.bring_to_shape(url, SystemClock())
    assert await asyncio.to_thread(migrate.current, url) == migrate.head()


async def test_a_file_of_an_earlier_version_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    file = tmp_path / "atelier.db"
    url = f"sqlite:///{file.as_posix()}"
    await asyncio.to_thread(migrate.upgrade, url, SystemClock(), target="0002")
    await shape.bring_to_shape(url, SystemClock())
    kept = f"{url}.before-{migrate.head()}"
    assert await asyncio.to_thread(migrate.current, url) == migrate.head()
    assert await asyncio.to_thread(migrate.current, kept) == "0002"


async def test_one_that_fits_is_only_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{(tmp_path / 'atelier.db').as_posix()}"
    await asyncio.to_thread(migrate.upgrade, url, SystemClock())
    monkeypatch.setattr(sys, "executable", "/nowhere")
    await shape.bring_to_shape(url, SystemClock())


async def test_a_relative_address_means_the_folder_of_the_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await shape.bring_to_shape("sqlite:///data/atelier.db", SystemClock())
    assert (tmp_path / "data" / "atelier.db").exists()


async def test_a_newer_database_is_refused_with_its_sentence(tmp_path: Path) -> None:
    path = tmp_path / "atelier.db"
    url = f"sqlite:///{path.as_posix()}"
    await asyncio.to_thread(migrate.upgrade, url, SystemClock())
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(NewerDatabase, match="9999"):
        await shape.bring_to_shape(url, SystemClock())


async def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "atelier.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError):
        await shape.bring_to_shape(f"sqlite:///{path.as_posix()}", SystemClock())


@pytest.mark.postgres
async def test_postgresql_is_brought_to_shape_too(postgres_database: str) -> None:
    await shape.bring_to_shape(postgres_database, SystemClock())
    assert await asyncio.to_thread(migrate.current, postgres_database) == migrate.head()
    await shape.bring_to_shape(postgres_database, SystemClock())


def test_the_bot_keeps_alembic_out_of_its_memory() -> None:
    program = "import sys, bot.app; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
