"""Photos into a draft: what may be fetched is known before it is, and what was fetched is looked at.

Photos live in memory and, once they are good, in the draft's folder; nowhere else. Names and pictures are
personal: neither is in the log.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar
from weakref import WeakValueDictionary

from bot.errors import Draining
from bot.jobs.codes import draw_hook_token
from bot.log import get_logger
from bot.media import BadArchive, archives
from bot.media.photos import MOST_BYTES as MOST_BYTES_A_PHOTO
from bot.media.photos import MOST_PIXELS, RefusedPhoto, Verdict, check_photo, is_near
from bot.store import drafts
from bot.training import MOST_BYTES, MOST_PHOTOS, NewPhoto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bot.media.archives import Entry
    from bot.media.photos import CheckedPhoto
    from bot.store.database import Database
    from bot.store.photofiles import PhotoFiles
    from bot.training import Draft, Photo

log = get_logger(__name__)

CHECKED_AT_ONCE = 2
"""Photos that are looked at in the same moment, whoever gave them: each takes a core."""

T = TypeVar("T")


class NotFetched(Exception):
    """A file could not be fetched."""


class Source(Protocol):
    """Where given files are fetched; `bot.ui.attachments` implements it."""

    async def read(self, url: str, *, most_bytes: int) -> bytes:
        """The file. Raises `NotFetched`."""
        ...

    async def save(self, url: str, path: Path, *, most_bytes: int) -> None:
        """Write the file to that path. Raises `NotFetched`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A file that a member gives, as Discord tells of it."""

    name: str = field(repr=False)
    url: str = field(repr=False)
    size_bytes: int = 0
    """0: not told."""
    width: int = 0
    height: int = 0

    @property
    def is_archive(self) -> bool:
        """By its name; what it really is shows when it is read."""
        return self.name.lower().endswith(".zip")


class Left(StrEnum):
    """Why a file was left out that may well be a good photo."""

    TOO_MANY = "too_many"
    """The draft is full."""
    TOO_MUCH = "too_much"
    """With it the draft would pass `MOST_BYTES`."""
    NOT_FETCHED = "not_fetched"
    BAD_ARCHIVE = "bad_archive"
    """Or a file of one that is packed in a way that is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A file that was not taken, and why."""

    name: str = field(repr=False)
    why: Verdict | Left
    width: int = 0
    height: int = 0
    twin: int = 0
    """The number of the photo that it is the same as."""
    words: str = ""
    """What is wrong with an archive, or with how a file of it is packed."""


class Intake:
    """Takes photos into drafts.

    Args:
        db: Knows the drafts.
        files: Where their photos are.
        source: Fetches what was given.
    """

    def __init__(self, db: Database, files: PhotoFiles, source: Source) -> None:
        self._db = db
        self._files = files
        self._source = source
        self._pool = ThreadPoolExecutor(CHECKED_AT_ONCE, thread_name_prefix="photos")
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def close(self) -> None:
        """Look at no more photos."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def take(self, draft: Draft, given: Sequence[Given], words: Callable[[Refusal], str]) -> None:
        """Fetch and check what was given, and store what is good; the rest is the draft's `problems`.

        Args:
            draft: An open one.
            given: Photos and archives of photos.
            words: Says for the draft's owner why a file was not taken.

        Raises:
            Moved: The draft is not open any more; nothing is kept of what was given.
            Draining: The process is stopping; likewise.
        """
        turn = self._turns.setdefault(draft.id, asyncio.Lock())
        async with turn:  # two at once could each have the other's twin
            kept = await self._db.read(lambda conn: drafts.photos(conn, draft.id))
            batch = _Batch(kept)
            try:
                await self._take(draft, given, batch)
                await self._store(draft, batch, words)
            except BaseException:
                await asyncio.to_thread(self._files.remove, draft.id, [each.file for each in batch.new])
                raise
            log.info("photos were taken", draft=draft.id, good=len(batch.new), bad=len(batch.refused))

    async def _take(self, draft: Draft, given: Sequence[Given], batch: _Batch) -> None:
        """Photos side by side, archives one after the other."""
        photos = [each for each in given if not each.is_archive]
        slots = asyncio.Semaphore(CHECKED_AT_ONCE)

        async def look(each: Given) -> CheckedPhoto | Refusal:
            async with slots:
                return await self._fetched(each)

        wanted = [each for each in photos if batch.admits(each)]
        looks = [asyncio.create_task(look(each)) for each in wanted]
        try:
            for each, task in zip(wanted, looks, strict=True):
                await self._put(draft, each.name, await task, batch)
        finally:
            for task in looks:
                task.cancel()
            await asyncio.gather(*looks, return_exceptions=True)
        for each in given:
            if each.is_archive and batch.admits(each):
                await self._unpack(draft, each, batch)

    async def _fetched(self, each: Given) -> CheckedPhoto | Refusal:
        try:
            data = await self._source.read(each.url, most_bytes=MOST_BYTES_A_PHOTO)
        except NotFetched:
            return Refusal(name=each.name, why=Left.NOT_FETCHED)
        return await self._looked_at(each.name, data)

    async def _looked_at(self, name: str, data: bytes) -> CheckedPhoto | Refusal:
        found = await self._in_pool(partial(check_photo, data))
        if isinstance(found, RefusedPhoto):
            return Refusal(name=name, why=found.verdict, width=found.width, height=found.height)
        return found

    async def _unpack(self, draft: Draft, each: Given, batch: _Batch) -> None:
        """The photos of an archive, which is a file of the draft's folder for so long."""
        folder = await asyncio.to_thread(self._files.folder_of, draft.id)
        path = folder / f"{draw_hook_token()}.zip"
        try:
            await self._source.save(each.url, path, most_bytes=MOST_BYTES)
            with closing(archives.entries(path)) as found:
                while (entry := await self._in_pool(partial(_next, found))) is not None:
                    if batch.is_full:
                        batch.refused.append(Refusal(name=each.name, why=Left.TOO_MANY))
                        return
                    await self._put_entry(draft, entry, batch)
        except NotFetched:
            batch.refused.append(Refusal(name=each.name, why=Left.NOT_FETCHED))
        except BadArchive as error:
            batch.refused.append(Refusal(name=each.name, why=Left.BAD_ARCHIVE, words=str(error)))
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _put_entry(self, draft: Draft, entry: Entry, batch: _Batch) -> None:
        if entry.why_not:
            batch.refused.append(Refusal(name=entry.name, why=Left.BAD_ARCHIVE, words=entry.why_not))
            return
        if entry.data is None:
            batch.refused.append(Refusal(name=entry.name, why=Verdict.TOO_HEAVY))
            return
        await self._put(draft, entry.name, await self._looked_at(entry.name, entry.data), batch)

    async def _put(self, draft: Draft, name: str, found: CheckedPhoto | Refusal, batch: _Batch) -> None:
        """Save a good photo, unless it is there already."""
        if isinstance(found, Refusal):
            batch.refused.append(found)
            return
        if twin := batch.twin_of(found.fingerprint):
            batch.refused.append(Refusal(name=name, why=Verdict.TWIN, twin=twin))
            return
        if batch.is_full:
            batch.refused.append(Refusal(name=name, why=Left.TOO_MANY))
            return
        photo = NewPhoto(
            name=name,
            file=f"{draw_hook_token()}.jpg",
            digest=found.digest,
            fingerprint=found.fingerprint,
            width=found.width,
            height=found.height,
            size_bytes=len(found.data),
        )
        batch.new.append(photo)
        await asyncio.to_thread(self._files.save, draft.id, photo.file, found.data)

    async def _store(self, draft: Draft, batch: _Batch, words: Callable[[Refusal], str]) -> None:
        told = [words(each) for each in batch.refused]
        left_out = await self._db.write(
            lambda conn: drafts.add_photos(conn, draft.id, batch.new, problems=told)
        )
        if left_out:  # another process was quicker
            await asyncio.to_thread(self._files.remove, draft.id, [each.file for each in left_out])

    async def _in_pool(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except RuntimeError as error:  # the pool was closed: the process is stopping
            raise Draining from error


class _Batch:
    """What becomes of the files of one command."""

    def __init__(self, kept: Sequence[Photo]) -> None:
        self.new: list[NewPhoto] = []
        self.refused: list[Refusal] = []
        self._kept = kept
        self._room_bytes = MOST_BYTES - sum(photo.size_bytes for photo in kept)
        self._admitted = 0

    @property
    def is_full(self) -> bool:
        """The draft takes no more photos."""
        return len(self._kept) + len(self.new) >= MOST_PHOTOS

    def admits(self, each: Given) -> bool:
        """Whether the file is fetched, by what is told of it; else it is refused."""
        why = self._too_large(each)
        if why is None and not each.is_archive and len(self._kept) + self._admitted >= MOST_PHOTOS:
            why = Left.TOO_MANY
        if why is not None:
            self.refused.append(Refusal(name=each.name, why=why, width=each.width, height=each.height))
            return False
        self._room_bytes -= each.size_bytes
        self._admitted += not each.is_archive
        return True

    def _too_large(self, each: Given) -> Verdict | Left | None:
        if each.is_archive:
            return Left.TOO_MUCH if each.size_bytes > self._room_bytes else None
        if each.size_bytes > MOST_BYTES_A_PHOTO:
            return Verdict.TOO_HEAVY
        if each.width * each.height > MOST_PIXELS:
            return Verdict.TOO_MANY_PIXELS
        return Left.TOO_MUCH if each.size_bytes > self._room_bytes else None

    def twin_of(self, fingerprint: str) -> int:
        """The number of the photo that shows the same; 0 when there is none."""
        for number, photo in enumerate((*self._kept, *self.new), start=1):
            if is_near(photo.fingerprint, fingerprint):
                return number
        return 0


def _next(found: Iterator[Entry]) -> Entry | None:
    return next(found, None)
