"""Results that wait for delivery: files below the data folder, or a table where processes share PostgreSQL.

What is saved survives a crash and is swept after seven days; all of it together stays under a cap. Names that
came from outside never become paths: a job's files are one archive, named by the job's number.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy as sa

from bot.errors import StoreError
from bot.model import ResultFile
from bot.store import tables
from bot.store.database import Lane
from bot.store.errors import ResultsFull

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.clock import Clock
    from bot.store.database import Database

KEPT_FOR = timedelta(days=7)
CAP_BYTES = 2 * 1024**3
"""All kept results together: some thousand finished jobs."""

SWEPT_AT_ONCE = 100

_INDEX = "index.json"
_SUFFIX = ".zip"
_HALF_WRITTEN = ".part"
_ROWS = tables.result_file

T = TypeVar("T")


class ResultStore(Protocol):
    """Keeps the files of jobs until they are delivered."""

    async def save(self, job_id: int, files: Sequence[ResultFile]) -> None:
        """Keep these files, in place of any that the job had.

        Raises:
            ResultsFull: The cap would be passed.
            StoreError: They could not be written; what was kept before still is.
        """
        ...

    async def load(self, job_id: int) -> tuple[ResultFile, ...]:
        """The job's files in their order; none when nothing is kept (any more).

        Raises:
            StoreError: They cannot be read.
        """
        ...

    async def drop(self, job_id: int) -> None:
        """Forget the job's files; fine when there are none."""
        ...

    async def sweep(self, now: datetime) -> int:
        """Forget what was saved over seven days ago; of how many jobs that was."""
        ...


def result_store(db: Database, folder: Path, clock: Clock, *, cap_bytes: int = CAP_BYTES) -> ResultStore:
    """The store that fits the database: archives in `folder` beside SQLite, a table on PostgreSQL."""
    if db.dialect == "sqlite":
        return FileResults(folder, clock, cap_bytes=cap_bytes)
    return TableResults(db, clock, cap_bytes=cap_bytes)


class FileResults:
    """Results as one archive a job, written beside its name, synced, then renamed."""

    def __init__(self, folder: Path, clock: Clock, *, cap_bytes: int = CAP_BYTES) -> None:
        self._folder = folder
        self._clock = clock
        self._cap_bytes = cap_bytes
        self._lock = asyncio.Lock()

    async def save(self, job_id: int, files: Sequence[ResultFile]) -> None:
        """Keep these files, in place of any that the job had."""
        async with self._lock:  # the cap is a sum over all jobs
            await _in_thread(lambda: self._save(job_id, files, self._clock.now()))

    async def load(self, job_id: int) -> tuple[ResultFile, ...]:
        """The job's files in their order."""
        return await _in_thread(lambda: _read(self._of(job_id)))

    async def drop(self, job_id: int) -> None:
        """Forget the job's files."""
        async with self._lock:
            await _in_thread(lambda: self._of(job_id).unlink(missing_ok=True))

    async def sweep(self, now: datetime) -> int:
        """Forget what is past its time, and what a crash left half-written."""
        async with self._lock:
            return await _in_thread(lambda: self._sweep(now))

    def _of(self, job_id: int) -> Path:
        return self._folder / f"{job_id:d}{_SUFFIX}"

    def _save(self, job_id: int, files: Sequence[ResultFile], now: datetime) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        own = self._of(job_id)
        kept_bytes = sum(path.stat().st_size for path in self._folder.glob(f"*{_SUFFIX}") if path != own)
        _check_cap(kept_bytes, files, self._cap_bytes)
        descriptor, name = tempfile.mkstemp(dir=self._folder, suffix=_HALF_WRITTEN)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _write_archive(file, files)
                file.flush()
                os.fsync(file.fileno())
            os.utime(part, (now.timestamp(), now.timestamp()))  # the sweep goes by the bot's clock
            part.replace(own)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(self._folder)

    def _sweep(self, now: datetime) -> int:
        swept = 0
        for path in self._folder.glob("*"):
            saved_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if path.suffix == _HALF_WRITTEN or (path.suffix == _SUFFIX and saved_at <= now - KEPT_FOR):
                path.unlink(missing_ok=True)
                swept += path.suffix == _SUFFIX
        return swept


