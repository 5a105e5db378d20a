"""What managers choose for their server: reading it, changing it, and what was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store import changes, policies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import sqlalchemy as sa

    from bot.clock import Clock
    from bot.store.changes import Change
    from bot.store.database import Database
    from bot.store.policies import GuildPolicy


class Choices:
    """The settings of servers. Whether somebody may change them is the caller's question, asked before."""

    def __init__(self, database: Database, clock: Clock, *, when_changed: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._when_changed = when_changed

    async def policy(self, guild_id: int) -> GuildPolicy:
        """The server's choices."""
        return await self._database.read(lambda conn: policies.guild_policy(conn, guild_id))

    async def choose(self, guild_id: int, setting: str, value: object, *, by: int) -> Change | None:
        """Store one choice, for the audit too. None: it was so already."""
        now = self._clock.now()

        def unit(conn: sa.Connection) -> Change | None:
            if not policies.choose(conn, guild_id, setting, value, by=by, now=now):
                return None
            return changes.changes(conn, guild_id, limit=1)[0]

        changed = await self._database.write(unit)
        if changed is not None:
            self._when_changed()
        return changed

    async def changes(self, guild_id: int, *, limit: int) -> Sequence[Change]:
        """The server's last changes, newest first."""
        return await self._database.read(lambda conn: changes.changes(conn, guild_id, limit=limit))

    async def change(self, guild_id: int, change_id: int) -> Change | None:
        """That change, when it is one of this server."""
        return await self._database.read(lambda conn: changes.change(conn, guild_id, change_id))
