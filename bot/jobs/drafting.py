"""Drafts of trainings as commands use them: what a member gathers, photo by photo, before anything costs."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import Moved, NoSuchDraft
from bot.media.sheet import contact_sheet
from bot.store import drafts as units

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import sqlalchemy as sa

    from bot.clock import Clock
    from bot.jobs.intake import Given, Intake, Refusal
    from bot.store.database import Database
    from bot.store.photofiles import PhotoFiles
    from bot.training import Draft, Follow, Photo

SUFFIX_BYTES = 3

T = TypeVar("T")


class Studio:
    """The drafts of trainings. Whatever concerns a draft that is over, or another member's, is refused.

    Args:
        db: Knows the drafts.
        files: Where their photos are.
        intake: Takes photos into them.
        clock: Time.
    """

    def __init__(self, db: Database, files: PhotoFiles, intake: Intake, clock: Clock) -> None:
        self._db = db
        self._files = files
        self._intake = intake
        self._clock = clock

    async def open(self, *, guild_id: int, user_id: int, given: Mapping[str, Any], follow: Follow) -> Draft:
        """The member's draft in that server, a new one where there is none, with what was given put into it.

        Args:
            guild_id: The server.
            user_id: The member.
            given: Values by option name.
            follow: Where a new draft's training is followed.
        """
        now, suffix = self._clock.now(), secrets.token_hex(SUFFIX_BYTES)

        def unit(conn: sa.Connection) -> tuple[Sequence[int], Draft]:
            gone = units.discard_expired(conn, now=now)  # the member's last one too, perhaps
            draft = units.open_draft(
                conn, guild_id=guild_id, user_id=user_id, given=given, suffix=suffix, follow=follow, now=now
            )
            return gone, draft

        gone, draft = await self._db.write(unit)
        for draft_id in gone:
            await asyncio.to_thread(self._files.drop, draft_id)
        return draft

    async def find(self, draft_id: int, *, user_id: int) -> Draft:
        """The member's open draft.

        Raises:
            NoSuchDraft: There is none.
        """
        draft = await self._db.read(lambda conn: units.get(conn, draft_id))
        is_over = draft is None or draft.job_id is not None or draft.expires_at <= self._clock.now()
        if draft is None or is_over or draft.user_id != user_id:
            raise NoSuchDraft
        return draft

    async def photos(self, draft: Draft) -> Sequence[Photo]:
        """Its photos; their places are their numbers."""
        return await self._db.read(lambda conn: units.photos(conn, draft.id))

    async def sheet(self, draft: Draft, photos: Sequence[Photo]) -> bytes | None:
        """A picture of them all; None without any.

        Raises:
            NoSuchDraft: It ended while they were read.
        """
        if not photos:
            return None

        def drawn() -> bytes:
            return contact_sheet(self._files.read(draft.id, photo.file) for photo in photos)

        try:
            return await asyncio.to_thread(drawn)
        except FileNotFoundError as error:
            raise NoSuchDraft from error

    async def take(self, draft: Draft, given: Sequence[Given], words: Callable[[Refusal], str]) -> Draft:
        """The draft with what is good of these files; for the rest `words` says why.

        Raises:
            NoSuchDraft: It is over.
        """
        try:
            await self._intake.take(draft, given, words)
        except Moved as error:
            raise NoSuchDraft from error
        return await self.find(draft.id, user_id=draft.user_id)

    async def change(self, draft: Draft, **values: Any) -> Draft:
        """The draft with other choices.

        Raises:
            NoSuchDraft: It is over.
        """
        return await self._write(lambda conn: units.change(conn, draft.id, **values))

    async def remove(self, draft: Draft, photo_ids: Collection[int]) -> Draft:
        """The draft without these photos, which are deleted.

        Raises:
            NoSuchDraft: It is over.
        """
        gone = await self._write(lambda conn: units.remove_photos(conn, draft.id, photo_ids))
        await asyncio.to_thread(self._files.remove, draft.id, [photo.file for photo in gone])
        return await self.change(draft, problems=())

    async def discard(self, draft: Draft) -> None:
        """Delete the draft and its photos.

        Raises:
            NoSuchDraft: It was started.
        """
        await self._write(lambda conn: units.discard(conn, draft.id))
        await asyncio.to_thread(self._files.drop, draft.id)

    async def _write(self, unit: Callable[[sa.Connection], T]) -> T:
        try:
            return await self._db.write(unit)
        except Moved as error:
            raise NoSuchDraft from error
