"""Posting the audit into the servers' log channels: each entry once, through restarts and outages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from bot.errors import StoreError
from bot.jobs.ports import Denied, Done, Unknown
from bot.log import get_logger
from bot.store import logbook as units
from bot.store.database import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.clock import Clock
    from bot.jobs.ports import Put
    from bot.store.database import Database
    from bot.store.logbook import Batch

log = get_logger(__name__)

LOOK_EVERY_S = 1.0
AGAIN_AFTER = timedelta(seconds=15)
"""When Discord did not say what became of a message."""
CLOSED_FOR = timedelta(hours=1)
"""How long a channel that refused is left alone: refusals count towards a ban."""


class Poster(Protocol):
    """What the logbook needs of Discord; `bot.ui.logchannel` implements it. It does not raise."""

    async def post(self, batch: Batch) -> Put:
        """Post the batch, or find it when it may be there already."""
        ...


class Logbook:
    """Brings what is queued to where it is read."""

    def __init__(self, db: Database, clock: Clock, poster: Poster) -> None:
        self._db = db
        self._clock = clock
        self._poster = poster
        self._silent: set[int] = set()
        """Log channels of which it was said that they refuse."""

    async def keep(self) -> None:
        """Post whatever comes, for ever."""
        while True:
            try:
                await self.post_all()
            except StoreError as error:
                log.warning("the log channels wait for the database", error=str(error))
            await self._clock.sleep(LOOK_EVERY_S)

    async def post_all(self) -> None:
        """Post until nothing is left that can be posted now."""
        while batches := await self._claim():
            for batch in batches:
                await self._post(batch)

    async def _claim(self) -> Sequence[Batch]:
        now = self._clock.now()
        if not await self._db.read(lambda conn: units.pending(conn, now)):
            return ()
        return await self._db.write(lambda conn: units.claim(conn, now), lane=Lane.BACKGROUND)

    async def _post(self, batch: Batch) -> None:
        put = await self._poster.post(batch)
        match put:
            case Done(message_id=message_id):
                self._silent.discard(batch.channel_id)
                await self._db.write(lambda conn: units.posted(conn, batch, message_id), lane=Lane.BACKGROUND)
                return
            case Unknown():
                until = self._clock.now() + AGAIN_AFTER
            case _:
                until = self._clock.now() + CLOSED_FOR
                self._say_once(batch, put)
        await self._db.write(lambda conn: units.hold(conn, batch, until), lane=Lane.BACKGROUND)

    def _say_once(self, batch: Batch, put: Put) -> None:
        if batch.channel_id in self._silent:
            return
        self._silent.add(batch.channel_id)
        why = put.why if isinstance(put, Denied) else type(put).__name__
        log.warning(
            "a log channel cannot be written to; its server's entries wait",
            guild_id=batch.guild_id,
            channel_id=batch.channel_id,
            why=why,
        )
