"""A process's right to carry jobs, where several share a database: renewed, or given up in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import AtelierError, StoreError
from bot.log import get_logger
from bot.store import processes

if TYPE_CHECKING:
    from bot.clock import Clock
    from bot.store.database import Database

log = get_logger(__name__)

LEASE_S = 30.0
"""A process that was silent for so long is taken over by another."""

BEAT_S = 5.0


class LeaseLost(AtelierError):
    """This process may no longer carry jobs: another may be carrying them already."""


class Lease:
    """Beats until it cannot: then it raises, at half the lease, before anybody else takes the jobs over."""

    def __init__(self, db: Database, clock: Clock, me: int) -> None:
        self._db = db
        self._clock = clock
        self._me = me
        self._renewed_s = clock.monotonic_s()

    @property
    def is_held(self) -> bool:
        """Whether surely nobody has taken the jobs over; a process that was paused finds that it is not."""
        return self._clock.monotonic_s() - self._renewed_s < LEASE_S

    async def hold(self) -> None:
        """Renew the lease for ever.

        Raises:
            LeaseLost: It was taken over, or could not be renewed for half its time.
        """
        while True:
            await self._clock.sleep(BEAT_S)
            begun_s = self._clock.monotonic_s()
            try:
                async with self._clock.timeout(max(0.0, self._renewed_s + LEASE_S / 2 - begun_s)):
                    lives = await self._beat()
            except (StoreError, TimeoutError) as error:
                log.warning("the heartbeat could not be written", error=repr(error))
                if self._clock.monotonic_s() - self._renewed_s >= LEASE_S / 2:
                    raise LeaseLost("the heartbeat could not be written for half the lease") from error
                continue
            if not lives:
                raise LeaseLost("another process has taken over")
            self._renewed_s = begun_s

    async def _beat(self) -> bool:
        now = self._clock.now()
        return await self._db.write(lambda conn: processes.heartbeat(conn, self._me, now))