class TableResults:
    """Results as rows, so that any process can deliver what another one saved."""

    def __init__(self, db: Database, clock: Clock, *, cap_bytes: int = CAP_BYTES) -> None:
        self._db = db
        self._clock = clock
        self._cap_bytes = cap_bytes

    async def save(self, job_id: int, files: Sequence[ResultFile]) -> None:
        """Keep these files, in place of any that the job had."""
        now = self._clock.now()
        await self._db.write(lambda conn: save_rows(conn, job_id, files, cap_bytes=self._cap_bytes, now=now))

    async def load(self, job_id: int) -> tuple[ResultFile, ...]:
        """The job's files in their order."""
        return await self._db.read(lambda conn: load_rows(conn, job_id))

    async def drop(self, job_id: int) -> None:
        """Forget the job's files."""
        await self._db.write(lambda conn: drop_rows(conn, job_id))

    async def sweep(self, now: datetime) -> int:
        """Forget what is past its time, some jobs in each transaction."""
        before, swept = now - KEPT_FOR, 0
        while True:
            chunk = await self._db.write(lambda conn: sweep_rows(conn, before=before), lane=Lane.BACKGROUND)
            swept += chunk
            if chunk < SWEPT_AT_ONCE:
                return swept


def save_rows(
    conn: sa.Connection, job_id: int, files: Sequence[ResultFile], *, cap_bytes: int, now: datetime
) -> None:
    """Unit of work of `TableResults.save`."""
    drop_rows(conn, job_id)
    kept = sa.select(sa.func.coalesce(sa.func.sum(_ROWS.c.size_bytes), 0))
    _check_cap(int(conn.execute(kept).scalar_one()), files, cap_bytes)
    rows = [
        {
            "job_id": job_id,
            "number": number,
            "name": file.name,
            "content_type": file.content_type,
            "description": file.description,
            "reencoded": file.reencoded,
            "size_bytes": len(file.data),
            "saved_at": now,
            "data": file.data,
        }
        for number, file in enumerate(files, start=1)
    ]
    if rows:
        conn.execute(sa.insert(_ROWS), rows)


def load_rows(conn: sa.Connection, job_id: int) -> tuple[ResultFile, ...]:
    """Unit of work of `TableResults.load`."""
    names = ("name", "data", "content_type", "description", "reencoded")
    rows = conn.execute(
        sa.select(*(_ROWS.c[name] for name in names)).where(_ROWS.c.job_id == job_id).order_by(_ROWS.c.number)
    )
    return tuple(ResultFile(**row) for row in rows.mappings())


def drop_rows(conn: sa.Connection, job_id: int) -> None:
    """Unit of work of `TableResults.drop`."""
    conn.execute(sa.delete(_ROWS).where(_ROWS.c.job_id == job_id))


def sweep_rows(conn: sa.Connection, *, before: datetime) -> int:
    """Unit of work of `TableResults.sweep`: forget some jobs' files; of how many jobs that was."""
    old = sa.select(_ROWS.c.job_id).where(_ROWS.c.saved_at <= before).distinct().limit(SWEPT_AT_ONCE)
    jobs = list(conn.execute(old).scalars())
    conn.execute(sa.delete(_ROWS).where(_ROWS.c.job_id.in_(jobs)))
    return len(jobs)


def _check_cap(kept_bytes: int, files: Sequence[ResultFile], cap_bytes: int) -> None:
    more_bytes = sum(len(file.data) for file in files)
    if kept_bytes + more_bytes > cap_bytes:
        raise ResultsFull(f"{kept_bytes} bytes of results are kept, {more_bytes} more would pass {cap_bytes}")


def _write_archive(file: Any, files: Sequence[ResultFile]) -> None:
    index = [
        {
            "name": each.name,
            "content_type": each.content_type,
            "description": each.description,
            "reencoded": each.reencoded,
        }
        for each in files
    ]
    with zipfile.ZipFile(file, "w") as archive:  # stored, not deflated: images are compressed already
        for number, each in enumerate(files):
            archive.writestr(str(number), each.data)
        archive.writestr(_INDEX, json.dumps(index))


def _read(path: Path) -> tuple[ResultFile, ...]:
    try:
        with zipfile.ZipFile(path) as archive:
            index = json.loads(archive.read(_INDEX))
            return tuple(
                ResultFile(data=archive.read(str(number)), **each) for number, each in enumerate(index)
            )
    except FileNotFoundError:
        return ()
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise StoreError(f"the kept results in {path.name} cannot be read") from error


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where a folder can be synced at all."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise StoreError(f"kept results: {error.strerror or error}") from error
