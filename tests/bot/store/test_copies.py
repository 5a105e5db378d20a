"""Whole copies of an SQLite file, and putting one in its place."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.store import copies, engines, ledger, migrate
from bot.store.database import Database
from tests.support.store import Bench, sqlite_database

if TYPE_CHECKING:
    from pathlib import Path


def jobs_in(file: Path) -> int:
    with closing(sqlite3.connect(file)) as conn:
        [number] = conn.execute("SELECT count(*) FROM job").fetchone()
    return int(number)


async def test_a_copy_made_while_jobs_are_accepted_is_whole_and_the_owners_alone(tmp_path: Path) -> None:
    """Every unit of work is in it or not in it: its ledgers balance, and nothing lies beside it."""
    target = tmp_path / "kept" / "copy.db"
    target.parent.mkdir()
    async with sqlite_database(tmp_path, kind=Database) as db:
        bench = Bench(db)
        before = [await bench.accepted() for _ in range(20)]
        copying = asyncio.create_task(asyncio.to_thread(copies.copy, tmp_path / "atelier.db", target))
        accepted = 0
        while not copying.done() or not accepted:
            await bench.accepted()
            accepted += 1
        await copying
    assert len(before) <= jobs_in(target) <= len(before) + accepted
    balance = migrate.on_connection(engines.read_url(f"sqlite:///{target}"), ledger.check)
    assert balance == []
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [None, b"no database" * 1000], ids=["missing", "not a database"])
def test_what_is_no_database_is_a_sentence_and_leaves_nothing(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "atelier.db"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(StoreError, match=r"atelier\.db"):
        copies.copy(source, tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == ([] if content is None else [source])


async def test_a_damaged_database_is_not_copied_as_if_it_were_whole(tmp_path: Path) -> None:
    async with sqlite_database(tmp_path, kind=Database) as db:
        for _ in range(50):
            await Bench(db).process()
    source = tmp_path / "atelier.db"
    pages = bytearray(source.read_bytes())
    pages[4096 * 3 : 4096 * 40] = b"\xff" * (4096 * 37)
    source.write_bytes(pages)
    with pytest.raises(StoreError, match=r"damaged|malformed"):
        copies.copy(source, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("damaged", [False, True])
async def test_what_a_copy_replaces_is_kept_and_its_companions_do_not_spoil_the_copy(
    tmp_path: Path, damaged: bool
) -> None:
    """Also a database that was killed with commits in its log, and one that nobody can open."""
    file, copied, kept = (tmp_path / name for name in ("atelier.db", "copied", "kept"))
    async with sqlite_database(tmp_path, kind=Database) as db:
        bench = Bench(db)
        await bench.accepted()
        await asyncio.to_thread(copies.copy, file, copied)
        await bench.accepted()
        left_by_a_kill = {end: file.with_name(file.name + end).read_bytes() for end in ("", "-wal", "-shm")}
    for end, content in left_by_a_kill.items():
        file.with_name(file.name + end).write_bytes(b"damaged" * 1000 if damaged else content)
    assert copies.put_in_place(copied, file, kept) is True
    assert jobs_in(file) == 1
    if damaged:
        assert kept.read_bytes().startswith(b"damaged")
    else:
        assert jobs_in(kept) == 2


def test_only_the_newest_copies_from_before_migrations_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "atelier.db"
    sqlite3.connect(file).close()
    file.write_bytes(b"")
    for number in range(1, 7):
        copies.keep_before_migration(file, f"{number:04d}")
    found = sorted(path.name for path in tmp_path.glob("*.before-*"))
    assert found == [f"atelier.db.before-{number:04d}" for number in (4, 5, 6)]
