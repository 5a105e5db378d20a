"""Servers that keep things for some days only: what is too old goes, a little at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.log import get_logger
from bot.quota.windows import day_window, month_window, week_window
from bot.store import retention
from bot.store.database import Lane
from bot.store.retention import Cutoff

if TYPE_CHECKING:
    from bot.clock import Clock
    from bot.store.database import Database

log = get_logger(__name__)


class Retention:
    """Forgets what servers no longer want to be kept. Several processes may do it at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def forget_what_is_too_old(self) -> None:
        """Do it for every server that chose a number of days."""
        now = self._clock.now()
        for guild_id, days in await self._database.read(retention.servers):
            before = now - timedelta(days=days)
            cutoff = Cutoff(
                guild_id=guild_id,
                before=before,
                day=day_window(before),
                week=week_window(before),
                month=month_window(before),
            )
            await self._forget(cutoff)

    async def _forget(self, cutoff: Cutoff) -> None:
        # What to delete is found by readers: the one writer is never kept for a search.
        read, write = self._database.read, self._database.write
        tasks = 0
        while jobs := await read(lambda conn: retention.old_jobs(conn, cutoff)):
            tasks += await write(lambda conn: retention.forget_jobs(conn, jobs), lane=Lane.BACKGROUND)
        while any(entries := await read(lambda conn: retention.old_entries(conn, cutoff))):
            await write(lambda conn: retention.forget_entries(conn, *entries), lane=Lane.BACKGROUND)
        while words := await read(lambda conn: retention.old_words(conn, cutoff)):
            await write(lambda conn: retention.forget_words(conn, words), lane=Lane.BACKGROUND)
        if tasks:
            log.info("old tasks were forgotten", guild_id=cutoff.guild_id, tasks=tasks)
