"""Bringing a training's photos to Wiro, so that each is there once, whatever breaks on the way.

Every step is stored before it is taken. A step whose outcome stays unknown is not repeated in the same
folder: a new attempt begins, in a new folder, and only what is in that one counts.
"""

from __future__ import annotations

import asyncio
import io
import secrets
import zipfile
from typing import TYPE_CHECKING, Any, Protocol

from bot.jobs.job import backoff_s
from bot.log import get_logger
from bot.store import drafts, trainings
from bot.store.photofiles import ARCHIVE
from bot.tools.training import ARCHIVE_URL, FOLDER
from bot.training import UploadWay
from bot.wiro import (
    AnswerLost,
    AuthError,
    FilePart,
    NotSent,
    RateLimited,
    ServiceUnavailable,
    WiroError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.jobs.means import Means
    from bot.model import Job
    from bot.store.photofiles import PhotoFiles
    from bot.training import Photo, Training
    from bot.wiro import StoredFile

log = get_logger(__name__)

PHOTOS_PATH = "/photos/"
"""Where the operator's port serves the archives."""

ATTEMPTS_A_WAY = 4
"""So many attempts by one way, each in a folder of its own, then the next way is tried."""

AGAIN_FIRST_S, AGAIN_MOST_S = 2.0, 120.0
"""While Wiro cannot be reached. The line's own patience of a day ends it."""

LARGEST_UPLOAD_BYTES = 100 * 1024 * 1024
"""Wiro takes no larger file."""


class Storage(Protocol):
    """What an upload needs of `bot.wiro.WiroClient`, which says what each call does and raises."""

    async def create_folder(self, name: str) -> StoredFile:
        """Make a folder."""
        ...

    async def upload(self, file: FilePart, folder_id: str | None = None) -> StoredFile:
        """Store a file, sent once."""
        ...


class UploadFailed(Exception):
    """No way was left by which the photos could be brought to Wiro; the message is Wiro's, or ours."""


class _Anew(Exception):
    """This attempt cannot be trusted; the next one is to begin."""


class _Closed(Exception):
    """This way does not work here; the message says why."""


class Uploader:
    """Brings photos to Wiro.

    Args:
        means: What the jobs' life works with.
        storage: Wiro's files.
        files: The photos here.
        ways: The ways to try, in this order.
    """

    def __init__(self, means: Means, storage: Storage, files: PhotoFiles, ways: Sequence[UploadWay]) -> None:
        self._means = means
        self._book = means.book
        self._storage = storage
        self._files = files
        self._ways = tuple(ways)
        self._steps: Mapping[UploadWay, Callable[[Job, Training], Awaitable[Mapping[str, Any]]]] = {
            UploadWay.ADDRESS: self._offer,
            UploadWay.FOLDER: self._fill_folder,
            UploadWay.ARCHIVE: self._upload_archive,
        }

    async def bring(self, job: Job, told: Callable[[int, int], Awaitable[None]]) -> Mapping[str, Any]:
        """The inputs that say where the photos are, once all of them are there.

        Args:
            job: A training that this process prepares.
            told: Told how many photos are there, of how many.

        Raises:
            UploadFailed: No way works.
            Moved: The training ended meanwhile, or is another process's.
        """
        self._told = told
        training = await self._training(job)
        first = self._ways.index(training.way) if training.way in self._ways else 0
        why = "no way to send photos is set up"
        for way in self._ways[first:]:
            try:
                return await self._by(way, job)
            except _Closed as closed:
                why = str(closed)
                log.warning("photos cannot be brought to Wiro that way", way=way.value, why=why)
        raise UploadFailed(why)

    async def _by(self, way: UploadWay, job: Job) -> Mapping[str, Any]:
        failures = doubts = 0
        is_doubtful = False
        while True:
            training = await self._training(job)
            if is_doubtful or training.way is not way or training.folder_id is None:
                training = await self._begin(job, way)
            try:
                return await self._steps[way](job, training)
            except _Anew as doubt:
                is_doubtful, doubts = True, doubts + 1
                log.info("the photos are sent anew", why=str(doubt), doubts=doubts)
                if doubts >= ATTEMPTS_A_WAY:
                    raise _Closed(str(doubt)) from doubt
            except (ServiceUnavailable, RateLimited, NotSent, AuthError) as error:
                is_doubtful, failures = False, failures + 1
                log.info("photos cannot be sent now", error=type(error).__name__, words=error.message)
                await self._means.clock.sleep(backoff_s(failures, first_s=AGAIN_FIRST_S, most_s=AGAIN_MOST_S))
            except WiroError as error:
                raise _Closed(error.message) from error

    # The three ways

    async def _fill_folder(self, job: Job, training: Training) -> Mapping[str, Any]:
        """One photo after the other, each surely in the folder before the next is sent."""
        photos = await self._photos(training)
        if any(photo.sent_at is not None and photo.wiro_id is None for photo in photos):
            raise _Anew("whether a photo arrived is not known")
        if training.folder_id is None:
            try:
                folder = await self._storage.create_folder(f"atelier-{job.code}-{training.attempt}")
            except AnswerLost as error:
                raise _Anew("the answer to a new folder was lost") from error
            training = await self._book.write(
                lambda conn: trainings.folder_made(conn, job.id, self._book.me, folder.id)
            )
        stored = {photo.wiro_id for photo in photos if photo.wiro_id}
        for number, photo in enumerate(photos, start=1):
            await self._told(len(stored), len(photos))
            if photo.wiro_id is None:
                stored.add(await self._send(job, training, photo, number))
        if len(stored) != len(photos):
            raise _Anew("Wiro gave one file's id to two photos")
        await self._told(len(stored), len(photos))
        return {FOLDER: training.folder_id, ARCHIVE_URL: ""}

    async def _send(self, job: Job, training: Training, photo: Photo, number: int) -> str:
        data = await asyncio.to_thread(self._files.read, training.draft_id, photo.file)
        part = FilePart(
            field="file", filename=name_at_wiro(photo, number), data=data, content_type="image/jpeg"
        )
        me, now = self._book.me, self._means.clock.now()
        await self._book.write(lambda conn: trainings.begin_photo(conn, job.id, me, photo.id, now))
        try:
            found = await self._storage.upload(part, training.folder_id)
        except AnswerLost as error:
            raise _Anew("the answer to an upload was lost") from error
        except (NotSent, RateLimited, AuthError, ServiceUnavailable):
            await self._book.write(lambda conn: trainings.begin_photo(conn, job.id, me, photo.id, None))
            raise
        if found.folder_id != training.folder_id:
            raise _Closed("Wiro put a photo somewhere else than into its folder")
        await self._book.write(lambda conn: trainings.photo_stored(conn, job.id, me, photo.id, found.id))
        return found.id

    async def _upload_archive(self, job: Job, training: Training) -> Mapping[str, Any]:
        """One archive, uploaded under a name that has the attempt in it; its address is what counts."""
        data = await self._archive(training)
        if len(data) > LARGEST_UPLOAD_BYTES:
            raise _Closed("the photos are too large for one archive")
        name = f"atelier-{job.code}-{training.attempt}.zip"
        part = FilePart(field="file", filename=name, data=data, content_type="application/zip")
        try:
            found = await self._storage.upload(part)
        except AnswerLost as error:
            raise _Anew("the answer to an upload was lost") from error
        if not found.url:
            raise _Closed("Wiro gave the archive no address")
        await self._told(training.photos, training.photos)
        return {FOLDER: "", ARCHIVE_URL: found.url}

    async def _offer(self, _job: Job, training: Training) -> Mapping[str, Any]:
        """One archive that stays here: Wiro fetches it at an address that nobody can guess."""
        data = await self._archive(training)
        await asyncio.to_thread(self._files.save, training.draft_id, ARCHIVE, data)
        base = (self._means.public_url or "").rstrip("/")
        return {FOLDER: "", ARCHIVE_URL: f"{base}{PHOTOS_PATH}{training.archive_token}.zip"}

    # Small things

    async def _begin(self, job: Job, way: UploadWay) -> Training:
        token = secrets.token_urlsafe(32) if way is UploadWay.ADDRESS else None
        return await self._book.write(
            lambda conn: trainings.begin_upload(conn, job.id, self._book.me, way, archive_token=token)
        )

    async def _training(self, job: Job) -> Training:
        found = await self._book.db.read(lambda conn: trainings.get(conn, job.id))
        if found is None:
            raise UploadFailed("what was to be trained is not known any more")
        return found

    async def _photos(self, training: Training) -> Sequence[Photo]:
        photos = await self._book.db.read(lambda conn: drafts.photos(conn, training.draft_id))
        if len(photos) != training.photos:
            raise UploadFailed("photos are missing here")
        return photos

    async def _archive(self, training: Training) -> bytes:
        photos = await self._photos(training)
        return await asyncio.to_thread(archive, self._files, training.draft_id, photos)


def name_at_wiro(photo: Photo, number: int) -> str:
    """Such as "003-<hash>.jpg": in order, and nothing of what the file was called where it came from."""
    return f"{number:03d}-{photo.digest[:12]}.jpg"


def archive(files: PhotoFiles, draft_id: int, photos: Sequence[Photo]) -> bytes:
    """A ZIP of the photos, not compressed again. Blocks; call it in a thread."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as zipped:
        for number, photo in enumerate(photos, start=1):
            zipped.writestr(zipfile.ZipInfo(name_at_wiro(photo, number)), files.read(draft_id, photo.file))
    return out.getvalue()
