"""Whole copies of an SQLite database, also while the bot works on it. Blocks.

A copy is one file for its owner alone, checked, and there under its name only once it is complete.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from bot.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

WAIT_S = 60.0
"""How long a lock on the file is waited for."""
KEPT = 3
"""So many copies from before migrations are kept."""
_BESIDE = ("-wal", "-shm")


def copy(source: Path, target: Path) -> None:
    """Write the database as it is at this moment; what is committed meanwhile is not in it.

    Raises:
        StoreError: There is no database, it is damaged, or the copy cannot be written.
    """
    if not source.is_file():
        raise StoreError(f"there is no database at {source}")
    part = target.with_name(target.name + ".part")
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(_open(source)) as original, closing(_open(part)) as made:
            original.backup(made)  # all pages under one read lock, which writers do not wait for
            made.execute("PRAGMA journal_mode=DELETE")  # one file, without companions
            [found] = made.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise StoreError(f"{source} is damaged: {found}")
        _to_disk(part)
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{source} could not be copied to {target}: {error}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def put_in_place(copied: Path, file: Path, kept: Path) -> bool:
    """Let a copy take the place of the database, on which nobody works; what was there is kept.

    Raises:
        StoreError: A file cannot be written; the database is as it was.

    Returns:
        False when there was nothing to keep.
    """
    try:
        was_there = file.exists()
        if was_there:
            with suppress(sqlite3.Error), closing(_open(file)) as old:
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it into the one file
            for end in ("", *_BESIDE):  # a damaged one is kept as it lies there
                with suppress(FileNotFoundError):
                    shutil.copy2(file.with_name(file.name + end), kept.with_name(kept.name + end))
        _to_disk(copied)
        for end in _BESIDE:  # they belong to the old one and would spoil the new one
            with suppress(FileNotFoundError):
                file.with_name(file.name + end).unlink()
        copied.replace(file)
    except OSError as error:
        raise StoreError(f"{file} could not be replaced: {error}") from error
    return was_there


def keep_before_migration(file: Path, revision: str) -> Path:
    """A copy of the database beside it, from before it is migrated to that revision; the newest ones stay.

    Raises:
        StoreError: It cannot be made: then nothing should be migrated either.
    """
    made = file.with_name(f"{file.name}.before-{revision}")
    copy(file, made)
    others = sorted(file.parent.glob(f"{file.name}.before-*"), key=lambda path: path.name, reverse=True)
    for old in [path for path in others if path != made][KEPT - 1 :]:
        with suppress(OSError):
            old.unlink()
    return made


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{file.resolve().as_uri()}?mode=rw", uri=True, timeout=WAIT_S, isolation_level=None
    )


def _to_disk(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
